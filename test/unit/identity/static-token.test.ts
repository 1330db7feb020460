import { describe, expect, it, test } from 'vitest';
import { staticTokenCredential } from '../../../src/identity/static-token.js';
import { AccessToken } from '../../../src/internal/access-token.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { jwt } from '../../support/token-server.js';
import { failureOf } from './world.js';

const clock = new FakeClock();
const inSeconds = (seconds: number): number => clock.now() / 1000 + seconds;

describe('a given access token', () => {
  it('is served as it is, with what it says of itself', async () => {
    const value = jwt({ exp: inSeconds(60), scope: 'openid a' });
    const token = await staticTokenCredential(value, clock).getToken({ scopes: ['a'] });
    expect(token).toMatchObject({ value, expiresAt: clock.now() + 60_000, scopes: ['openid', 'a'] });
  });

  it('is served for any scope when it does not tell its scopes', async () => {
    expect((await staticTokenCredential('opaque', clock).getToken({ scopes: ['a'] })).value).toBe('opaque');
  });

  it('is refused for a scope that it lacks', async () => {
    const error = await failureOf(staticTokenCredential(jwt({ scope: 'openid' }), clock).getToken({ scopes: ['openid', 'a'] }));
    expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['a'] });
  });

  test.each(['ai.h2o', 'ai.h2o.deploy.read', 'AI.H2O.DEPLOY', 'deploy'])(
    'does not have the scope %s because it has ai.h2o.deploy',
    async (scope) => {
      const credential = staticTokenCredential(jwt({ scope: 'openid ai.h2o.deploy' }), clock);
      expect(await failureOf(credential.getToken({ scopes: [scope] }))).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: [scope] });
    },
  );

  it('is refused for an audience that it does not name', async () => {
    const credential = staticTokenCredential(jwt({ aud: ['mlops'] }), clock);
    await expect(credential.getToken({ audience: ['mlops'] })).resolves.toBeDefined();
    expect(await failureOf(credential.getToken({ audience: ['steam'] }))).toMatchObject({ code: 'EXCHANGE_NOT_ALLOWED' });
  });

  it('must be brought anew when it is over', async () => {
    const own = new FakeClock();
    const credential = staticTokenCredential(jwt({ exp: own.now() / 1000 + 60 }), own);
    await own.advance(59_999);
    await expect(credential.getToken({})).resolves.toBeDefined();
    await own.advance(1);
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'SESSION_EXPIRED', name: 'SignInRequiredError' });
  });

  it('must be brought anew when a service refused it; another refused one does not matter', async () => {
    const credential = staticTokenCredential('opaque', clock);
    expect(await failureOf(credential.getToken({ rejected: 'opaque' }))).toMatchObject({ code: 'AUTH_REJECTED' });
    await expect(credential.getToken({ rejected: 'another' })).resolves.toBeDefined();
  });

  it('may come with what the caller knows of it', async () => {
    const credential = staticTokenCredential(new AccessToken('opaque', { expiresAt: clock.now() + 1_000, scopes: ['a'] }), clock);
    expect((await credential.getToken({ scopes: ['a'] })).expiresAt).toBe(clock.now() + 1_000);
    expect(await failureOf(credential.getToken({ scopes: ['b'] }))).toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
  });

  test.each([[''], ['with space'], ['planted\r\nx: y'], ['planted\u0000'], ['plantedж'], ['planted'.repeat(15_000)]])(
    'case 79: is refused at once when no header could hold it',
    (value) => {
      expect(() => staticTokenCredential(value, clock)).toThrow(expect.objectContaining({ code: 'PARAMETER_INVALID' }));
      expect(() => staticTokenCredential(value, clock)).not.toThrow(/planted/);
    },
  );

  it('ends with the caller', async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(staticTokenCredential('opaque', clock).getToken({ signal })).rejects.toThrow('gone');
  });
});

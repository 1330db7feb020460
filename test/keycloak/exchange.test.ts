import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { AccessToken } from 'h2o-ai-cloud';
import { createOidcClient } from '../../src/identity/oidc.js';
import { Secret } from '../../src/internal/secret.js';
import { tokenRequest } from '../lab/keycloak.js';
import { failureOf } from '../unit/identity/world.js';
import { newUser, startApp, userinfo } from './world.js';

// The first import takes longer than a clock that stands still has patience.
beforeAll(async () => {
  await import('openid-client');
});

const cloudScopes = ['ai.h2o.storage', 'ai.h2o.deploy'];

function claimsOf(token: AccessToken): Readonly<Record<string, unknown>> {
  const claims: unknown = JSON.parse(Buffer.from(token.value.split('.')[1] ?? '', 'base64url').toString('utf8'));
  return typeof claims === 'object' && claims !== null ? { ...claims } : {};
}

describe('an access token of Keycloak', () => {
  it('cases 16, 103, 104: is exchanged for one with the scopes that it lacks, and its session stays whole', async () => {
    await using app = await startApp();
    const { accessToken, refreshToken } = await app.signIn();
    const token = await app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: cloudScopes });
    expect(app.calls().map(({ form }) => form)).toEqual([
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_id: 'wave-app',
        client_secret: 'wave-app-secret',
        subject_token: accessToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope: 'openid ai.h2o.storage ai.h2o.deploy',
      },
    ]);
    expect(token.scopes).toEqual(expect.arrayContaining(['openid', ...cloudScopes]));
    expect(await userinfo(app.issuer, token)).toEqual({ status: 200, username: 'alice' });
    const { status, body } = await tokenRequest(app.issuer, {
      grant_type: 'refresh_token',
      client_id: 'wave-app',
      client_secret: 'wave-app-secret',
      refresh_token: refreshToken,
    });
    expect([status, typeof body['id_token'], body['scope']]).toEqual([200, 'string', expect.stringContaining('openid')]);
  });

  it('is used as it is where it has the scopes', async () => {
    await using app = await startApp({ client: 'wave-app-default-scopes' });
    const { accessToken } = await app.signIn();
    expect((await app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: cloudScopes })).value).toBe(accessToken);
    expect(app.calls()).toEqual([]);
  });

  it('is exchanged once for all who ask, and anew when the exchanged one is over', async () => {
    await using app = await startApp();
    const user = await app.user();
    const tokens = await Promise.all(Array.from({ length: 100 }, () => user.accessToken({ scopes: cloudScopes })));
    expect(new Set(tokens).size).toBe(1);
    await app.clock.advance(300_000);
    expect(await user.accessToken({ scopes: cloudScopes })).not.toBe(tokens[0]);
    expect(app.calls().map(({ grant }) => grant.split(':').at(-1))).toEqual([
      'refresh_token',
      'token-exchange',
      'refresh_token',
      'token-exchange',
    ]);
  });

  it('may itself come from an exchange: it has a full life of its own', async () => {
    await using app = await startApp();
    const { accessToken } = await app.signIn();
    const first = await app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: ['ai.h2o.storage'] });
    const second = await app.cloud.onBehalfOf({ accessToken: first.value }).accessToken({ scopes: cloudScopes });
    expect(second.scopes).toEqual(expect.arrayContaining(cloudScopes));
  });

  it('of an offline session is exchanged too', async () => {
    await using app = await startApp();
    const user = await app.user({ scope: 'openid offline_access' });
    expect((await user.accessToken({ scopes: cloudScopes })).scopes).toEqual(expect.arrayContaining(cloudScopes));
  });

  it('case 17: is exchanged for each audience apart, several of them one by one', async () => {
    await using app = await startApp();
    const user = await app.user();
    const scopes = ['lab.aud.mlops', 'lab.aud.steam'];
    const both = await user.accessToken({ scopes, audience: ['mlops', 'steam'] });
    const one = await user.accessToken({ scopes, audience: ['mlops'] });
    expect(claimsOf(both)['aud']).toEqual(expect.arrayContaining(['mlops', 'steam']));
    expect(claimsOf(one)['aud']).toBe('mlops');
    expect(await user.accessToken({ scopes, audience: ['steam', 'mlops'] })).toBe(both);
    expect(app.calls()).toHaveLength(3);
  });

  it('that names a service is exchanged by that service', async () => {
    await using app = await startApp();
    await using service = await startApp({ client: 'mlops', proxy: app.proxy });
    const { accessToken } = await app.signIn({ scope: 'openid lab.aud.mlops' });
    const token = await service.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: ['ai.h2o.storage'] });
    expect(claimsOf(token)).toMatchObject({ azp: 'mlops', preferred_username: 'alice' });
  });

  it('can be exchanged for one with less, for a service that should see no more', async () => {
    await using app = await startApp();
    const { accessToken } = await app.signIn({ scope: 'openid ai.h2o.storage ai.h2o.deploy' });
    const proof = { method: 'client_secret_post', secret: new Secret('wave-app-secret') } as const;
    const client = createOidcClient({ issuer: app.issuer, clientId: 'wave-app', proof, allowInsecure: false, clock: app.clock });
    const { token } = await client.exchange(accessToken, { scopes: ['ai.h2o.storage'], audience: [] });
    expect(token.scopes).toContain('ai.h2o.storage');
    expect(token.scopes).not.toContain('ai.h2o.deploy');
  });
});

describe('case 18: a subject that is over', () => {
  it('asks for a sign-in, and is asked about once', async () => {
    await using app = await startApp();
    const { accessToken, sessionId } = await app.signIn();
    await app.admin.endSession(sessionId);
    const error = await failureOf(app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: cloudScopes }));
    expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_EXPIRED', retryable: false });
    expect(app.calls()).toHaveLength(1);
  });

  it('in real time: its token of five seconds has passed', async () => {
    await using app = await startApp({ client: 'wave-app-five-seconds' });
    const { accessToken } = await app.signIn();
    await delay(6_500);
    // Time stands still for the SDK, which takes the token for fresh.
    const error = await failureOf(app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: cloudScopes }));
    expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_EXPIRED' });
  });

  it('gives way to a newer one, which costs one more request', async () => {
    await using app = await startApp();
    const [over, newer] = [await app.signIn(), await app.signIn()];
    await app.admin.endSession(over.sessionId);
    const tokens = [over.accessToken, newer.accessToken];
    const user = app.cloud.onBehalfOf({ credential: () => tokens.shift() ?? newer.accessToken });
    expect((await user.accessToken({ scopes: cloudScopes })).scopes).toEqual(expect.arrayContaining(cloudScopes));
    expect(app.calls()).toHaveLength(2);
  });

  it('of a user who is disabled is nobody else’s problem', async () => {
    await using app = await startApp();
    const name = await newUser(app);
    const [disabled, other] = [await app.signIn({ username: name }), await app.signIn()];
    await app.admin.setEnabled(name, false);
    const accessToken = disabled.accessToken;
    expect(await failureOf(app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: cloudScopes }))).toMatchObject({
      code: 'SESSION_EXPIRED',
    });
    await app.cloud.onBehalfOf({ accessToken: other.accessToken }).accessToken({ scopes: cloudScopes });
  });
});

describe('cases 67, 103: an exchange that Keycloak does not allow', () => {
  const scopes = ['ai.h2o.deploy'];

  it('for this client names the scopes, the client and the switch', async () => {
    await using app = await startApp({ client: 'wave-app-noxchg' });
    const { accessToken } = await app.signIn();
    const error = await failureOf(app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes }));
    expect(error).toMatchObject({ name: 'ScopeNotGrantedError', missing: scopes });
    expect(error.message).toContain('Standard token exchange is not enabled for the requested client');
    expect(error.message).toContain('"wave-app-noxchg"');
  });

  it('with a public client neither', async () => {
    await using app = await startApp();
    const { accessToken } = await app.signIn({ client: 'hac-platform-public', secret: undefined });
    const client = createOidcClient({ issuer: app.issuer, clientId: 'hac-platform-public', allowInsecure: false, clock: app.clock });
    const error = await failureOf(client.exchange(accessToken, { scopes, audience: [] }));
    expect(error).toMatchObject({ name: 'TokenExchangeError', code: 'EXCHANGE_NOT_ALLOWED' });
    expect(error.message).toContain('Public client is not allowed to exchange token');
  });

  test.each<[string, string, readonly string[], string]>([
    ['for a token of another client, which does not name this one', 'mlops', [], 'Client is not within the token audience'],
    ['for an audience that nothing adds', 'wave-app', ['mlops'], 'Requested audience not available: mlops'],
    ['for an audience that does not exist', 'wave-app', ['no-such-client'], 'Audience not found'],
  ])('%s', async (_, exchanger, audience, said) => {
    await using app = await startApp();
    const { accessToken } = await app.signIn();
    await using other = await startApp({ client: exchanger, proxy: app.proxy });
    const user = other.cloud.onBehalfOf({ accessToken });
    const error = await failureOf(user.accessToken(audience.length === 0 ? { scopes: ['ai.h2o.storage'] } : { audience }));
    expect(error).toMatchObject(audience.length === 0 ? { code: 'SCOPE_NOT_GRANTED' } : { code: 'EXCHANGE_NOT_ALLOWED' });
    expect(error.message).toContain(said);
    expect(app.calls()).toHaveLength(1);
  });

  it('for a scope that the client does not have', async () => {
    await using app = await startApp();
    const { accessToken } = await app.signIn();
    const error = await failureOf(app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes: ['lab.unassigned'] }));
    expect(error).toMatchObject({ name: 'ScopeNotGrantedError', missing: ['lab.unassigned'] });
  });

  it('case 112: with a wrong secret is about the client', async () => {
    await using app = await startApp({ secret: 'not-the-secret' });
    const { accessToken } = await app.signIn({ secret: 'wave-app-secret' });
    const error = await failureOf(app.cloud.onBehalfOf({ accessToken }).accessToken({ scopes }));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH' });
  });
});

describe('real time', () => {
  it('case 5: exchanged tokens of five seconds are renewed in time and without a storm', async () => {
    await using app = await startApp({ client: 'wave-app-five-seconds', sdk: { clock: undefined } });
    const user = await app.user();
    const start = performance.now();
    while (performance.now() - start < 9_000) {
      const tokens = await Promise.all(Array.from({ length: 10 }, () => user.accessToken({ scopes: cloudScopes })));
      expect(await userinfo(app.issuer, tokens.at(-1)!)).toMatchObject({ status: 200 });
      await delay(100);
    }
    const halves = (performance.now() - start) / 2_500;
    for (const grant of ['refresh_token', 'token-exchange']) {
      const calls = app.calls().filter((call) => call.grant.endsWith(grant)).length;
      expect(calls).toBeGreaterThanOrEqual(2);
      expect(calls).toBeLessThanOrEqual(halves + 1);
    }
  });
});

describe('what Keycloak is not asked', () => {
  it('case 114: access tokens are never revoked, also not at a sign-out', async () => {
    await using app = await startApp();
    const user = await app.user();
    await user.accessToken({ scopes: cloudScopes });
    await user.signOut();
    await app.cloud.close();
    expect(app.proxy.requests.filter((request) => /revoke|logout/.test(request))).toEqual([]);
  });
});

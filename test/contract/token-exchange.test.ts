/** An app with a client of its own calls the services with its users' tokens, exchanged for the scopes that a service needs. */
import { describe, expect, it, test } from 'vitest';
import { AuthenticationError, H2OCloud, ScopeNotGrantedError, SignInRequiredError, type TokenEvent } from 'h2o-ai-cloud';
import { FakeClock, startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';

const app = { clientId: 'wave-app', clientSecret: 'wave-app-secret' };

function appOf(local: RunningCloud, options: ConstructorParameters<typeof H2OCloud>[0] = {}): H2OCloud {
  return new H2OCloud({ env: { H2O_CLOUD_ENVIRONMENT: local.url }, oidc: app, retry: { baseMs: 1 }, ...options });
}

const exchanges = (local: RunningCloud): number =>
  local.requests.filter(({ body }) => JSON.stringify(body ?? '').includes('token-exchange')).length;

describe("a user's token that lacks the scopes of a service", () => {
  it('is exchanged once for many calls, and the token of the user stays as it is', async () => {
    await using local = await startLocalCloud();
    const { accessToken } = await local.issueTokens('alice', { client: 'wave-app' });
    const events: TokenEvent[] = [];
    const user = appOf(local, { onCall: (event) => event.type === 'token' && events.push(event) }).onBehalfOf({ accessToken });
    await Promise.all(Array.from({ length: 20 }, () => user.mlops.projects.list().first()));
    expect(exchanges(local)).toBe(1);
    expect(events).toMatchObject([{ grant: 'token_exchange', outcome: 'ok' }]);
    expect((await user.accessToken()).value).toBe(accessToken);
    const exchanged = await user.accessToken({ scopes: ['ai.h2o.storage', 'ai.h2o.deploy'] });
    expect(exchanged.scopes).toEqual(expect.arrayContaining(['openid', 'ai.h2o.storage', 'ai.h2o.deploy']));
  });

  it('is not exchanged when it has them', async () => {
    await using local = await startLocalCloud();
    const { accessToken } = await local.issueTokens('alice', { client: 'wave-app-default-scopes' });
    await appOf(local).onBehalfOf({ accessToken }).mlops.projects.list().first();
    expect(exchanges(local)).toBe(0);
  });

  it('is exchanged behind a refresh token too', async () => {
    await using local = await startLocalCloud({ rotateRefreshTokens: true });
    const { refreshToken } = await local.issueTokens('alice', { client: 'wave-app' });
    const user = appOf(local).onBehalfOf({ refreshToken });
    expect(await user.mlops.projects.list().toArray()).toEqual([]);
    expect(exchanges(local)).toBe(1);
  });

  it('an exchanged token outlives the token of the user, and after that the user must sign in again', async () => {
    const clock = new FakeClock();
    await using local = await startLocalCloud({ clock });
    const { accessToken } = await local.issueTokens('alice', { client: 'wave-app' });
    const user = appOf(local, { clock }).onBehalfOf({ accessToken });
    await clock.advance(200_000);
    await user.mlops.projects.create({ name: 'demo' });
    await clock.advance(150_000);
    expect(await user.mlops.projects.list().toArray()).toHaveLength(1);
    await clock.advance(200_000);
    await expect(user.mlops.projects.list().first()).rejects.toThrow(SignInRequiredError);
  });

  it('two users of one app never share a token', async () => {
    await using local = await startLocalCloud();
    const cloud = appOf(local);
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((name) => local.issueTokens(name, { client: 'wave-app' })));
    await cloud.onBehalfOf({ accessToken: alice!.accessToken }).mlops.projects.create({ name: "alice's" });
    expect(await cloud.onBehalfOf({ accessToken: bob!.accessToken }).mlops.projects.list().toArray()).toEqual([]);
  });
});

describe('an exchange that is refused', () => {
  test.each([
    [
      'because the client may not',
      { clientId: 'wave-app-noxchg', clientSecret: 'wave-app-noxchg-secret' },
      ScopeNotGrantedError,
      'wave-app-noxchg',
    ],
    [
      'because the client does not have the scopes',
      { clientId: 'no-scopes', clientSecret: 'no-scopes-secret' },
      ScopeNotGrantedError,
      'no-scopes',
    ],
  ])('%s, names the missing scopes and the client', async (_, oidc, ErrorClass, word) => {
    await using local = await startLocalCloud();
    const { accessToken } = await local.issueTokens('alice', { client: oidc.clientId });
    const call = appOf(local, { oidc }).onBehalfOf({ accessToken }).mlops.projects.list().first();
    await expect(call).rejects.toThrow(ErrorClass);
    await expect(call).rejects.toThrow(word);
    await expect(call).rejects.toMatchObject({ missing: ['ai.h2o.storage', 'ai.h2o.deploy'] });
  });

  it('because the secret is wrong, says so', async () => {
    await using local = await startLocalCloud();
    const { accessToken } = await local.issueTokens('alice', { client: 'wave-app' });
    const user = appOf(local, { oidc: { ...app, clientSecret: 'wrong' } }).onBehalfOf({ accessToken });
    await expect(user.mlops.projects.list().first()).rejects.toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH' });
  });

  it('because the session has ended, asks the user to sign in again', async () => {
    await using local = await startLocalCloud();
    const { accessToken } = await local.issueTokens('alice', { client: 'wave-app' });
    local.stopUserSession('alice');
    const error: unknown = await appOf(local)
      .onBehalfOf({ accessToken })
      .mlops.projects.list()
      .first()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SignInRequiredError);
    expect(error).toMatchObject({ code: 'SESSION_EXPIRED' });
  });

  it('because the token is of a client that is a stranger, is no loop', async () => {
    await using local = await startLocalCloud();
    const { accessToken } = await local.issueTokens('alice', { client: 'no-scopes' });
    const user = appOf(local).onBehalfOf({ accessToken });
    await expect(user.mlops.projects.list().first()).rejects.toThrow(AuthenticationError);
    expect(exchanges(local)).toBe(1);
  });
});

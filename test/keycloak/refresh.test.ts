import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { SignInRequiredError, type User } from 'h2o-ai-cloud';
import { tokenRequest } from '../lab/keycloak.js';
import { gatewayStatus, late, lostAnswer, unreached } from '../lab/provider-proxy.js';
import { failureOf } from '../unit/identity/world.js';
import { newUser, publicClient, startApp, userinfo, type Realm } from './world.js';

// The first import takes longer than a clock that stands still has patience.
beforeAll(async () => {
  await import('openid-client');
});

const lifeMs = 300_000;

describe.each<[string, Realm]>([
  ['with rotation', 'hac'],
  ['without rotation', 'hac-norotate'],
])('a refresh token of Keycloak, %s', (_, realm) => {
  it('cases 1, 103: brings a token that Keycloak takes, by one request of the standard', async () => {
    await using app = await startApp({ realm });
    const { refreshToken } = await app.signIn();
    const sentAt = app.clock.now();
    const token = await app.cloud.onBehalfOf({ refreshToken }).accessToken();
    expect(app.calls().map(({ form }) => form)).toEqual([
      { grant_type: 'refresh_token', client_id: 'wave-app', client_secret: 'wave-app-secret', refresh_token: refreshToken },
    ]);
    expect(token.scopes).toEqual(expect.arrayContaining(['openid', 'email', 'profile']));
    expect([lifeMs - 1000, lifeMs]).toContain(token.expiresAt! - sentAt);
    expect(await userinfo(app.issuer, token)).toEqual({ status: 200, username: 'alice' });
  });

  it('cases 9, 31, 103: is replaced by the newest one, fifty times in a row', async () => {
    await using app = await startApp({ realm });
    const { refreshToken } = await app.signIn();
    const rotated: string[] = [];
    const user = app.cloud.onBehalfOf({ refreshToken, onRotate: (token) => void rotated.push(token) });
    for (let count = 0; count < 50; count++) {
      await user.accessToken();
      await app.clock.advance(lifeMs);
    }
    expect(app.calls().map(({ form }) => form['refresh_token'])).toEqual([refreshToken, ...rotated.slice(0, -1)]);
    expect(new Set(rotated).size).toBe(50);
  });

  it('case 20: serves a thousand callers with one request', async () => {
    await using app = await startApp({ realm });
    const user = await app.user();
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => user.accessToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(app.calls()).toHaveLength(1);
  });

  it('case 21: serves each user with tokens of their own', async () => {
    await using app = await startApp({ realm });
    const names = ['alice', 'bob', 'carol', 'zoë', 'новак-山田'];
    const passwords: Readonly<Record<string, string>> = { zoë: 'zoe', 'новак-山田': 'novak' };
    const users = await Promise.all(names.map((username) => app.user({ username, password: passwords[username] ?? username })));
    await Promise.all(
      users.map(async (user, index) => {
        const tokens = await Promise.all(Array.from({ length: 10 }, () => user.accessToken()));
        expect(new Set(tokens).size).toBe(1);
        expect((await user.claims()).username).toBe(names[index]);
        expect(await userinfo(app.issuer, tokens[0]!)).toEqual({ status: 200, username: names[index] });
      }),
    );
    expect(app.calls()).toHaveLength(names.length);
  });

  it('cases 22, 38, 103: serves several sets of scopes one after the other, none narrower for it', async () => {
    await using app = await startApp({ realm, ...publicClient });
    const user = await app.user({ scope: 'openid ai.h2o.storage ai.h2o.deploy' });
    const [storage, deploy] = await Promise.all([
      user.accessToken({ scopes: ['openid', 'ai.h2o.storage'] }),
      user.accessToken({ scopes: ['openid', 'ai.h2o.deploy'] }),
    ]);
    expect(storage.scopes).not.toContain('ai.h2o.deploy');
    expect(deploy.scopes).not.toContain('ai.h2o.storage');
    expect((await user.accessToken()).scopes).toEqual(expect.arrayContaining(['openid', 'ai.h2o.storage', 'ai.h2o.deploy']));
    expect(new Set(app.calls().map(({ form }) => form['refresh_token'])).size).toBe(3);
  });

  it('cases 64, 103: does not pass off a token that lacks a scope, and stays good', async () => {
    await using app = await startApp({ realm, ...publicClient });
    const user = await app.user();
    const error = await failureOf(user.accessToken({ scopes: ['openid', 'ai.h2o.deploy'] }));
    expect(error).toMatchObject({ name: 'ScopeNotGrantedError', code: 'SCOPE_NOT_GRANTED', missing: ['ai.h2o.deploy'] });
    expect(error.message).toContain('"hac-platform-public"');
    expect((await user.accessToken({ scopes: ['openid'] })).scopes).toContain('openid');
  });

  it.each([['lab.unassigned'], ['no.such.scope']])('case 65: is not spent for a scope that the client cannot have: %s', async (scope) => {
    await using app = await startApp({ realm, ...publicClient });
    const user = await app.user();
    expect(await failureOf(user.accessToken({ scopes: ['openid', scope] }))).toMatchObject({
      name: 'ScopeNotGrantedError',
      missing: ['openid', scope],
    });
    await user.accessToken();
    expect(app.calls()[0]!.form['refresh_token']).toBe(app.calls()[1]!.form['refresh_token']);
  });

  it('case 11: asks for no scope where none was asked', async () => {
    await using app = await startApp({ realm });
    await (await app.user()).accessToken({ scopes: [] });
    expect(app.calls()[0]!.form).not.toHaveProperty('scope');
  });

  it('cases 105, 113: may be an offline one, whose answers say more than their tokens and never when they end', async () => {
    await using app = await startApp({ realm, ...publicClient });
    const user = await app.user({ scope: 'openid offline_access ai.h2o.storage ai.h2o.deploy' });
    const narrowed = await user.accessToken({ scopes: ['openid', 'ai.h2o.storage'] });
    expect(narrowed.scopes).not.toContain('ai.h2o.deploy');
    expect(await userinfo(app.issuer, narrowed)).toMatchObject({ status: 200 });
    await app.clock.advance(lifeMs);
    const full = await user.accessToken({ scopes: ['openid', 'ai.h2o.storage', 'ai.h2o.deploy'] });
    expect(await userinfo(app.issuer, full)).toMatchObject({ status: 200 });
  });

  it('case 112: is not spent with a wrong secret', async () => {
    await using app = await startApp({ realm });
    await using wrong = await startApp({ realm, secret: 'not-the-secret' });
    const { refreshToken } = await app.signIn();
    const error = await failureOf(wrong.cloud.onBehalfOf({ refreshToken }).accessToken());
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH', retryable: false });
    expect(error.message).not.toContain('not-the-secret');
    expect(wrong.calls()).toHaveLength(1);
    await app.cloud.onBehalfOf({ refreshToken }).accessToken();
  });

  it('cases 73, 103: is kept though the answer comes late; who has a deadline does not wait', async () => {
    await using app = await startApp({ realm });
    const user = await app.user();
    app.proxy.next(late(1_500));
    const patient = user.accessToken();
    await expect(user.accessToken({ signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await userinfo(app.issuer, await patient)).toMatchObject({ status: 200 });
    await app.clock.advance(lifeMs);
    await user.accessToken();
    expect(app.calls()).toHaveLength(2);
  });

  it('case 69: survives a gateway that fails and a connection that breaks before Keycloak', async () => {
    await using app = await startApp({ realm, sdk: { clock: undefined } });
    const user = await app.user();
    app.proxy.next(unreached, gatewayStatus(503));
    expect(await userinfo(app.issuer, await user.accessToken())).toMatchObject({ status: 200 });
    expect(app.calls()).toHaveLength(3);
  });

  it('case 68: of a user who is disabled is refused, and good again when they are not; nobody else notices', async () => {
    await using app = await startApp({ realm });
    const name = await newUser(app);
    const [disabled, other] = [await app.user({ username: name }), await app.user()];
    await Promise.all([disabled.accessToken(), other.accessToken()]);
    await app.admin.setEnabled(name, false);
    await app.clock.advance(lifeMs);
    expect(await failureOf(disabled.accessToken())).toMatchObject({ name: 'SignInRequiredError', code: 'USER_DISABLED' });
    await other.accessToken();
    await app.admin.setEnabled(name, true);
    await disabled.accessToken();
  });

  it('cases 35, 36, 68: of a session that was ended is asked about once; a new one works at once', async () => {
    await using app = await startApp({ realm });
    const [ended, other] = [await app.signIn(), await app.user()];
    const user = app.cloud.onBehalfOf({ refreshToken: ended.refreshToken });
    await Promise.all([user.accessToken(), other.accessToken()]);
    await app.admin.endSession(ended.sessionId);
    await app.clock.advance(lifeMs);
    for (let count = 0; count < 3; count++) {
      expect(await failureOf(user.accessToken())).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
    }
    await other.accessToken();
    await (await app.user()).accessToken();
    expect(app.calls()).toHaveLength(5);
  });
});

describe('a refresh token that is good once', () => {
  const spend = (issuer: string, refreshToken: string): ReturnType<typeof tokenRequest> =>
    tokenRequest(issuer, {
      grant_type: 'refresh_token',
      client_id: 'wave-app',
      client_secret: 'wave-app-secret',
      refresh_token: refreshToken,
    });

  it('cases 35, 40, 103: spent by another program is reuse, with a hint, and no loop', async () => {
    await using app = await startApp();
    const { refreshToken } = await app.signIn();
    await spend(app.issuer, refreshToken);
    const user = app.cloud.onBehalfOf({ refreshToken });
    const before = app.calls().length;
    const error = await failureOf(user.accessToken());
    expect(error).toBeInstanceOf(SignInRequiredError);
    expect(error).toMatchObject({ code: 'REUSE_DETECTED', retryable: false });
    expect(error.message).toContain('token store');
    await failureOf(user.accessToken());
    expect(app.calls()).toHaveLength(before + 1);
  });

  it('case 35: is reuse too when it is two generations old, and the newest one is dead then', async () => {
    await using app = await startApp();
    const { refreshToken } = await app.signIn();
    const rotated: string[] = [];
    const user = app.cloud.onBehalfOf({ refreshToken, onRotate: (token) => void rotated.push(token) });
    await user.accessToken();
    // Keycloak tells old from new by whole seconds, and takes either within one.
    await delay(1_100);
    await app.clock.advance(lifeMs);
    await user.accessToken();
    const { body } = await spend(app.issuer, refreshToken);
    expect(body['error_description']).toBe('Stale token');
    await app.clock.advance(lifeMs);
    expect(await failureOf(user.accessToken())).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
  });

  it('case 70: whose answer got lost is tried once more, and then the session is over', async () => {
    await using app = await startApp({ sdk: { clock: undefined } });
    const user = await app.user();
    app.proxy.next(lostAnswer);
    expect(await failureOf(user.accessToken())).toMatchObject({ name: 'SignInRequiredError', code: 'REUSE_DETECTED' });
    expect(app.calls()).toHaveLength(2);
  });

  it('case 70: without rotation a lost answer costs one more request and nothing else', async () => {
    await using app = await startApp({ realm: 'hac-norotate', sdk: { clock: undefined } });
    const user = await app.user();
    app.proxy.next(lostAnswer);
    expect(await userinfo(app.issuer, await user.accessToken())).toMatchObject({ status: 200 });
    expect(app.calls()).toHaveLength(2);
  });
});

describe('case 100: a sign-out', () => {
  test.each([['openid'], ['openid offline_access']])('ends the session at Keycloak where that is asked: %s', async (scope) => {
    await using app = await startApp();
    const { refreshToken } = await app.signIn({ scope });
    const user = app.cloud.onBehalfOf({ refreshToken });
    await user.accessToken();
    expect(await user.signOut({ revoke: true })).toEqual({ isRevoked: true });
    expect(await failureOf(user.accessToken())).toMatchObject({ code: 'SESSION_ENDED' });
    expect(app.proxy.requests.at(-1)).toBe('POST /realms/hac/protocol/openid-connect/revoke');
    await using other = await startApp({ proxy: app.proxy, oidc: { clientAuthentication: 'client_secret_basic' } });
    expect(await failureOf(other.cloud.onBehalfOf({ refreshToken }).accessToken())).toMatchObject({ name: 'SignInRequiredError' });
  });
});

describe('real time', () => {
  const life = 5_000;

  async function keepAsking(user: User, issuer: string, forMs: number): Promise<number> {
    const start = performance.now();
    while (performance.now() - start < forMs) {
      const tokens = await Promise.all(Array.from({ length: 10 }, () => user.accessToken()));
      expect(await userinfo(issuer, tokens.at(-1)!)).toMatchObject({ status: 200 });
      await delay(100);
    }
    return performance.now() - start;
  }

  it('case 5: tokens of five seconds are renewed in time and without a storm', async () => {
    await using app = await startApp({ client: 'wave-app-five-seconds', sdk: { clock: undefined } });
    const elapsed = await keepAsking(await app.user(), app.issuer, 9_000);
    expect(app.calls().length).toBeGreaterThanOrEqual(2);
    expect(app.calls().length).toBeLessThanOrEqual(elapsed / (life / 2) + 1);
  });

  it('cases 63, 116: tokens live shorter as their session nears its end, after which one must sign in', async () => {
    await using app = await startApp({ client: 'wave-app-short-session', sdk: { clock: undefined } });
    const user = await app.user();
    const start = performance.now();
    const elapsed = await keepAsking(user, app.issuer, 8_500);
    const first = app.calls().length;
    expect(first).toBeGreaterThanOrEqual(2);
    expect(first).toBeLessThanOrEqual(6);
    await delay(14_000 - (performance.now() - start));
    expect(elapsed).toBeLessThan(12_000);
    expect(await failureOf(user.accessToken())).toMatchObject({ name: 'SignInRequiredError' });
  });
});

describe('a clock that is wrong', () => {
  test.each([
    ['half a minute', 30_000],
    ['five minutes', 300_000],
    ['a day', 86_400_000],
  ])('case 49: by %s, either way, refuses nothing and sends nothing stale', async (_, skewMs) => {
    for (const sign of [-1, 1]) {
      await using app = await startApp();
      app.clock.jumpWallTime(Date.now() + sign * skewMs - app.clock.now());
      const user = await app.user();
      const token = await user.accessToken();
      await app.clock.advance(200_000);
      expect(await user.accessToken()).toBe(token);
      await app.clock.advance(100_000);
      expect(await userinfo(app.issuer, await user.accessToken())).toMatchObject({ status: 200 });
      expect(app.calls()).toHaveLength(2);
    }
  });
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { refreshTokenCredential, type RefreshTokenOptions } from '../../../src/identity/refresh-token.js';
import { createOidcClient, type OidcClientSettings } from '../../../src/identity/oidc.js';
import { readJwtClaims } from '../../../src/identity/jwt-claims.js';
import type { AccessToken } from '../../../src/internal/access-token.js';
import { systemClock } from '../../../src/internal/clock.js';
import type { Credential, TokenRequest } from '../../../src/internal/credential.js';
import { changed, held, jwt, latch, refused, reply, type Answer, type TokenServerOptions } from '../../support/token-server.js';
import { failureOf, startWorld, until, type World } from './world.js';

const minute = 60_000;

interface UserWorld extends World {
  readonly refreshToken: string;
  readonly credential: Credential;
  readonly another: (options?: Partial<RefreshTokenOptions>) => Credential;
}

/** A user who has signed in, with a credential of the refresh token. */
async function startUser(
  options: TokenServerOptions = {},
  settings: Partial<OidcClientSettings> = {},
  own: Partial<RefreshTokenOptions> = {},
): Promise<UserWorld> {
  const world = await startWorld(options, settings);
  const { client, clock } = world;
  const refreshToken = world.server.signIn();
  const another = (changes: Partial<RefreshTokenOptions> = {}): Credential =>
    refreshTokenCredential({ client, refreshToken, clock, ...changes });
  return { ...world, refreshToken, another, credential: another(own), [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const spentTokens = (world: World): (string | undefined)[] => world.server.forms.map((form) => form['refresh_token']);
const fails: Answer = (response) => void response.writeHead(500).end('no');
const idOf = (token: AccessToken): unknown => readJwtClaims(token.value)?.payload['jti'];

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  await import('openid-client');
});
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('a token is kept while it is fresh', () => {
  it('case 2: and is the same for everybody who asks', async () => {
    await using world = await startUser();
    const token = await world.credential.getToken({ scopes: ['a'] });
    await world.clock.advance(2 * minute);
    expect(await world.credential.getToken({ scopes: ['a'] })).toBe(token);
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 2: which costs next to nothing', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    const credential = refreshTokenCredential({ client: world.client, refreshToken, clock: systemClock });
    const request = { scopes: ['openid', 'ai.h2o.storage', 'ai.h2o.deploy'] };
    await credential.getToken(request);
    let best = Infinity;
    for (let round = 0; round < 10; round++) {
      const start = performance.now();
      for (let count = 0; count < 10_000; count++) await credential.getToken(request);
      best = Math.min(best, (performance.now() - start) / 10_000);
    }
    // The aim is 500 ns; a machine that others use gets four times as much.
    expect(best * 1e6).toBeLessThan(2_000);
  });

  it('case 10: whatever the order and the repetition of the scopes', async () => {
    await using world = await startUser();
    const token = await world.credential.getToken({ scopes: ['a', 'b'] });
    for (const scopes of [['b', 'a', 'a'], ['a b'], ['b', 'a']]) expect(await world.credential.getToken({ scopes })).toBe(token);
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 3: near its end it is served at once and renewed behind', async () => {
    await using world = await startUser();
    const old = await world.credential.getToken({});
    await world.clock.advance(280_000);
    const { answer, asked, release } = held();
    world.server.next(answer);
    expect(await world.credential.getToken({})).toBe(old);
    expect(await world.credential.getToken({})).toBe(old);
    await asked;
    release();
    await until(() => world.server.forms.length === 2);
    let next = await world.credential.getToken({});
    while (next === old) {
      await new Promise((resolve) => setImmediate(resolve));
      next = await world.credential.getToken({});
    }
    expect(idOf(next)).toBe('at-2');
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 4: past its end everybody waits for one refresh', async () => {
    await using world = await startUser();
    await world.credential.getToken({});
    await world.clock.advance(5 * minute);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => world.credential.getToken({})));
    expect(new Set(tokens.map(idOf))).toEqual(new Set(['at-2']));
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 5: a life of 5 s makes no storm', async () => {
    await using world = await startUser({ accessTokenSeconds: 5 });
    for (let passedMs = 0; passedMs < 2_400; passedMs += 100) {
      await world.credential.getToken({});
      await world.clock.advance(100);
    }
    expect(world.server.forms).toHaveLength(1);
  });

  // Case 7: there is no `minimalRefreshPeriod`; a token is renewed by the life it was given, which is what the option worked around.

  it('case 53: a token without a life serves those who waited for it, and nobody after', async () => {
    await using world = await startUser({ accessTokenSeconds: 0 });
    const tokens = await Promise.all([world.credential.getToken({}), world.credential.getToken({})]);
    expect(tokens.map(idOf)).toEqual(['at-1', 'at-1']);
    expect(idOf(await world.credential.getToken({}))).toBe('at-2');
  });

  it('case 50: a wall clock that jumps costs at most one refresh', async () => {
    await using world = await startUser();
    await world.credential.getToken({});
    world.clock.jumpWallTime(-60 * minute);
    await world.credential.getToken({});
    expect(world.server.forms).toHaveLength(1);
    world.clock.jumpWallTime(120 * minute);
    await world.credential.getToken({});
    await world.credential.getToken({});
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 51: nothing stale is sent after a sleep', async () => {
    await using world = await startUser();
    await world.credential.getToken({});
    world.clock.jumpWallTime(10 * minute);
    expect(idOf(await world.credential.getToken({}))).toBe('at-2');
  });
});

describe('many callers, one request', () => {
  it('case 20: a thousand at once', async () => {
    await using world = await startUser();
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => world.credential.getToken({ scopes: ['a'] })));
    expect(new Set(tokens).size).toBe(1);
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 21: each user gets only tokens of their own', async () => {
    await using world = await startWorld();
    const { client, clock, server } = world;
    const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    const credentials = users.map((user) => refreshTokenCredential({ client, clock, refreshToken: server.signIn(user) }));
    await Promise.all(
      credentials.map(async (credential, index) => {
        const tokens = await Promise.all(Array.from({ length: 10 }, () => credential.getToken({})));
        expect(new Set(tokens.map((token) => readJwtClaims(token.value)?.subject))).toEqual(new Set([users[index]]));
      }),
    );
    expect(server.forms).toHaveLength(200);
  });

  it('case 22: two sets of scopes go one after the other, the second with the rotated token', async () => {
    await using world = await startUser();
    const [a, b] = await Promise.all([world.credential.getToken({ scopes: ['a'] }), world.credential.getToken({ scopes: ['b'] })]);
    expect([a.scopes, b.scopes]).toEqual([['a'], ['b']]);
    expect(world.server.forms.map((form) => form['scope'])).toEqual(['a', 'b']);
    expect(new Set(spentTokens(world)).size).toBe(2);
  });

  it('case 23: two credentials of one session share it', async () => {
    await using world = await startUser();
    const tokens = await Promise.all([world.credential.getToken({ scopes: ['a'] }), world.another().getToken({ scopes: ['a'] })]);
    expect(tokens[0]).toBe(tokens[1]);
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 23: so does one that is made of the rotated token', async () => {
    const rotated: string[] = [];
    await using world = await startUser({}, {}, { onRotate: (token) => void rotated.push(token) });
    const token = await world.credential.getToken({});
    const later = world.another({ refreshToken: rotated[0]! });
    expect(await later.getToken({})).toBe(token);
    await later.getToken({ scopes: ['b'] });
    await world.credential.getToken({ scopes: ['c'] });
    expect(new Set(spentTokens(world)).size).toBe(3);
  });

  it('does not share across clients: the same text elsewhere is another session', async () => {
    await using world = await startUser();
    const client = createOidcClient({
      tokenEndpoint: world.server.tokenEndpoint,
      clientId: 'other',
      allowInsecure: false,
      clock: world.clock,
    });
    await world.credential.getToken({});
    await failureOf(world.another({ client }).getToken({}));
    expect(spentTokens(world)).toEqual([world.refreshToken, world.refreshToken]);
  });

  it('case 24: a failure reaches everybody who waits, and nobody after', async () => {
    await using world = await startUser();
    world.server.next(fails);
    const errors = await Promise.all(Array.from({ length: 100 }, () => failureOf(world.credential.getToken({}))));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['IDENTITY_PROVIDER_FAILED']));
    expect(world.server.forms).toHaveLength(1);
    expect(idOf(await world.credential.getToken({}))).toBe('at-1');
  });

  it('case 25: what throws at once inside a refresh does not stop the queue', async () => {
    let isBroken = true;
    const fetch = (url: string, init: RequestInit): Promise<Response> => {
      if (isBroken) throw new Error('broken');
      return globalThis.fetch(url, init);
    };
    await using world = await startUser({}, { fetch });
    expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'CONNECTION_FAILED' });
    isBroken = false;
    await expect(world.credential.getToken({})).resolves.toBeDefined();
  });

  it('case 26: one who leaves takes nobody along', async () => {
    await using world = await startUser();
    const { answer, asked, release } = held();
    world.server.next(answer);
    const leaving = new AbortController();
    const left = world.credential.getToken({ signal: leaving.signal });
    const stays = world.credential.getToken({});
    await asked;
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    release();
    expect(idOf(await stays)).toBe('at-1');
    await world.credential.getToken({ scopes: ['b'] });
    expect(new Set(spentTokens(world)).size).toBe(2);
  });

  it('case 27: when all leave, the request goes on and its refresh token is kept', async () => {
    await using world = await startUser();
    const { answer, asked, release } = held();
    world.server.next(answer);
    const leaving = new AbortController();
    const left = world.credential.getToken({ signal: leaving.signal });
    await asked;
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    release();
    expect(idOf(await world.credential.getToken({}))).toBe('at-1');
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 27: when all leave and the request fails, nothing is left unhandled', async () => {
    await using world = await startUser();
    const { answer, asked, release } = held(fails);
    world.server.next(answer);
    const left = world.credential.getToken({ signal: AbortSignal.abort(new Error('gone')) });
    await expect(left).rejects.toThrow('gone');
    expect(world.server.forms).toEqual([]);
    const leaving = new AbortController();
    const second = world.credential.getToken({ signal: leaving.signal });
    await asked;
    leaving.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    release();
    expect(idOf(await world.another().getToken({ scopes: ['later'] }))).toBe('at-1');
  });

  it('case 73: a slow provider does not hold up those who have a deadline', async () => {
    await using world = await startUser();
    const { answer, asked, release } = held();
    world.server.next(answer);
    const deadline = new AbortController();
    world.clock.schedule(2_000, () => {
      deadline.abort(new DOMException('too late', 'TimeoutError'));
    });
    const impatient = world.credential.getToken({ signal: deadline.signal });
    const patient = world.credential.getToken({});
    await asked;
    const outcome = expect(impatient).rejects.toThrow('too late');
    await world.clock.advance(10_000);
    await outcome;
    release();
    expect(idOf(await patient)).toBe('at-1');
  });

  it('case 28: code inside a refresh that asks for the same token gets an error, not a deadlock', async () => {
    const asked: Promise<unknown>[] = [];
    await using world = await startUser();
    const credential = world.another({
      onRotate: async () => {
        const again = failureOf(credential.getToken({}));
        asked.push(again);
        await again;
      },
    });
    await expect(credential.getToken({})).resolves.toBeDefined();
    expect(await asked[0]).toMatchObject({ code: 'REENTRANT_CREDENTIAL' });
  });

  it('case 28: and work that it leaves behind may ask later', async () => {
    const later = latch();
    const asked: Promise<unknown>[] = [];
    await using world = await startUser();
    const credential = world.another({
      onRotate: () => {
        if (asked.length === 0) asked.push(later.opened.then(() => credential.getToken({ scopes: ['later'] })));
      },
    });
    await credential.getToken({});
    later.open();
    await expect(asked[0]).resolves.toBeDefined();
  });

  it('case 30: a failure behind a valid token is nobody’s error, and not tried again at once', async () => {
    await using world = await startUser();
    const old = await world.credential.getToken({});
    await world.clock.advance(280_000);
    world.server.next(fails, fails);
    expect(await world.credential.getToken({})).toBe(old);
    await until(() => world.server.forms.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let count = 0; count < 20; count++) expect(await world.credential.getToken({})).toBe(old);
    expect(world.server.forms).toHaveLength(2);
    await world.clock.advance(20_000);
    expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'IDENTITY_PROVIDER_FAILED' });
    expect(world.server.forms).toHaveLength(3);
  });
});

describe('rotation', () => {
  it('case 31: each of fifty refreshes spends what the one before brought', async () => {
    const rotated: string[] = [];
    await using world = await startUser({ accessTokenSeconds: 60 }, {}, { onRotate: (token) => void rotated.push(token) });
    for (let count = 0; count < 50; count++) {
      await world.credential.getToken({});
      await world.clock.advance(minute);
    }
    expect(spentTokens(world)).toEqual([world.refreshToken, ...rotated.slice(0, -1)]);
    expect(rotated).toHaveLength(50);
  });

  it('case 8: without a new refresh token the old one is kept', async () => {
    await using world = await startUser({ rotation: 'none' });
    world.server.next(changed({ refresh_token: undefined }));
    await world.credential.getToken({});
    await world.credential.getToken({ scopes: ['b'] });
    expect(spentTokens(world)).toEqual([world.refreshToken, world.refreshToken]);
  });

  it('case 9: without rotation the newest is spent all the same', async () => {
    await using world = await startUser({ rotation: 'none' });
    for (const scope of ['a', 'b', 'c']) await world.credential.getToken({ scopes: [scope] });
    expect(new Set(spentTokens(world)).size).toBe(3);
  });

  test.each<[string, Record<string, unknown>]>([
    ['token type', { token_type: 'mac' }],
    ['expires_in', { expires_in: null }],
    ['negative life', { expires_in: -5 }],
    ['scope', { scope: ['a'] }],
    ['access token', { access_token: 'with\r\nbreak' }],
    ['missing access token', { access_token: undefined }],
  ])('case 32: a rotated refresh token survives a malformed answer: %s', async (_, members) => {
    const rotated: string[] = [];
    await using world = await startUser({}, {}, { onRotate: (token) => void rotated.push(token) });
    world.server.next(changed(members));
    expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'RESPONSE_INVALID' });
    expect(rotated).toHaveLength(1);
    await expect(world.credential.getToken({})).resolves.toBeDefined();
    expect(spentTokens(world)).toEqual([world.refreshToken, rotated[0]]);
  });

  it('case 34: a token of another user is not served, now or later', async () => {
    await using world = await startUser();
    await world.credential.getToken({});
    world.server.next(changed({ access_token: jwt({ sub: 'mallory', scope: 'b' }) }));
    expect(await failureOf(world.credential.getToken({ scopes: ['b'] }))).toMatchObject({
      code: 'SUBJECT_MISMATCH',
      name: 'SignInRequiredError',
    });
    expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'SUBJECT_MISMATCH' });
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 35: a refused refresh token is not tried again', async () => {
    await using world = await startUser();
    world.server.next(refused('invalid_grant', 'Maximum allowed refresh token reuse exceeded'));
    for (let count = 0; count < 3; count++)
      expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'REUSE_DETECTED' });
    expect(await failureOf(world.another().getToken({ scopes: ['b'] }))).toMatchObject({ code: 'REUSE_DETECTED' });
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 36: a new sign-in works at once', async () => {
    await using world = await startUser();
    world.server.signOut('alice');
    expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
    const fresh = world.another({ refreshToken: world.server.signIn() });
    await expect(fresh.getToken({})).resolves.toBeDefined();
  });

  it('a disabled user may come back with the same token', async () => {
    await using world = await startUser();
    world.server.next(refused('invalid_grant', 'User disabled'));
    expect(await failureOf(world.credential.getToken({}))).toMatchObject({ code: 'USER_DISABLED' });
    await expect(world.credential.getToken({})).resolves.toBeDefined();
  });

  it('case 37: an older token that comes back does not take the place of a newer one', async () => {
    await using world = await startUser();
    await world.credential.getToken({ scopes: ['a'] });
    await world.another().getToken({ scopes: ['b'] });
    expect(new Set(spentTokens(world)).size).toBe(2);
  });

  it('case 38: a narrowed token does not narrow the next', async () => {
    await using world = await startUser({ grants: (asked) => (asked.length === 0 ? ['openid', 'a', 'b'] : asked) });
    expect((await world.credential.getToken({ scopes: ['a'] })).scopes).toEqual(['a']);
    expect((await world.credential.getToken({})).scopes).toEqual(['openid', 'a', 'b']);
  });

  it('a wider token that is fresh serves a narrower wish, and its own scopes go on', async () => {
    await using world = await startUser();
    const wide = await world.credential.getToken({ scopes: ['a', 'b'] });
    expect(await world.credential.getToken({ scopes: ['b'] })).toBe(wide);
    await world.credential.getToken({ scopes: ['b', 'c'] });
    await world.clock.advance(5 * minute);
    expect((await world.credential.getToken({ scopes: ['b'] })).scopes).toEqual(['b']);
    expect(world.server.forms.map((form) => form['scope'])).toEqual(['a b', 'b c', 'b']);
  });

  it('a missing refresh token says where to get one, and sends nothing', async () => {
    await using world = await startWorld({}, { signInHint: 'Get one at https://cloud.example/auth/get-token.' });
    const credential = refreshTokenCredential({ client: world.client, clock: world.clock, refreshToken: '' });
    const error = await failureOf(credential.getToken({}));
    expect(error).toMatchObject({ code: 'SIGN_IN_REQUIRED' });
    expect(error.message).toContain('https://cloud.example/auth/get-token');
    expect(world.server.forms).toEqual([]);
  });
});

describe('onRotate', () => {
  it('is told before the answer is there, and waited for', async () => {
    const order: string[] = [];
    await using world = await startUser();
    const credential = world.another({
      onRotate: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('told');
      },
    });
    await credential.getToken({});
    order.push('answered');
    expect(order).toEqual(['told', 'answered']);
  });

  test.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('planted');
      },
    ],
    ['rejects', () => Promise.reject(new Error('planted'))],
  ])('may fail without harm: %s', async (_, onRotate) => {
    const warn = vi.fn<(message: string) => void>();
    const nothing = (): void => undefined;
    await using world = await startUser({}, {}, { onRotate, logger: { debug: nothing, info: nothing, warn, error: nothing } });
    await world.credential.getToken({});
    await world.credential.getToken({ scopes: ['b'] });
    expect(warn).toHaveBeenCalledTimes(2);
    expect(JSON.stringify(warn.mock.calls)).not.toContain('planted');
  });

  it('holds nobody up for ever', async () => {
    const called = latch();
    await using world = await startUser();
    const credential = world.another({
      onRotate: () => {
        called.open();
        return new Promise(() => undefined);
      },
    });
    const work = credential.getToken({});
    await called.opened;
    await world.clock.advance(10_000);
    await expect(work).resolves.toBeDefined();
  });

  it('tells each credential of a session what the others rotated', async () => {
    const told: string[] = [];
    await using world = await startUser();
    const listening = world.another({ onRotate: (token) => void told.push(token) });
    await world.credential.getToken({});
    await listening.getToken({});
    await until(() => told.length === 1);
    await world.credential.getToken({ scopes: ['b'] });
    expect(spentTokens(world).at(-1)).toBe(told[0]);
  });
});

describe('scopes that are not granted', () => {
  it('case 64: are an error that names them and the way out, and the session goes on', async () => {
    await using world = await startUser({ grants: () => ['openid', 'email'] });
    const error = await failureOf(world.credential.getToken({ scopes: ['openid', 'ai.h2o.deploy'] }));
    expect(error).toMatchObject({ name: 'ScopeNotGrantedError', missing: ['ai.h2o.deploy'], granted: ['openid', 'email'] });
    expect(error.message).toMatch(/lacks ai\.h2o\.deploy \(it has openid email\)[^]*client "sdk"[^]*secret/);
    expect((await world.credential.getToken({ scopes: ['openid'] })).scopes).toEqual(['openid', 'email']);
    await failureOf(world.credential.getToken({ scopes: ['openid', 'ai.h2o.deploy'] }));
    expect(new Set(spentTokens(world)).size).toBe(3);
  });

  it('case 65: are the same error when the provider refuses to try', async () => {
    await using world = await startUser();
    world.server.next(refused('invalid_scope', 'Invalid scopes: x'));
    expect(await failureOf(world.credential.getToken({ scopes: ['x'] }))).toMatchObject({ name: 'ScopeNotGrantedError', missing: ['x'] });
    await expect(world.credential.getToken({ scopes: ['openid'] })).resolves.toBeDefined();
  });

  it('an audience that the token does not name is refused with the way out', async () => {
    await using world = await startUser();
    expect(await failureOf(world.credential.getToken({ audience: ['mlops'] }))).toMatchObject({ code: 'EXCHANGE_NOT_ALLOWED' });
    await expect(world.credential.getToken({ audience: [] })).resolves.toBeDefined();
  });
});

describe('a token that a service refused', () => {
  const reject = async (world: UserWorld, request: TokenRequest = {}): Promise<AccessToken> => {
    const rejected = (await world.credential.getToken({})).value;
    return world.credential.getToken({ rejected, ...request });
  };

  it('case 55: is replaced, though it is fresh', async () => {
    await using world = await startUser();
    expect(idOf(await reject(world))).toBe('at-2');
    expect(idOf(await world.credential.getToken({}))).toBe('at-2');
  });

  it('case 56: fifty times at once is replaced once', async () => {
    await using world = await startUser();
    const rejected = (await world.credential.getToken({})).value;
    const tokens = await Promise.all(Array.from({ length: 50 }, () => world.credential.getToken({ rejected })));
    expect(new Set(tokens.map(idOf))).toEqual(new Set(['at-2']));
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 57: is not refreshed again when a newer one is there', async () => {
    await using world = await startUser();
    const { value: rejected } = await world.credential.getToken({});
    await world.clock.advance(5 * minute);
    const newer = await world.credential.getToken({});
    expect(await world.credential.getToken({ rejected })).toBe(newer);
    expect(world.server.forms).toHaveLength(2);
  });

  it('does not wait for a refresh that began before it was refused', async () => {
    await using world = await startUser();
    const { value: rejected } = await world.credential.getToken({});
    await world.clock.advance(280_000);
    const { answer, asked, release } = held();
    world.server.next(answer);
    await world.credential.getToken({});
    await asked;
    const forced = world.credential.getToken({ rejected });
    release();
    expect(idOf(await forced)).toBe('at-3');
  });

  it('is an error when the new one is the same', async () => {
    await using world = await startUser();
    const { value } = await world.credential.getToken({});
    world.server.next(changed({ access_token: value }));
    expect(await failureOf(world.credential.getToken({ rejected: value }))).toMatchObject({ code: 'AUTH_REJECTED', retryable: false });
  });
});

describe('a sign-out', () => {
  it('case 100: revokes the newest refresh token where that is asked, and gives no tokens any more, nor to others of the session', async () => {
    await using world = await startWorld();
    const revocationEndpoint = `${new URL(world.server.tokenEndpoint).origin}/revoke`;
    world.server.metadata((response) => {
      const { issuer, tokenEndpoint } = world.server;
      reply(response, { status: 200, body: { issuer, token_endpoint: tokenEndpoint, revocation_endpoint: revocationEndpoint } });
    });
    const client = createOidcClient({ issuer: world.server.issuer, clientId: 'sdk', allowInsecure: false, clock: world.clock });
    const refreshToken = world.server.signIn();
    const rotated: string[] = [];
    const onRotate = (newer: string): void => void rotated.push(newer);
    const credential = refreshTokenCredential({ client, refreshToken, clock: world.clock, onRotate });
    const other = refreshTokenCredential({ client, refreshToken, clock: world.clock });
    await credential.getToken({});
    world.server.next((response) => {
      response.writeHead(200, { 'content-length': '0' }).end();
    });
    expect(await credential.forget?.({ revoke: true })).toBe(true);
    expect(world.server.forms.at(-1)).toMatchObject({ token: rotated[0], token_type_hint: 'refresh_token' });
    for (const ended of [credential, other]) expect(await failureOf(ended.getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
    expect(world.server.forms).toHaveLength(2);
  });

  it('sends nothing where revoking is not asked, or not possible', async () => {
    await using world = await startWorld();
    const credential = refreshTokenCredential({ client: world.client, refreshToken: world.server.signIn(), clock: world.clock });
    expect(await credential.forget?.({ revoke: true })).toBe(false);
    expect(world.server.forms).toEqual([]);
  });
});

describe('case 93: the registry of sessions', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: unknown = runInNewContext('gc');
  const collect = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (typeof collectGarbage === 'function') Reflect.apply(collectGarbage, undefined, []);
    }
  };

  it('does not lose a refresh in flight that nobody waits for', async () => {
    await using world = await startWorld();
    const { client, clock, server } = world;
    const refreshToken = server.signIn();
    const make = (): Credential => refreshTokenCredential({ client, clock, refreshToken });
    const { answer, asked, release } = held();
    server.next(answer);
    void make().getToken({});
    await asked;
    await collect();
    const again = make().getToken({ scopes: ['b'] });
    release();
    await again;
    expect(new Set(spentTokens(world)).size).toBe(2);
  });

  it('keeps nothing of sessions that nobody uses', async () => {
    const clock = systemClock;
    const client = createOidcClient({ tokenEndpoint: 'https://idp.example/token', clientId: 'sdk', allowInsecure: false, clock });
    const weak = Array.from(
      { length: 1_000 },
      (_, index) => new WeakRef(refreshTokenCredential({ client, clock, refreshToken: `rt-${index}` })),
    );
    await collect();
    expect(weak.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(10);
  });
});

it('case 97: a credential that idles keeps no timer', async () => {
  const timers = vi.spyOn(systemClock, 'schedule');
  await using world = await startWorld();
  const cancelled = vi.fn();
  timers.mockImplementation(() => cancelled);
  const client = createOidcClient({ tokenEndpoint: world.server.tokenEndpoint, clientId: 'sdk', allowInsecure: false, clock: systemClock });
  await refreshTokenCredential({ client, clock: systemClock, refreshToken: world.server.signIn(), onRotate: () => undefined }).getToken({});
  expect(cancelled).toHaveBeenCalledTimes(timers.mock.calls.length);
  expect(timers.mock.calls.length).toBeGreaterThan(0);
});

/**
 * What an app can rely on for users that Wave has signed in: fresh tokens for as long as the session lives, nobody else's tokens, and
 * nothing after the sign-out.
 */
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { AuthenticationError, SignInRequiredError } from '../../../../src/errors/authentication-error.js';
import { H2OCloudError } from '../../../../src/errors/base.js';
import { askWave } from '../../../../src/identity/wave/ask-wave.js';
import { readWaveHeaders, type WaveHeaders } from '../../../../src/identity/wave/headers.js';
import { WaveSessions } from '../../../../src/identity/wave/sessions.js';
import type { Credential } from '../../../../src/internal/credential.js';
import { Secret } from '../../../../src/internal/secret.js';
import { FakeClock } from '../../../../src/testing/fake-clock.js';
import { jwt } from '../../../support/token-server.js';
import { hang, status, WaveAuthServer } from '../../../support/wave-auth.js';
import { advanceUntilDone, failureOf, until } from '../world.js';

const appKey = { id: 'app', secret: new Secret('app-secret') };

interface EventFacts {
  readonly session?: string;
  readonly subject?: string;
  readonly token?: string;
  readonly client?: string;
}

/** The headers of an event, which have proven to be Wave's. */
function event({ session, subject = 'u-1', token, client = 'tab' }: EventFacts): WaveHeaders {
  const headers: Record<string, string> = {
    authorization: `Basic ${Buffer.from('app:app-secret').toString('base64')}`,
    'wave-subject-id': subject,
    'wave-username': subject,
    'wave-client-id': client,
    ...(session === undefined ? {} : { 'wave-session-id': session }),
    ...(token === undefined ? {} : { 'wave-access-token': token }),
  };
  return readWaveHeaders({ headers }, appKey);
}

interface World extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly wave: WaveAuthServer;
  readonly sessions: WaveSessions;
}

async function startWorld(accessTokenSeconds = 300): Promise<World> {
  const clock = new FakeClock();
  const wave = await WaveAuthServer.start({ now: () => clock.now(), accessTokenSeconds });
  const server = { url: `${wave.address}/`, accessKey: wave.accessKey, clock };
  const sessions = new WaveSessions({ clock, ask: (id) => askWave(server, id), exchanging: (source) => source });
  return { clock, wave, sessions, [Symbol.asyncDispose]: () => wave[Symbol.asyncDispose]() };
}

const valueOf = async (credential: Credential): Promise<string> => (await credential.getToken({})).value;

describe('the token of an event', () => {
  it('case 12: is used as it is while it is fresh and has the scopes, without a request', async () => {
    await using world = await startWorld();
    const token = world.wave.signIn('s', 'u-1', { scope: 'openid ai.h2o.storage' });
    const credential = world.sessions.credentialOf(event({ session: 's', token }));
    expect((await credential.getToken({ scopes: ['ai.h2o.storage'] })).value).toBe(token);
    expect(world.wave.calls).toHaveLength(0);
  });

  it('lacks a scope: the error says who can grant it', async () => {
    await using world = await startWorld();
    const credential = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    const error = await failureOf(credential.getToken({ scopes: ['ai.h2o.deploy'] }));
    expect(error).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['ai.h2o.deploy'], granted: ['openid'] });
    expect(error.message).toMatch(/default scopes of the client that Wave signs users in with.*oidc\.clientSecret/);
  });

  it('case 37: does not replace a newer one that came before it, and a newer one replaces it', async () => {
    await using world = await startWorld();
    const older = world.wave.signIn('s');
    await world.clock.advance(60_000);
    const newer = world.wave.signIn('s');
    const first = world.sessions.credentialOf(event({ session: 's', token: newer }));
    const late = world.sessions.credentialOf(event({ session: 's', token: older }));
    expect([await valueOf(first), await valueOf(late)]).toEqual([newer, newer]);
    await world.clock.advance(60_000);
    const newest = world.wave.signIn('s');
    world.sessions.credentialOf(event({ session: 's', token: newest }));
    expect([await valueOf(first), await valueOf(late)]).toEqual([newest, newest]);
  });

  it('that is opaque is newer than the one before, and does not come back', async () => {
    await using world = await startWorld();
    const credential = world.sessions.credentialOf(event({ session: 's', token: 'opaque-1' }));
    world.sessions.credentialOf(event({ session: 's', token: 'opaque-2' }));
    expect(await valueOf(credential)).toBe('opaque-2');
    world.sessions.credentialOf(event({ session: 's', token: 'opaque-1' }));
    expect(await valueOf(credential)).toBe('opaque-2');
  });

  it.each([['s'], [undefined]])('that cannot stand in a header reaches none, and is not quoted (session: %s)', async (session) => {
    await using world = await startWorld();
    const headers = event({ token: 'p1anted\r\nx-injected: 1', ...(session === undefined ? {} : { session }) });
    const error = await failureOf(world.sessions.credentialOf(headers).getToken({}));
    expect(error).toMatchObject({ code: 'CREDENTIAL_FAILED' });
    expect(inspect(error)).not.toContain('p1anted');
  });

  it('without a session serves while it lives', async () => {
    await using world = await startWorld();
    const token = world.wave.issue('u-1');
    const credential = world.sessions.credentialOf(event({ token }));
    expect(await valueOf(credential)).toBe(token);
    await world.clock.advance(301_000);
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'SESSION_EXPIRED' });
  });
});

describe('a token that is stale', () => {
  it('case 13: is renewed by one question to Wave, with the key of the server and the session', async () => {
    await using world = await startWorld();
    const token = world.wave.signIn('s');
    const credential = world.sessions.credentialOf(event({ session: 's', token }));
    await world.clock.advance(301_000);
    const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => valueOf(credential)));
    expect(first).not.toBe(token);
    expect(new Set(others)).toEqual(new Set([first]));
    expect(world.wave.calls).toHaveLength(1);
    expect(world.wave.calls[0]).toMatchObject({ 'wave-session-id': 's', authorization: expect.stringMatching(/^Basic /) as string });
    expect(await valueOf(world.sessions.credentialOf(event({ session: 's', token })))).toBe(first);
  });

  it('case 14: that Wave hands out again is accepted: no second question, no loop', async () => {
    await using world = await startWorld();
    const token = world.wave.signIn('s');
    const credential = world.sessions.credentialOf(event({ session: 's', token }));
    // Our clock is wrong: for Wave, nothing has happened yet.
    world.clock.jumpWallTime(400_000);
    world.wave.next((response) => response.writeHead(200, { 'wave-access-token': token }).end());
    expect(await valueOf(credential)).toBe(token);
    expect(await valueOf(credential)).toBe(token);
    expect(world.wave.calls).toHaveLength(1);
  });

  it('is served in its last seconds while Wave is asked behind it, and work of hours always has a fresh one', async () => {
    await using world = await startWorld(60);
    const { clock, wave } = world;
    let held = { value: wave.issue('u-1'), endsAt: clock.now() + 60_000 };
    let [questions, renewals] = [0, 0];
    const ask = (): Promise<string> => {
      questions++;
      if (held.endsAt - clock.now() < 10_000) {
        renewals++;
        held = { value: wave.issue('u-1'), endsAt: clock.now() + 60_000 };
      }
      return Promise.resolve(held.value);
    };
    const sessions = new WaveSessions({ clock, ask, exchanging: (source) => source });
    const credential = sessions.credentialOf(event({ session: 's', token: held.value }));
    for (let second = 0; second < 3 * 3600; second++) {
      const token = await credential.getToken({});
      expect(token.expiresAt).toBeGreaterThan(clock.now());
      await clock.advance(1_000);
    }
    expect(renewals).toBe(questions);
    expect(renewals).toBeLessThanOrEqual((3 * 3600) / 55 + 1);
  });

  it('case 5: lives five seconds: no storm of questions', async () => {
    await using world = await startWorld(5);
    const credential = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    for (let tenth = 0; tenth < 300; tenth++) {
      await Promise.all(Array.from({ length: 10 }, () => credential.getToken({})));
      await world.clock.advance(100);
    }
    expect(world.wave.calls.length).toBeLessThanOrEqual(30 / 2.5 + 1);
  });

  test.each<[string, (world: World) => void, object]>([
    [
      'is unknown to Wave',
      ({ wave }) => {
        wave.signOut('s');
      },
      { name: 'SignInRequiredError', code: 'SESSION_ENDED', retryable: false },
    ],
    [
      'cannot be renewed by the identity provider',
      ({ wave }) => {
        wave.next(status(500));
      },
      { name: 'AuthenticationError', code: 'IDENTITY_PROVIDER_FAILED', retryable: true },
    ],
    [
      'is asked of a page of Wave without sign-in',
      ({ wave }) => {
        wave.next(status(200, { 'content-type': 'text/html' }));
      },
      { name: 'ResponseValidationError', code: 'RESPONSE_INVALID' },
    ],
    [
      'is asked of somebody who redirects',
      ({ wave }) => {
        wave.next(status(302, { location: '/login' }));
      },
      { code: 'RESPONSE_INVALID' },
    ],
    [
      'is answered with what is no token',
      ({ wave }) => {
        wave.next(status(200, { 'wave-access-token': 'a b' }));
      },
      { code: 'RESPONSE_INVALID' },
    ],
    [
      'is asked of a broken connection',
      ({ wave }) => {
        wave.next((response) => response.destroy());
      },
      { name: 'ConnectionError', code: 'CONNECTION_FAILED', retryable: true },
    ],
  ])('case 15: the session %s', async (_, spoil, expected) => {
    await using world = await startWorld();
    const credential = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    await world.clock.advance(301_000);
    spoil(world);
    const error = await failureOf(credential.getToken({}));
    expect(error).toMatchObject(expected);
    expect(inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)).not.toContain('p1anted');
    expect(world.wave.calls).toHaveLength(1);
  });

  it('case 115: Wave has lost the session to two renewals at once: each call fails with a type, and asks once', async () => {
    await using world = await startWorld();
    const credential = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    await world.clock.advance(301_000);
    world.wave.next(status(500), status(500), status(500));
    for (let call = 1; call <= 3; call++) {
      expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'IDENTITY_PROVIDER_FAILED', retryable: true });
      expect(world.wave.calls).toHaveLength(call);
    }
    // The next sign-in heals it, under the same session or another.
    const token = world.wave.signIn('s');
    expect(await valueOf(world.sessions.credentialOf(event({ session: 's', token })))).toBe(token);
  });

  it('case 106: comes in headers of more than 16 KiB', async () => {
    await using world = await startWorld();
    const credential = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    await world.clock.advance(301_000);
    const big = world.wave.issue('u-1', { roles: 'r'.repeat(30_000) });
    world.wave.next((response) => response.writeHead(200, { 'wave-access-token': big, 'wave-refresh-token': 'x'.repeat(20_000) }).end());
    expect(await valueOf(credential)).toBe(big);
  });

  it('case 109: Wave hangs: the old token is served while it lives, and after that the wait has an end', async () => {
    await using world = await startWorld();
    const token = world.wave.signIn('s');
    const credential = world.sessions.credentialOf(event({ session: 's', token }));
    await world.clock.advance(296_000);
    world.wave.next(hang, hang);
    expect(await valueOf(credential)).toBe(token);
    await until(() => world.wave.calls.length === 1);
    await world.clock.advance(3_000);
    expect(await valueOf(credential)).toBe(token);
    await world.clock.advance(2_000);
    expect(await advanceUntilDone(world.clock, failureOf(credential.getToken({})))).toMatchObject({ code: 'TIMEOUT', retryable: true });
  });

  it('a caller leaves the wait with the reason of its signal', async () => {
    await using world = await startWorld();
    const credential = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    await world.clock.advance(301_000);
    world.wave.next(hang);
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = credential.getToken({ signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('case 108: a token that a service has refused', () => {
  it('is not given again while Wave has no other one', async () => {
    await using world = await startWorld();
    const token = world.wave.signIn('s');
    const credential = world.sessions.credentialOf(event({ session: 's', token }));
    expect(await failureOf(credential.getToken({ rejected: token }))).toMatchObject({ code: 'AUTH_REJECTED' });
    expect(world.wave.calls).toHaveLength(1);
  });

  it('is replaced by the newer one of a later event without a question', async () => {
    await using world = await startWorld();
    const token = world.wave.signIn('s');
    const credential = world.sessions.credentialOf(event({ session: 's', token }));
    await world.clock.advance(1_000);
    const newer = world.wave.signIn('s');
    world.sessions.credentialOf(event({ session: 's', token: newer }));
    expect((await credential.getToken({ rejected: token })).value).toBe(newer);
    expect(world.wave.calls).toHaveLength(0);
  });
});

describe('whose session it is', () => {
  it('case 90: an id that comes back with another subject is refused, and nothing of it serves any more', async () => {
    await using world = await startWorld();
    const alice = world.sessions.credentialOf(event({ session: 's', subject: 'alice', token: world.wave.signIn('s', 'alice') }));
    const mallory = world.sessions.credentialOf(event({ session: 's', subject: 'mallory', token: world.wave.issue('mallory') }));
    for (const credential of [alice, mallory]) expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'SUBJECT_MISMATCH' });
    const token = world.wave.signIn('s', 'alice');
    expect(await valueOf(world.sessions.credentialOf(event({ session: 's', subject: 'alice', token })))).toBe(token);
  });

  it('case 90: a token of another user in the same session is refused, from an event or from Wave', async () => {
    await using world = await startWorld();
    const alice = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s', 'alice') }));
    await world.clock.advance(301_000);
    world.wave.next((response) => response.writeHead(200, { 'wave-access-token': world.wave.issue('mallory') }).end());
    expect(await failureOf(alice.getToken({}))).toMatchObject({ code: 'SUBJECT_MISMATCH' });
    const wrong = world.sessions.credentialOf(event({ session: 's', token: world.wave.issue('mallory') }));
    expect(await failureOf(wrong.getToken({}))).toMatchObject({ code: 'SUBJECT_MISMATCH' });
  });

  it('case 91: two anonymous users share nothing, and are told what switches sign-in on', async () => {
    await using world = await startWorld();
    const [one, other] = [event({ subject: 'anon', session: 's' }), event({ subject: 'anon', session: 's', token: 'stolen' })].map(
      (headers) => world.sessions.credentialOf(headers),
    );
    expect(one).not.toBe(other);
    for (const credential of [one!, other!]) {
      const error = await failureOf(credential.getToken({}));
      expect(error).toBeInstanceOf(SignInRequiredError);
      expect(error.code).toBe('ANONYMOUS');
      for (const word of ['WaveClientID', 'WaveClientSecret', 'EnableOIDC', 'Single-user']) expect(error.message).toContain(word);
    }
    const reason = new Error('enough');
    await expect(one!.getToken({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(world.wave.calls).toHaveLength(0);
  });

  it('case 111: the id of a tab decides nothing', async () => {
    await using world = await startWorld();
    const alice = world.sessions.credentialOf(
      event({ session: 'a', subject: 'alice', client: 'tab', token: world.wave.signIn('a', 'alice') }),
    );
    const bob = world.sessions.credentialOf(event({ session: 'b', subject: 'bob', client: 'tab', token: world.wave.signIn('b', 'bob') }));
    expect(await valueOf(alice)).not.toBe(await valueOf(bob));
  });

  it('case 47: hostile session ids do not meet', async () => {
    await using world = await startWorld();
    const ids = ['__proto__', 'constructor', 'a|b', 'a', '|b', 'b', 'ünïcode', '["a"]', 'x'.repeat(10_240), `${'x'.repeat(10_240)}y`];
    const tokens = ids.map((id, index) => world.wave.signIn(id, `u-${String(index)}`));
    const credentials = ids.map((session, index) =>
      world.sessions.credentialOf(event({ session, subject: `u-${String(index)}`, token: tokens[index]! })),
    );
    expect(await Promise.all(credentials.map(valueOf))).toEqual(tokens);
  });
});

describe('case 110: a user who has signed out', () => {
  it('gets no token any more, nor does who waits for one, nor a later event of that session', async () => {
    await using world = await startWorld();
    const headers = event({ session: 's', token: world.wave.signIn('s') });
    const credential = world.sessions.credentialOf(headers);
    await world.clock.advance(301_000);
    const waiting = failureOf(credential.getToken({}));
    world.sessions.signOut(headers);
    const later = world.sessions.credentialOf(event({ session: 's', token: world.wave.issue('u-1') }));
    for (const refused of [waiting, failureOf(credential.getToken({})), failureOf(later.getToken({}))]) {
      expect(await refused).toMatchObject({ code: 'SESSION_ENDED' });
    }
  });

  it('is not mixed up with the session that begins afterwards', async () => {
    await using world = await startWorld();
    world.sessions.signOut(event({ session: 's', token: world.wave.signIn('s') }));
    const token = world.wave.signIn('s-2');
    expect(await valueOf(world.sessions.credentialOf(event({ session: 's-2', token })))).toBe(token);
  });

  it('is remembered also when the session was never seen, and without a session nothing happens', async () => {
    await using world = await startWorld();
    world.sessions.signOut(event({ session: 'unseen' }));
    world.sessions.signOut(event({}));
    const credential = world.sessions.credentialOf(event({ session: 'unseen', token: world.wave.issue('u-1') }));
    expect(await failureOf(credential.getToken({}))).toBeInstanceOf(AuthenticationError);
  });
});

describe('case 93: thousands of sessions', () => {
  it('a session that a user still holds is found again, however many came in between', async () => {
    await using world = await startWorld();
    const held = world.sessions.credentialOf(event({ session: 'held', token: world.wave.signIn('held') }));
    for (let index = 0; index < 12_000; index++) {
      world.sessions.credentialOf(event({ session: `s-${String(index)}`, token: jwt({ sub: 'u-1', n: index }) }));
    }
    await world.clock.advance(301_000);
    const again = world.sessions.credentialOf(event({ session: 'held', token: world.wave.issue('u-1', { iat: 1, exp: 2 }) }));
    expect(await Promise.all([valueOf(held), valueOf(again)])).toHaveLength(2);
    expect(world.wave.calls).toHaveLength(1);
  });

  it('idle ones are let go', async () => {
    await using world = await startWorld();
    const first = world.sessions.credentialOf(event({ session: 's', token: world.wave.signIn('s') }));
    await world.clock.advance(2 * 3_600_000);
    for (let index = 0; index < 3; index++)
      world.sessions.credentialOf(event({ session: `n-${String(index)}`, token: world.wave.issue('u-1') }));
    expect(world.sessions.kept).toBe(3);
    expect(await valueOf(first)).toBeTypeOf('string');
  });
});

it('errors of sessions are ours', async () => {
  await using world = await startWorld();
  const credential = world.sessions.credentialOf(event({ session: 'späce s', token: world.wave.issue('u-1', { exp: 1 }) }));
  expect(await failureOf(credential.getToken({}))).toBeInstanceOf(H2OCloudError);
});

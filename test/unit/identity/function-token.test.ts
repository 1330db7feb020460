import { describe, expect, it, test, vi } from 'vitest';
import { SignInRequiredError } from '../../../src/errors/authentication-error.js';
import { functionTokenCredential, type SuppliedToken, type TokenFunction } from '../../../src/identity/function-token.js';
import { AccessToken } from '../../../src/internal/access-token.js';
import type { Credential } from '../../../src/internal/credential.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { jwt, latch } from '../../support/token-server.js';
import { failureOf } from './world.js';

/** A function that gives numbered JWTs, each good for a minute. */
function supplier(clock: FakeClock) {
  let count = 0;
  return vi.fn<TokenFunction>(() => jwt({ jti: ++count, exp: clock.now() / 1000 + 60 }));
}

describe('a function that supplies tokens', () => {
  it('is asked once for everybody, and again when the token is over', async () => {
    const clock = new FakeClock();
    const supply = supplier(clock);
    const credential = functionTokenCredential(supply, { clock });
    const tokens = await Promise.all(Array.from({ length: 50 }, () => credential.getToken({})));
    expect(new Set(tokens).size).toBe(1);
    await clock.advance(29_000);
    expect(await credential.getToken({})).toBe(tokens[0]);
    expect(supply).toHaveBeenCalledOnce();
    await clock.advance(31_000);
    expect(await credential.getToken({})).not.toBe(tokens[0]);
    expect(supply).toHaveBeenCalledTimes(2);
  });

  test.each<[string, SuppliedToken]>([
    ['text', 'opaque'],
    ['{ accessToken }', { accessToken: 'opaque' }],
    ['{ value }', { value: 'opaque' }],
    ['an AccessToken', new AccessToken('opaque')],
  ])('may give %s, and is asked each time when nobody knows the end', async (_, supplied) => {
    const supply = vi.fn(() => Promise.resolve(supplied));
    const credential = functionTokenCredential(supply, { clock: new FakeClock() });
    expect((await credential.getToken({})).value).toBe('opaque');
    await credential.getToken({});
    expect(supply).toHaveBeenCalledTimes(2);
  });

  it('may say when its token ends', async () => {
    const clock = new FakeClock();
    const supply = vi.fn(() => ({ accessToken: 'opaque', expiresAt: clock.now() + 60_000 }));
    const credential = functionTokenCredential(supply, { clock });
    await credential.getToken({});
    await clock.advance(20_000);
    expect((await credential.getToken({})).expiresAt).toBe(clock.now() + 40_000);
    expect(supply).toHaveBeenCalledOnce();
  });

  it('case 49: is believed when our clock says that its token is over: the service decides', async () => {
    const clock = new FakeClock();
    const credential = functionTokenCredential(() => jwt({ exp: clock.now() / 1000 - 300 }), { clock });
    await expect(credential.getToken({})).resolves.toBeDefined();
  });

  it('cases 55 to 57: is asked again for a token that a service refused, once for all', async () => {
    const clock = new FakeClock();
    const supply = supplier(clock);
    const credential = functionTokenCredential(supply, { clock });
    const { value: rejected } = await credential.getToken({});
    const tokens = await Promise.all(Array.from({ length: 50 }, () => credential.getToken({ rejected })));
    expect(new Set(tokens).size).toBe(1);
    expect(await credential.getToken({ rejected })).toBe(tokens[0]);
    expect(supply).toHaveBeenCalledTimes(2);
  });

  it('may answer out of order: what was asked for last stays', async () => {
    const clock = new FakeClock();
    const slow = latch();
    const supply = supplier(clock);
    const credential = functionTokenCredential(supply, { clock });
    const { value: rejected } = await credential.getToken({});
    await clock.advance(40_000);
    supply.mockImplementationOnce(() => slow.opened.then(() => jwt({ jti: 'slow', exp: clock.now() / 1000 + 60 })));
    await credential.getToken({});
    const newest = await credential.getToken({ rejected });
    slow.open();
    await clock.advance(0);
    expect(await credential.getToken({})).toBe(newest);
  });

  it('is told off when it gives the refused token again', async () => {
    const credential = functionTokenCredential(() => 'opaque', { clock: new FakeClock() });
    expect(await failureOf(credential.getToken({ rejected: 'opaque' }))).toMatchObject({ code: 'AUTH_REJECTED' });
  });

  it('must give the scopes that were asked, as far as the token tells', async () => {
    const credential = functionTokenCredential(() => jwt({ scope: 'openid' }), { clock: new FakeClock() });
    expect(await failureOf(credential.getToken({ scopes: ['a'] }))).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['a'] });
    await expect(credential.getToken({ scopes: ['openid'] })).resolves.toBeDefined();
  });
});

function throwText(): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- what users throw is not always an error
  throw 'planted';
}

describe('a function that fails', () => {
  test.each<[string, TokenFunction]>([
    [
      'throws',
      () => {
        throw new Error(`no luck with Bearer ${jwt({ sub: 'planted' })}`);
      },
    ],
    ['rejects', () => Promise.reject(new TypeError(`no luck, password=planted ${jwt({ sub: 'planted' })}`))],
  ])('case 25: %s: its words show without what looks secret, and nothing is kept', async (_, failing) => {
    const supply = vi.fn<TokenFunction>(() => 'opaque').mockImplementationOnce(failing);
    const credential = functionTokenCredential(supply, { clock: new FakeClock() });
    const error = await failureOf(credential.getToken({}));
    expect(error).toMatchObject({ code: 'CREDENTIAL_FAILED', name: 'AuthenticationError' });
    expect(error.message).toContain('no luck');
    expect(error.message).not.toMatch(/planted|eyJ/);
    expect(error.cause).toBeUndefined();
    await expect(credential.getToken({})).resolves.toBeDefined();
  });

  it('may throw what is no error', async () => {
    const credential = functionTokenCredential(() => Promise.resolve().then(throwText), { clock: new FakeClock() });
    const error = await failureOf(credential.getToken({}));
    expect(error).toMatchObject({ code: 'CREDENTIAL_FAILED' });
    expect(error.message).not.toContain('planted');
  });

  it('may say in our own words that the user must sign in', async () => {
    const own = new SignInRequiredError({ code: 'SESSION_ENDED', what: 'The session has ended.' });
    const credential = functionTokenCredential(() => Promise.reject(own), { clock: new FakeClock() });
    expect(await failureOf(credential.getToken({}))).toBe(own);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a token with a line break', 'planted\n'],
    ['another object', { token: 'planted' }],
    ['a number', 42],
  ])('case 79: gives %s', async (_, supplied) => {
    const credential = functionTokenCredential(() => supplied as never, { clock: new FakeClock() });
    const error = await failureOf(credential.getToken({}));
    expect(error).toMatchObject({ code: 'CREDENTIAL_FAILED' });
    expect(error.message).not.toContain('planted');
  });

  it('case 28: calls itself through the credential', async () => {
    const credential: Credential = functionTokenCredential(async () => (await credential.getToken({})).value, { clock: new FakeClock() });
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'REENTRANT_CREDENTIAL' });
  });

  it('case 26: and one who does not want to wait for it leaves', async () => {
    const open = latch();
    const credential = functionTokenCredential(() => open.opened.then(() => 'opaque'), { clock: new FakeClock() });
    const leaving = new AbortController();
    const left = credential.getToken({ signal: leaving.signal });
    const stays = credential.getToken({});
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    open.open();
    expect((await stays).value).toBe('opaque');
  });
});

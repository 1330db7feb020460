import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { RefreshTokenOptions } from '../../../src/identity/refresh-token.js';
import { fileTokenStoreIn } from '../../../src/identity/token-store/file.js';
import { memoryTokenStore } from '../../../src/identity/token-store/memory.js';
import { openSealerFor, sealerFor } from '../../../src/identity/token-store/sealing.js';
import type { StoredText, TokenStore } from '../../../src/identity/token-store/token-store.js';
import { storeUnavailable } from '../../../src/identity/token-store/unavailable.js';
import type { AccessToken } from '../../../src/internal/access-token.js';
import type { Credential } from '../../../src/internal/credential.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { changed, held, jwt, refused, type Answer } from '../../support/token-server.js';
import { advanceUntilDone, failureOf, startWorld, until, type World } from './world.js';

const minute = 60_000;
const day = 86_400_000;
let directory: string;

beforeAll(async () => {
  await import('openid-client');
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'token-store-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** The credential as another process has it: with a registry of its own. */
async function inAnotherProcess(world: World, refreshToken: string, options: Partial<RefreshTokenOptions>): Promise<Credential> {
  vi.resetModules();
  const { refreshTokenCredential } = await import('../../../src/identity/refresh-token.js');
  return refreshTokenCredential({ client: world.client, refreshToken, clock: world.clock, ...options });
}

const spentTokens = (world: World): (string | undefined)[] => world.server.forms.map((form) => form['refresh_token']);
const fileStore = (world: World): TokenStore => fileTokenStoreIn({ directory, clock: world.clock });
const fails: Answer = (response) => void response.writeHead(500).end('no');
const isReset: Answer = (response, grant) => {
  grant();
  response.destroy();
};

interface TakenOverStore extends TokenStore {
  isHeld: boolean;
  afterReplace: () => Promise<void>;
  beforeRead: () => void;
}

/** A store whose lock is always taken over: all work on a key at once, and only the comparison with what is stored protects them. */
function takenOverStore(): TakenOverStore {
  const texts = new Map<string, StoredText>();
  const store: TakenOverStore = {
    isHeld: true,
    afterReplace: () => Promise.resolve(),
    beforeRead: () => undefined,
    read(key) {
      store.beforeRead();
      return Promise.resolve(texts.get(key));
    },
    put(key, text) {
      texts.set(key, { text, ageMs: 0 });
      return Promise.resolve();
    },
    exclusively(key, work) {
      let seen: StoredText | undefined;
      return work({
        isHeld: () => store.isHeld,
        read() {
          seen = texts.get(key);
          return Promise.resolve(seen);
        },
        async replace(text) {
          if (texts.get(key) !== seen) return false;
          seen = { text, ageMs: 0 };
          texts.set(key, seen);
          await store.afterReplace();
          return true;
        },
      });
    },
  };
  return store;
}

/** A store that can be switched off. */
function switchedStore(clock: FakeClock): TokenStore & { isDown: boolean } {
  const inner = memoryTokenStore(clock);
  const answer = <Value>(work: () => Promise<Value>): Promise<Value> =>
    store.isDown ? Promise.reject(storeUnavailable({ name: 'The store', fix: '' }, 'switched off')) : work();
  const store: TokenStore & { isDown: boolean } = {
    isDown: false,
    read: (key) => answer(() => inner.read(key)),
    put: (...fact) => answer(() => inner.put(...fact)),
    exclusively: (key, work) =>
      answer(() =>
        inner.exclusively(key, (entry) =>
          work({ ...entry, read: () => answer(() => entry.read()), replace: (...next) => answer(() => entry.replace(...next)) }),
        ),
      ),
  };
  return store;
}

describe('several processes that share a store', () => {
  it('renew a token once, and all find it', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const values = new Set<string>();
    for (let count = 0; count < 4; count++) {
      const credential = await inAnotherProcess(world, refreshToken, { store });
      values.add((await credential.getToken({ scopes: ['a'] })).value);
    }
    expect(values.size).toBe(1);
    expect(world.server.forms).toHaveLength(1);
  });

  it('find a token that is as old as it is, whatever their clocks say', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    await (await inAnotherProcess(world, refreshToken, { store })).getToken({});
    await world.clock.advance(4 * minute);
    const elsewhere = new FakeClock(0);
    const credential = await inAnotherProcess(world, refreshToken, { store, clock: elsewhere });
    const { expiresAt } = await credential.getToken({});
    expect(expiresAt).toBe(minute);
    await world.clock.advance(minute);
    await elsewhere.advance(minute);
    await credential.getToken({});
    expect(world.server.forms).toHaveLength(2);
  });

  it('renew what is in its margin, and one finds what the other has brought', async () => {
    await using world = await startWorld({ accessTokenSeconds: 5 });
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const credentials = [];
    for (let count = 0; count < 4; count++) credentials.push(await inAnotherProcess(world, refreshToken, { store }));
    for (let passedMs = 0; passedMs < 20_000; passedMs += 250) {
      await Promise.all(credentials.map((credential) => credential.getToken({})));
      await world.clock.advance(250);
      for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.server.forms.length).toBeLessThanOrEqual(20 / 2.5 + 1);
    expect(world.server.forms.length).toBeGreaterThan(4);
  });

  it('serve a narrower wish with a wider token of another process', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const wide = await (await inAnotherProcess(world, refreshToken, { store })).getToken({ scopes: ['a', 'b'] });
    const narrow = await (await inAnotherProcess(world, refreshToken, { store })).getToken({ scopes: ['b'] });
    expect(narrow.value).toBe(wide.value);
    expect(narrow.scopes).toEqual(['a', 'b']);
    expect(world.server.forms).toHaveLength(1);
  });

  it('replace a refused token by the newer one of another process, and do not serve it again', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const [one, other] = [await inAnotherProcess(world, refreshToken, { store }), await inAnotherProcess(world, refreshToken, { store })];
    const { value: rejected } = await one.getToken({});
    await other.getToken({});
    const [replaced, found] = [await one.getToken({ rejected }), await other.getToken({ rejected })];
    expect(replaced.value).not.toBe(rejected);
    expect(found.value).toBe(replaced.value);
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 39: spend each refresh token once', async () => {
    await using world = await startWorld({ accessTokenSeconds: 5 });
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const credentials: Credential[] = [];
    for (let count = 0; count < 4; count++) credentials.push(await inAnotherProcess(world, refreshToken, { store }));
    for (let round = 0; round < 10; round++) {
      await Promise.all(credentials.map((credential) => credential.getToken({ scopes: [`scope-${round % 3}`] })));
      await world.clock.advance(5_000);
    }
    expect(new Set(spentTokens(world)).size).toBe(world.server.forms.length);
  });

  it('case 34: know the user whose tokens they are, also where another process had them first', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    await (await inAnotherProcess(world, refreshToken, { store })).getToken({});
    world.server.next(changed({ access_token: jwt({ sub: 'mallory', scope: 'b' }) }));
    const other = await inAnotherProcess(world, refreshToken, { store });
    expect(await failureOf(other.getToken({ scopes: ['b'] }))).toMatchObject({ code: 'SUBJECT_MISMATCH' });
    const sealer = openSealerFor([world.client.provider, 'sdk'], refreshToken);
    expect(sealer.open((await store.read(sealer.key))?.text)).toMatchObject({ subject: 'alice', tokens: [] });
  });

  it('case 35: do not try a refused token again, whichever of them asked', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    world.server.next(refused('invalid_grant', 'Session not active'));
    for (let count = 0; count < 3; count++) {
      const credential = await inAnotherProcess(world, refreshToken, { store });
      expect(await failureOf(credential.getToken({}))).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
    }
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 47: keep the users apart', async () => {
    await using world = await startWorld();
    const store = memoryTokenStore(world.clock);
    const subjects = ['a|b', 'a', '|b', '__proto__', 'constructor', 'ä', 'x'.repeat(10_000)];
    for (const subject of subjects) {
      const credential = await inAnotherProcess(world, world.server.signIn(subject), { store });
      const { value } = await credential.getToken({});
      expect(JSON.parse(Buffer.from(value.split('.')[1]!, 'base64url').toString())).toMatchObject({ sub: subject });
    }
    expect(world.server.forms).toHaveLength(subjects.length);
  });
});

describe('a session whose app keeps the newest token', () => {
  it('is the same session for processes that hold different tokens of it', async () => {
    await using world = await startWorld();
    const store = memoryTokenStore(world.clock);
    const told: string[] = [world.server.signIn()];
    const onRotate = (rotated: string): void => void told.push(rotated);
    for (let round = 0; round < 6; round++) {
      // Now and then somebody still holds an older token.
      const token = told.at(round % 2 === 0 ? -1 : -2) ?? told[0]!;
      await (await inAnotherProcess(world, token, { store, onRotate })).getToken({ scopes: [`scope-${round}`] });
    }
    expect(new Set(spentTokens(world)).size).toBe(6);
  });

  it('is told what another process has rotated, once it looks', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const told: string[] = [];
    const listening = await inAnotherProcess(world, refreshToken, { store, onRotate: (rotated) => void told.push(rotated) });
    await (await inAnotherProcess(world, refreshToken, { store })).getToken({});
    await listening.getToken({});
    await listening.getToken({});
    await until(() => told.length === 1);
    await (await inAnotherProcess(world, told[0]!, { store })).getToken({ scopes: ['b'] });
    expect(spentTokens(world)).toEqual([refreshToken, told[0]]);
  });
});

describe('a process that dies, or is held up, over a refresh', () => {
  /** Leaves the record as a process does that was killed after it had said that it would spend the token. */
  async function dieOver(world: World, store: TokenStore, refreshToken: string): Promise<void> {
    const { key, seal } = openSealerFor([world.client.provider, 'sdk'], refreshToken);
    await store.put(key, seal({ version: 2, refreshToken, isRefreshing: true, tokens: [] }), day);
  }

  it('case 41: before it sent anything costs nothing', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    await dieOver(world, store, refreshToken);
    await expect((await inAnotherProcess(world, refreshToken, { store })).getToken({})).resolves.toBeDefined();
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 42: after it had sent costs one more request where the provider allows it', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    await dieOver(world, store, refreshToken);
    await world.client.refresh(refreshToken, { scopes: [], keepRotated: () => undefined });
    await expect((await inAnotherProcess(world, refreshToken, { store })).getToken({})).resolves.toBeDefined();
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 42: and where it does not, everybody is told what happened, after one try', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    await dieOver(world, store, refreshToken);
    await world.client.refresh(refreshToken, { scopes: [], keepRotated: () => undefined });
    const credential = await inAnotherProcess(world, refreshToken, { store });
    for (let count = 0; count < 3; count++) {
      const error = await failureOf(credential.getToken({}));
      expect(error).toMatchObject({ code: 'REUSE_DETECTED', retryable: false });
      expect(error.message).toContain('a process that was renewing it ended');
    }
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 43: and goes on later adopts what is stored', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const [store, refreshToken] = [takenOverStore(), world.server.signIn()];
    const [slow, quick] = [await inAnotherProcess(world, refreshToken, { store }), await inAnotherProcess(world, refreshToken, { store })];
    const { answer, asked, release } = held();
    world.server.next(answer);
    const first = slow.getToken({ scopes: ['a'] });
    await asked;
    await quick.getToken({ scopes: ['q'] });
    release();
    await expect(first).resolves.toBeDefined();
    await slow.getToken({ scopes: ['b'] });
    await quick.getToken({ scopes: ['c'] });
    const [original, same, stored, next] = spentTokens(world);
    expect([original, same]).toEqual([refreshToken, refreshToken]);
    expect(new Set([original, stored, next]).size).toBe(3);
  });

  it('case 43: and then fails leaves what is stored as it is', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const [store, refreshToken] = [takenOverStore(), world.server.signIn()];
    const [slow, quick] = [await inAnotherProcess(world, refreshToken, { store }), await inAnotherProcess(world, refreshToken, { store })];
    const { answer, asked, release } = held(changed({ scope: 'less', access_token: jwt({ sub: 'alice', scope: 'less' }) }));
    world.server.next(answer);
    const late = failureOf(slow.getToken({ scopes: ['a'] }));
    await asked;
    await quick.getToken({ scopes: ['q'] });
    release();
    expect(await late).toMatchObject({ code: 'SCOPE_NOT_GRANTED' });
    await (await inAnotherProcess(world, refreshToken, { store })).getToken({ scopes: ['q'] });
    expect(world.server.forms).toHaveLength(2);
  });

  it('case 43: saves the session where whoever has taken over has not got anything yet', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [takenOverStore(), world.server.signIn()];
    const [slow, quick] = [await inAnotherProcess(world, refreshToken, { store }), await inAnotherProcess(world, refreshToken, { store })];
    const [first, second] = [held(), held(refused('invalid_grant', 'Maximum allowed refresh token reuse exceeded'))];
    world.server.next(first.answer, second.answer);
    const slowly = slow.getToken({});
    await first.asked;
    const quickly = quick.getToken({});
    await second.asked;
    first.release();
    const { value } = await slowly;
    second.release();
    expect((await quickly).value).toBe(value);
    await quick.getToken({ scopes: ['b'] });
    expect(new Set(spentTokens(world)).size).toBe(2);
  });

  it('case 43: and wakes before it has sent anything sends nothing', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [takenOverStore(), world.server.signIn()];
    const [slow, quick] = [await inAnotherProcess(world, refreshToken, { store }), await inAnotherProcess(world, refreshToken, { store })];
    store.afterReplace = async () => {
      store.afterReplace = () => Promise.resolve();
      await quick.getToken({});
      store.isHeld = false;
      store.beforeRead = () => {
        store.isHeld = true;
      };
    };
    const { value } = await slow.getToken({});
    expect((await quick.getToken({})).value).toBe(value);
    expect(world.server.forms).toHaveLength(1);
  });

  it('is not told of a refused token that another process has replaced', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const [store, refreshToken] = [takenOverStore(), world.server.signIn()];
    const [one, other] = [await inAnotherProcess(world, refreshToken, { store }), await inAnotherProcess(world, refreshToken, { store })];
    const { answer, asked, release } = held(refused('invalid_grant', 'Invalid refresh token'));
    world.server.next(answer);
    const late = one.getToken({ scopes: ['a'] });
    await asked;
    await other.getToken({ scopes: ['b'] });
    release();
    await expect(late).resolves.toBeDefined();
    expect(spentTokens(world).at(-1)).not.toBe(refreshToken);
  });

  it('ends with an error, not with a loop, when others take over again and again', async () => {
    await using world = await startWorld();
    const store = takenOverStore();
    store.isHeld = false;
    const credential = await inAnotherProcess(world, world.server.signIn(), { store, ifUnavailable: 'local' });
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(world.server.forms).toEqual([]);
  });

  it('leaves a record of its doubts when the connection broke after it had sent', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    world.server.next(isReset, isReset);
    const credential = await inAnotherProcess(world, refreshToken, { store });
    expect(await advanceUntilDone(world.clock, failureOf(credential.getToken({})))).toMatchObject({ code: 'CONNECTION_FAILED' });
    const sealer = openSealerFor([world.client.provider, 'sdk'], refreshToken);
    expect(sealer.open((await store.read(sealer.key))?.text)).toMatchObject({ refreshToken, isRefreshing: true });
  });
});

describe('a sign-out', () => {
  it('case 29: during a refresh wins: nothing is kept, and those who wait are told', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [memoryTokenStore(world.clock), world.server.signIn()];
    const told: string[] = [];
    const credential = await inAnotherProcess(world, refreshToken, { store, onRotate: (rotated) => void told.push(rotated) });
    const { answer, asked, release } = held();
    world.server.next(answer);
    const waiting = [failureOf(credential.getToken({})), failureOf(credential.getToken({}))];
    await asked;
    const forgotten = credential.forget?.({ revoke: false });
    release();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
    await forgotten;
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
    expect(told).toEqual([]);
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 29: is one for all tokens of the session and for all processes', async () => {
    await using world = await startWorld();
    const store = memoryTokenStore(world.clock);
    const told: string[] = [];
    const refreshToken = world.server.signIn();
    const onRotate = (rotated: string): void => void told.push(rotated);
    const [one, other] = [
      await inAnotherProcess(world, refreshToken, { store, onRotate }),
      await inAnotherProcess(world, refreshToken, { store }),
    ];
    await one.getToken({});
    await other.getToken({});
    await one.forget?.({ revoke: false });
    expect(await failureOf(one.getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
    await world.clock.advance(5 * minute);
    expect(await failureOf(other.getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
    expect(await failureOf((await inAnotherProcess(world, told[0]!, { store })).getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 29: is not undone by a process that was held up over a refresh', async () => {
    await using world = await startWorld();
    const [store, refreshToken] = [takenOverStore(), world.server.signIn()];
    const [slow, leaving] = [
      await inAnotherProcess(world, refreshToken, { store }),
      await inAnotherProcess(world, refreshToken, { store }),
    ];
    const { answer, asked, release } = held();
    world.server.next(answer);
    const late = failureOf(slow.getToken({}));
    await asked;
    await leaving.forget?.({ revoke: false });
    release();
    expect(await late).toMatchObject({ code: 'SESSION_ENDED' });
    expect(await failureOf((await inAnotherProcess(world, refreshToken, { store })).getToken({}))).toMatchObject({ code: 'SESSION_ENDED' });
  });

  it('case 36: lets the user come back with a new sign-in', async () => {
    await using world = await startWorld();
    const store = memoryTokenStore(world.clock);
    await (await inAnotherProcess(world, world.server.signIn(), { store })).forget?.({ revoke: false });
    await expect((await inAnotherProcess(world, world.server.signIn(), { store })).getToken({})).resolves.toBeDefined();
  });
});

describe('a store that cannot be used', () => {
  const watched = (): { warn: ReturnType<typeof vi.fn>; logger: RefreshTokenOptions['logger'] } => {
    const nothing = (): void => undefined;
    const warn = vi.fn<(message: string) => void>();
    return { warn, logger: { debug: nothing, info: nothing, warn, error: nothing } };
  };

  it('case 44: is not needed while the token is fresh', async () => {
    await using world = await startWorld();
    const store = switchedStore(world.clock);
    const credential = await inAnotherProcess(world, world.server.signIn(), { store });
    const token = await credential.getToken({});
    store.isDown = true;
    await world.clock.advance(280_000);
    expect(await credential.getToken({})).toBe(token);
    expect(world.server.forms).toHaveLength(1);
  });

  it('case 45: fails what needs a refresh, and can be tried again', async () => {
    await using world = await startWorld();
    const store = switchedStore(world.clock);
    const credential = await inAnotherProcess(world, world.server.signIn(), { store });
    store.isDown = true;
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(world.server.forms).toEqual([]);
    store.isDown = false;
    await expect(credential.getToken({})).resolves.toBeDefined();
  });

  it('case 45: or is done without, with a warning, where the app says so; and what was brought is stored later', async () => {
    await using world = await startWorld();
    const [store, { warn, logger }] = [switchedStore(world.clock), watched()];
    const refreshToken = world.server.signIn();
    const credential = await inAnotherProcess(world, refreshToken, { store, ifUnavailable: 'local', logger });
    await credential.getToken({ scopes: ['a'] });
    store.isDown = true;
    await credential.getToken({ scopes: ['b'] });
    expect(warn).toHaveBeenCalledTimes(1);
    store.isDown = false;
    await credential.getToken({ scopes: ['c'] });
    await (await inAnotherProcess(world, refreshToken, { store })).getToken({ scopes: ['d'] });
    expect(new Set(spentTokens(world)).size).toBe(4);
  });

  it('after the refresh token was spent warns, and loses nothing in this process', async () => {
    await using world = await startWorld();
    const [store, { warn, logger }] = [switchedStore(world.clock), watched()];
    const credential = await inAnotherProcess(world, world.server.signIn(), { store, logger });
    const { answer, asked, release } = held();
    world.server.next(answer);
    const waiting = credential.getToken({});
    await asked;
    store.isDown = true;
    release();
    await expect(waiting).resolves.toBeDefined();
    expect(warn).toHaveBeenCalledOnce();
    store.isDown = false;
    await credential.getToken({ scopes: ['b'] });
    expect(new Set(spentTokens(world)).size).toBe(2);
  });
});

describe('a store in files', () => {
  it('is found by the next run of a script, though its token was rotated', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    for (let run = 0; run < 3; run++) {
      const credential = await inAnotherProcess(world, refreshToken, { store: fileStore(world) });
      await credential.getToken({ scopes: [`a-${run}`] });
      await credential.getToken({ scopes: [`b-${run}`] });
    }
    expect(new Set(spentTokens(world)).size).toBe(6);
  });

  it('has the rotated token before anybody is told', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    const sealer = sealerFor([world.client.provider, 'sdk'], refreshToken);
    const pairs: [string, unknown][] = [];
    const credential = await inAnotherProcess(world, refreshToken, {
      store: fileStore(world),
      onRotate: async (rotated) => {
        const stored = await fileStore(world).read(sealer.key);
        pairs.push([rotated, sealer.open(stored?.text)?.['refreshToken']]);
      },
    });
    await credential.getToken({});
    expect(pairs).toHaveLength(1);
    const [told, stored] = pairs[0]!;
    expect(stored).toBe(told);
  });

  it('case 40: without one the second run is told that the token was spent, and how to share it', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    await (await inAnotherProcess(world, refreshToken, {})).getToken({});
    const second = await inAnotherProcess(world, refreshToken, {});
    for (let count = 0; count < 3; count++) {
      const error = await failureOf(second.getToken({}));
      expect(error).toMatchObject({ code: 'REUSE_DETECTED' });
      expect(error.message).toContain('share one token store');
    }
    expect(world.server.forms).toHaveLength(2);
  });

  it('is worked on by one process at a time', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    const credentials: Credential[] = [];
    for (let count = 0; count < 4; count++) credentials.push(await inAnotherProcess(world, refreshToken, { store: fileStore(world) }));
    const scoped = credentials.map((credential, index) => credential.getToken({ scopes: [`scope-${index}`] }));
    // Small steps: the files are real, and no lease may run out because they are slow.
    await advanceUntilDone(world.clock, Promise.all(scoped), 2);
    expect(new Set(spentTokens(world)).size).toBe(4);
  });

  test.each<[string, readonly Buffer[]]>([
    ['with the key of the token', []],
    ['with a key of the app', [randomBytes(32)]],
  ])('case 46: %s shows nothing, and what is damaged counts as absent', async (_, encryptionKeys) => {
    await using world = await startWorld({ rotation: 'none' });
    const refreshToken = world.server.signIn();
    const another = (): Promise<Credential> => inAnotherProcess(world, refreshToken, { store: fileStore(world), encryptionKeys });
    const { value }: AccessToken = await (await another()).getToken({});
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    expect(files).toHaveLength(1);
    const text = await readFile(files[0]!, 'latin1');
    for (const secret of ['rt-alice', value.slice(0, 20)]) expect(text).not.toContain(secret);
    await writeFile(files[0]!, text.replace(/v2\.....?/, 'v2.AAAA'));
    await (await another()).getToken({});
    expect(new Set(spentTokens(world))).toEqual(new Set([refreshToken]));
    await (await another()).getToken({ scopes: ['b'] });
    expect(new Set(spentTokens(world)).size).toBe(2);
  });

  it('case 46: sealed with another key counts as absent', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const refreshToken = world.server.signIn();
    for (const key of [randomBytes(32), randomBytes(32)])
      await (await inAnotherProcess(world, refreshToken, { store: fileStore(world), encryptionKeys: [key] })).getToken({});
    expect(spentTokens(world)).toEqual([refreshToken, refreshToken]);
  });
});

describe('what is told of tokens', () => {
  it('is how each caller got one, of which kind, and nothing of who it is', async () => {
    await using world = await startWorld();
    const events: unknown[] = [];
    const credential = await inAnotherProcess(world, world.server.signIn('alice'), { onCall: (event) => void events.push(event) });
    const leaving = new AbortController();
    const { answer, asked, release } = held();
    world.server.next(answer);
    const left = credential.getToken({ signal: leaving.signal });
    const stays = credential.getToken({});
    await asked;
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    release();
    await stays;
    await credential.getToken({});
    world.server.next(fails, fails, fails);
    await advanceUntilDone(world.clock, failureOf(credential.getToken({ scopes: ['b'] })));
    expect(events.map((event) => Reflect.get(Object(event), 'outcome') as unknown)).toEqual(['aborted', 'waited', 'cached', 'failed']);
    expect(events[2]).toEqual({ type: 'tokenUse', credential: 'refresh_token', outcome: 'cached', durationMs: 0 });
    expect(JSON.stringify(events)).not.toMatch(/alice|rt-|eyJ/);
  });

  it('costs nothing and changes nothing when a listener throws', async () => {
    await using world = await startWorld();
    const onCall = (): never => {
      throw new Error('planted');
    };
    const credential = await inAnotherProcess(world, world.server.signIn(), { onCall });
    await credential.getToken({});
    await expect(credential.getToken({})).resolves.toBeDefined();
  });
});

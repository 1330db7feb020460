import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { RefreshTokenOptions } from '../../../../src/identity/refresh-token.js';
import { fileTokenStore } from '../../../../src/identity/token-store/file.js';
import { refreshTokenRecord } from '../../../../src/identity/token-store/record.js';
import { memoryTokenStore } from '../../../../src/identity/token-store/memory.js';
import type { TokenStore } from '../../../../src/identity/token-store/token-store.js';
import type { Credential } from '../../../../src/internal/credential.js';
import { FakeClock } from '../../../../src/testing/fake-clock.js';
import { held, latch } from '../../../support/token-server.js';
import { advanceUntilDone, failureOf, startWorld, type World } from '../world.js';

const key = 'a'.repeat(64);
const leaseMs = 90_000;
let root: string;
let directory: string;
let clock: FakeClock;

beforeAll(async () => {
  await import('openid-client');
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'token-store-'));
  directory = join(root, 'home', 'tokens');
  clock = new FakeClock(Date.now());
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const fileStore = (): TokenStore => fileTokenStore({ directory, clock });
const lockPath = (): string => join(directory, `${key}.token.lock`);
const read = (store: TokenStore): Promise<string | undefined> =>
  advanceUntilDone(
    clock,
    store.exclusively(key, (entry) => entry.read()),
  );
const write = (store: TokenStore, text: string): Promise<boolean> =>
  advanceUntilDone(
    clock,
    store.exclusively(key, (entry) => entry.write(text)),
  );

describe.each<[string, () => TokenStore]>([
  ['in memory', memoryTokenStore],
  ['in files', fileStore],
])('a store %s', (_, make) => {
  it('gives back what was written last', async () => {
    const store = make();
    expect(await read(store)).toBeUndefined();
    expect(await write(store, 'one')).toBe(true);
    expect(await write(store, 'two')).toBe(true);
    expect(await read(store)).toBe('two');
  });

  it('keeps keys apart', async () => {
    const store = make();
    await write(store, 'one');
    expect(await store.exclusively('b'.repeat(64), (entry) => entry.read())).toBeUndefined();
  });

  it('lets one at a time work on a key', async () => {
    const store = make();
    let working = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++working);
      await new Promise((resolve) => setImmediate(resolve));
      working--;
    };
    await advanceUntilDone(clock, Promise.all(Array.from({ length: 8 }, () => store.exclusively(key, work))), 2);
    expect(most).toBe(1);
  });

  it('is free again after work that failed', async () => {
    const store = make();
    await expect(store.exclusively(key, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await write(store, 'one')).toBe(true);
  });
});

describe('a store in files', () => {
  it('is readable by its owner only, and leaves nothing lying around', async () => {
    await write(fileStore(), 'one');
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readdir(directory)).toEqual([`${key}.token`]);
    expect((await stat(join(directory, `${key}.token`))).mode & 0o777).toBe(0o600);
  });

  it('is shared by all who use the directory', async () => {
    await write(fileStore(), 'one');
    expect(await read(fileStore())).toBe('one');
  });

  it('says what is wrong when the directory cannot be used', async () => {
    await writeFile(join(root, 'home'), 'a file in its place');
    const error = await failureOf(fileStore().exclusively(key, () => Promise.resolve()));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(error.message).toContain('"memory"');
  });

  const lockedBy = async (lock: Record<string, unknown> | string): Promise<void> => {
    await mkdir(directory, { recursive: true });
    await writeFile(lockPath(), typeof lock === 'string' ? lock : JSON.stringify(lock));
  };
  const alive = { pid: process.pid, host: hostname(), id: 'theirs' };

  test.each<[string, () => Record<string, unknown>]>([
    ['whose process is gone', () => ({ ...alive, pid: 2 ** 22 + 1, expiresAt: clock.now() + leaseMs })],
    ['whose lease is over', () => ({ ...alive, expiresAt: clock.now() })],
    ['from a future that no lease reaches', () => ({ ...alive, expiresAt: clock.now() + 86_400_000 })],
    ['without a date', () => ({ ...alive })],
  ])('case 41: takes over a lock %s at once', async (_, lock) => {
    await lockedBy(lock());
    await fileStore().exclusively(key, () => Promise.resolve());
    expect(await readdir(directory)).toEqual([]);
  });

  it('case 41: takes over a lock that its owner had no time to write', async () => {
    await lockedBy('');
    const longAgo = new Date(clock.now() - 60_000);
    await utimes(lockPath(), longAgo, longAgo);
    await fileStore().exclusively(key, () => Promise.resolve());
    expect(await readdir(directory)).toEqual([]);
  });

  test.each<[string, () => Record<string, unknown>]>([
    ['of a living process', () => ({ ...alive, expiresAt: clock.now() + 10_000 })],
    ['of another machine', () => ({ ...alive, host: 'elsewhere', pid: 2 ** 22 + 1, expiresAt: clock.now() + 10_000 })],
  ])('waits for the end of a lease %s', async (_, lock) => {
    await lockedBy(lock());
    const work = vi.fn(() => Promise.resolve());
    const waiting = fileStore().exclusively(key, work);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(work).not.toHaveBeenCalled();
    await clock.advance(10_000);
    await advanceUntilDone(clock, waiting);
    expect(work).toHaveBeenCalledOnce();
  });

  it('gives up on others that go on and on', async () => {
    const renewed = setInterval(() => {
      void lockedBy({ ...alive, expiresAt: clock.now() + leaseMs });
    }, 1);
    await lockedBy({ ...alive, expiresAt: clock.now() + leaseMs });
    const error = await advanceUntilDone(clock, failureOf(fileStore().exclusively(key, () => Promise.resolve())), 1_000);
    clearInterval(renewed);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('case 43: whoever was held up beyond the lease overwrites nothing', async () => {
    const started = latch();
    const resumed = latch();
    const paused = fileStore().exclusively(key, async (entry) => {
      started.open();
      await resumed.opened;
      return entry.write('old');
    });
    await started.opened;
    await clock.advance(leaseMs);
    expect(await write(fileStore(), 'new')).toBe(true);
    resumed.open();
    expect(await paused).toBe(false);
    expect(await read(fileStore())).toBe('new');
  });
});

describe('a refresh token in a store', () => {
  /** The credential as another process has it: with a registry of its own. */
  async function inAnotherProcess(world: World, refreshToken: string, options: Partial<RefreshTokenOptions> = {}): Promise<Credential> {
    vi.resetModules();
    const { refreshTokenCredential } = await import('../../../../src/identity/refresh-token.js');
    return refreshTokenCredential({
      client: world.client,
      refreshToken,
      clock: world.clock,
      store: fileTokenStore({ directory, clock: world.clock }),
      ...options,
    });
  }
  const spent = (world: World): Set<string | undefined> => new Set(world.server.forms.map((form) => form['refresh_token']));

  it('is found by the next run of a script, though it was rotated', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    for (let run = 0; run < 3; run++) {
      const credential = await inAnotherProcess(world, refreshToken);
      await credential.getToken({ scopes: ['a'] });
      await credential.getToken({ scopes: ['b'] });
    }
    expect(spent(world).size).toBe(6);
  });

  it('is stored before anybody is told', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    const record = refreshTokenRecord([world.client.provider, 'sdk'], refreshToken);
    const pairs: [string, string | undefined][] = [];
    const credential = await inAnotherProcess(world, refreshToken, {
      onRotate: async (rotated) => {
        const text = await readFile(join(directory, `${record.key}.token`), 'utf8').catch(() => undefined);
        pairs.push([rotated, record.open(text)]);
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
    await (await inAnotherProcess(world, refreshToken, { store: undefined })).getToken({});
    const error = await failureOf((await inAnotherProcess(world, refreshToken, { store: undefined })).getToken({}));
    expect(error).toMatchObject({ code: 'REUSE_DETECTED' });
    expect(error.message).toContain('share one token store');
  });

  it('is spent by one process at a time', async () => {
    await using world = await startWorld();
    const refreshToken = world.server.signIn();
    const credentials: Credential[] = [];
    for (let count = 0; count < 4; count++) credentials.push(await inAnotherProcess(world, refreshToken));
    // Small steps: the files are real, and no lease may run out because they are slow.
    await advanceUntilDone(world.clock, Promise.all(credentials.map((credential) => credential.getToken({}))), 2);
    expect(spent(world).size).toBe(4);
  });

  it('case 43: of a process that was held up gives way to the one that is stored', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const refreshToken = world.server.signIn();
    const [slow, quick] = [await inAnotherProcess(world, refreshToken), await inAnotherProcess(world, refreshToken)];
    const { answer, asked, release } = held();
    world.server.next(answer);
    const first = slow.getToken({ scopes: ['a'] });
    await asked;
    world.clock.jumpWallTime(leaseMs);
    await quick.getToken({});
    release();
    await first;
    await slow.getToken({ scopes: ['b'] });
    await quick.getToken({ scopes: ['c'] });
    const [original, same, stored, next] = world.server.forms.map((form) => form['refresh_token']);
    expect([original, same]).toEqual([refreshToken, refreshToken]);
    expect(new Set([original, stored, next]).size).toBe(3);
    const record = refreshTokenRecord([world.client.provider, 'sdk'], refreshToken);
    const text = await readFile(join(directory, `${record.key}.token`), 'utf8');
    expect(record.open(text)).toBeDefined();
  });

  it('case 46: that was damaged counts as absent, and no token stands in the files', async () => {
    await using world = await startWorld({ rotation: 'none' });
    const refreshToken = world.server.signIn();
    await (await inAnotherProcess(world, refreshToken)).getToken({});
    const [name] = await readdir(directory);
    const path = join(directory, name!);
    expect(await readFile(path, 'latin1')).not.toMatch(/rt-alice/);
    await writeFile(path, 'damaged');
    await (await inAnotherProcess(world, refreshToken)).getToken({});
    expect(spent(world)).toEqual(new Set([refreshToken]));
    await (await inAnotherProcess(world, refreshToken)).getToken({});
    expect(spent(world).size).toBe(2);
  });

  it('that cannot be written is used all the same, with a warning', async () => {
    await using world = await startWorld();
    const nothing = (): void => undefined;
    const warn = vi.fn<(message: string) => void>();
    const readOnly: TokenStore = {
      exclusively: (_, work) => work({ read: () => Promise.resolve(undefined), write: () => Promise.reject(new Error('planted')) }),
    };
    const logger = { debug: nothing, info: nothing, warn, error: nothing };
    const credential = await inAnotherProcess(world, world.server.signIn(), { store: readOnly, logger });
    await credential.getToken({});
    await credential.getToken({ scopes: ['b'] });
    expect(warn).toHaveBeenCalledTimes(2);
    expect(JSON.stringify(warn.mock.calls)).not.toContain('planted');
    expect(spent(world).size).toBe(2);
  });

  it('that could not be written last time is newer than the one that is stored', async () => {
    await using world = await startWorld();
    const memory = memoryTokenStore();
    let isFull = false;
    const store: TokenStore = {
      exclusively: (name, work) =>
        memory.exclusively(name, (entry) =>
          work({ read: () => entry.read(), write: (text) => (isFull ? Promise.reject(new Error('full')) : entry.write(text)) }),
        ),
    };
    const credential = await inAnotherProcess(world, world.server.signIn(), { store });
    await credential.getToken({ scopes: ['a'] });
    isFull = true;
    await credential.getToken({ scopes: ['b'] });
    await credential.getToken({ scopes: ['c'] });
    expect(spent(world).size).toBe(3);
  });

  it('cases 44, 45: a store that fails is an error only when a refresh is needed', async () => {
    await using world = await startWorld();
    const credential = await inAnotherProcess(world, world.server.signIn());
    const token = await credential.getToken({});
    await rm(directory, { recursive: true });
    await writeFile(directory, 'a file in its place');
    expect(await credential.getToken({})).toBe(token);
    await world.clock.advance(300_000);
    expect(await failureOf(credential.getToken({}))).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(world.server.forms).toHaveLength(1);
  });
});

import { link, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { fileTokenStoreIn } from '../../../../src/identity/token-store/file.js';
import { memoryTokenStore } from '../../../../src/identity/token-store/memory.js';
import type { TokenStore } from '../../../../src/identity/token-store/token-store.js';
import type { Clock } from '../../../../src/internal/clock.js';
import { FakeClock } from '../../../../src/testing/fake-clock.js';
import { latch } from '../../../support/token-server.js';
import { advanceUntilDone, failureOf } from '../world.js';

const key = 'a'.repeat(64);
const leaseMs = 10_000;
const day = 86_400_000;
let root: string;
let directory: string;
let clock: FakeClock;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'token-store-'));
  directory = join(root, 'home', 'tokens');
  clock = new FakeClock(Date.now());
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const fileStore = (own: Clock = clock): TokenStore => fileTokenStoreIn({ directory, clock: own, leaseMs });
const folder = (): string => join(directory, key);
const lockPath = (): string => join(folder(), 'lock');
const write = (store: TokenStore, text: string, lifeMs = day): Promise<boolean> =>
  advanceUntilDone(
    clock,
    store.exclusively(key, async (entry) => {
      await entry.read();
      return entry.replace(text, lifeMs);
    }),
    0,
  );
const textOf = async (store: TokenStore, of = key): Promise<string | undefined> => (await store.read(of))?.text;
/** The clock of a process that is stopped: its timers do not fire. */
const stopped = (): Clock => ({ now: () => clock.now(), monotonic: () => clock.monotonic(), schedule: () => () => undefined });

describe.each<[string, () => TokenStore]>([
  ['in memory', () => memoryTokenStore(clock)],
  ['in files', fileStore],
])('a store %s', (_, make) => {
  it('gives back what was written last, with its age', async () => {
    const store = make();
    expect(await textOf(store)).toBeUndefined();
    expect(await write(store, 'one')).toBe(true);
    expect(await write(store, 'two')).toBe(true);
    await clock.advance(5_000);
    expect(await store.read(key)).toEqual({ text: 'two', ageMs: 5_000 });
  });

  it('keeps keys apart', async () => {
    const store = make();
    await write(store, 'one');
    expect(await textOf(store, 'b'.repeat(64))).toBeUndefined();
  });

  it('lets nobody replace what was set meanwhile', async () => {
    const store = make();
    const replaced = store.exclusively(key, async (entry) => {
      await entry.read();
      await store.put(key, 'set', day);
      return entry.replace('late', day);
    });
    expect(await replaced).toBe(false);
    expect(await textOf(store)).toBe('set');
  });

  it('takes what needs no turn', async () => {
    const store = make();
    await store.put(key, 'one', day);
    await store.put(key, 'two', day);
    expect(await textOf(store)).toBe('two');
  });

  it('case 48: forgets what is over', async () => {
    const store = make();
    await write(store, 'one', 60_000);
    await clock.advance(60_000);
    expect(await textOf(store)).toBe('one');
    await clock.advance(1);
    expect(await textOf(store)).toBeUndefined();
    expect(await write(store, 'two')).toBe(true);
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

describe('a store in memory', () => {
  it('case 93: keeps the keys that were used last, and those that somebody works on', async () => {
    const store = memoryTokenStore(clock, { mostKeys: 100 });
    const busy = latch();
    const working = store.exclusively('busy', async (entry) => {
      await entry.replace('busy', day);
      await busy.opened;
    });
    await new Promise((resolve) => setImmediate(resolve));
    for (let count = 0; count < 1_000; count++) await store.put(`key-${count}`, 'text', day);
    const left = await Promise.all(Array.from({ length: 1_000 }, (_, index) => textOf(store, `key-${index}`)));
    expect(left.filter((text) => text !== undefined)).toHaveLength(99);
    expect(await textOf(store, 'busy')).toBe('busy');
    busy.open();
    await working;
  });

  it('case 93: forgets what nobody uses', async () => {
    const store = memoryTokenStore(clock, { idleMs: 60_000 });
    await store.put('idle', 'text', day);
    await store.put('used', 'text', day);
    for (let minute = 0; minute < 3; minute++) {
      await clock.advance(30_000);
      expect(await textOf(store, 'used')).toBe('text');
    }
    expect(await textOf(store, 'idle')).toBeUndefined();
  });
});

describe('a store in files', () => {
  it('is readable by its owner only, and leaves nothing lying around', async () => {
    await write(fileStore(), 'one');
    await write(fileStore(), 'two');
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
    expect(await readdir(folder())).toEqual(['2']);
    expect((await stat(join(folder(), '2'))).mode & 0o777).toBe(0o600);
  });

  it('is shared by all who use the directory', async () => {
    await write(fileStore(), 'one');
    expect(await textOf(fileStore())).toBe('one');
  });

  it('says what is wrong when the directory cannot be used', async () => {
    await writeFile(join(root, 'home'), 'a file in its place');
    const error = await failureOf(fileStore().exclusively(key, () => Promise.resolve()));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(error.message).toContain('"memory"');
  });

  test.each<[string, string]>([
    ['damaged', '{"text":'],
    ['of another kind', '[]'],
    ['without a date', '{"text":"x"}'],
    ['far too large', `{"text":"${'x'.repeat(300_000)}"}`],
  ])('takes a file that is %s for nothing, and replaces it', async (_, content) => {
    await write(fileStore(), 'one');
    await writeFile(join(folder(), '1'), content);
    expect(await textOf(fileStore())).toBeUndefined();
    expect(await write(fileStore(), 'two')).toBe(true);
    expect(await textOf(fileStore())).toBe('two');
  });

  it('sweeps away what is over, now and then', async () => {
    const store = fileStore();
    await store.put('over', 'text', 60_000);
    await store.put('alive', 'text', day);
    await clock.advance(2 * 3_600_000);
    await write(store, 'one');
    await vi.waitFor(async () => {
      expect((await readdir(directory)).sort()).toEqual([key, 'alive']);
    });
  });

  const lockedBy = async (lock: Record<string, unknown> | string, until?: number): Promise<void> => {
    await mkdir(folder(), { recursive: true });
    await writeFile(lockPath(), typeof lock === 'string' ? lock : JSON.stringify(lock));
    const changedAt = new Date(until ?? clock.now() - 60_000);
    await utimes(lockPath(), changedAt, changedAt);
  };
  const alive = { pid: process.pid, host: hostname(), id: 'theirs' };

  test.each<[string, () => Record<string, unknown>]>([
    ['whose process is gone', () => ({ ...alive, pid: 2 ** 22 + 1, expiresAt: clock.now() + leaseMs })],
    ['whose lease is over', () => ({ ...alive, expiresAt: clock.now() })],
    ['from a future that no lease reaches', () => ({ ...alive, expiresAt: clock.now() + day })],
    ['without a date', () => ({ ...alive })],
  ])('case 41: takes over a lock %s at once', async (_, lock) => {
    await lockedBy(lock());
    await fileStore().exclusively(key, () => Promise.resolve());
    expect(await readdir(folder())).toEqual([]);
  });

  it('case 41: takes over a lock that its owner had no time to write', async () => {
    await lockedBy('');
    await fileStore().exclusively(key, () => Promise.resolve());
    expect(await readdir(folder())).toEqual([]);
  });

  test.each<[string, () => Record<string, unknown>, number | undefined]>([
    ['of a living process', () => ({ ...alive, expiresAt: clock.now() + 5_000 }), undefined],
    ['that its process has renewed', () => ({ ...alive, expiresAt: clock.now() - 5_000 }), 5_000],
    ['of another machine', () => ({ ...alive, host: 'elsewhere', pid: 2 ** 22 + 1, expiresAt: clock.now() + 5_000 }), undefined],
  ])('waits for the end of a lease %s', async (_, lock, renewedMs) => {
    await lockedBy(lock(), renewedMs === undefined ? undefined : clock.now() + renewedMs);
    const work = vi.fn(() => Promise.resolve());
    const waiting = fileStore().exclusively(key, work);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(work).not.toHaveBeenCalled();
    await clock.advance(5_000);
    await advanceUntilDone(clock, waiting);
    expect(work).toHaveBeenCalledOnce();
  });

  it('leaves the lock to a process that needs longer than its lease and lives, and gives up at last', async () => {
    const [started, over] = [latch(), latch()];
    const slowly = (): TokenStore => fileTokenStoreIn({ directory, clock, leaseMs: 50_000 });
    const first = slowly().exclusively(key, async (entry) => {
      started.open();
      await over.opened;
      return entry.isHeld();
    });
    await started.opened;
    const work = vi.fn(() => Promise.resolve());
    const second = failureOf(slowly().exclusively(key, work));
    for (let passedMs = 0; passedMs < 61_000; passedMs += 100) {
      await clock.advance(100);
      // The files are real.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await second).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(work).not.toHaveBeenCalled();
    over.open();
    expect(await first).toBe(true);
  });

  it('case 43: whoever was held up beyond the lease overwrites nothing, and knows it', async () => {
    await write(fileStore(), 'first');
    const [started, resumed] = [latch(), latch()];
    const paused = fileStore(stopped()).exclusively(key, async (entry) => {
      await entry.read();
      expect(entry.isHeld()).toBe(true);
      started.open();
      await resumed.opened;
      return [entry.isHeld(), await entry.replace('old', day)];
    });
    await started.opened;
    await clock.advance(leaseMs);
    expect(await write(fileStore(), 'new')).toBe(true);
    expect(await write(fileStore(), 'newer')).toBe(true);
    resumed.open();
    expect(await paused).toEqual([false, false]);
    expect(await textOf(fileStore())).toBe('newer');
    expect(await readdir(folder())).toEqual(['3']);
  });

  it('case 43: nor does one that was held up in the middle of a replacement', async () => {
    await write(fileStore(), 'one');
    await write(fileStore(), 'two');
    // Its number is free, because those who are further have removed their older ones.
    await write(fileStore(), 'three');
    await link(join(folder(), '3'), join(folder(), '1'));
    expect(await textOf(fileStore())).toBe('three');
  });

  it('whose lock was taken over by nobody is still written', async () => {
    const result = await fileStore(stopped()).exclusively(key, async (entry) => {
      await entry.read();
      await clock.advance(2 * leaseMs);
      return [entry.isHeld(), await entry.replace('late', day)];
    });
    expect(result).toEqual([false, true]);
    expect(await textOf(fileStore())).toBe('late');
  });
});

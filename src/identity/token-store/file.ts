/**
 * A token store in a directory, for the processes of one machine. One folder a key, for its owner only; in it the text, under the
 * number of its revision. A revision can be created once, so of two processes that replace the same one only the first succeeds.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrorCode, shownPath } from '../../environment/secret-files.js';
import type { Clock } from '../../internal/clock.js';
import { ownMember, parseObject } from '../jwt-claims.js';
import { acquireFileLock } from './file-lock.js';
import type { StoredText, StoreEntry, TokenStore } from './token-store.js';
import { orUnavailable, storeBusy, type StoreWords } from './unavailable.js';

export interface FileStoreOptions {
  /** Made when it is missing, for its owner only. */
  readonly directory: string;
  readonly clock: Clock;
  /** How long after its last sign of life a process that works on a key is taken for gone. Default 10,000. */
  readonly leaseMs?: number | undefined;
}

interface Revision {
  readonly number: number;
  /** Absent when it is damaged or over. */
  readonly stored: StoredText | undefined;
}

const defaultLeaseMs = 10_000;
const waitMs = 60_000;
const largestFile = 262_144;
const sweepEveryMs = 3_600_000;
const noRevision: Revision = { number: 0, stored: undefined };

/** A store of refresh tokens in files. */
export function fileTokenStoreIn({ directory, clock, leaseMs = defaultLeaseMs }: FileStoreOptions): TokenStore {
  const words: StoreWords = {
    name: `The token store in ${shownPath(directory)}`,
    fix: 'Let the process read and write that directory, or set the option `tokenStore` to another one or to `"memory"`.',
  };
  const folderOf = (key: string): string => join(directory, key);
  let sweptAt = clock.monotonic();
  const sweepNowAndThen = (): void => {
    if (clock.monotonic() - sweptAt < sweepEveryMs) return;
    sweptAt = clock.monotonic();
    void sweep(directory, clock).catch(() => undefined);
  };

  return {
    read: (key) => orUnavailable(words, async () => (await newest(folderOf(key), clock)).stored),
    put: (key, text, lifeMs) =>
      orUnavailable(words, async () => {
        const folder = folderOf(key);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        while (!(await add(folder, await newest(folder, clock), envelope(text, lifeMs, clock))));
      }),
    async exclusively(key, work) {
      const folder = folderOf(key);
      const lock = await orUnavailable(words, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return acquireFileLock(join(folder, 'lock'), { clock, leaseMs, waitMs });
      });
      if (lock === undefined) throw storeBusy(words);
      try {
        return await work(entryOf(folder, { words, clock, isHeld: lock.isHeld }));
      } finally {
        // A lock that cannot be removed is taken over when its lease is over.
        await lock.release().catch(() => undefined);
        sweepNowAndThen();
      }
    },
  };
}

function entryOf(
  folder: string,
  { words, clock, isHeld }: { readonly words: StoreWords; readonly clock: Clock; readonly isHeld: () => boolean },
): StoreEntry {
  let seen = noRevision;
  return {
    isHeld,
    read: () =>
      orUnavailable(words, async () => {
        seen = await newest(folder, clock);
        return seen.stored;
      }),
    replace: (text, lifeMs) =>
      orUnavailable(words, async () => {
        const isAdded = await add(folder, seen, envelope(text, lifeMs, clock));
        if (isAdded) seen = { number: seen.number + 1, stored: { text, ageMs: 0 } };
        return isAdded;
      }),
  };
}

/** The revision that counts. Others may replace it while it is being read. */
async function newest(folder: string, clock: Clock): Promise<Revision> {
  for (;;) {
    const number = Math.max(0, ...(await revisionsIn(folder)));
    if (number === 0) return noRevision;
    try {
      return { number, stored: opened(await readFile(join(folder, String(number)), 'utf8'), clock) };
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** Puts a revision after the one that was seen. False when somebody else has. */
async function add(folder: string, seen: Revision, text: string): Promise<boolean> {
  const number = seen.number + 1;
  const [next, path] = [join(folder, `next-${randomUUID()}`), join(folder, String(number))];
  try {
    // Flushed, because the old token is spent: after a power failure there would be none.
    await writeFile(next, text, { flag: 'wx', mode: 0o600, flush: true });
    await link(next, path);
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(next, { force: true });
  }
  const numbers = await revisionsIn(folder);
  const isNewest = numbers.every((other) => other <= number);
  // Where others are further, this number was free only because they have removed theirs.
  const over = isNewest ? numbers.filter((other) => other < number) : [number];
  await Promise.all(over.map((other) => rm(join(folder, String(other)), { force: true })));
  return isNewest;
}

async function revisionsIn(folder: string): Promise<number[]> {
  try {
    return (await readdir(folder)).filter((name) => /^\d{1,15}$/.test(name)).map(Number);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function envelope(text: string, lifeMs: number, clock: Clock): string {
  return JSON.stringify({ writtenAt: clock.now(), lifeMs, text });
}

function opened(content: string, clock: Clock): StoredText | undefined {
  const json = content.length > largestFile ? undefined : parseObject(content);
  if (json === undefined) return undefined;
  const [text, writtenAt, lifeMs] = [ownMember(json, 'text'), ownMember(json, 'writtenAt'), ownMember(json, 'lifeMs')];
  if (typeof text !== 'string' || typeof writtenAt !== 'number' || typeof lifeMs !== 'number') return undefined;
  const ageMs = clock.now() - writtenAt;
  return ageMs > lifeMs ? undefined : { text, ageMs };
}

/** Removes what is over, so that a server does not keep a folder for each session that it ever had. */
async function sweep(directory: string, clock: Clock): Promise<void> {
  for (const name of await readdir(directory)) {
    const folder = join(directory, name);
    const { number, stored } = await newest(folder, clock);
    if (number === 0 || stored !== undefined) continue;
    // In one step, so that nobody finds half of it.
    const aside = join(directory, `over-${randomUUID()}`);
    await rename(folder, aside);
    await rm(aside, { recursive: true, force: true });
  }
}

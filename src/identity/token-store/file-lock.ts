/**
 * A lock between processes: a file that only one of them can create. It is a lease, so that a process that was killed or held up
 * does not lock the others out; whoever was held up finds out before it writes.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileErrorCode } from '../../environment/secret-files.js';
import { sleep, type Clock } from '../../internal/clock.js';
import { ownMember, parseObject } from '../jwt-claims.js';

export interface FileLock {
  /** Whether the lease has not been taken over by somebody else. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

export interface LockRules {
  readonly clock: Clock;
  /** After this time others take the lock over. Longer than any honest work under it. */
  readonly leaseMs: number;
}

const pollMs = 25;
const longestCreationMs = 5_000;

/**
 * Waits for the lock; resolves with undefined when others have not let go of it for longer than a lease.
 *
 * @throws what the file system throws
 */
export async function acquireFileLock(path: string, { clock, leaseMs }: LockRules): Promise<FileLock | undefined> {
  const giveUpAt = clock.monotonic() + leaseMs + 10 * pollMs;
  const id = randomUUID();
  for (;;) {
    const mine = JSON.stringify({ pid: process.pid, host: hostname(), id, expiresAt: clock.now() + leaseMs });
    if (await create(path, mine)) return lockOf(path, mine);
    const theirs = await contentOf(path);
    if (theirs !== undefined && (await isStale(path, theirs, clock.now(), leaseMs))) await removeStale(path, theirs);
    else if (clock.monotonic() >= giveUpAt) return undefined;
    else await sleep(clock, pollMs + Math.random() * pollMs);
  }
}

function lockOf(path: string, mine: string): FileLock {
  const isHeld = async (): Promise<boolean> => (await contentOf(path)) === mine;
  return {
    isHeld,
    async release() {
      if (await isHeld()) await rm(path, { force: true });
    },
  };
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A lock is stale when its lease is over, when it lies in a future that no lease reaches, or when its process is gone. */
async function isStale(path: string, content: string, now: number, leaseMs: number): Promise<boolean> {
  const lock = parseObject(content);
  if (lock === undefined) return isAbandoned(path, now);
  const expiresAt = ownMember(lock, 'expiresAt');
  const pid = ownMember(lock, 'pid');
  if (typeof expiresAt !== 'number' || expiresAt <= now || expiresAt > now + 2 * leaseMs) return true;
  return typeof pid === 'number' && ownMember(lock, 'host') === hostname() && !isRunning(pid);
}

/** Between its creation and its first bytes a lock is empty, but not for long. */
async function isAbandoned(path: string, now: number): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }));
  return Math.abs(now - mtimeMs) > longestCreationMs;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return fileErrorCode(error) !== 'ESRCH';
  }
}

/** Removes exactly the lock that was found stale: another process may have put a new one in its place since. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await contentOf(aside)) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/**
 * A lock between processes: a file that only one of them can create. It is a lease, so that a process that was killed or held up
 * does not lock the others out; whoever was held up finds out before it writes.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileErrorCode } from '../../environment/secret-files.js';
import { sleep } from '../../internal/clock.js';
import { instantOf } from '../freshness.js';
import { ownMember, parseObject } from '../jwt-claims.js';
import { keepLease, type Lease, type LeaseRules } from './lease.js';

export interface FileLock {
  /** Whether nobody can have taken the lock over, as far as this process knows. */
  readonly isHeld: () => boolean;
  readonly release: () => Promise<void>;
}

export interface FileLockRules extends LeaseRules {
  /** How long to wait for others. */
  readonly waitMs: number;
}

const pollMs = 25;
const longestCreationMs = 5_000;

/**
 * Waits for the lock; resolves with undefined when others have not let go of it in time.
 *
 * @throws what the file system throws
 */
export async function acquireFileLock(path: string, { clock, leaseMs, waitMs }: FileLockRules): Promise<FileLock | undefined> {
  const giveUpAt = clock.monotonic() + waitMs;
  const id = randomUUID();
  for (;;) {
    const askedAt = instantOf(clock);
    const mine = JSON.stringify({ pid: process.pid, host: hostname(), id, expiresAt: askedAt.wall + leaseMs });
    if (await create(path, mine)) {
      const lease = keepLease({ clock, leaseMs }, askedAt, () => renew(path, mine, { clock, leaseMs }));
      return { isHeld: lease.isHeld, release: () => release(path, mine, lease) };
    }
    const theirs = await contentOf(path);
    if (theirs !== undefined && (await isStale(path, theirs, { clock, leaseMs }))) await removeStale(path, theirs);
    else if (clock.monotonic() >= giveUpAt) return undefined;
    else await sleep(clock, pollMs + Math.random() * pollMs);
  }
}

/** The time of the file's last change says how long the lease goes on, since its content cannot be replaced without letting go of it. */
async function renew(path: string, mine: string, { clock, leaseMs }: LeaseRules): Promise<boolean> {
  if ((await contentOf(path)) !== mine) return false;
  const end = new Date(clock.now() + leaseMs);
  await utimes(path, end, end);
  return true;
}

async function release(path: string, mine: string, lease: Lease): Promise<void> {
  lease.stop();
  if ((await contentOf(path)) === mine) await rm(path, { force: true });
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
async function isStale(path: string, content: string, { clock, leaseMs }: LeaseRules): Promise<boolean> {
  const now = clock.now();
  const lock = parseObject(content);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }));
  // Between its creation and its first bytes a lock is empty, but not for long.
  if (lock === undefined) return Math.abs(now - mtimeMs) > longestCreationMs;
  const firstEnd = ownMember(lock, 'expiresAt');
  if (typeof firstEnd !== 'number') return true;
  const end = Math.max(firstEnd, mtimeMs);
  if (end <= now || end > now + 2 * leaseMs) return true;
  const pid = ownMember(lock, 'pid');
  return typeof pid === 'number' && ownMember(lock, 'host') === hostname() && !isRunning(pid);
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

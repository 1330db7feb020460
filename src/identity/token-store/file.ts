/**
 * A token store in a directory of the user's, so that a script finds on its next run the refresh token that it was rotated to.
 * One sealed file a key, readable by its owner only, replaced in one step under a lock.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrorCode, shownPath } from '../../environment/secret-files.js';
import { AuthenticationError } from '../../errors/authentication-error.js';
import type { Clock } from '../../internal/clock.js';
import { acquireFileLock, type FileLock } from './file-lock.js';
import type { StoreEntry, TokenStore } from './token-store.js';

export interface FileStoreOptions {
  /** Made when it is missing, for its owner only. */
  readonly directory: string;
  readonly clock: Clock;
  /** How long a process may work on a key before others take it over. Default 90,000. */
  readonly leaseMs?: number | undefined;
}

const defaultLeaseMs = 90_000;
const largestFile = 262_144;

/** A store of refresh tokens in files. */
export function fileTokenStore({ directory, clock, leaseMs = defaultLeaseMs }: FileStoreOptions): TokenStore {
  return {
    async exclusively(key, work) {
      const path = join(directory, `${key}.token`);
      const lock = await orUnavailable(directory, async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        return acquireFileLock(`${path}.lock`, { clock, leaseMs });
      });
      if (lock === undefined) throw unavailable(directory, 'other processes do not let go of it');
      try {
        return await work(fileEntry(directory, path, lock));
      } finally {
        // A lock that cannot be removed is taken over when its lease is over.
        await lock.release().catch(() => undefined);
      }
    },
  };
}

function fileEntry(directory: string, path: string, lock: FileLock): StoreEntry {
  return {
    read: () => orUnavailable(directory, () => contentOf(path)),
    write: (text) => orUnavailable(directory, () => replace(path, text, lock)),
  };
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    return text.length > largestFile ? undefined : text;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function replace(path: string, text: string, lock: FileLock): Promise<boolean> {
  const next = `${path}.${randomUUID()}`;
  try {
    // Flushed, because the old token is spent: after a power failure there would be none.
    await writeFile(next, text, { flag: 'wx', mode: 0o600, flush: true });
    const isHeld = await lock.isHeld();
    if (isHeld) await rename(next, path);
    return isHeld;
  } finally {
    await rm(next, { force: true });
  }
}

async function orUnavailable<Value>(directory: string, action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (error) {
    throw unavailable(directory, fileErrorCode(error));
  }
}

function unavailable(directory: string, because: string): AuthenticationError {
  return new AuthenticationError({
    code: 'STORE_UNAVAILABLE',
    what: `The store of refresh tokens in ${shownPath(directory)} cannot be used (${because}).`,
    fix: 'Let the process read and write that directory, or set the option `tokenStore` to `"memory"`.',
    retryable: true,
  });
}

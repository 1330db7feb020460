/**
 * A token store in Redis, for any number of machines, over the client that the app has: `redis` or `ioredis`. Each step is one script
 * that Redis runs as a whole, which is the one command that both clients, alone or in a cluster, offer alike.
 */
import { randomUUID } from 'node:crypto';
import { sleep, type Clock } from '../../internal/clock.js';
import { instantOf } from '../freshness.js';
import { keepLease, type Lease } from './lease.js';
import type { StoredText, StoreEntry, TokenStore } from './token-store.js';
import { orUnavailable, storeBusy, type StoreWords } from './unavailable.js';

/** A client of the package `redis`, version 4 or later. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** A client of the package `ioredis`, version 5 or later. */
export interface IoredisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  defineCommand(...definition: never[]): unknown;
}

export type RedisClient = NodeRedisClient | IoredisClient;

export interface RedisStoreOptions {
  readonly client: RedisClient;
  readonly keyPrefix: string;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly commandTimeoutMs: number;
}

const pollMs = 20;
const waitMs = 60_000;
const words: StoreWords = { name: 'The token store in Redis', fix: 'Check that Redis can be reached and that its client is connected.' };

/** KEYS: the lock. ARGV: who asks, for how long. */
const acquireScript = `return redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`;
const renewScript = `return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0`;
const releaseScript = `return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0`;
/** KEYS: the text. The time that it has left tells its age by the clock of Redis. */
const readScript = `return { redis.call('get', KEYS[1]), redis.call('pttl', KEYS[1]) }`;
const putScript = `return redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2]) and 1 or 0`;
/** ARGV: what should be there (empty: nothing), what replaces it, for how long. */
const replaceScript = `
if (redis.call('get', KEYS[1]) or '') ~= ARGV[1] then return 0 end
return redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3]) and 1 or 0`;

/** A store of refresh tokens in Redis. */
export function redisTokenStoreOf({ client, keyPrefix, clock, leaseMs, commandTimeoutMs }: RedisStoreOptions): TokenStore {
  /** Both keys of an entry are in one slot of a cluster. */
  const textKey = (key: string): string => `${keyPrefix}{${key}}`;
  const lockKey = (key: string): string => `${keyPrefix}{${key}}:lock`;

  const run = (script: string, key: string, ...values: readonly (string | number)[]): Promise<unknown> =>
    orUnavailable(words, () => {
      const texts = values.map(String);
      // A client that has lost its server keeps commands until it is back.
      return withinTime(
        clock,
        commandTimeoutMs,
        'defineCommand' in client ? client.eval(script, 1, key, ...texts) : client.eval(script, { keys: [key], arguments: texts }),
      );
    });

  const read = async (key: string): Promise<{ readonly whole: string; readonly stored: StoredText } | undefined> => {
    const answer = await run(readScript, textKey(key));
    const [whole, leftMs] = Array.isArray(answer) ? [textOf(answer[0]), Number(answer[1])] : [];
    const parts = /^(\d+):([^]*)$/.exec(whole ?? '');
    if (whole === undefined || leftMs === undefined || parts === null) return undefined;
    return { whole, stored: { text: parts[2] ?? '', ageMs: Number(parts[1]) - leftMs } };
  };

  const entryOf = (key: string, lease: Lease): StoreEntry => {
    let seen = '';
    return {
      isHeld: lease.isHeld,
      async read() {
        const found = await read(key);
        seen = found?.whole ?? '';
        return found?.stored;
      },
      async replace(text, lifeMs) {
        const next = wholeOf(text, lifeMs);
        const isReplaced = (await run(replaceScript, textKey(key), seen, next, wholeMs(lifeMs))) === 1;
        if (isReplaced) seen = next;
        return isReplaced;
      },
    };
  };

  /** Undefined when somebody else has the lock. */
  const acquire = async (key: string): Promise<{ readonly id: string; readonly lease: Lease } | undefined> => {
    const [id, askedAt] = [randomUUID(), instantOf(clock)];
    const answer = await run(acquireScript, lockKey(key), id, leaseMs).catch((error: unknown) => {
      // The command may still be on its way, and the lock must not stay with somebody who has given up.
      void run(releaseScript, lockKey(key), id).catch(() => undefined);
      throw error;
    });
    if (answer !== 1) return undefined;
    return { id, lease: keepLease({ clock, leaseMs }, askedAt, async () => (await run(renewScript, lockKey(key), id, leaseMs)) === 1) };
  };

  return {
    read: async (key) => (await read(key))?.stored,
    async put(key, text, lifeMs) {
      await run(putScript, textKey(key), wholeOf(text, lifeMs), wholeMs(lifeMs));
    },
    async exclusively(key, work) {
      const giveUpAt = clock.monotonic() + waitMs;
      let lock = await acquire(key);
      while (lock === undefined) {
        if (clock.monotonic() >= giveUpAt) throw storeBusy(words);
        await sleep(clock, pollMs + Math.random() * pollMs);
        lock = await acquire(key);
      }
      try {
        return await work(entryOf(key, lock.lease));
      } finally {
        lock.lease.stop();
        // A lock that cannot be removed is over with its lease.
        await run(releaseScript, lockKey(key), lock.id).catch(() => undefined);
      }
    },
  };
}

/** The life stands before the text, so that the time that is left of it tells the age. */
function wholeOf(text: string, lifeMs: number): string {
  return `${wholeMs(lifeMs)}:${text}`;
}

function wholeMs(lifeMs: number): string {
  return String(Math.max(Math.round(lifeMs), 1));
}

/** A client may be set up to answer with bytes. */
function textOf(answer: unknown): string | undefined {
  if (typeof answer === 'string') return answer;
  return answer instanceof Uint8Array ? Buffer.from(answer).toString('utf8') : undefined;
}

class CommandTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

async function withinTime<Value>(clock: Clock, timeoutMs: number, command: Promise<Value>): Promise<Value> {
  const over = new AbortController();
  const tooLong = sleep(clock, timeoutMs, over.signal).then(() => Promise.reject(new CommandTimeout()));
  try {
    return await Promise.race([command, tooLong]);
  } finally {
    over.abort();
  }
}

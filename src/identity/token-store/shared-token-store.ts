/**
 * Token stores that an app gives to its cloud: where they are and how they are encrypted. Only options and their checks; what works
 * on files or Redis is loaded when the first token is needed.
 */
import { createHash } from 'node:crypto';
import { ConfigurationError } from '../../errors/configuration-error.js';
import { checkMembers, durationMs, memberOf, objectThatCan, text, type Kind } from '../../http/given.js';
import type { Clock } from '../../internal/clock.js';
import { printAs } from '../../internal/print-as.js';
import type { RedisClient } from './redis.js';
import type { TokenStore } from './token-store.js';

/**
 * What stored records are encrypted with: at least 32 characters or bytes that nobody can guess, the same for all processes that share
 * the store. Of a list the first encrypts and all decrypt: put a new key first, and remove the old one when the sessions of then are over.
 */
export type EncryptionKey = string | Uint8Array | readonly (string | Uint8Array)[];

interface SharedStoreOptions {
  readonly encryptionKey: EncryptionKey;
  /**
   * When the store cannot be used and a token must be renewed: `fail` rejects with `STORE_UNAVAILABLE` (the default); `local` renews it
   * without telling the other processes, which may cost the session where refresh tokens rotate.
   */
  readonly ifUnavailable?: 'fail' | 'local' | undefined;
  /** How long after its last sign of life a process that renews a token is taken for gone, in milliseconds. Default 10,000. */
  readonly leaseMs?: number | undefined;
}

/** Options of {@link fileTokenStore}. */
export interface FileTokenStoreOptions extends SharedStoreOptions {
  /** Made when it is missing, for its owner only. */
  readonly directory: string;
}

/** Options of {@link redisTokenStore}. */
export interface RedisTokenStoreOptions extends SharedStoreOptions {
  /** What the keys begin with. Default `h2o-ai-cloud:tokens:`. */
  readonly keyPrefix?: string | undefined;
  /** How long to wait for one answer of Redis, in milliseconds. Default 2,000. */
  readonly commandTimeoutMs?: number | undefined;
}

interface Parts {
  readonly open: (clock: Clock) => Promise<TokenStore>;
  readonly encryptionKeys: readonly Buffer[];
  readonly ifUnavailable: 'fail' | 'local';
}

let partsOf: (store: SharedTokenStore) => Parts;

/** A token store for the option `tokenStore`, as {@link fileTokenStore} and {@link redisTokenStore} make it. It prints without its key. */
export class SharedTokenStore {
  readonly #parts: Parts;

  static {
    printAs(SharedTokenStore.prototype, () => 'SharedTokenStore {}');
    partsOf = (store) => store.#parts;
  }

  /** @internal */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  toJSON(): Record<string, never> {
    return {};
  }
}

/** What is in a store that an app has given. */
export function partsOfStore(store: SharedTokenStore): Parts {
  return partsOf(store);
}

const leastKeyBytes = 32;

const keyKind: Kind = {
  name: `a secret of at least ${leastKeyBytes} characters or bytes, or a list of such`,
  accepts: (value) => keysIn(value)?.every((key) => bytesOf(key).length >= leastKeyBytes) ?? false,
};

const sharedKinds = {
  encryptionKey: keyKind,
  ifUnavailable: { name: "'fail' or 'local'", accepts: (value: unknown) => value === 'fail' || value === 'local' },
  leaseMs: durationMs,
};

/**
 * A token store in a directory, shared by the processes of one machine: one of them renews a user's token, and the others find it.
 *
 * @throws {ConfigurationError} an option is missing, unknown or not what it should be
 * @example
 * const tokenStore = fileTokenStore({ directory: '/var/lib/my-app/tokens', encryptionKey: readFileSync('/run/secrets/token-store-key') });
 * const cloud = new H2OCloud({ tokenStore });
 */
export function fileTokenStore(options: FileTokenStoreOptions): SharedTokenStore {
  checkOptions(options, 'fileTokenStore()', { directory: text, ...sharedKinds });
  const { directory, leaseMs } = options;
  if (memberOf(options, 'directory') === undefined || directory.trim() === '') throw missing('fileTokenStore()', 'directory');
  return sharedStore(options, async (clock) => {
    const { fileTokenStoreIn } = await import('./file.js');
    return fileTokenStoreIn({ directory, clock, leaseMs });
  });
}

/**
 * A token store in Redis, shared by processes on any number of machines: one of them renews a user's token, and the others find it.
 *
 * @param client a connected client of the package `redis` (version 4 or later) or `ioredis` (version 5 or later); it stays yours
 * @throws {ConfigurationError} the client is neither, or an option is missing, unknown or not what it should be
 * @example
 * const tokenStore = redisTokenStore(redis, { encryptionKey: readFileSync('/run/secrets/token-store-key') });
 * const cloud = new H2OCloud({ tokenStore });
 */
export function redisTokenStore(client: RedisClient, options: RedisTokenStoreOptions): SharedTokenStore {
  if (!objectThatCan('eval').accepts(client)) {
    throw new ConfigurationError({
      code: 'CONFIGURATION_INVALID',
      what: 'redisTokenStore(): the first argument is not a client of `redis` or `ioredis`.',
      fix: 'Pass the connected client, for instance `await createClient({ url }).connect()` of `redis`, or `new Redis(url)` of `ioredis`.',
    });
  }
  checkOptions(options, 'redisTokenStore()', { keyPrefix: text, commandTimeoutMs: durationMs, ...sharedKinds });
  const { keyPrefix = 'h2o-ai-cloud:tokens:', leaseMs = 10_000, commandTimeoutMs = 2_000 } = options;
  return sharedStore(options, async (clock) => {
    const { redisTokenStoreOf } = await import('./redis.js');
    return redisTokenStoreOf({ client, keyPrefix, clock, leaseMs, commandTimeoutMs });
  });
}

function sharedStore({ encryptionKey, ifUnavailable = 'fail' }: SharedStoreOptions, open: Parts['open']): SharedTokenStore {
  const encryptionKeys = (keysIn(encryptionKey) ?? []).map((key) => createHash('sha256').update(bytesOf(key)).digest());
  return new SharedTokenStore({ open, encryptionKeys, ifUnavailable });
}

function checkOptions(options: object, what: string, kinds: Readonly<Record<string, Kind>>): void {
  checkMembers(options, what, kinds, 'CONFIGURATION_INVALID');
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(kinds, name));
  if (unknown !== undefined) {
    throw new ConfigurationError({
      code: 'CONFIGURATION_INVALID',
      what: `${what} has no option \`${unknown.slice(0, 40)}\`.`,
      fix: `Its options are ${Object.keys(kinds).join(', ')}.`,
    });
  }
  if (memberOf(options, 'encryptionKey') === undefined) throw missing(what, 'encryptionKey');
}

function missing(what: string, name: string): ConfigurationError {
  const fix =
    name === 'encryptionKey'
      ? 'Pass 32 random bytes that all processes read from the same secret, for instance a mounted file.'
      : 'Pass the path of one.';
  return new ConfigurationError({ code: 'CONFIGURATION_MISSING', what: `${what}: \`${name}\` is missing.`, fix });
}

function keysIn(given: unknown): readonly (string | Uint8Array)[] | undefined {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const keys = list.filter((key) => typeof key === 'string' || key instanceof Uint8Array);
  return keys.length > 0 && keys.length === list.length ? keys : undefined;
}

function bytesOf(key: string | Uint8Array): Buffer {
  return typeof key === 'string' ? Buffer.from(key) : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
}

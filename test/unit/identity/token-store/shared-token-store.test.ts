import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { fileTokenStore, H2OCloud, H2OCloudError, redisTokenStore, type RedisClient } from '../../../../src/index.js';

const encryptionKey = 'planted-key-of-at-least-32-characters';
const client: RedisClient = { eval: () => Promise.resolve(null) };
/** As a program without a type checker passes it. */
const unchecked = (value: unknown): never => value as never;

function errorOf(make: () => unknown): H2OCloudError {
  try {
    make();
  } catch (error) {
    if (error instanceof H2OCloudError) return error;
    throw error;
  }
  throw new Error('It succeeded.');
}

describe('the options of a shared token store', () => {
  test.each<[string, unknown]>([
    ['text', encryptionKey],
    ['bytes', randomBytes(32)],
    ['a part of a larger buffer', randomBytes(100).subarray(7, 40)],
    ['a list for a change of keys', [randomBytes(32), encryptionKey]],
  ])('take a key as %s', (_, key) => {
    expect(fileTokenStore({ directory: '/tmp/tokens', encryptionKey: unchecked(key) })).toBeDefined();
    expect(redisTokenStore(client, { encryptionKey: unchecked(key) })).toBeDefined();
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['no key', {}, 'CONFIGURATION_MISSING', /encryptionKey.*missing[^]*32 random bytes/],
    ['a short key', { encryptionKey: 'planted-short' }, 'CONFIGURATION_INVALID', /encryptionKey.*at least 32/],
    ['an empty list of keys', { encryptionKey: [] }, 'CONFIGURATION_INVALID', /encryptionKey/],
    ['a list with a short key', { encryptionKey: [encryptionKey, 'planted'] }, 'CONFIGURATION_INVALID', /encryptionKey/],
    ['a key that is none', { encryptionKey: 42 }, 'CONFIGURATION_INVALID', /encryptionKey/],
    ['a misspelt option', { encryptionKey, leaseMS: 1 }, 'CONFIGURATION_INVALID', /no option `leaseMS`[^]*leaseMs/],
    ['a lease that is no time', { encryptionKey, leaseMs: -1 }, 'CONFIGURATION_INVALID', /leaseMs/],
    ['another policy', { encryptionKey, ifUnavailable: 'ignore' }, 'CONFIGURATION_INVALID', /ifUnavailable.*'fail' or 'local'/],
  ])('refuse %s', (_, options, code, message) => {
    const errors = [
      errorOf(() => fileTokenStore(unchecked({ directory: '/tmp/tokens', ...options }))),
      errorOf(() => redisTokenStore(client, unchecked(options))),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'ConfigurationError', code });
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('planted');
    }
  });

  it('say what is missing where there is no directory, and no client', () => {
    expect(errorOf(() => fileTokenStore(unchecked({ encryptionKey }))).message).toMatch(/directory/);
    expect(errorOf(() => fileTokenStore({ directory: ' ', encryptionKey })).message).toMatch(/directory/);
    for (const other of [undefined, 'redis://127.0.0.1', {}, encryptionKey])
      expect(errorOf(() => redisTokenStore(unchecked(other), { encryptionKey })).message).toMatch(/client of `redis` or `ioredis`/);
    for (const options of [undefined, null, 'x']) expect(errorOf(() => redisTokenStore(client, unchecked(options)))).toBeDefined();
  });
});

describe('a shared token store', () => {
  const stores = [fileTokenStore({ directory: '/tmp/tokens', encryptionKey }), redisTokenStore(client, { encryptionKey })];

  it('is an option of the cloud', () => {
    for (const tokenStore of stores) expect(() => new H2OCloud({ env: {}, tokenStore })).not.toThrow();
    expect(() => new H2OCloud({ env: {}, tokenStore: unchecked({ encryptionKey }) })).toThrow(/tokenStore.*redisTokenStore/);
  });

  it('prints without its key', () => {
    for (const store of stores) {
      for (const form of [inspect(store, { depth: 20, showHidden: true }), JSON.stringify({ store })])
        expect(form).not.toMatch(/planted|<Buffer/);
    }
  });
});

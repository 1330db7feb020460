import { describe, expect, it, test } from 'vitest';
import { refreshTokenRecord } from '../../../../src/identity/token-store/record.js';

const context = ['https://idp.example', 'sdk'];
const record = refreshTokenRecord(context, 'original-token');
const sealed = record.seal('newer-token', 1_900_000_000_000);

describe('a stored refresh token', () => {
  it('can be opened with the original token, in any process', () => {
    expect(refreshTokenRecord(context, 'original-token').open(sealed)).toBe('newer-token');
    expect(refreshTokenRecord(context, 'original-token').key).toBe(record.key);
  });

  it('case 46: shows neither token', () => {
    for (const text of [sealed, record.key, Buffer.from(sealed.slice(3), 'base64url').toString('latin1')]) {
      expect(text).not.toMatch(/newer-token|original-token/);
    }
  });

  test.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['damaged in one character', sealed.slice(0, 20) + (sealed[20] === 'A' ? 'B' : 'A') + sealed.slice(21)],
    ['cut', sealed.slice(0, -5)],
    ['all but gone', 'v1.AAAA'],
    ['of another version', sealed.replace('v1.', 'v0.')],
    ['of a later version', sealed.replace('v1.', 'v2.')],
    ['JSON in the clear', '{"version":1,"refreshToken":"planted"}'],
    ['sealed with another token', refreshTokenRecord(context, 'other-token').seal('planted', 0)],
    ['sealed for another client', refreshTokenRecord(['https://idp.example', 'other'], 'original-token').seal('planted', 0)],
  ])('case 46: that is %s counts as absent', (_, text) => {
    expect(record.open(text)).toBeUndefined();
  });

  it('case 47: has a key that no crafted name shares', () => {
    const crafted = ['a|b', 'a', '|b', '', 'b', '__proto__', 'constructor', 'ä', 'a\u0308', 'x'.repeat(10_000), '["a","b"]', 'a","b'];
    const keys = crafted.flatMap((one) => crafted.map((other) => refreshTokenRecord([one, other], 'token').key));
    expect(new Set(keys).size).toBe(crafted.length ** 2);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
  });
});

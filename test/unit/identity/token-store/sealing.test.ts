import { randomBytes } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { sealerFor } from '../../../../src/identity/token-store/sealing.js';

const context = ['https://idp.example', 'sdk'];
const [ownKey, olderKey] = [randomBytes(32), randomBytes(32)];
const content = { refreshToken: 'newer-token' };

describe.each<[string, readonly Buffer[]]>([
  ['with a key of the token alone', []],
  ['with a key of the app', [ownKey]],
])('a text sealed %s', (_, keys) => {
  const sealer = sealerFor(context, 'original-token', keys);
  const sealed = sealer.seal(content);

  it('can be opened with the original token, in any process', () => {
    const another = sealerFor(context, 'original-token', keys);
    expect(another.open(sealed)).toEqual(content);
    expect(another.key).toBe(sealer.key);
  });

  it('case 46: shows neither token', () => {
    for (const text of [sealed, sealer.key, Buffer.from(sealed.slice(3), 'base64url').toString('latin1')]) {
      expect(text).not.toMatch(/newer-token|original-token/);
    }
  });

  test.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['damaged in one character', sealed.slice(0, 20) + (sealed[20] === 'A' ? 'B' : 'A') + sealed.slice(21)],
    ['cut', sealed.slice(0, -5)],
    ['all but gone', 'v2.AAAA'],
    ['of another version', sealed.replace('v2.', 'v1.')],
    ['of a later version', sealed.replace('v2.', 'v3.')],
    ['JSON in the clear', '{"version":2,"refreshToken":"planted"}'],
    ['sealed with another token', sealerFor(context, 'other-token', keys).seal({ refreshToken: 'planted' })],
    ['sealed for another client', sealerFor(['https://idp.example', 'other'], 'original-token', keys).seal({ refreshToken: 'planted' })],
    ['sealed with a foreign key', sealerFor(context, 'original-token', [randomBytes(32)]).seal({ refreshToken: 'planted' })],
  ])('case 46: that is %s counts as absent', (_name, text) => {
    expect(sealer.open(text)).toBeUndefined();
  });
});

describe('a key of the app that is replaced', () => {
  const before = sealerFor(context, 'original-token', [olderKey]);
  const between = sealerFor(context, 'original-token', [ownKey, olderKey]);
  const after = sealerFor(context, 'original-token', [ownKey]);

  it('opens what the older one has sealed, while it is in the list', () => {
    expect(between.open(before.seal(content))).toEqual(content);
    expect(after.open(before.seal(content))).toBeUndefined();
  });

  it('seals what is written from then on', () => {
    expect(after.open(between.seal(content))).toEqual(content);
    expect(before.open(between.seal(content))).toBeUndefined();
  });
});

it('case 47: no crafted name has the key of another', () => {
  const crafted = ['a|b', 'a', '|b', '', 'b', '__proto__', 'constructor', 'ä', 'a\u0308', 'x'.repeat(10_000), '["a","b"]', 'a","b'];
  const keys = crafted.flatMap((one) => crafted.map((other) => sealerFor([one, other], 'token').key));
  expect(new Set(keys).size).toBe(crafted.length ** 2);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
});

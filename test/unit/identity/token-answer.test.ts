import { describe, expect, it, test } from 'vitest';
import { readTokenAnswer, type TokenAnswer } from '../../../src/identity/token-answer.js';
import { jwt } from '../../support/token-server.js';

const at = { wall: 1_900_000_000_000, monotonic: 7_000 };

function read(members: Readonly<Record<string, unknown>>, scopes: readonly string[] = []): TokenAnswer {
  return readTokenAnswer({ access_token: 'opaque', token_type: 'Bearer', ...members }, { origin: 'https://idp.example', scopes, at });
}

const invalid: unknown = expect.objectContaining({ code: 'RESPONSE_INVALID', retryable: false });

describe('case 53: the life of a token', () => {
  test.each<[string, unknown, number]>([
    ['whole seconds', 60, 60_000],
    ['nothing', 0, 0],
    ['a number as text', '60', 60_000],
    ['a fraction', 3.7, 3_700],
    ['beyond 2^31 milliseconds', 2 ** 31, 86_400_000],
    ['beyond all time', 1e300, 86_400_000],
  ])('is %s', (_, expiresIn, lifeMs) => {
    const { token, life } = read({ expires_in: expiresIn });
    expect(life).toEqual({ from: at, lifeMs });
    expect(token.expiresAt).toBe(at.wall + lifeMs);
  });

  test.each([
    ['negative', -5],
    ['null', null],
    ['text', 'NaN'],
    ['text with a number', '60s'],
    ['NaN', NaN],
    ['a list', [60]],
    ['true', true],
  ])('is refused when it is %s', (_, expiresIn) => {
    expect(() => read({ expires_in: expiresIn })).toThrow(invalid);
  });

  it('case 6: is that of the JWT when the answer does not say, whatever our clock says', () => {
    const issuedAt = at.wall / 1000 - 86_400;
    const { token, life } = read({ access_token: jwt({ iat: issuedAt, exp: issuedAt + 120 }) });
    expect(life.lifeMs).toBe(120_000);
    expect(token.expiresAt).toBe(at.wall + 120_000);
  });

  it('case 6: is 30 s for an opaque token, and nobody pretends to know its end', () => {
    const { token, life } = read({});
    expect(life.lifeMs).toBe(30_000);
    expect(token.expiresAt).toBeUndefined();
  });
});

describe('case 78: only Bearer tokens are taken', () => {
  test.each([['bearer'], ['BEARER']])('%s', (type) => {
    expect(read({ token_type: type }).token.value).toBe('opaque');
  });
  test.each([['mac'], ['N_A'], ['DPoP'], ['constructor'], ['__proto__'], [''], [undefined], [null], [['Bearer']]])('not %s', (type) => {
    expect(() => read({ token_type: type })).toThrow(invalid);
  });
});

describe('case 79: a token must fit into a header', () => {
  test.each([
    ['a line break', 'planted\r\nx-evil: 1'],
    ['NUL', 'planted\u0000'],
    ['a space', 'planted token'],
    ['another alphabet', 'plantedж'],
    ['100 kB', 'planted'.repeat(15_000)],
    ['nothing', ''],
    ['not text', 42],
    ['absent', undefined],
  ])('%s', (_, token) => {
    expect(() => read({ access_token: token })).toThrow(invalid);
    expect(() => read({ access_token: token })).not.toThrow(/planted/);
  });
});

describe('case 105: the scopes of a token', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string[], string[]]>([
    [
      'are what the token claims, before what the answer says',
      { access_token: jwt({ scope: 'openid a' }), scope: 'openid a b' },
      ['b'],
      ['openid', 'a'],
    ],
    ['are what the answer says of an opaque token', { scope: 'a b' }, ['a', 'b', 'c'], ['a', 'b']],
    ['are what was asked when nobody says', {}, ['a', 'b'], ['a', 'b']],
    ['are none when the answer says so', { scope: '' }, ['a'], []],
  ])('%s', (_, members, asked, expected) => {
    expect(read(members, asked).token.scopes).toEqual(expected);
  });

  it('are refused when they are not text', () => {
    expect(() => read({ scope: ['a'] })).toThrow(invalid);
  });
});

it('case 80: members of a prototype count as absent', () => {
  const json: unknown = JSON.parse('{"__proto__":{"access_token":"x","token_type":"Bearer"},"token_type":"Bearer"}');
  expect(() => readTokenAnswer(Object.assign({}, json), { origin: 'https://idp.example', scopes: [], at })).toThrow(invalid);
});

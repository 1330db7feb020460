import { describe, expect, it, test } from 'vitest';
import {
  aliasToJson,
  lineageToJson,
  readStored,
  withToken,
  type StoredLineage,
  type StoredToken,
} from '../../../../src/identity/token-store/record.js';
import { AccessToken } from '../../../../src/internal/access-token.js';

const now = { wall: 1_900_000_000_000, monotonic: 5_000 };
const later = (ms: number): typeof now => ({ wall: now.wall + ms, monotonic: now.monotonic + ms });
const tokenOf = (asked: string, lifeMs = 300_000, value = `at-${asked.replaceAll(' ', '-')}`): StoredToken => ({
  asked,
  token: new AccessToken(value, { expiresAt: now.wall + lifeMs, scopes: asked.split(' ') }),
  life: { from: now, lifeMs },
});
const lineage: StoredLineage = { refreshToken: 'rt-2', isRefreshing: false, subject: 'alice', tokens: [tokenOf('a b')] };
/** As a text in a store has it. */
const throughJson = (value: object): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

describe('a stored lineage', () => {
  it('comes back with its tokens, as old as they are by then', () => {
    const stored = throughJson(lineageToJson(lineage, later(10_000)));
    const elsewhere = { wall: 7, monotonic: 1 };
    const read = readStored(stored, 20_000, elsewhere);
    expect(read).toMatchObject({ refreshToken: 'rt-2', isRefreshing: false, subject: 'alice', refused: undefined });
    const [token] = (read as StoredLineage).tokens;
    expect(token?.life).toEqual({ from: { wall: elsewhere.wall - 30_000, monotonic: elsewhere.monotonic - 30_000 }, lifeMs: 300_000 });
    expect(token?.token).toMatchObject({ value: 'at-a-b', scopes: ['a', 'b'], expiresAt: elsewhere.wall + 270_000 });
  });

  it('gives up its tokens where the clock of the store was set back, since nobody knows how old they are', () => {
    expect(readStored(throughJson(lineageToJson(lineage, now)), -1, now)).toMatchObject({ refreshToken: 'rt-2', tokens: [] });
  });

  it('says of an older token where the lineage is', () => {
    expect(readStored(throughJson(aliasToJson({ origin: 'rt-1' })), 0, now)).toEqual({ origin: 'rt-1' });
  });

  test.each<[string, Record<string, unknown> | undefined]>([
    ['missing', undefined],
    ['of another version', { version: 1, refreshToken: 'rt' }],
    ['without a token', { version: 2 }],
    ['with a token that is none', { version: 2, refreshToken: 7 }],
  ])('that is %s counts as absent', (_, json) => {
    expect(readStored(json, 0, now)).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['no list', 'tokens'],
    ['an entry that is null', [null]],
    ['a token that fits into no header', [{ asked: '', value: 'with\r\nbreak', scopes: [], lifeMs: 1, ageMs: 0 }]],
    ['a token without a life', [{ asked: '', value: 'at', scopes: [], ageMs: 0 }]],
  ])('lets go of access tokens that make no sense: %s', (_, tokens) => {
    expect(readStored({ version: 2, refreshToken: 'rt', refused: 'constructor', tokens }, 0, now)).toMatchObject({
      refreshToken: 'rt',
      refused: undefined,
      tokens: [],
    });
  });
});

describe('the tokens that are stored', () => {
  const added = { token: new AccessToken('at-new'), life: { from: now, lifeMs: 300_000 } };
  const names = (tokens: readonly StoredToken[]): string[] => tokens.map(({ asked }) => asked);

  it('are one for each set of scopes, the newest first', () => {
    const tokens = withToken([tokenOf('a'), tokenOf('b')], ['b'], added, now);
    expect(names(tokens)).toEqual(['b', 'a']);
    expect(tokens[0]?.token.value).toBe('at-new');
  });

  it('are none that is over, and not more than a few', () => {
    const many = Array.from({ length: 20 }, (_, index) => tokenOf(`s${index}`));
    expect(names(withToken([tokenOf('over', 1_000), ...many], ['b'], added, later(2_000)))).toEqual(['b', ...names(many).slice(0, 7)]);
  });

  it('are none of a size that would fill the store', () => {
    const huge = { ...added, token: new AccessToken('x'.repeat(20_000)) };
    expect(withToken([tokenOf('b')], ['b'], huge, now)).toEqual([]);
  });
});

/** Filters of lists: what goes over the wire, and what is let through whatever comes back. */
import { describe, expect, it, test } from 'vitest';
import { createList } from '../../../src/http/pagination.js';
import { aipQuery, quoted } from '../../../src/mlops/api/aip-filter.js';
import { storageFilter } from '../../../src/mlops/api/storage-filter.js';
import { filterOf, matches, sorted, type ListFilter } from '../../../src/mlops/list-filter.js';

test.each([
  ['plain', "'plain'"],
  ["O'Brien", `"O'Brien"`],
  ['say "hi"', `'say "hi"'`],
  [`both ' and "`, `"both ' and \\""`],
  ['back\\slash', '"back\\\\slash"'],
  ["x' OR display_name = 'y", `"x' OR display_name = 'y"`],
])('%j is written as %s', (text, written) => {
  expect(quoted(text)).toBe(written);
});

test.each<[string, ListFilter, object]>([
  ['nothing', {}, {}],
  ['an exact name', { name: 'credit' }, { filter: "display_name = 'credit'" }],
  ['a part of a name', { name: { contains: 'red' } }, { filter: "display_name:'red'" }],
  [
    'times and an order',
    { createdAfter: new Date(0), createdBefore: new Date(1000), order: 'newestFirst' },
    {
      filter: "create_time > timestamp('1970-01-01T00:00:00.000Z') AND create_time < timestamp('1970-01-01T00:00:01.000Z')",
      orderBy: 'create_time desc',
    },
  ],
])('REST: %s', (_, filter, query) => {
  expect(aipQuery(filter)).toEqual(query);
});

it('storage: constraints are typed, in one clause', () => {
  expect(
    storageFilter({ name: "O'Brien", createdAfter: new Date(0), order: 'oldestFirst' }, { name: 'name', createdAt: 'created_time' }),
  ).toEqual({
    filter: {
      query: {
        clause: [
          {
            propertyConstraint: [
              { property: { field: 'name' }, operator: 'EQUAL_TO', value: { stringValue: "O'Brien" } },
              { property: { field: 'created_time' }, operator: 'GREATER_THAN', value: { timestampValue: '1970-01-01T00:00:00.000Z' } },
            ],
          },
        ],
      },
    },
    sorting: { property: [{ property: { field: 'created_time' }, order: 'ASCENDING' }] },
  });
});

describe('what comes back is looked at once more', () => {
  const item = { name: 'Credit', createdAt: '2026-01-02T00:00:00Z' };
  test.each<[ListFilter, boolean]>([
    [{}, true],
    [{ name: 'Credit' }, true],
    [{ name: 'credit' }, false],
    [{ name: { contains: 'red' } }, true],
    [{ name: { contains: 'RED' } }, false],
    [{ createdAfter: new Date('2026-01-01') }, true],
    [{ createdAfter: new Date('2026-01-02') }, false],
    [{ createdBefore: new Date('2026-01-03') }, true],
    [{ createdBefore: new Date('2026-01-02') }, false],
  ])('%j', (filter, passes) => {
    expect(matches(item, filter)).toBe(passes);
  });

  it('what has no time is in no span of time', () => {
    expect(matches({ name: 'x' }, { createdAfter: new Date(0) })).toBe(false);
    expect(matches({ name: 'x' }, {})).toBe(true);
  });
});

it('a span that holds nothing is refused', () => {
  expect(() => filterOf({ createdAfter: new Date(2), createdBefore: new Date(1) })).toThrow('createdBefore');
});

it('where the platform does not sort, the whole list is read and sorted', async () => {
  const items = [1, 3, 2].map((day) => ({ id: String(day), name: 'x', createdAt: `2026-01-0${day}T00:00:00Z` }));
  const list = createList({ call: 'list', fetchPage: () => Promise.resolve({ items }), key: ({ id }) => id, removals: () => 0 });
  expect((await sorted(list, 'newestFirst').toArray()).map(({ id }) => id)).toEqual(['3', '2', '1']);
  expect((await sorted(list, 'oldestFirst').toArray()).map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect((await sorted(list, undefined).toArray()).map(({ id }) => id)).toEqual(['1', '3', '2']);
});

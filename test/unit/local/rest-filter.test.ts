import { describe, expect, it, test } from 'vitest';
import { filterTest, ordered } from '../../../src/local/mlops/rest/filter.js';
import { RpcError } from '../../../src/local/mlops/rpc-error.js';

const entries = [
  { displayName: 'one', description: "O'Brien's", createTime: '2030-01-01T00:00:00.000Z', replicas: 2, annotations: { team: 'a' } },
  { displayName: 'two', description: 'say "x" AND y', createTime: '2030-01-02T00:00:00.000Z', replicas: 10, annotations: {} },
  { displayName: 'three', description: '', createTime: '2030-01-03T00:00:00.000Z', replicas: 9, annotations: { team: 'b' } },
];
const found = (filter: string): readonly unknown[] => entries.filter(filterTest(filter)).map(({ displayName }) => displayName);

test.each<[string, readonly string[]]>([
  ['', ['one', 'two', 'three']],
  ["display_name = 'one'", ['one']],
  ['displayName="one"', ['one']],
  ['display_name = one', ['one']],
  ["display_name != 'one'", ['two', 'three']],
  [`description = "O'Brien's"`, ['one']],
  [String.raw`description = 'O\'Brien\'s'`, ['one']],
  [String.raw`description = "say \"x\" AND y"`, ['two']],
  ["description : 'Brien'", ['one']],
  ['description:*', ['one', 'two', 'three']],
  ["display_name = 'one' OR display_name = 'two'", ['one', 'two']],
  ["display_name = 'one' AND description : 'x'", []],
  ["NOT display_name = 'one'", ['two', 'three']],
  ["-display_name = 'one'", ['two', 'three']],
  ["(display_name = 'one') AND (NOT (description : 'x'))", ['one']],
  // OR binds tighter than AND.
  ["display_name = 'three' OR display_name = 'one' AND description : 'Brien'", ['one']],
  ["create_time > timestamp('2030-01-01T12:00:00Z')", ['two', 'three']],
  ["create_time <= timestamp('2030-01-02T01:00:00+01:00')", ['one', 'two']],
  ['replicas > 9', ['two']],
  ['replicas >= 9', ['two', 'three']],
  ["annotations.team = 'a'", ['one']],
])('the filter %s finds %j', (filter, names) => {
  expect(found(filter)).toEqual(names);
});

test.each([
  "display_name = 'O'Brien'",
  'display_name =',
  '= 1',
  "(display_name = 'x'",
  "display_name = 'x')",
  "display_name = 'x' AND",
  "no_such = 'x'",
])('the filter %s is refused, not ignored', (filter) => {
  expect(() => found(filter)).toThrow(RpcError);
});

describe('an order', () => {
  it.each<[string, readonly string[]]>([
    ['', ['one', 'two', 'three']],
    ['create_time desc', ['three', 'two', 'one']],
    ['replicas', ['one', 'three', 'two']],
    ['description, replicas desc', ['three', 'one', 'two']],
  ])('by "%s" is %j', (orderBy, names) => {
    expect(ordered(entries, orderBy).map((entry) => entry['displayName'])).toEqual(names);
  });

  it('that cannot be read is refused', () => {
    expect(() => ordered(entries, 'replicas sideways')).toThrow(RpcError);
  });
});

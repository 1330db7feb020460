import { describe, expect, it, test } from 'vitest';
import { ResponseValidationError } from '../../../src/errors/connection-error.js';
import type { ScoreResponse } from '../../../src/scoring/contract.js';
import { answerReader, type ExplainOptions } from '../../../src/scoring/row-reader.js';
import { rowWriter, type RowOptions } from '../../../src/scoring/row-writer.js';
import type { Schema } from '../../../src/scoring/schema.js';

const schema: Schema = {
  input: [
    { name: 'a', type: 'Int64' },
    { name: 'b', type: 'Str' },
  ],
  output: [
    { name: 'score', type: 'Float64' },
    { name: 'key', type: 'Int64' },
    { name: 'label', type: 'Str' },
    { name: 'flag', type: 'Bool' },
  ],
};
const fields = schema.output.map(({ name }) => name);
const one = ['1', '2', 'x', 'true'];

function read(answer: ScoreResponse, rows: number, options: RowOptions & ExplainOptions = {}): unknown {
  const writer = rowWriter(schema, options);
  const sent = Array.from({ length: rows }, (_, index) => writer.fromObject({ id: index, a: index, b: 'x' }, index, [])!);
  return answerReader(schema, writer.included, options)(answer, sent);
}
const ignore = { unknownColumns: 'ignore' } as const;

it('values come back by the type of their column, and lose no digit', () => {
  const score = [
    ['0.25', '9007199254740993', 'yes', 'true'],
    ['1.6546619477852492E-6', '7', '', '0'],
    ['NaN', '', 'NaN', null],
    ['-Infinity', '-9223372036854775808', '7', 'FALSE'],
    ['0', '0', '0', '1'],
    ['9007199254740993', '1.0', ' ', 'maybe'],
    [' ', ' ', 'x', ''],
    [0.5, 7, 'x', true],
  ];
  expect(read({ fields, score }, score.length, ignore)).toEqual([
    { score: 0.25, key: '9007199254740993', label: 'yes', flag: true },
    { score: 1.6546619477852492e-6, key: 7, label: null, flag: false },
    { score: NaN, key: null, label: 'NaN', flag: null },
    { score: -Infinity, key: '-9223372036854775808', label: '7', flag: false },
    { score: 0, key: 0, label: '0', flag: true },
    { score: '9007199254740993', key: 1, label: ' ', flag: 'maybe' },
    { score: ' ', key: ' ', label: 'x', flag: null },
    { score: 0.5, key: 7, label: 'x', flag: true },
  ]);
});

it('columns are found by name, wherever the scorer puts them', () => {
  expect(read({ fields: [...fields].reverse(), score: [[...one].reverse()] }, 1, ignore)).toEqual([
    { score: 1, key: 2, label: 'x', flag: true },
  ]);
});

it('a column that is named like a prototype is only a column', () => {
  const odd: Schema = { input: [], output: [{ name: '__proto__', type: 'Str' }] };
  const [row] = answerReader(odd, [], {})({ fields: ['__proto__'], score: [['y']] }, [{ index: 0, json: '[]', id: undefined, idText: '' }]);
  expect(Object.entries(row!)).toEqual([['__proto__', 'y']]);
});

test.each<[string, ScoreResponse, RowOptions & ExplainOptions]>([
  ['fewer rows', { fields, score: [one] }, {}],
  ['more rows', { fields, score: [one, one, one] }, {}],
  ['fewer cells', { fields, score: [one, one.slice(1)] }, {}],
  ['more cells', { fields, score: [one, [...one, '1']] }, {}],
  ['no fields', { score: [one, one] }, {}],
  ['a column that is not there', { fields: ['score', 'key', 'label', 'other'], score: [one, one] }, {}],
  [
    'a column twice',
    {
      fields: [...fields, 'score'],
      score: [
        [...one, '1'],
        [...one, '1'],
      ],
    },
    {},
  ],
  ['no included column', { fields, score: [one, one] }, { includeColumns: ['b'] }],
  [
    'ids in another order',
    {
      fields: ['id', ...fields],
      score: [
        ['1', ...one],
        ['0', ...one],
      ],
    },
    { idColumn: 'id' },
  ],
  ['no contributions', { fields, score: [one, one] }, { contributions: 'ORIGINAL' }],
  [
    'contributions of fewer rows',
    { fields, score: [one, one], featureShapleyContributions: { features: ['a'], contributionGroups: [{ contributions: [['1']] }] } },
    { contributions: 'ORIGINAL' },
  ],
  [
    'contributions without a group',
    { fields, score: [one, one], featureShapleyContributions: { features: ['a'], contributionGroups: [] } },
    { contributions: 'ORIGINAL' },
  ],
  ['no intervals', { fields, score: [one, one] }, { predictionIntervals: true }],
  [
    'intervals of fewer cells',
    { fields, score: [one, one], predictionIntervals: { fields: ['low', 'high'], rows: [['1', '2'], ['1']] } },
    { predictionIntervals: true },
  ],
])('an answer with %s is an error and no shift', (_, answer, options) => {
  expect(() => read(answer, 2, { ...ignore, ...options })).toThrow(ResponseValidationError);
});

describe('beside the scores', () => {
  it('ids come back as they were passed, whether the scorer repeats them or not', () => {
    const silent = read({ fields, score: [one, one] }, 2, { idColumn: 'id' });
    expect(silent).toMatchObject([
      { id: 0, score: 1 },
      { id: 1, score: 1 },
    ]);
    const repeated = read(
      {
        fields: ['id', ...fields],
        score: [
          ['0', ...one],
          ['1.0', ...one],
        ],
      },
      2,
      { idColumn: 'id' },
    );
    expect(repeated).toEqual(silent);
  });

  it('included columns come first and have the type of the input', () => {
    const rows = read({ fields: ['a', ...fields], score: [['0', ...one]] }, 1, { ...ignore, includeColumns: ['a'] });
    expect(Object.entries((rows as object[])[0]!)[0]).toEqual(['a', 0]);
  });

  it('contributions and intervals stand by feature and by name', () => {
    const answer: ScoreResponse = {
      fields,
      score: [one],
      featureShapleyContributions: { features: ['a', 'bias'], contributionGroups: [{ contributions: [['0.5', '-1']] }] },
      predictionIntervals: { fields: ['low', 'high'], rows: [['0', '2']] },
    };
    expect(read(answer, 1, { ...ignore, contributions: 'ORIGINAL', predictionIntervals: true })).toEqual([
      {
        row: { score: 1, key: 2, label: 'x', flag: true },
        contributions: { a: 0.5, bias: -1 },
        predictionIntervals: { low: 0, high: 2 },
      },
    ]);
  });

  it('contributions of several outputs are told apart', () => {
    const answer: ScoreResponse = {
      fields,
      score: [one],
      featureShapleyContributions: {
        features: ['a'],
        contributionGroups: [
          { outputGroup: 'setosa', contributions: [['1']] },
          { outputGroup: 'virginica', contributions: [['2']] },
        ],
      },
    };
    expect(read(answer, 1, { ...ignore, contributions: 'ORIGINAL' })).toMatchObject([
      { contributions: { 'setosa.a': 1, 'virginica.a': 2 } },
    ]);
  });
});

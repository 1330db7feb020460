import { expect, it, test } from 'vitest';
import { ScoringError } from '../../../src/errors/scoring-error.js';
import { ResponseValidationError } from '../../../src/errors/connection-error.js';
import { fromCells, toCells, type Cell } from '../../../src/scoring/rows.js';
import type { Schema } from '../../../src/scoring/schema.js';

const schema: Schema = {
  input: [
    { name: 'number', type: 'Float64' },
    { name: 'whole', type: 'Int64' },
    { name: 'text', type: 'Str' },
    { name: 'flag', type: 'Bool' },
  ],
  output: [
    { name: 'score', type: 'Float64' },
    { name: 'id', type: 'Int64' },
    { name: 'label', type: 'Str' },
    { name: 'flag', type: 'Bool' },
  ],
};

function refusal(rows: readonly Record<string, Cell>[]): ScoringError {
  try {
    toCells(rows, schema);
  } catch (error) {
    if (error instanceof ScoringError) return error;
  }
  throw new Error('the rows were not refused');
}

test.each<[Record<string, Cell>, string[]]>([
  [{ number: 1.5, whole: 2, text: 'x', flag: true }, ['1.5', '2', 'x', 'true']],
  [{ number: null, whole: undefined, text: null, flag: null }, ['', '', '', '']],
  [{ number: 1e-7, whole: 2n ** 60n, text: 5, flag: 'false' }, ['1e-7', '1152921504606846976', '5', 'false']],
  [{ number: ' 1.5 ', whole: '7', text: ' kept ', flag: false }, ['1.5', '7', ' kept ', 'false']],
  [{ number: NaN, whole: true, text: new Date(0), flag: null }, ['', '1', '1970-01-01T00:00:00.000Z', '']],
])('cells go out as text: case %#', (row, cells) => {
  expect(toCells([row], schema)).toEqual([cells]);
});

test.each<[Record<string, Cell>, string]>([
  [{ number: 1, whole: 1.5, text: '', flag: null }, 'whole'],
  [{ number: 'abc', whole: 1, text: '', flag: null }, 'number'],
  [{ number: Infinity, whole: 1, text: '', flag: null }, 'number'],
  [{ number: 1, whole: new Date(0), text: '', flag: null }, 'whole'],
  [{ number: 1, whole: 1, text: new Date(NaN), flag: null }, 'text'],
  [{ number: 1, whole: 1, flag: null }, 'text'],
])('a value of the wrong type is refused: case %#', (row, column) => {
  const error = refusal([row]);
  expect(error.code).toBe('SCORING_ROWS_INVALID');
  expect(error.problems).toMatchObject([{ row: 0, column }]);
});

it('reports at most a hundred problems, and says how many there are', () => {
  const error = refusal(Array.from({ length: 500 }, () => ({ number: 'abc', whole: 1, text: '', flag: null })));
  expect(error.problems).toHaveLength(100);
  expect(error.message).toContain('and 495 more');
});

it('a row that inherits its values, or is named like a prototype, is no trap', () => {
  const columns: Schema = { input: [{ name: '__proto__', type: 'Str' }], output: [{ name: '__proto__', type: 'Str' }] };
  const row: Record<string, Cell> = Object.fromEntries([['__proto__', 'x']]);
  expect(toCells([row], columns)).toEqual([['x']]);
  const [scored] = fromCells({ fields: ['__proto__'], rows: [['y']] }, 1, columns);
  expect(Object.entries(scored!)).toEqual([['__proto__', 'y']]);
  expect(() => toCells([Object.create({ number: 1 }) as Record<string, Cell>], schema)).toThrow(/missing/);
});

it('values come back by the type of their column', () => {
  const rows = [
    ['0.25', '9007199254740993', 'yes', 'true'],
    ['1.6546619477852492E-6', '7', '', '0'],
    ['NaN', '', 'NaN', null],
  ];
  expect(fromCells({ fields: ['score', 'id', 'label', 'flag'], rows }, 3, schema)).toEqual([
    { score: 0.25, id: '9007199254740993', label: 'yes', flag: true },
    { score: 1.6546619477852492e-6, id: 7, label: null, flag: false },
    { score: NaN, id: null, label: 'NaN', flag: null },
  ]);
});

it('another number of rows or cells is an error', () => {
  expect(() => fromCells({ fields: ['score'], rows: [['1']] }, 2, schema)).toThrow(ResponseValidationError);
  expect(() => fromCells({ fields: ['score'], rows: [['1', '2']] }, 1, schema)).toThrow(ResponseValidationError);
});

import { describe, expect, it, test } from 'vitest';
import { ScoringError, type RowProblem } from '../../../src/errors/scoring-error.js';
import type { Cell } from '../../../src/scoring/cells.js';
import { invalidRows, requestBody, requestFrame, rowWriter, type RowOptions, type WrittenRow } from '../../../src/scoring/row-writer.js';
import type { Schema } from '../../../src/scoring/schema.js';

const schema: Schema = {
  input: [
    { name: 'number', type: 'Float64' },
    { name: 'whole', type: 'Int64' },
    { name: 'text', type: 'Str' },
    { name: 'flag', type: 'Bool' },
  ],
  output: [{ name: 'score', type: 'Float64' }],
};
const fine = { number: 1, whole: 1, text: '', flag: null };

/** The cells of a row as they stand in a request. */
function sentCells(row: WrittenRow): unknown {
  const body = JSON.parse(requestBody(requestFrame(['a'], {}), [row])) as { readonly rows: readonly unknown[] };
  return body.rows[0];
}

function written(row: unknown, options: RowOptions = {}, columns = schema): { cells: unknown; problems: RowProblem[] } {
  const problems: RowProblem[] = [];
  const result = rowWriter(columns, options).fromObject(row, 7, problems);
  return { cells: result === undefined ? undefined : sentCells(result), problems };
}

test.each<[string, Record<string, Cell>, string[]]>([
  ['values as they are', { number: 1.5, whole: 2, text: 'x', flag: true }, ['1.5', '2', 'x', 'true']],
  ['missing values as empty text', { number: null, whole: undefined, text: null, flag: null }, ['', '', '', '']],
  ['large and small figures', { number: 1e-7, whole: 2n ** 60n, text: 5, flag: 'FALSE' }, ['1e-7', '1152921504606846976', '5', 'false']],
  ['figures as text', { number: ' 1.5 ', whole: '7', text: ' kept ', flag: false }, ['1.5', '7', ' kept ', 'false']],
  ['truth and dates', { number: NaN, whole: true, text: new Date(0), flag: 1 }, ['', '1', '1970-01-01T00:00:00.000Z', 'true']],
  ['whole numbers as floats write them', { number: 'NaN', whole: '7.0', text: '', flag: '0' }, ['', '7', '', 'false']],
  ['whole numbers with an exponent', { number: 'True', whole: '1e3', text: '', flag: null }, ['1', '1000', '', '']],
  ['text that JSON escapes', { ...fine, text: '"\\\n\u0000\ud800é' }, ['1', '1', '"\\\n\u0000\ud800é', '']],
])('cells go out as text: %s', (_, row, cells) => {
  expect(written(row)).toEqual({ cells, problems: [] });
});

test.each<[string, Record<string, Cell>]>([
  ['whole', { ...fine, whole: 1.5 }],
  ['whole', { ...fine, whole: '1.5' }],
  ['whole', { ...fine, whole: '12abc' }],
  ['whole', { ...fine, whole: 2 ** 60 }],
  ['whole', { ...fine, whole: 2n ** 63n }],
  ['whole', { ...fine, whole: '-9223372036854775809' }],
  ['whole', { ...fine, whole: new Date(0) }],
  ['number', { ...fine, number: 'abc' }],
  ['number', { ...fine, number: '0x10' }],
  ['number', { ...fine, number: 'Infinity' }],
  ['number', { ...fine, number: Infinity }],
  ['text', { ...fine, text: new Date(NaN) }],
  ['flag', { ...fine, flag: 'perhaps' }],
  ['flag', { ...fine, flag: 2 }],
  ['text', { number: 1, whole: 1, flag: null }],
])('a value that does not fit is refused: column %s, case %#', (column, row) => {
  const { cells, problems } = written(row);
  expect(cells).toBeUndefined();
  expect(problems).toEqual([{ row: 7, column, problem: expect.any(String) as string }]);
});

it('a whole number outside of a 32-bit column is refused', () => {
  const columns: Schema = { input: [{ name: 'a', type: 'Int32' }], output: [] };
  expect(written({ a: 2 ** 31 }, {}, columns).problems).toMatchObject([
    { column: 'a', problem: expect.stringContaining('Int32') as string },
  ]);
  expect(written({ a: -(2 ** 31) }, {}, columns).cells).toEqual(['-2147483648']);
});

describe('columns', () => {
  it('that are unknown or in another case are named, with what they may mean', () => {
    const { problems } = written({ ...fine, Number: 1, other: 2 });
    expect(problems).toEqual([
      { row: 7, column: 'Number', problem: 'is not a column of the model: it is spelt number' },
      { row: 7, column: 'other', problem: 'is not a column of the model' },
    ]);
  });

  it('that are unknown are named beside one that is missing, though their number is right', () => {
    const { problems } = written({ Number: 1, whole: 1, text: '', flag: null });
    expect(problems.map(({ column }) => column)).toEqual(['number', 'Number']);
  });

  it('that are unknown can be ignored, and missing ones cannot', () => {
    expect(written({ ...fine, other: 2 }, { unknownColumns: 'ignore' })).toEqual({ cells: ['1', '1', '', ''], problems: [] });
    expect(written({ other: 2 }, { unknownColumns: 'ignore' }).problems).toHaveLength(4);
  });

  it('of a row that inherits its values, or that are named like a prototype, are no trap', () => {
    const columns: Schema = { input: [{ name: '__proto__', type: 'Str' }], output: [] };
    expect(written(Object.fromEntries([['__proto__', 'x']]), {}, columns).cells).toEqual(['x']);
    expect(written(Object.create({ ...fine })).problems).toHaveLength(4);
  });

  it('of one name twice in the schema cannot be filled by an object', () => {
    const columns: Schema = { input: [schema.input[0]!, schema.input[0]!], output: [] };
    expect(() => rowWriter(columns, {})).toThrow(/two input columns of one name/);
  });

  it('to include must be the model’s', () => {
    expect(() => rowWriter(schema, { includeColumns: ['text', 'none'] })).toThrow(/names what is not an input column of the model: none/);
    expect(rowWriter(schema, { includeColumns: ['text', 'number'] }).included).toEqual(['number', 'text']);
  });
});

test.each<unknown>([null, undefined, 5, 'text', [1]])('a row that is no object is refused: %j', (row) => {
  expect(written(row).problems).toEqual([{ row: 7, problem: 'is not an object with a value for each column' }]);
});

describe('an id column', () => {
  it('goes out first, and is kept as it was passed', () => {
    const writer = rowWriter(schema, { idColumn: 'id' });
    const row = writer.fromObject({ id: 12n, ...fine }, 0, []);
    expect(writer.fields).toEqual(['id', 'number', 'whole', 'text', 'flag']);
    expect(row).toMatchObject({ id: 12n, idText: '12' });
    expect(sentCells(row!)).toEqual(['12', '1', '1', '', '']);
  });

  it('that is one of the model’s columns goes out once', () => {
    const writer = rowWriter(schema, { idColumn: 'text' });
    expect(writer.fields).toEqual(['number', 'whole', 'text', 'flag']);
    expect(writer.fromObject({ ...fine, text: 'x' }, 0, [])).toMatchObject({ id: 'x', idText: 'x' });
  });

  it('must be in each row', () => {
    expect(written(fine, { idColumn: 'id' }).problems).toMatchObject([{ column: 'id' }]);
    expect(written({ ...fine, id: null }, { idColumn: 'id' }).problems).toMatchObject([{ column: 'id' }]);
  });
});

describe('a header of a table', () => {
  const writer = rowWriter(schema, {});

  it('names columns that are missing, unknown or there twice', () => {
    const header = ['number', 'number', 'Whole', 'text'];
    expect(() => writer.checkHeader(header)).toThrow(ScoringError);
    expect(() => writer.checkHeader(header)).toThrow(
      /"number" is there twice; .*"Whole" .*spelt whole; .*"whole" is missing; .*"flag" is missing/,
    );
  });

  it('says where the cells of a row belong', () => {
    const read = writer.fromCells(writer.checkHeader(['flag', 'text', 'whole', 'number']));
    expect(sentCells(read(['true', 'x', '2', '1.5'], 0, [])!)).toEqual(['1.5', '2', 'x', 'true']);
  });

  it('tells rows that are longer or shorter', () => {
    const read = writer.fromCells(writer.checkHeader(['flag', 'text', 'whole', 'number']));
    const problems: RowProblem[] = [];
    expect(read(['true', 'x', '2'], 3, problems)).toBeUndefined();
    expect(problems).toEqual([{ row: 3, problem: 'has 3 cells for 4 columns' }]);
  });
});

it('a frame around the rows makes a request', () => {
  const row = (json: string): WrittenRow => ({ index: 0, json, id: undefined, idText: '' });
  expect(JSON.parse(requestBody(requestFrame(['a', '"b"'], { idField: 'a' }), [row('1","2'), row('3","')]))).toEqual({
    fields: ['a', '"b"'],
    rows: [
      ['1', '2'],
      ['3', ''],
    ],
    idField: 'a',
  });
  expect(JSON.parse(requestBody(requestFrame([], {}), [row(''), row('')]))).toEqual({ fields: [], rows: [[], []] });
});

it('an error holds at most a hundred problems, and says how many there are', () => {
  const problems = Array.from({ length: 500 }, (_, row) => ({ row, column: 'number', problem: 'is infinite' }));
  const error = invalidRows(problems, problems.length, schema);
  expect(error.problems).toHaveLength(100);
  expect(error.message).toContain('and 495 more');
});

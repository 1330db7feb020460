import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import fc from 'fast-check';
import { ConfigurationError, type CsvSource, type JsonLinesSource, type ScoredRow } from 'h2o-ai-cloud';
import { echo, failureOf, fakeScorer, tableOf } from '../../../support/fake-scorer.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-rows-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

type Source = string | URL | CsvSource | JsonLinesSource;

/** The cells that are sent for a source. */
async function cellsOf(source: Source): Promise<readonly (readonly string[])[]> {
  const { scorer, tables } = fakeScorer();
  for await (const row of scorer.scoreStream(source)) expect(row).toBeDefined();
  return tables().flatMap(({ rows }) => rows);
}

async function refusal(source: Source): Promise<Error> {
  return failureOf(cellsOf(source));
}

async function* bytesOf(text: string, size = 1): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield await Promise.resolve(bytes.subarray(start, start + size));
}

describe('a CSV file', () => {
  test.each<[string, string, string[][]]>([
    [
      'in the order of its header',
      'b,a\nx,1\ny,2\n',
      [
        ['1', 'x'],
        ['2', 'y'],
      ],
    ],
    ['with quotes, delimiters and line breaks in cells', 'a,b\r\n1,"x,""y""\r\nz"\r\n', [['1', 'x,"y"\r\nz']]],
    [
      'with a byte order mark, blank lines and no last line break',
      '\ufeffa,b\n\n1,x\n\n2,é',
      [
        ['1', 'x'],
        ['2', 'é'],
      ],
    ],
    ['with missing cells', 'a,b\n,\n', [['', '']]],
    ['with digits that a number cannot hold', 'a,b\n9007199254740993,1\n', [['9007199254740993', '1']]],
    ['with nothing but a header', 'a,b\n', []],
  ])('%s', async (_, text, cells) => {
    expect(await cellsOf(await fileOf('rows.csv', text))).toEqual(cells);
    expect(await cellsOf({ csv: bytesOf(text) })).toEqual(cells);
  });

  it('can be named by URL, have tabs or another delimiter, or be a stream', async () => {
    const path = await fileOf('rows.tsv', 'a\tb\n1\tx;y\n');
    expect(await cellsOf(pathToFileURL(path))).toEqual([['1', 'x;y']]);
    expect(await cellsOf({ csv: bytesOf('a;b\n1;x\n', 3), delimiter: ';' })).toEqual([['1', 'x']]);
    expect(await cellsOf({ csv: createReadStream(path, 'utf8'), delimiter: '\t' })).toEqual([['1', 'x;y']]);
    expect(await cellsOf({ csv: new Blob(['a,b\n1,x\n']).stream() })).toEqual([['1', 'x']]);
  });

  test.each<[string, string, RegExp]>([
    ['lacks a column', 'a\n1\n', /"b" is missing/],
    ['has a column that the model does not have', 'a,b,secret-target\n1,x,1\n', /"secret-target" is not a column/],
    ['has a column twice', 'a,b,a\n1,x,2\n', /"a" is there twice/],
    ['spells a column otherwise', 'A,b\n1,x\n', /it is spelt a/],
    ['is empty', '', /is empty/],
    ['has a quote that never ends', 'a,b\n1,"secret-cell\n2,y\n', /cannot be read \(CSV_/],
    ['has a row that is too short', 'a,b\n1\n', /row 0 has 1 cells for 2 columns/],
    ['has a cell of the wrong type', 'a,b\n1,x\nsecret-cell,y\n', /row 1, column "a" is text that is no number/],
  ])('that %s is refused', async (_, text, message) => {
    const error = await refusal(await fileOf('rows.csv', text));
    expect(error).toMatchObject({ name: 'ScoringError', code: 'SCORING_ROWS_INVALID' });
    expect(error.message).toMatch(message);
    expect(inspect(error, { depth: 9 })).not.toContain('secret-cell');
  });

  it('may have other columns, if they are to be ignored', async () => {
    const { scorer, tables } = fakeScorer();
    const stream = scorer.scoreStream(await fileOf('rows.csv', 'target,a,b\n9,1,x\n'), { unknownColumns: 'ignore' });
    for await (const row of stream) expect(row).toEqual({ out: 1 });
    expect(tables()[0]?.rows).toEqual([['1', 'x']]);
  });

  it('that fails while it is read ends the stream with its own error', async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield* bytesOf('a,b\n1,x\n');
      throw new Error('the disk is gone');
    };
    expect((await refusal({ csv: failing() })).message).toBe('the disk is gone');
  });

  it('tells how much of it has been read', async () => {
    const { scorer } = fakeScorer();
    const path = await fileOf('rows.csv', `a,b\n${'1,x\n'.repeat(100)}`);
    let last: number | undefined;
    const stream = scorer.scoreStream(path, { onProgress: ({ remainingMs }) => (last = remainingMs) });
    for await (const row of stream) expect(row).toBeDefined();
    expect(last).toBe(0);
  });
});

describe('a file of JSON Lines', () => {
  it('is read line by line, wherever its chunks end', async () => {
    const text = '\ufeff{"a":1,"b":"é\\n"}\r\n\n{"a":null,"b":"y"}';
    const cells = [
      ['1', 'é\n'],
      ['', 'y'],
    ];
    expect(await cellsOf(await fileOf('rows.jsonl', text))).toEqual(cells);
    expect(await cellsOf({ jsonLines: bytesOf(text) })).toEqual(cells);
    expect(await cellsOf({ jsonLines: bytesOf(text, 7) })).toEqual(cells);
  });

  test.each<[string, string, RegExp]>([
    ['a line that is not JSON', '{"a":1,"b":"x"}\nsecret-cell\n', /row 1 is not JSON/],
    ['a line that is no object', '[1,2]\n', /row 0 is not an object/],
    ['a number that has lost digits', '{"a":1,"b":9007199254740993}\n', /row 0, column "b" has more digits/],
    ['a cell that is an object', '{"a":{},"b":"x"}\n', /row 0, column "a" is of type object/],
  ])('with %s is refused', async (_, text, message) => {
    const error = await refusal(await fileOf('rows.ndjson', text));
    expect(error.message).toMatch(message);
    expect(inspect(error, { depth: 9 })).not.toContain('secret-cell');
  });

  it('names bad lines and scores the others', async () => {
    const { scorer } = fakeScorer();
    const stream = scorer.scoreStream({ jsonLines: bytesOf('{"a":1,"b":"x"}\nbad\n{"a":3,"b":"x"}\n') }, { onRowError: 'collect' });
    const out: unknown[] = [];
    for await (const row of stream) out.push(row['out']);
    expect(out).toEqual([1, 3]);
    expect(stream.report.problems).toEqual([{ row: 1, problem: 'is not JSON' }]);
  });
});

describe('results in a file', () => {
  const rows = [
    { id: 'x,"1"', a: 1.5, b: 'line\nbreak' },
    { id: '2', a: null, b: null },
  ];
  const options = { idColumn: 'id', includeColumns: ['b'] };

  it('are CSV with a header', async () => {
    const path = join(directory, 'scores.csv');
    const report = await fakeScorer().scorer.scoreStream(rows, options).toFile(path);
    expect(report).toMatchObject({ scored: 2, failed: 0, nextRow: 2 });
    expect(await readFile(path, 'utf8')).toBe('id,b,out\n"x,""1""","line\nbreak",1.5\n2,,0\n');
  });

  it('are JSON Lines', async () => {
    const path = join(directory, 'scores.txt');
    await fakeScorer().scorer.scoreStream(rows, options).toFile({ jsonLines: path });
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as ScoredRow)).toEqual([
      { id: 'x,"1"', b: 'line\nbreak', out: 1.5 },
      { id: '2', b: null, out: 0 },
    ]);
  });

  it('give what stands beside a row columns of its own', async () => {
    const path = join(directory, 'scores.csv');
    const explaining = fakeScorer({
      '/model/capabilities': () => ['CONTRIBUTION_ORIGINAL'],
      '/model/score': (request) => ({
        ...(echo(request) as object),
        featureShapleyContributions: {
          features: ['contrib_a'],
          contributionGroups: [{ contributions: tableOf(request).rows.map(() => ['0.25']) }],
        },
      }),
    });
    await explaining.scorer.scoreStream(rows, { idColumn: 'id', contributions: 'ORIGINAL' }).toFile({ csv: path, delimiter: ';' });
    expect(await readFile(path, 'utf8')).toBe('id;out;contrib_a\n"x,""1""";1.5;0.25\n2;0;0.25\n');
  });

  it('do not overwrite a file unless asked', async () => {
    const path = await fileOf('scores.csv', 'precious');
    const { scorer, sent } = fakeScorer();
    expect(await failureOf(scorer.scoreStream(rows, options).toFile(path))).toBeInstanceOf(ConfigurationError);
    expect(sent).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe('precious');
    await scorer.scoreStream(rows, options).toFile(path, { ifExists: 'overwrite' });
    expect(await readFile(path, 'utf8')).toContain('id,b,out');
  });

  it('go on after a failure, without a row lost or twice', async () => {
    const many = Array.from({ length: 50 }, (_, a) => ({ a, b: 'x' }));
    const path = join(directory, 'scores.csv');
    let left = 3;
    const { scorer } = fakeScorer({ '/model/score': (request) => (left-- > 0 ? echo(request) : new Response('', { status: 404 })) });
    const first = scorer.scoreStream(many, { batchRows: 7, concurrency: 1 });
    await failureOf(first.toFile(path));
    const { nextRow } = first.report;
    expect(nextRow).toBe(21);
    left = 99;
    await scorer.scoreStream(many, { fromRow: nextRow }).toFile(path, { ifExists: 'append' });
    expect(await readFile(path, 'utf8')).toBe(`out\n${many.map(({ a }) => `${a}\n`).join('')}`);
  });

  test.each<[string, string]>([
    ['has other columns', 'id,other\n1,2\n'],
    ['ends in the middle of a line', 'id,b,out\n1,2'],
  ])('are not appended to a file that %s', async (_, text) => {
    const path = await fileOf('scores.csv', text);
    const work = fakeScorer().scorer.scoreStream(rows, options).toFile(path, { ifExists: 'append' });
    expect(await failureOf(work)).toBeInstanceOf(ConfigurationError);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('are read again as they were, whatever is in the cells', async () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', ';') }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(texts, async (cells) => {
        const path = join(directory, 'scores.csv');
        const given = cells.map((b, id) => ({ id, a: 1, b }));
        await fakeScorer().scorer.scoreStream(given, options).toFile(path, { ifExists: 'overwrite' });
        const schema = { inputFields: ['id', 'b', 'out'].map((name) => ({ name, dataType: 'Str' })), outputFields: [] };
        const reader = fakeScorer({
          '/model/schema': () => ({ schema }),
          '/model/score': (request) => ({ fields: [], score: tableOf(request).rows.map(() => []) }),
        });
        for await (const row of reader.scorer.scoreStream({ csv: path })) expect(row).toEqual({});
        expect(reader.tables().flatMap((table) => table.rows)).toEqual(given.map(({ id, b }) => [String(id), b, '1']));
      }),
      { numRuns: 25 },
    );
  });
});

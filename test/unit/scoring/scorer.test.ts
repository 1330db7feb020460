import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, test } from 'vitest';
import {
  ConfigurationError,
  type ContributionRequest,
  ResponseValidationError,
  ScoringError,
  TimeoutError,
  type Scorer,
} from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { echo, failureOf, fakeScorer, tableOf } from '../../support/fake-scorer.js';

const request = { fields: ['a', 'b'], rows: [['1', 'x']] };
const rowsUpTo = (count: number): { a: number; b: string }[] =>
  Array.from({ length: count }, (_, index) => ({ a: index, b: `row ${index}` }));

describe('a feature that the capabilities lack', () => {
  test.each<[string, (scorer: Scorer) => Promise<unknown>]>([
    ['CONTRIBUTION_ORIGINAL', (scorer) => scorer.score({ ...request, requestShapleyValueType: 'ORIGINAL' })],
    ['CONTRIBUTION_TRANSFORMED', (scorer) => scorer.contributions({ ...request, requestShapleyValueType: 'TRANSFORMED' })],
    ['SCORE_PREDICTION_INTERVAL', (scorer) => scorer.score({ ...request, requestPredictionIntervals: true })],
    ['MEDIA', (scorer) => scorer.scoreMedia(request, [])],
    ['CONTRIBUTION_ORIGINAL', (scorer) => scorer.scoreRows(rowsUpTo(1), { contributions: 'ORIGINAL' })],
    ['SCORE_PREDICTION_INTERVAL', (scorer) => scorer.scoreRows(rowsUpTo(1), { predictionIntervals: true })],
  ])('%s is refused before the request, with what the scorer can do: case %#', async (lacking, call) => {
    const { scorer, sent } = fakeScorer({ '/model/capabilities': () => ['SCORE', 'CONTRIBUTION_OTHER', 'secret <cell>'] });
    const error = await failureOf(call(scorer));
    expect(error).toMatchObject({ name: 'ScoringError', code: 'SCORING_UNSUPPORTED' });
    expect(error.message).toContain(lacking);
    expect(error.message).toContain('It can do: SCORE, CONTRIBUTION_OTHER.');
    expect(sent.map(({ path }) => path)).toEqual(['/model/capabilities']);
  });

  it('is not asked for by a request that wants scores alone', async () => {
    const { scorer, sent } = fakeScorer();
    await scorer.score({ ...request, requestShapleyValueType: 'NONE', requestPredictionIntervals: false });
    expect(sent.map(({ path }) => path)).toEqual(['/model/score']);
  });

  it('may be there where the scorer tells no capabilities', async () => {
    const contributions = { features: ['f'], contributionGroups: [{ contributions: [['1']] }] };
    const { scorer } = fakeScorer({
      '/model/capabilities': () => new Response('', { status: 501 }),
      '/model/contribution': () => contributions,
    });
    expect(await scorer.contributions({ ...request, requestShapleyValueType: 'ORIGINAL' })).toEqual(contributions);
  });
});

it('what a scorer says of itself is believed for five minutes', async () => {
  const clock = new FakeClock();
  const { scorer, sent } = fakeScorer({}, { cloud: { clock } });
  const reads = (): number => sent.filter(({ path }) => path === '/model/schema').length;
  await Promise.all([scorer.scoreRows(rowsUpTo(1)), scorer.scoreRows(rowsUpTo(1))]);
  await scorer.scoreRows(rowsUpTo(1));
  expect(reads()).toBe(1);
  await clock.advance(5 * 60_000);
  await scorer.scoreRows(rowsUpTo(1));
  expect(reads()).toBe(2);
});

test.each<[string, string]>([
  ['contributions', 'requestShapleyValueType'],
  ['prediction intervals', 'requestPredictionIntervals'],
])('%s that were asked for and are absent are an error', async (what, member) => {
  const { scorer } = fakeScorer({ '/model/capabilities': () => ['SCORE_PREDICTION_INTERVAL', 'CONTRIBUTION_ORIGINAL'] });
  const value = member === 'requestPredictionIntervals' ? true : 'ORIGINAL';
  const error = await failureOf(scorer.score({ ...request, [member]: value }));
  expect(error).toBeInstanceOf(ResponseValidationError);
  expect(error.message).toContain(what);
});

it('a request to explain that explains nothing is refused before anything is sent', async () => {
  const { scorer, sent } = fakeScorer();
  const explaining: object = { ...request, requestShapleyValueType: 'NONE' };
  expect(await failureOf(scorer.contributions(explaining as ContributionRequest))).toBeInstanceOf(ConfigurationError);
  expect(sent).toEqual([]);
});

it('no rows are scored without a request for them', async () => {
  const { scorer, tables } = fakeScorer();
  expect(await scorer.scoreRows([])).toEqual([]);
  expect(tables()).toEqual([]);
});

describe('ready()', () => {
  test.each<[string, () => Response, boolean]>([
    ['text that calls itself JSON', () => new Response('Ready', { headers: { 'content-type': 'application/json' } }), true],
    ['500', () => new Response('"Not ready"', { status: 500 }), false],
    ['503', () => new Response('', { status: 503 }), false],
  ])('a scorer that answers %s', async (_, answer, isReady) => {
    const { scorer, sent } = fakeScorer({ '/readyz': answer });
    expect(await scorer.ready()).toBe(isReady);
    expect(sent).toHaveLength(1);
  });

  it('does not call a scorer unready that refuses the user', async () => {
    const { scorer } = fakeScorer({ '/readyz': () => new Response('', { status: 401 }) });
    expect(await failureOf(scorer.ready())).toMatchObject({ code: 'AUTH_REJECTED' });
  });
});

test.each<[string, string | undefined]>([
  ['credit-gbm', 'credit-gbm'],
  ['123', '123'],
  ['{"code":5,"message":"x"}', '{"code":5,"message":"x"}'],
  ['', undefined],
])('modelId() is the text %j as it is', async (body, id) => {
  const { scorer } = fakeScorer({ '/model/id': () => new Response(body) });
  expect(await scorer.modelId()).toBe(id);
});

describe('scoreRows()', () => {
  it('keeps the order over several requests', async () => {
    const { scorer, tables } = fakeScorer();
    const scored = await scorer.scoreRows(rowsUpTo(2500), { idColumn: 'b' });
    expect(scored).toEqual(rowsUpTo(2500).map(({ a, b }) => ({ b, out: a })));
    expect(tables().length).toBeGreaterThan(1);
  });

  it('sends nothing when any row is wrong, and names row and column', async () => {
    const { scorer, tables } = fakeScorer();
    const rows: object[] = rowsUpTo(1500);
    rows[1400] = { a: 'abc', c: 1 };
    const error = await failureOf(scorer.scoreRows(rows as { a: number; b: string }[]));
    expect(error).toMatchObject({ code: 'SCORING_ROWS_INVALID' });
    expect(error instanceof ScoringError && error.problems.map(({ row, column }) => [row, column])).toEqual([
      [1400, 'a'],
      [1400, 'b'],
      [1400, 'c'],
    ]);
    expect(error.message).not.toContain('abc');
    expect(tables()).toEqual([]);
  });

  it('takes a hole in the list for a row that is wrong', async () => {
    const { scorer } = fakeScorer();
    const rows = rowsUpTo(3);
    // eslint-disable-next-line @typescript-eslint/no-array-delete -- a hole is what is tested
    delete rows[1];
    expect(await failureOf(scorer.scoreRows(rows))).toMatchObject({ code: 'SCORING_ROWS_INVALID', problems: [{ row: 1 }] });
  });

  it('counts timeoutMs over all of its requests', async () => {
    const clock = new FakeClock();
    const slow = async (sent: Parameters<typeof echo>[0]): Promise<unknown> => {
      await clock.advance(400);
      sent.signal?.throwIfAborted();
      return echo(sent);
    };
    const { scorer } = fakeScorer({ '/model/score': slow }, { cloud: { clock } });
    expect(await failureOf(scorer.scoreRows(rowsUpTo(20_000), { timeoutMs: 1000 }))).toBeInstanceOf(TimeoutError);
  });

  it('asks for what is to stand beside the scores, and gives it', async () => {
    const { scorer, tables } = fakeScorer({
      '/model/capabilities': () => ['CONTRIBUTION_ORIGINAL', 'SCORE_PREDICTION_INTERVAL'],
      '/model/score': (sent) => ({
        ...(echo(sent) as object),
        featureShapleyContributions: {
          features: ['fa'],
          contributionGroups: [{ contributions: tableOf(sent).rows.map((row) => [row[1]]) }],
        },
        predictionIntervals: { fields: ['low'], rows: tableOf(sent).rows.map(() => ['-1']) },
      }),
    });
    const options = { idColumn: 'id', includeColumns: ['b'], contributions: 'ORIGINAL', predictionIntervals: true } as const;
    const [scored] = await scorer.scoreRows([{ id: 'r1', a: 7, b: 'x' }], options);
    expect(scored).toEqual({ row: { id: 'r1', b: 'x', out: 7 }, contributions: { fa: 7 }, predictionIntervals: { low: -1 } });
    expect(tables()).toEqual([
      {
        fields: ['id', 'a', 'b'],
        rows: [['r1', '7', 'x']],
        includeFieldsInOutput: ['id', 'b'],
        idField: 'id',
        requestShapleyValueType: 'ORIGINAL',
        requestPredictionIntervals: true,
      },
    ]);
  });

  it('asks for nothing beside the scores by itself', async () => {
    const { scorer, tables } = fakeScorer();
    await scorer.scoreRows([{ a: null, b: null }]);
    expect(tables()).toEqual([{ fields: ['a', 'b'], rows: [['', '']] }]);
  });

  it('answers no rows with no rows', async () => {
    const { scorer, tables } = fakeScorer();
    expect(await scorer.scoreRows([])).toEqual([]);
    expect(tables()).toEqual([]);
  });

  test.each<[string, object]>([
    ['idColumn', { idColumn: 5 }],
    ['includeColumns', { includeColumns: 'a' }],
    ['unknownColumns', { unknownColumns: 'drop' }],
    ['contributions', { contributions: 'NONE' }],
    ['predictionIntervals', { predictionIntervals: 'yes' }],
  ])('refuses the option %s of another kind', async (name, options) => {
    const { scorer, sent } = fakeScorer();
    const error = await failureOf(scorer.scoreRows(rowsUpTo(1), options));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(name);
    expect(sent).toEqual([]);
  });
});

describe('scoreMedia()', () => {
  const directories: string[] = [];
  afterEach(async () => {
    await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })));
  });
  async function fileWith(content: string): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'h2o-media-'));
    directories.push(directory);
    await writeFile(join(directory, 'cat.png'), content);
    return join(directory, 'cat.png');
  }
  const media = { fields: ['image'], rows: [['cat.png'], ['dog "1".png']], mediaFields: ['image'] };
  const capable = { '/model/capabilities': () => ['MEDIA'], '/model/media-score': () => ({ fields: ['out'], score: [['1'], ['2']] }) };
  async function* streamOf(...chunks: string[]): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
  }

  it('sends the request as a JSON part without a file name, and each file with its own', async () => {
    const { scorer, sent } = fakeScorer(capable);
    const path = await fileWith('CAT');
    const dog = { name: 'dog "1".png', content: streamOf('D', 'OG'), contentType: 'image/png' };
    expect(await scorer.scoreMedia(media, [pathToFileURL(path), dog])).toEqual({ fields: ['out'], score: [['1'], ['2']] });
    const { headers, text } = sent.at(-1)!;
    const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(headers.get('content-type') ?? '')?.[1];
    const end = `--${boundary!}`;
    expect(text.split('\r\n')).toEqual([
      end,
      'Content-Disposition: form-data; name="scoreMediaRequest"',
      'Content-Type: application/json',
      '',
      JSON.stringify(media),
      end,
      'Content-Disposition: form-data; name="files"; filename="cat.png"',
      'Content-Type: application/octet-stream',
      '',
      'CAT',
      end,
      'Content-Disposition: form-data; name="files"; filename="dog %221%22.png"',
      'Content-Type: image/png',
      '',
      'DOG',
      `${end}--`,
      '',
    ]);
  });

  it('repeats a failed attempt where all files can be read again, and not else', async () => {
    let attempts = 0;
    const failingOnce = {
      ...capable,
      '/model/media-score': () => (attempts++ === 0 ? new Response('', { status: 503 }) : { fields: ['out'], score: [['1'], ['2']] }),
    };
    const files = [await fileWith('CAT'), { name: 'dog "1".png', content: new Uint8Array([68]) }];
    expect(await fakeScorer(failingOnce).scorer.scoreMedia(media, files)).toMatchObject({ score: [['1'], ['2']] });
    attempts = 0;
    const once = [files[0]!, { name: 'dog "1".png', content: streamOf('D') }];
    expect(await failureOf(fakeScorer(failingOnce).scorer.scoreMedia(media, once))).toMatchObject({ status: 503 });
  });

  test.each<[string, object, unknown[]]>([
    ['a row names a file that is not there', media, [{ name: 'cat.png', content: new Uint8Array() }]],
    ['two files have one name', media, ['cat.png', 'cat.png'].map((name) => ({ name, content: new Uint8Array() }))],
    ['a media field is no field', { ...media, mediaFields: ['other'] }, []],
    ['a file does not exist', media, ['/does/not/exist.png']],
    ['a URL is remote', media, [new URL('https://example.com/cat.png')]],
    ['a content is of no kind', media, [{ name: 'cat.png', content: 5 }]],
    ['a content type would break the part', media, [{ name: 'cat.png', content: new Uint8Array(), contentType: 'a/b\r\nx: y' }]],
  ])('is refused before anything is sent when %s', async (_, given, files) => {
    const { scorer, sent } = fakeScorer(capable);
    expect(await failureOf(scorer.scoreMedia(given as typeof media, files as string[]))).toBeInstanceOf(ConfigurationError);
    expect(sent.map(({ path }) => path)).toEqual(['/model/capabilities']);
  });
});

import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { AccessToken, ConfigurationError, TimeoutError, type Cell, type ScoredRow, type ScoreStream } from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { hurriedClock } from '../../support/cloud.js';
import { echo, failureOf, fakeScorer, tableOf, type Answer, type FakeScorer, type SentRequest } from '../../support/fake-scorer.js';

type TestRow = { readonly a: Cell; readonly b: Cell };
const rowsUpTo = (count: number): TestRow[] => Array.from({ length: count }, (_, index) => ({ a: index, b: `row ${index}` }));
const numbersUpTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, index) => index + from);

async function all<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** What was taken before the stream failed, and with what it failed. */
async function takenUntilFailure(stream: AsyncIterable<ScoredRow>): Promise<{ taken: unknown[]; error: Error }> {
  const taken: unknown[] = [];
  const error = await failureOf(
    (async () => {
      for await (const row of stream) taken.push(row['out']);
    })(),
  );
  return { taken, error };
}

/** A scorer that time passes quickly for, so that waiting before another attempt costs nothing. */
function hurried(answers: Readonly<Record<string, Answer>>): FakeScorer {
  return fakeScorer(answers, { cloud: { clock: hurriedClock(100), retry: { baseMs: 1 } } });
}

function broken(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

const cut = (request: SentRequest): Response => {
  const body = JSON.stringify(echo(request));
  return new Response(body.slice(0, -5), { headers: { 'content-type': 'application/json' } });
};
const withRows =
  (change: (rows: unknown[][]) => unknown[][]): Answer =>
  (request) => {
    const answer = echo(request) as { fields: string[]; score: unknown[][] };
    return { ...answer, score: change(answer.score) };
  };

/** The same answer with its columns turned round, which is as good. */
const turned =
  (answer: Answer): Answer =>
  async (request) => {
    const value = await answer(request);
    if (value instanceof Response) return value;
    const { fields, score } = value as { fields: string[]; score: unknown[][] };
    return { fields: [...fields].reverse(), score: score.map((cells) => [...cells].reverse()) };
  };
/** Batches that were sent after it are answered before it. */
const late: Answer = async (request) => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return echo(request);
};

describe('sources', () => {
  async function* slowly(rows: readonly TestRow[]): AsyncGenerator<TestRow> {
    for (const row of rows) yield await Promise.resolve(row);
  }
  const webStream = (rows: readonly TestRow[]): ReadableStream<TestRow> =>
    new ReadableStream({
      start(controller) {
        for (const row of rows) controller.enqueue(row);
        controller.close();
      },
    });

  test.each<[string, (rows: readonly TestRow[]) => Iterable<TestRow> | AsyncIterable<TestRow>]>([
    ['an array', (rows) => rows],
    ['an iterable', (rows) => new Set(rows)],
    ['an async iterable', slowly],
    ['a web stream', webStream],
  ])('%s is scored in order', async (_, source) => {
    const { scorer } = fakeScorer();
    expect((await all(scorer.scoreStream(source(rowsUpTo(500))))).map((row) => row['out'])).toEqual(numbersUpTo(500));
  });

  it('nothing is sent before the first result is taken, and a stream is read once', async () => {
    const { scorer, sent } = fakeScorer();
    const stream = scorer.scoreStream(rowsUpTo(3));
    expect(sent).toEqual([]);
    expect(await all(stream)).toHaveLength(3);
    expect(await failureOf(all(stream))).toBeInstanceOf(ConfigurationError);
  });

  it('of no rows give no results', async () => {
    const { scorer, tables } = fakeScorer();
    expect(await all(scorer.scoreStream([]))).toEqual([]);
    expect(tables()).toEqual([]);
  });

  it('that fail end the stream after the results of what they gave', async () => {
    const { scorer } = fakeScorer();
    const failing = function* (): Generator<TestRow> {
      yield* rowsUpTo(10);
      throw new Error('the database is gone');
    };
    const { taken, error } = await takenUntilFailure(scorer.scoreStream(failing(), { batchRows: 4 }));
    expect(taken).toEqual(numbersUpTo(10));
    expect(error.message).toBe('the database is gone');
  });

  it('that pause are not waited for with rows in hand', async () => {
    const clock = new FakeClock();
    const { scorer } = fakeScorer({}, { cloud: { clock } });
    let go = (): void => undefined;
    const more = new Promise<void>((resolve) => {
      go = resolve;
    });
    const source = async function* (): AsyncGenerator<TestRow> {
      yield* rowsUpTo(3);
      await more;
      yield { a: 3, b: '' };
    };
    const results = scorer.scoreStream(source())[Symbol.asyncIterator]();
    let first: unknown;
    void results.next().then(({ value }) => {
      first = value;
    });
    await vi.waitFor(async () => {
      await clock.advance(250);
      expect(first).toEqual({ out: 0 });
    });
    await results.next();
    await results.next();
    go();
    expect((await results.next()).value).toEqual({ out: 3 });
  });

  test.each<[string, unknown]>([
    ['a number', 5],
    ['nothing', null],
    ['lines of text', ['a,b', '1,2']],
    ['a file of an unknown ending', 'rows.xls'],
    ['a file that does not exist', '/does/not/exist.csv'],
    ['a remote file', new URL('https://example.com/rows.csv')],
    ['a delimiter of two characters', { csv: 'rows.csv', delimiter: '::' }],
  ])('%s is refused', async (_, source) => {
    const { scorer, tables } = fakeScorer();
    expect(await failureOf(all(scorer.scoreStream(source as TestRow[])))).toBeInstanceOf(ConfigurationError);
    expect(tables()).toEqual([]);
  });
});

test.each<[string, object]>([
  ['concurrency', { concurrency: 0 }],
  ['batchRows', { batchRows: 1.5 }],
  ['batchTimeoutMs', { batchTimeoutMs: -1 }],
  ['ordered', { ordered: 'yes' }],
  ['onRowError', { onRowError: 'ignore' }],
  ['fromRow', { fromRow: -1 }],
  ['onProgress', { onProgress: true }],
])('the option %s of another kind is refused at once', (name, options) => {
  expect(() => fakeScorer().scorer.scoreStream([], options)).toThrow(new RegExp(`\`${name}\``));
});

describe('batches', () => {
  it('are never more under way than allowed, and nothing is read ahead of a consumer who waits', async () => {
    let underWay = 0;
    let most = 0;
    let read = 0;
    const { scorer } = fakeScorer({
      '/model/score': async (request) => {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return echo(request);
      },
    });
    const endless = function* (): Generator<TestRow> {
      for (;;) yield { a: read++, b: '' };
    };
    const batches = scorer.scoreStream(endless(), { batchRows: 10, concurrency: 3 }).batches();
    await batches.next();
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(most).toBe(3);
    expect(read).toBeLessThanOrEqual(10 * (3 * 2 + 1));
    await batches.return(undefined);
  });

  it('are cut to their bytes', async () => {
    const { scorer, tables } = fakeScorer();
    const rows = rowsUpTo(40).map((row) => ({ ...row, b: 'x'.repeat(1000) }));
    await all(scorer.scoreStream(rows, { maxBatchBytes: 10_000, batchRows: 1000 }));
    expect(tables().map((table) => table.rows.length)).toEqual([10, 10, 10, 10]);
  });

  it('grow while that makes a scorer faster that needs a fixed time for a request', async () => {
    const { scorer, tables } = fakeScorer();
    await all(scorer.scoreStream(rowsUpTo(8000), { concurrency: 1 }));
    const sizes = tables().map((table) => table.rows.length);
    expect(sizes[0]).toBe(128);
    expect(Math.max(...sizes)).toBeGreaterThan(128);
  });

  it('may come as they are ready', async () => {
    const { scorer } = fakeScorer({
      '/model/score': async (request) => {
        if (tableOf(request).rows[0]?.[0] === '0') await new Promise((resolve) => setTimeout(resolve, 20));
        return echo(request);
      },
    });
    const stream = scorer.scoreStream(rowsUpTo(40), { batchRows: 10, ordered: false, idColumn: 'b' });
    const ids = (await all(stream)).map((row) => row['b']);
    expect(ids[0]).not.toBe('row 0');
    expect([...ids].sort()).toEqual(
      rowsUpTo(40)
        .map(({ b }) => b)
        .sort(),
    );
    expect(stream.report).toMatchObject({ scored: 40, nextRow: 40 });
  });
});

describe('a row that does not fit the model', () => {
  const rows: TestRow[] = rowsUpTo(100).map((row, index) => (index === 37 || index === 61 ? { ...row, a: 'abc' } : row));

  it('ends the stream by default, after all rows before it, and before it is sent', async () => {
    const { scorer, tables } = fakeScorer();
    const stream = scorer.scoreStream(rows, { batchRows: 10 });
    const { taken, error } = await takenUntilFailure(stream);
    expect(taken).toEqual(numbersUpTo(37));
    expect(error).toMatchObject({ code: 'SCORING_ROWS_INVALID', problems: [{ row: 37, column: 'a' }] });
    expect(error.message).toContain('go on with { fromRow: 37 }');
    expect(stream.report).toMatchObject({ scored: 37, nextRow: 37 });
    expect(JSON.stringify(tables())).not.toContain('abc');
  });

  test.each<['skip' | 'collect', number[]]>([
    ['skip', []],
    ['collect', [37, 61]],
  ])('is left out and counted with %s', async (onRowError, collected) => {
    const { scorer } = fakeScorer();
    const stream = scorer.scoreStream(rows, { batchRows: 10, onRowError });
    expect((await all(stream)).map((row) => row['out'])).toEqual(numbersUpTo(100).filter((index) => index !== 37 && index !== 61));
    expect(stream.report).toMatchObject({ rows: 100, scored: 98, failed: 2, nextRow: 100 });
    expect(stream.report.problems.map(({ row }) => row)).toEqual(collected);
  });
});

describe('a row that the scorer refuses', () => {
  /** Refuses a request with any of these rows, as the Java scorer does: for the whole request, with the cell in the text. */
  const refusing =
    (status: number, ...bad: number[]): Answer =>
    (request) => {
      const isBad = tableOf(request).rows.some(([a]) => bad.includes(Number(a)));
      return isBad ? Response.json({ detail: `For input string: "secret-cell"` }, { status }) : echo(request);
    };

  test.each([400, 422, 413, 500])('with %i is found, named and left out, and all others are scored', async (status) => {
    const { scorer } = hurried({ '/model/score': refusing(status, 5, 6, 83) });
    const stream = scorer.scoreStream(rowsUpTo(100), { batchRows: 30, onRowError: 'collect' });
    expect((await all(stream)).map((row) => row['out'])).toEqual(numbersUpTo(100).filter((index) => ![5, 6, 83].includes(index)));
    expect(stream.report.problems.map(({ row }) => row)).toEqual([5, 6, 83]);
    expect(JSON.stringify(stream.report)).not.toContain('secret-cell');
    expect(JSON.stringify(stream.report)).toContain(String(status));
  });

  it('ends the stream by default, named, after all rows before it', async () => {
    const { scorer } = hurried({ '/model/score': refusing(400, 44) });
    const stream = scorer.scoreStream(rowsUpTo(100), { batchRows: 30 });
    const { taken, error } = await takenUntilFailure(stream);
    expect(taken).toEqual(numbersUpTo(44));
    expect(error).toMatchObject({ code: 'SCORING_FAILED', status: 400, problems: [{ row: 44 }] });
    expect(error.message).toContain('row 44');
    expect(error.message).not.toContain('secret-cell');
    expect(stream.report.nextRow).toBe(44);
  });

  test.each([
    [12, 30],
    [1234, 2500],
  ])('is named in scoreRows() too, row %i of %i', async (bad, count) => {
    const { scorer } = hurried({ '/model/score': refusing(422, bad) });
    expect(await failureOf(scorer.scoreRows(rowsUpTo(count)))).toMatchObject({ status: 422, problems: [{ row: bad }] });
  });

  it('is told from a scorer that fails for all', async () => {
    const { scorer, tables } = hurried({ '/model/score': () => new Response('', { status: 500 }) });
    const error = await failureOf(all(scorer.scoreStream(rowsUpTo(1000), { onRowError: 'skip', concurrency: 1, retry: { limit: 0 } })));
    expect(error).toMatchObject({ code: 'SCORING_FAILED', status: 500 });
    expect(tables().length).toBeLessThan(40);
  });
});

describe('a scorer that', () => {
  /** Misbehaves in the n-th requests to score, and else is well. */
  function misbehaving(how: Answer, ...when: number[]): FakeScorer {
    let count = 0;
    return hurried({ '/model/score': (request) => (when.includes(count++) ? how(request) : echo(request)) });
  }

  test.each<[string, Answer]>([
    ['dies', () => Promise.reject(broken('ECONNRESET'))],
    ['is gone for a moment', () => Promise.reject(broken('ECONNREFUSED'))],
    ['is overloaded', () => new Response('', { status: 503, headers: { 'retry-after': '1' } })],
    ['fails once', () => new Response('Internal Server Error', { status: 500 })],
    ['cuts its answer', cut],
    ['answers with a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['returns fewer rows', withRows((rows) => rows.slice(1))],
    ['returns more rows', withRows((rows) => [...rows, rows[0]!])],
    ['returns other cells', withRows((rows) => rows.map((row) => ['-1', ...row]))],
    ['answers late', late],
  ])('%s in the middle loses and doubles nothing', async (_, how) => {
    const { scorer } = misbehaving(how, 1, 2, 5);
    const stream = scorer.scoreStream(rowsUpTo(100), { batchRows: 10 });
    expect((await all(stream)).map((row) => row['out'])).toEqual(numbersUpTo(100));
    expect(stream.report).toMatchObject({ scored: 100, failed: 0 });
  });

  test.each<[string, Answer, string]>([
    ['stays away', () => Promise.reject(broken('ECONNREFUSED')), 'CONNECTION_FAILED'],
    ['goes on returning fewer rows', withRows((rows) => rows.slice(1)), 'RESPONSE_INVALID'],
    ['goes on cutting its answers', cut, 'RESPONSE_INVALID'],
    ['goes on refusing the user', () => new Response('', { status: 401 }), 'AUTH_REJECTED'],
    ['is gone', () => new Response('', { status: 404 }), 'SCORING_FAILED'],
  ])('%s ends the stream with the rows that are not scored, whatever onRowError says', async (_, how, code) => {
    const { scorer } = misbehaving(how, ...numbersUpTo(200, 3));
    const stream = scorer.scoreStream(rowsUpTo(100), { batchRows: 10, concurrency: 1, onRowError: 'skip', retry: { limit: 2 } });
    const { taken, error } = await takenUntilFailure(stream);
    expect(taken).toEqual(numbersUpTo(30));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain('while scoring rows 30 to 39');
    expect(error.message).toContain('{ fromRow: 30 }');
    expect(stream.report).toMatchObject({ scored: 30, nextRow: 30 });
  });

  it('swaps rows is found out by the ids that it repeats', async () => {
    const { scorer } = hurried({ '/model/score': withRows((rows) => [...rows].reverse()) });
    const error = await failureOf(all(scorer.scoreStream(rowsUpTo(10), { idColumn: 'b' })));
    expect(error.message).toContain('another order');
  });

  it('repeats a row in place of another is found out by the ids', async () => {
    const { scorer } = hurried({ '/model/score': withRows((rows) => rows.map((row, index) => (index === 3 ? rows[2]! : row))) });
    expect(await failureOf(all(scorer.scoreStream(rowsUpTo(10), { idColumn: 'b' })))).toMatchObject({ code: 'RESPONSE_INVALID' });
  });

  it('changes the order of its columns does not mix them up', async () => {
    let count = 0;
    const schema = {
      inputFields: [{ name: 'a', dataType: 'Float64' }],
      outputFields: ['p', 'q'].map((name) => ({ name, dataType: 'Float64' })),
    };
    const swapping: Answer = (request) => {
      const rows = tableOf(request).rows;
      return count++ % 2 === 0
        ? { fields: ['p', 'q'], score: rows.map(([a]) => [a, '-1']) }
        : { fields: ['q', 'p'], score: rows.map(([a]) => ['-1', a]) };
    };
    const { scorer } = fakeScorer({ '/model/schema': () => ({ schema }), '/model/score': swapping });
    const results = await all(
      scorer.scoreStream(
        numbersUpTo(30).map((a) => ({ a })),
        { batchRows: 3 },
      ),
    );
    expect(results).toEqual(numbersUpTo(30).map((p) => ({ p, q: -1 })));
  });

  it('is too slow for a large batch gets smaller ones', async () => {
    const { scorer, tables } = hurried({
      '/model/score': (request) =>
        tableOf(request).rows.length <= 50
          ? echo(request)
          : new Promise((_, reject) =>
              request.signal?.addEventListener('abort', () => {
                reject(new Error());
              }),
            ),
    });
    const stream = scorer.scoreStream(rowsUpTo(600), { batchTimeoutMs: 2000, concurrency: 1 });
    expect((await all(stream)).map((row) => row['out'])).toEqual(numbersUpTo(600));
    expect(tables().filter((table) => table.rows.length > 50).length).toBeLessThan(5);
  });

  it('hangs is given up, and not with every row', async () => {
    const { scorer, tables } = hurried({ '/model/score': () => new Promise(() => undefined) });
    const error = await failureOf(all(scorer.scoreStream(rowsUpTo(600), { batchTimeoutMs: 1000, concurrency: 1 })));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(tables().map((table) => table.rows.length)).toEqual([128, 32, 8]);
  });
});

describe('a run', () => {
  it('can go on where another has ended', async () => {
    const { scorer, tables } = fakeScorer();
    const first = scorer.scoreStream(rowsUpTo(50), { batchRows: 8 })[Symbol.asyncIterator]();
    const taken: unknown[] = [];
    const stream: ScoreStream<ScoredRow> = scorer.scoreStream(rowsUpTo(50), { batchRows: 8 });
    for await (const row of stream) if (taken.push(row['out']) === 21) break;
    await first.return?.();
    expect(stream.report.nextRow).toBe(21);
    const rest = await all(scorer.scoreStream(rowsUpTo(50), { fromRow: stream.report.nextRow }));
    expect([...taken, ...rest.map((row) => row['out'])]).toEqual(numbersUpTo(50));
    expect(tables().at(-1)?.rows[0]?.[0]).toBe('21');
  });

  it('tells how far it is, how fast, and how long it still takes', async () => {
    const clock = new FakeClock();
    const passing: Answer = async (request) => {
      await clock.advance(1000);
      return echo(request);
    };
    const { scorer } = fakeScorer({ '/model/score': passing }, { cloud: { clock } });
    const seen: object[] = [];
    await all(scorer.scoreStream(rowsUpTo(400), { batchRows: 100, concurrency: 1, onProgress: (progress) => seen.push(progress) }));
    expect(seen).toHaveLength(4);
    expect(seen[1]).toMatchObject({ rows: 200, scored: 200, failed: 0, rowsPerSecond: 100, nextRow: 200, remainingMs: 2000 });
    expect(seen[3]).toMatchObject({ rows: 400, remainingMs: 0 });
  });

  it('ends with the reason of its signal, and lets go of its source', async () => {
    const controller = new AbortController();
    let hasClosed = false;
    const { scorer } = fakeScorer();
    const source = function* (): Generator<TestRow> {
      try {
        for (let a = 0; ; a++) yield { a, b: '' };
      } finally {
        hasClosed = true;
      }
    };
    const reason = new Error('enough');
    const work = (async () => {
      for await (const row of scorer.scoreStream(source(), { signal: controller.signal })) if (row['out'] === 500) controller.abort(reason);
    })();
    expect(await failureOf(work)).toBe(reason);
    await vi.waitFor(() => {
      expect(hasClosed).toBe(true);
    });
  });

  it('lets go of its source, and ends what is under way, when its consumer leaves', async () => {
    const signals: (AbortSignal | null)[] = [];
    let hasClosed = false;
    const { scorer } = fakeScorer({
      '/model/score': (request) => {
        signals.push(request.signal);
        return signals.length === 1 ? echo(request) : new Promise(() => undefined);
      },
    });
    const source = function* (): Generator<TestRow> {
      try {
        yield* rowsUpTo(1000);
      } finally {
        hasClosed = true;
      }
    };
    for await (const row of scorer.scoreStream(source(), { batchRows: 10 })) if (row['out'] === 3) break;
    expect(hasClosed).toBe(true);
    expect(signals.slice(1).every((signal) => signal?.aborted)).toBe(true);
  });

  it('counts timeoutMs over the whole of it', async () => {
    const clock = new FakeClock();
    const slow: Answer = async (request) => {
      await clock.advance(400);
      return echo(request);
    };
    const { scorer } = fakeScorer({ '/model/score': slow }, { cloud: { clock } });
    const { taken, error } = await takenUntilFailure(scorer.scoreStream(rowsUpTo(400), { batchRows: 10, concurrency: 1, timeoutMs: 1000 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain('scoreStream was not done within 1000 ms');
    expect(taken.length).toBeLessThan(40);
  });

  it('renews the token on the way', async () => {
    let issued = 0;
    const credential = {
      getToken: ({ rejected }: { readonly rejected?: string }) => {
        if (rejected !== undefined || issued === 0) issued += 1;
        return Promise.resolve(new AccessToken(`token-${issued}`));
      },
    };
    let served = 0;
    const expiring: Answer = (request) => {
      // Each token is good for five requests.
      const isGood = request.headers.get('authorization') === `Bearer token-${Math.floor(served / 5) + 1}`;
      if (!isGood) return new Response('', { status: 401 });
      served += 1;
      return echo(request);
    };
    const { scorer } = fakeScorer({ '/model/score': expiring }, { user: { credential } });
    const results = await all(scorer.scoreStream(rowsUpTo(200), { batchRows: 10, concurrency: 1 }));
    expect(results.map((row) => row['out'])).toEqual(numbersUpTo(200));
    expect(issued).toBe(4);
  });
});

describe('any table', () => {
  const cell: fc.Arbitrary<number | null> = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null));
  const rows = fc.array(fc.record({ a: cell, b: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null)) }), {
    maxLength: 60,
    size: 'max',
  });
  const faults: readonly Answer[] = [
    () => Promise.reject(broken('ECONNRESET')),
    () => new Response('', { status: 503 }),
    () => new Response('', { status: 500 }),
    cut,
    withRows((some) => some.slice(1)),
    withRows((some) => [...some, ...some]),
    withRows((some) => [...some].reverse()),
    withRows((some) => some.map(() => some[0] ?? [])),
    turned(echo),
    late,
  ];

  it('comes back lossless and in order, for every batch size and concurrency, with faults at any batch', async () => {
    const plan = fc.record({
      rows,
      batchRows: fc.integer({ min: 1, max: 20 }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      faults: fc.dictionary(fc.integer({ min: 0, max: 8 }).map(String), fc.constantFrom(...faults), { minKeys: 1, maxKeys: 2 }),
      turns: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ rows: given, batchRows, concurrency, faults: when, turns }) => {
        let count = 0;
        // By the rows, and not by the number of the request: asking again gives no other order, so that it cannot mend a misreading.
        const isTurned = (request: SentRequest): boolean => Number(tableOf(request).rows[0]?.[0]) % turns === 0;
        const answer: Answer = (request) => {
          const answering = when[String(count++)] ?? echo;
          return (isTurned(request) ? turned(answering) : answering)(request);
        };
        const { scorer, tables } = hurried({ '/model/score': answer });
        const options = { batchRows, concurrency, idColumn: 'id', includeColumns: ['b'] };
        const results = await all(
          scorer.scoreStream(
            given.map((row, id) => ({ id, ...row })),
            options,
          ),
        );
        // -0 has no sign as a text of JavaScript, an empty text is a missing one, and a whole number that a number may not hold comes as text.
        const outOf = (a: number | null): number | string => {
          const out = (a ?? 0) + 0;
          return /^-?\d+$/.test(String(out)) && !Number.isSafeInteger(out) ? String(out) : out;
        };
        expect(results).toEqual(given.map(({ a, b }, id) => ({ id, b: b === '' ? null : b, out: outOf(a) })));
        for (const table of tables()) expect(table.rows.flat().every((text) => typeof text === 'string')).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the good rows and names the bad ones, whichever they are', async () => {
    const plan = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      bad: fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 10 }),
      batchRows: fc.integer({ min: 1, max: 30 }),
      ordered: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ count, bad, batchRows, ordered }) => {
        const refusing: Answer = (request) =>
          tableOf(request).rows.some(([a]) => bad.includes(Number(a))) ? new Response('', { status: 400 }) : echo(request);
        const stream = hurried({ '/model/score': refusing }).scorer.scoreStream(rowsUpTo(count), {
          batchRows,
          ordered,
          onRowError: 'collect',
        });
        const byNumber = (one: number, other: number): number => one - other;
        const out = (await all(stream)).map((row) => Number(row['out']));
        expect(ordered ? out : out.sort(byNumber)).toEqual(numbersUpTo(count).filter((index) => !bad.includes(index)));
        expect(stream.report.problems.map(({ row }) => row).sort(byNumber)).toEqual(bad.filter((index) => index < count).sort(byNumber));
        expect(stream.report.nextRow).toBe(count);
      }),
      { numRuns: 60 },
    );
  });
});

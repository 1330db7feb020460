/**
 * Streams as sources of rows: read to their end, and ended with the stream of scores, also while they give nothing.
 */
import { PassThrough, Readable, Transform } from 'node:stream';
import { describe, expect, it, test, vi } from 'vitest';
import type { Cell, ScoredRow } from 'h2o-ai-cloud';
import { echo, failureOf, fakeScorer, tableOf, type Answer } from '../../../support/fake-scorer.js';

type TestRow = { readonly a: Cell; readonly b: Cell };
type Source = AsyncIterable<TestRow> | ReadableStream<TestRow> | { readonly csv: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> };

const rowsUpTo = (count: number): TestRow[] => Array.from({ length: count }, (_, index) => ({ a: index, b: `row ${index}` }));
const csvOf = (rows: readonly TestRow[]): Buffer => Buffer.from(`a,b\n${rows.map(({ a, b }) => `${String(a)},${String(b)}\n`).join('')}`);

/** A stream, and whether it has been ended before its time. */
interface Watched {
  readonly source: Source;
  readonly isEnded: () => boolean;
}

function readable(rows: readonly TestRow[], { hangs = false } = {}): Watched {
  let next = 0;
  const stream = new Readable({
    objectMode: true,
    read() {
      if (next < rows.length) this.push(rows[next++]);
      else if (!hangs) this.push(null);
    },
  });
  return { source: stream, isEnded: () => stream.destroyed };
}

function transform(rows: readonly TestRow[], { hangs = false } = {}): Watched {
  const stream = new Transform({
    objectMode: true,
    transform(row: TestRow, _, done) {
      done(null, { ...row, b: String(row.b) });
    },
  });
  for (const row of rows) stream.write(row);
  if (!hangs) stream.end();
  return { source: stream, isEnded: () => stream.destroyed };
}

function webStream(rows: readonly TestRow[], { hangs = false } = {}): Watched {
  let next = 0;
  let isCancelled = false;
  const source = new ReadableStream<TestRow>({
    pull(controller) {
      const row = rows[next++];
      if (row !== undefined) controller.enqueue(row);
      else if (!hangs) controller.close();
    },
    cancel() {
      isCancelled = true;
    },
  });
  return { source, isEnded: () => isCancelled };
}

function csvStream(rows: readonly TestRow[], { hangs = false } = {}): Watched {
  const stream = new PassThrough();
  stream.write(csvOf(rows));
  if (!hangs) stream.end();
  return { source: { csv: stream }, isEnded: () => stream.destroyed };
}

function webCsvStream(rows: readonly TestRow[], { hangs = false } = {}): Watched {
  let isCancelled = false;
  const csv = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(csvOf(rows));
      if (!hangs) controller.close();
    },
    cancel() {
      isCancelled = true;
    },
  });
  return { source: { csv }, isEnded: () => isCancelled };
}

const kinds: readonly [string, (rows: readonly TestRow[], options?: { readonly hangs?: boolean }) => Watched][] = [
  ['a Node stream of rows', readable],
  ['a transform of rows', transform],
  ['a web stream of rows', webStream],
  ['a Node stream of CSV', csvStream],
  ['a web stream of CSV', webCsvStream],
];

async function taken(stream: AsyncIterable<ScoredRow>, onRow: (out: unknown) => void = () => undefined): Promise<unknown[]> {
  const outs: unknown[] = [];
  for await (const { out } of stream) {
    outs.push(out);
    onRow(out);
  }
  return outs;
}

const ended = ({ isEnded }: Watched): Promise<void> =>
  vi.waitFor(() => {
    expect(isEnded()).toBe(true);
  });

describe.each(kinds)('%s', (_, make) => {
  it('is scored in order, to its end', async () => {
    const { source } = make(rowsUpTo(300));
    expect(await taken(fakeScorer().scorer.scoreStream(source))).toEqual(rowsUpTo(300).map(({ a }) => a));
  });

  it('is ended by an abort, also while it gives nothing', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const watched = make(rowsUpTo(20), { hangs: true });
    const stream = fakeScorer().scorer.scoreStream(watched.source, { batchRows: 10, signal: controller.signal });
    const work = taken(stream, (out) => {
      if (out === 12) controller.abort(reason);
    });
    expect(await failureOf(work)).toBe(reason);
    await ended(watched);
  });

  it('is ended by a failure of the scorer, also while it gives nothing', async () => {
    const failing: Answer = (request) => (tableOf(request).rows[0]?.[0] === '10' ? new Response('', { status: 403 }) : echo(request));
    const watched = make(rowsUpTo(20), { hangs: true });
    const stream = fakeScorer({ '/model/score': failing }).scorer.scoreStream(watched.source, { batchRows: 10 });
    expect(await failureOf(taken(stream))).toMatchObject({ code: 'AUTH_REJECTED' });
    await ended(watched);
  });

  it('is ended when nobody takes the results any more', async () => {
    const watched = make(rowsUpTo(20), { hangs: true });
    for await (const { out } of fakeScorer().scorer.scoreStream(watched.source, { batchRows: 10 })) if (out === 3) break;
    await ended(watched);
  });
});

test('a CSV stream that never gives its header is ended by an abort', async () => {
  const controller = new AbortController();
  const csv = new PassThrough();
  const work = taken(fakeScorer().scorer.scoreStream({ csv }, { signal: controller.signal }));
  // Its first bytes are being waited for.
  await vi.waitFor(() => {
    expect(csv.listenerCount('readable')).toBeGreaterThan(0);
  });
  controller.abort(new Error('enough'));
  expect(await failureOf(work)).toMatchObject({ message: 'enough' });
  expect(csv.destroyed).toBe(true);
});

test('the error of a Node stream ends the scores after those of what it gave', async () => {
  const stream = Readable.from(
    (function* (): Generator<TestRow> {
      yield* rowsUpTo(10);
      throw new Error('the database is gone');
    })(),
  );
  const outs: unknown[] = [];
  const work = taken(fakeScorer().scorer.scoreStream(stream, { batchRows: 4 }), (out) => outs.push(out));
  expect(await failureOf(work)).toMatchObject({ message: 'the database is gone' });
  expect(outs).toEqual(rowsUpTo(10).map(({ a }) => a));
});

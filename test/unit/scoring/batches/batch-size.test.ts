import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { afterBatch, afterOverload, startSizing, type SizeLimits, type Sizing } from '../../../../src/scoring/batches/batch-size.js';

const limits: SizeLimits = { maxRows: 20_000, concurrency: 4 };

/** How long a batch of so many rows takes, in milliseconds. */
type Scorer = (rows: number) => number;

function after(sizing: Sizing, batches: number, scorer: Scorer, within = limits): Sizing {
  let now = sizing;
  for (let index = 0; index < batches; index++)
    now = afterBatch(now, { rows: now.rows, isCut: false, durationMs: scorer(now.rows) }, within);
  return now;
}

const measured = (rows: number, rate: number): Partial<Sizing> => ({ rows, best: { rows, rate } });
const start = startSizing(limits);

test.each<[string, Sizing, number, Scorer, Partial<Sizing>]>([
  ['one batch decides nothing', start, 1, () => 10, { rows: 128, best: undefined }],
  ['after some of one size, twice as many are tried', start, 5, () => 10, { rows: 256, going: 'up', best: { rows: 128, rate: 12.8 } }],
  ['batches that were made before that decide nothing', start, 5 + 4 + 4, () => 10, { rows: 256, rates: [25.6, 25.6, 25.6, 25.6] }],
  ['while it pays, it goes on', start, 5 + 9, () => 10, { rows: 512, best: { rows: 256, rate: 25.6 } }],
  ['what pays no more is left', start, 5 + 9 + 9, (rows) => (rows > 256 ? 30 : 10), { rows: 256, going: 'rest' }],
  ['if more never paid, less is tried', start, 5 + 9, (rows) => rows, { rows: 64, going: 'down' }],
  ['if less does not pay either, it rests', start, 5 + 9 + 9, (rows) => rows, { rows: 128, going: 'rest' }],
  ['while less pays, it goes on', start, 5 + 9 + 9 + 9, (rows) => rows ** 2, { rows: 16, going: 'down' }],
  ['a gain within the noise is none', start, 5 + 9, (rows) => (rows === 256 ? rows / 1.03 : rows), { rows: 64, going: 'down' }],
])('%s', (_, sizing, batches, scorer, expected) => {
  expect(after(sizing, batches, scorer)).toMatchObject(expected);
});

describe('at rest', () => {
  const resting = after(start, 23, (rows) => rows);

  it('other sizes are tried again after a while, since a scorer may change', () => {
    expect(resting).toMatchObject({ rows: 128, going: 'rest' });
    expect(after(resting, 100, () => 10).best?.rows).toBeGreaterThan(128);
  });

  it('longer each time', () => {
    const again = after(resting, 4 + 32 + 9 + 9, (rows) => rows);
    expect(again).toMatchObject({ going: 'rest', rows: 128, rest: 64 });
  });

  it('a scorer that collapses is looked at at once', () => {
    expect(after(resting, 4 + 8, (rows) => rows * 10)).toMatchObject({ going: 'down', rows: 64 });
  });
});

describe('limits', () => {
  it('no batch is larger than the largest, nor empty', () => {
    const small: SizeLimits = { maxRows: 300, concurrency: 1 };
    expect(after(startSizing(small), 2 + 3, () => 10, small)).toMatchObject({ rows: 300 });
    expect(after(startSizing({ maxRows: 1, concurrency: 1 }), 50, (rows) => rows, { maxRows: 1, concurrency: 1 }).rows).toBe(1);
    expect(after(start, 400, (rows) => rows ** 3).rows).toBe(1);
  });

  it('batches of another size, such as the last, say nothing', () => {
    expect(afterBatch(start, { rows: 7, isCut: false, durationMs: 1 }, limits)).toBe(start);
  });

  it('batches that are cut to their bytes say that more rows do not pay', () => {
    let sizing = start;
    for (let index = 0; index < 5 + 9 + 9; index++) sizing = afterBatch(sizing, { rows: 100, isCut: true, durationMs: 10 }, limits);
    expect(sizing.going).toBe('rest');
  });

  it('an overload takes a quarter, and forgets what was measured', () => {
    const large: Sizing = { ...start, ...measured(4096, 5), going: 'rest' };
    expect(afterOverload(large, 4096, limits)).toMatchObject({ rows: 1024, best: undefined, going: 'down' });
    expect(afterOverload(large, 8192, limits)).toBe(large);
    expect(afterOverload({ ...start, rows: 2 }, 2, limits).rows).toBe(1);
  });
});

describe('for any scorer', () => {
  // Milliseconds for a request, for each row of it, and for each pair of its rows.
  const scorers = fc.record({
    fixed: fc.double({ min: 0.5, max: 500, noNaN: true }),
    linear: fc.double({ min: 0.001, max: 1, noNaN: true }),
    square: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e-3, noNaN: true })),
    noise: fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 31, maxLength: 31 }),
  });

  it('the size that is found gives at least four fifths of what is possible', () => {
    fc.assert(
      fc.property(scorers, ({ fixed, linear, square, noise }) => {
        const exact: Scorer = (rows) => fixed + linear * rows + square * rows * rows;
        let count = 0;
        const found = after(start, 250, (rows) => exact(rows) * noise[count++ % noise.length]!).best!.rows;
        const rateOf = (rows: number): number => rows / exact(rows);
        const best = Math.max(...Array.from({ length: 400 }, (_, index) => rateOf(Math.min(20_000, Math.ceil(1.026 ** index)))));
        expect(rateOf(found) / best).toBeGreaterThan(0.8);
      }),
      { numRuns: 300 },
    );
  });
});

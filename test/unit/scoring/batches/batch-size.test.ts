import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { afterBatch, afterOverload, startSizing, type SizeLimits, type Sizing } from '../../../../src/scoring/batches/batch-size.js';

const limits: SizeLimits = { maxRows: 20_000, concurrency: 4 };

/** How long a batch of so many rows takes, in milliseconds. */
type Scorer = (rows: number) => number;

interface Course {
  readonly now: () => Sizing;
  readonly elapsedMs: () => number;
  /** @param as the scorer from now on */
  readonly run: (batches: number, as?: Scorer) => Sizing;
}

/** Batches one after the other, as many at a time as the limits say, so that one is done each quarter of what it takes. */
function course(scorer: Scorer, within = limits): Course {
  let sizing = startSizing(within);
  let at = 0;
  const run: Course['run'] = (batches, as = scorer) => {
    for (let index = 0; index < batches; index++) {
      at += as(sizing.rows) / within.concurrency;
      sizing = afterBatch(sizing, { rows: sizing.rows, isCut: false, at }, within);
    }
    return sizing;
  };
  return { now: () => sizing, elapsedMs: () => at, run };
}

const start = startSizing(limits);
/** A batch that starts a window and those in it; then those that were made before another size, and those in its window. */
const first = 1 + 4;
const next = 4 + 4;
const careful = 4 + 8;

test.each<[string, number, Scorer, Partial<Sizing>]>([
  ['one batch decides nothing', 1, () => 160, { rows: 128, best: undefined }],
  ['after some of one size, twice as many are tried', first, () => 160, { rows: 256, going: 'up', best: { rows: 128, rate: 3.2 } }],
  ['batches that were made before that decide nothing', first + 4, () => 160, { rows: 256, window: { since: 360, batches: 0, rows: 0 } }],
  ['while it pays, it goes on', first + next, () => 160, { rows: 512, best: { rows: 256, rate: 6.4 } }],
  ['what pays no more is left', first + 2 * next, (rows) => (rows > 256 ? 480 : 160), { rows: 256, going: 'rest' }],
  ['if more never paid, less is tried', first + next, (rows) => 2 * rows, { rows: 64, going: 'down' }],
  ['if less does not pay either, it rests', first + 2 * next, (rows) => 5 * rows, { rows: 128, going: 'rest' }],
  ['while less pays, it goes on', first + 3 * next, (rows) => rows ** 2, { rows: 16, going: 'down' }],
  ['a gain within the noise is none', first + next, (rows) => (rows === 256 ? (2 * rows) / 1.03 : 2 * rows), { rows: 64, going: 'down' }],
])('%s', (_, batches, scorer, expected) => {
  expect(course(scorer).run(batches)).toMatchObject(expected);
});

it('batches of a fast scorer are measured together, for longer than a pause of the garbage collector', () => {
  const fast = course(() => 4);
  expect(fast.run(40)).toMatchObject({ rows: 128, window: { batches: 39 } });
  expect(fast.run(1)).toMatchObject({ rows: 256, best: { rows: 128, rate: 128 } });
});

describe('at rest', () => {
  const resting = (): Course => {
    const made = course((rows) => 5 * rows);
    made.run(first + 2 * next);
    expect(made.now()).toMatchObject({ rows: 128, going: 'rest' });
    return made;
  };

  it('sizes close by are tried again after a while, since a scorer may change', () => {
    expect(resting().run(4 + 3 * 8)).toMatchObject({ rows: 90, going: 'down' });
    expect(resting().run(4 + 3 * 8 + careful)).toMatchObject({ rows: 182, going: 'up' });
    expect(resting().run(400, () => 600).best?.rows).toBeGreaterThan(128);
  });

  it('longer each time', () => {
    expect(resting().run(4 + 3 * 8 + 2 * careful)).toMatchObject({ going: 'rest', rows: 128, rest: 6 });
  });

  it('a scorer that collapses is looked at at once, in large steps', () => {
    expect(resting().run(4 + 2 * 8, (rows) => rows * 50)).toMatchObject({ going: 'down', rows: 64, isSettled: false });
  });

  it('one pause is no collapse', () => {
    const paused = resting();
    paused.run(4 + 1, () => 100_000);
    expect(paused.run(2 * 8 - 1)).toMatchObject({ going: 'rest', rows: 128 });
  });
});

describe('limits', () => {
  it('no batch is larger than the largest, nor empty', () => {
    const small: SizeLimits = { maxRows: 300, concurrency: 1 };
    expect(course(() => 160, small).run(2 + 2 * 2)).toMatchObject({ rows: 300 });
    expect(course((rows) => 50 * rows, { maxRows: 1, concurrency: 1 }).run(50).rows).toBe(1);
    expect(course((rows) => rows ** 3).run(400).rows).toBeLessThan(4);
  });

  it('batches of another size, such as the last, say nothing', () => {
    const measuring = course(() => 160).run(3);
    expect(afterBatch(measuring, { rows: 7, isCut: false, at: 130 }, limits)).toEqual({
      ...measuring,
      window: { since: 130, batches: 0, rows: 0 },
    });
  });

  it('batches that are cut to their bytes say that more rows do not pay', () => {
    let sizing = start;
    for (let index = 0; index < first + 2 * next; index++) sizing = afterBatch(sizing, { rows: 100, isCut: true, at: 50 * index }, limits);
    expect(sizing.going).toBe('rest');
  });

  it('an overload takes a quarter, and forgets what was measured', () => {
    const large: Sizing = { ...start, rows: 4096, best: { rows: 4096, rate: 5 }, going: 'rest' };
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

  it('the size that is found gives at least three quarters of what is possible, though figures vary by a tenth', () => {
    fc.assert(
      fc.property(scorers, ({ fixed, linear, square, noise }) => {
        const exact: Scorer = (rows) => fixed + linear * rows + square * rows * rows;
        let count = 0;
        const search = course((rows) => exact(rows) * noise[count++ % noise.length]!);
        do search.run(300);
        while (search.elapsedMs() < 3_000);
        const found = search.now().best!.rows;
        const rateOf = (rows: number): number => rows / exact(rows);
        const best = Math.max(...Array.from({ length: 400 }, (_, index) => rateOf(Math.min(20_000, Math.ceil(1.026 ** index)))));
        expect(rateOf(found) / best).toBeGreaterThan(0.75);
      }),
      { numRuns: 300 },
    );
  });
});

import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it, test } from 'vitest';
import { printJavaFloat } from '../../../src/local/mojo/java-number.js';
import { readMojo } from '../../../src/local/mojo/mojo.js';
import type { Mojo } from '../../../src/local/mojo/mojo.js';
import { MojoError } from '../../../src/local/mojo/mojo-error.js';
import { exportedModel, rowsOf } from './models.js';

const cellsOf = (mojo: Mojo, row: ReadonlyMap<string, string>): readonly (string | undefined)[] =>
  mojo.columns.map(({ name }) => row.get(name));

/** The numbers of a table of predictions or contributions, without the columns named. */
const numbersOf = (file: string, ...omitted: readonly string[]): readonly (readonly number[])[] =>
  rowsOf(file).map((row) => [...row].filter(([name]) => !omitted.includes(name)).map(([, cell]) => Number(cell)));

describe('a GBM that H2O-3 exported', () => {
  test.each([
    { model: 'credit-gbm', data: 'credit.csv', what: 'two classes', isClassifier: true, count: 50 },
    { model: 'shop-late-gbm', data: 'shop.csv', what: 'two classes, balanced in training', isClassifier: true, count: 60 },
    { model: 'shop-kind-gbm', data: 'shop.csv', what: 'four classes, a level of 70 and missing values', isClassifier: true, count: 60 },
    { model: 'shop-visits-gbm', data: 'shop.csv', what: 'a count (poisson, link log)', isClassifier: false, count: 60 },
    { model: 'shop-cost-gbm', data: 'shop.csv', what: 'a number (gaussian, link identity)', isClassifier: false, count: 60 },
  ])('$model, of $what, predicts what H2O-3 itself predicted', ({ model, data, isClassifier, count }) => {
    const mojo = readMojo(exportedModel(`${model}.zip`));
    const expected = numbersOf(`${model}-predictions.csv`, ...(isClassifier ? ['predict'] : []));
    expect(expected).toHaveLength(count);
    const rows = rowsOf(data);
    expected.forEach((wanted, index) => {
      const scores = mojo.score(cellsOf(mojo, rows[index] ?? new Map()));
      expect(scores).toHaveLength(wanted.length);
      scores.forEach((score, output) => {
        expect(Math.abs(score / (wanted[output] ?? NaN) - 1)).toBeLessThan(1e-12);
      });
    });
  });

  test.each([
    ['credit-gbm', 'credit.csv'],
    ['shop-late-gbm', 'shop.csv'],
    ['shop-visits-gbm', 'shop.csv'],
    ['shop-cost-gbm', 'shop.csv'],
  ])('%s has the Shapley values that H2O computed, to the last bit', (model, data) => {
    const mojo = readMojo(exportedModel(`${model}.zip`));
    const rows = rowsOf(data);
    numbersOf(`${model}-contributions.csv`).forEach((wanted, index) => {
      const values = mojo.contributions?.(cellsOf(mojo, rows[index] ?? new Map())) ?? [];
      expect(values).toEqual(wanted.map(Math.fround));
      expect(values.map((value) => Number(printJavaFloat(value)))).toEqual(
        values.map((value) => Number(printJavaFloat(Math.fround(value)))),
      );
    });
  });

  it('has Shapley values that add up to the prediction before its link, whatever the row', () => {
    const mojo = readMojo(exportedModel('shop-cost-gbm.zip'));
    const cell = fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }).map(String), fc.constant(''));
    const level = fc.constantFrom('city 00', 'city 41', 'city 69', 'elsewhere', '');
    fc.assert(
      fc.property(level, fc.constantFrom('red', 'grey', 'no such', ''), cell, cell, (...row) => {
        const sum = (mojo.contributions?.(row) ?? []).reduce((total, value) => total + value, 0);
        expect(sum).toBeCloseTo(mojo.score(row)[0] ?? NaN, 4);
      }),
    );
  });

  it('of more than two classes has no Shapley values, as in H2O-3; a GLM has none either', () => {
    expect(readMojo(exportedModel('shop-kind-gbm.zip')).contributions).toBeUndefined();
    expect(readMojo(exportedModel('credit-glm.zip')).contributions).toBeUndefined();
  });

  it('says what it is and what it takes', () => {
    const mojo = readMojo(exportedModel('shop-kind-gbm.zip'));
    expect(mojo).toMatchObject({ algorithm: 'gbm', category: 'Multinomial', target: 'kind' });
    expect(mojo.outputs).toEqual(['kind.a', 'kind.b', 'kind.c', 'kind.d']);
    expect(mojo.columns.map(({ name, type }) => [name, type])).toEqual([
      ['city', 'categorical'],
      ['colour', 'categorical'],
      ['x', 'numeric'],
      ['z', 'numeric'],
    ]);
  });
});

type Files = Record<string, Uint8Array>;

/** An exported model with other files in it. */
function changed(model: string, change: (files: Files) => Files): Uint8Array {
  return zipSync(change({ ...unzipSync(exportedModel(`${model}.zip`)) }), { level: 0 });
}

const bytesOf = (files: Files, path: string): Uint8Array<ArrayBuffer> => new Uint8Array(files[path] ?? []);

/** Other lines in model.ini; undefined leaves one out. */
const withInfo =
  (lines: Readonly<Record<string, string | undefined>>) =>
  (files: Files): Files => {
    const ini = new TextDecoder().decode(files['model.ini']);
    const edited = Object.entries(lines).reduce(
      (text, [key, value]) => text.replace(new RegExp(`^${key} = .*$`, 'm'), value === undefined ? '' : `${key} = ${value}`),
      ini,
    );
    return { ...files, 'model.ini': new TextEncoder().encode(edited) };
  };

const without =
  (...paths: readonly string[]) =>
  (files: Files): Files =>
    Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));

/** Another first tree, with no more weights than it can have splits. */
const withTree =
  (tree: Uint8Array) =>
  (files: Files): Files => ({
    ...files,
    'trees/t00_000.bin': tree,
    'trees/t00_000_aux.bin': bytesOf(files, 'trees/t00_000_aux.bin').subarray(0, 40 * Math.floor(tree.length / 4)),
  });

describe('each layout, distribution and link', () => {
  const score = (model: string, lines: Readonly<Record<string, string | undefined>>): number => {
    const mojo = readMojo(changed(model, withInfo(lines)));
    return mojo.score(cellsOf(mojo, rowsOf('shop.csv')[0] ?? new Map()))[0] ?? NaN;
  };
  const sum = Math.log(score('shop-visits-gbm', {}));

  test.each<[string, Readonly<Record<string, string | undefined>>, number]>([
    ['a tweedie model has the link of its distribution', { distribution: 'tweedie' }, Math.exp(sum)],
    ['a gamma model that names no link is a power', { distribution: 'gamma', link_function: undefined }, Math.exp(sum)],
    ['a laplace model that names none is the sum', { distribution: 'laplace', link_function: undefined }, sum],
    ['a quantile model, link identity', { distribution: 'quantile', link_function: 'identity' }, sum],
    ['a huber model, link identity', { distribution: 'huber', link_function: 'identity' }, sum],
    ['a custom distribution, link inverse', { distribution: 'custom', link_function: 'inverse' }, 1 / Math.max(-1e-5, sum)],
    ['a power is capped', { init_f: '1000.0' }, 1e19],
  ])('%s', (_, lines, expected) => {
    expect(score('shop-visits-gbm', lines)).toBeCloseTo(expected, 12);
  });

  it('a model without the balance of its classes is not corrected for it', () => {
    const plain = score('shop-late-gbm', { balance_classes: 'false' });
    expect(plain).toBeLessThan(score('shop-late-gbm', {}));
  });

  it('two classes grown as one of many: the second is the mirror of the first', () => {
    const lines = { distribution: 'multinomial', link_function: 'log', balance_classes: 'false' };
    const mojo = readMojo(changed('shop-late-gbm', withInfo(lines)));
    const [no = NaN, yes = NaN] = mojo.score(cellsOf(mojo, rowsOf('shop.csv')[0] ?? new Map()));
    expect(no + yes).toBeCloseTo(1, 12);
    const plain = readMojo(changed('shop-late-gbm', withInfo({ balance_classes: 'false' })));
    const [, bernoulli = NaN] = plain.score(cellsOf(plain, rowsOf('shop.csv')[0] ?? new Map()));
    // Both are of the same sum, once as the first class and once as the second, and the mirror counts it twice.
    expect(Math.log(no / yes)).toBeCloseTo(2 * Math.log(bernoulli / (1 - bernoulli)), 9);
  });

  it('a class that grew no tree in one round is passed over', () => {
    expect(() => readMojo(changed('shop-kind-gbm', without('trees/t03_005.bin')))).not.toThrow();
  });

  it('trees written on a machine of the other byte order are read', () => {
    const leaf = new Uint8Array([0, 0xff, 0xff, 0x3f, 0x80, 0, 0]);
    const only = (files: Files): Files =>
      withInfo({ endianness: 'BIG_ENDIAN', n_trees: '1', init_f: '0.5' })(
        withTree(leaf)({ ...files, 'trees/t00_000_aux.bin': new Uint8Array() }),
      );
    expect(readMojo(changed('shop-cost-gbm', only)).score([])).toEqual([1.5]);
  });
});

describe('levels that a split does not know', () => {
  /** A split of `city` by bits for the levels 40 to 47, of which 41 goes right, and 50 bytes behind; left is 1, right is 2. */
  const tree = (direction: number, count: readonly number[]): Uint8Array =>
    new Uint8Array([0b11111100, 0, 0, direction, 40, 0, ...count, 0b10, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
  const weights = new Uint8Array(40);
  const scoreOf = (city: string, version: string, bytes: Uint8Array): number | undefined => {
    const only = (files: Files): Files =>
      withInfo({ mojo_version: version, n_trees: '1', init_f: '0.0' })({ ...withTree(bytes)(files), 'trees/t00_000_aux.bin': weights });
    return readMojo(changed('shop-cost-gbm', only)).score([city])[0];
  };
  const [left, right] = [2, 3];

  test.each<[string, string, string, number, number]>([
    ['a level whose bit is set goes right', 'city 41', '1.40', left, 2],
    ['one whose bit is not set goes left', 'city 42', '1.40', right, 1],
    ['one beyond the bits goes where missing values go', 'city 60', '1.40', right, 2],
    ['one before them too', 'city 00', '1.40', right, 2],
    ['one never seen too', 'elsewhere', '1.40', right, 2],
    ['and left when those go left', 'city 60', '1.40', left, 1],
    ['in the layout 1.10 as well', 'city 60', '1.10', right, 2],
    ['in the layout 1.00 it goes left whatever missing values do', 'city 60', '1.00', right, 1],
    ['where they go their own way', 'elsewhere', '1.00', right, 2],
  ])('%s', (_, city, version, direction, expected) => {
    const count = Number(version) < 1.2 ? [1, 0] : [8, 0, 0, 0];
    expect(scoreOf(city, version, tree(direction, count))).toBe(expected);
  });

  it('a split of missing values from the rest sends everything else left', () => {
    const bytes = new Uint8Array([0b11110000, 2, 0, 1, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
    const only = (files: Files): Files =>
      withInfo({ n_trees: '1', init_f: '0.0' })({ ...withTree(bytes)(files), 'trees/t00_000_aux.bin': weights });
    const mojo = readMojo(changed('shop-cost-gbm', only));
    expect([mojo.score(['', '', '7']), mojo.score(['', '', ''])]).toEqual([[1], [2]]);
  });

  it('the oldest layout has no weights, so no Shapley values', () => {
    const only = (files: Files): Files =>
      withInfo({ mojo_version: '1.00', n_trees: '1' })(without('trees/t00_000_aux.bin')(withTree(tree(left, [1, 0]))(files)));
    expect(readMojo(changed('shop-cost-gbm', only)).contributions).toBeUndefined();
  });
});

describe('a GBM that is damaged, hostile or unknown is refused', () => {
  const first = bytesOf(unzipSync(exportedModel('shop-cost-gbm.zip')), 'trees/t00_000.bin');
  /** Splits inside splits, each the left child of the one before. */
  const chain = (levels: number): Uint8Array => {
    let node: Uint8Array = new Uint8Array([0b11110000, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (let level = 1; level < levels; level++) {
      const length = new Uint8Array(new Uint32Array([node.length]).buffer);
      node = new Uint8Array([0b11000011, 2, 0, 2, 0, 0, 0, 0, ...length, ...node, 0, 0, 0, 0]);
    }
    return node;
  };

  test.each<[string, string, (files: Files) => Files, string]>([
    ['a newer layout', 'shop-cost-gbm', withInfo({ mojo_version: '1.50' }), 'this GBM has the layout 1.50, newer than 1.40'],
    ['an unknown distribution', 'shop-cost-gbm', withInfo({ distribution: 'cauchy' }), 'does not know the GBM distribution "cauchy"'],
    [
      'one of another category',
      'shop-cost-gbm',
      withInfo({ distribution: 'bernoulli' }),
      'the distribution bernoulli does not fit the category Regression',
    ],
    ['an unknown link', 'shop-cost-gbm', withInfo({ link_function: 'oprobit' }), 'does not know the GBM link "oprobit"'],
    [
      'an encoding that changes the columns',
      'shop-cost-gbm',
      withInfo({ _genmodel_encoding: 'OneHotExplicit' }),
      'GBMs with the encoding OneHotExplicit',
    ],
    [
      'trees for other classes',
      'shop-kind-gbm',
      withInfo({ n_trees_per_class: '3' }),
      '"n_trees_per_class" in model.ini does not fit the distribution',
    ],
    ['fewer trees than it says', 'shop-cost-gbm', without('trees/t00_004.bin'), 'the zip holds 4 of the 6 trees that model.ini says'],
    [
      'a billion trees',
      'shop-cost-gbm',
      withInfo({ n_trees: '1000000000' }),
      'the zip holds 6 of the 1000000000 trees that model.ini says',
    ],
    ['a tree without its weights', 'shop-cost-gbm', without('trees/t00_002_aux.bin'), 'the zip lacks trees/t00_002_aux.bin'],
    [
      'weights of another tree',
      'shop-cost-gbm',
      (files) => ({ ...files, 'trees/t00_000_aux.bin': new Uint8Array(40) }),
      'the weights of trees/t00_000.bin do not fit the tree',
    ],
    [
      'weights cut short',
      'shop-cost-gbm',
      (files) => ({ ...files, 'trees/t00_000_aux.bin': new Uint8Array(39) }),
      'trees/t00_000.bin is cut short',
    ],
    ['a tree cut short', 'shop-cost-gbm', withTree(first.subarray(0, first.length - 3)), 'trees/t00_000.bin is cut short'],
    ['an empty tree', 'shop-cost-gbm', withTree(new Uint8Array()), 'trees/t00_000.bin is cut short'],
    [
      'a split on a column that is not there',
      'shop-cost-gbm',
      withTree(new Uint8Array([0, 99, 0, ...first.subarray(3)])),
      'trees/t00_000.bin is damaged',
    ],
    [
      'a test of an unknown kind',
      'shop-cost-gbm',
      withTree(new Uint8Array([0b11110100, 2, 0, 2, ...first])),
      'trees/t00_000.bin is damaged',
    ],
    [
      'a left child of an unknown kind',
      'shop-cost-gbm',
      withTree(new Uint8Array([0b11010000, 2, 0, 2, 0, 0, 0, 0, ...first])),
      'trees/t00_000.bin is damaged',
    ],
    [
      'a split that points back into itself',
      'shop-cost-gbm',
      withTree(new Uint8Array([0b11000000, 2, 0, 2, 0, 0, 0, 0, 1, ...chain(1)])),
      'trees/t00_000.bin is damaged',
    ],
    [
      'bits beyond the end',
      'shop-cost-gbm',
      withTree(new Uint8Array([0b11111100, 0, 0, 2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0])),
      'trees/t00_000.bin is cut short',
    ],
  ])('%s', (_, model, change, reason) => {
    const zip = changed(model, change);
    expect(() => readMojo(zip)).toThrow(MojoError);
    expect(() => readMojo(zip)).toThrow(reason);
  });

  it('weights for more splits than the tree can hold, and more bytes of trees than any model has', () => {
    const weights = (files: Files): Files => ({ ...files, 'trees/t00_000_aux.bin': new Uint8Array(40 * first.length) });
    expect(() => readMojo(changed('shop-cost-gbm', weights))).toThrow('the weights of trees/t00_000.bin do not fit the tree');
    const bytes = (files: Files): Files => ({ ...files, 'trees/t00_000.bin': new Uint8Array(49 * 1024 * 1024) });
    expect(() => readMojo(changed('shop-cost-gbm', bytes))).toThrow('the trees take more than 48 MiB');
  });

  it('a tree deeper than any that H2O-3 grows', () => {
    const only = (files: Files): Files => withInfo({ mojo_version: '1.00', n_trees: '1' })(withTree(chain(513))(files));
    expect(() => readMojo(changed('shop-cost-gbm', only))).toThrow('trees/t00_000.bin is deeper than 512 levels');
    const deep = (files: Files): Files => withInfo({ mojo_version: '1.00', n_trees: '1' })(withTree(chain(512))(files));
    expect(() => readMojo(changed('shop-cost-gbm', deep))).not.toThrow();
  });

  it('whatever bytes are changed: it is refused as a model, or it answers', () => {
    const files = unzipSync(exportedModel('shop-late-gbm.zip'));
    const paths = ['trees/t00_000.bin', 'trees/t00_000_aux.bin', 'trees/t00_003.bin', 'model.ini', 'domains/d000.txt'];
    const edit = fc.record({ path: fc.constantFrom(...paths), at: fc.nat(4000), byte: fc.integer({ min: 0, max: 255 }) });
    const row = cellsOf(readMojo(exportedModel('shop-late-gbm.zip')), rowsOf('shop.csv')[0] ?? new Map());
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const damaged = { ...files };
        for (const { path, at, byte } of edits) {
          const bytes = bytesOf(damaged, path);
          bytes[at % bytes.length] = byte;
          damaged[path] = bytes;
        }
        try {
          const mojo = readMojo(zipSync(damaged, { level: 0 }));
          expect(mojo.score(row).every((score) => typeof score === 'number')).toBe(true);
          mojo.contributions?.(row);
        } catch (error) {
          expect(error).toHaveProperty('name', expect.stringMatching(/^(MojoError|RowError)$/));
        }
      }),
      { numRuns: 300 },
    );
  });
});

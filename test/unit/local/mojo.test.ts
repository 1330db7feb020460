import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { describe, expect, it, test } from 'vitest';
import { readMojo } from '../../../src/local/mojo/mojo.js';
import type { Mojo } from '../../../src/local/mojo/mojo.js';
import { MojoError } from '../../../src/local/mojo/mojo-error.js';
import { exportedModel, glmMojo, rowsOf, zipOf } from './models.js';

const scoreRow = (mojo: Mojo, row: ReadonlyMap<string, string>): readonly number[] =>
  mojo.score(mojo.columns.map(({ name }) => row.get(name)));

describe('a model that H2O-3 exported', () => {
  test.each([
    { model: 'credit-glm.zip', rows: 'credit.csv', predictions: 'credit-glm-predictions.csv', count: 50 },
    { model: 'iris-glm.zip', rows: 'iris.csv', predictions: 'iris-glm-predictions.csv', count: 150 },
  ])('$model predicts what H2O-3 itself predicted for all $count rows', ({ model, rows, predictions, count }) => {
    const mojo = readMojo(exportedModel(model));
    const expected = rowsOf(predictions).map((row) => [...row.values()].slice(1).map(Number));
    const scores = rowsOf(rows).map((row) => scoreRow(mojo, row));
    expect(expected).toHaveLength(count);
    expect(scores).toHaveLength(count);
    scores.forEach((score, row) => {
      score.forEach((value, output) => {
        const wanted = expected[row]?.[output] ?? NaN;
        expect(Math.abs(value - wanted) / wanted).toBeLessThan(1e-9);
      });
    });
  });

  it('says what it is and what it takes', () => {
    const mojo = readMojo(exportedModel('credit-glm.zip'));
    expect(mojo).toMatchObject({
      algorithm: 'glm',
      category: 'Binomial',
      target: 'default payment next month',
      h2oVersion: '3.46.0.6',
      uuid: '1274624737028538368',
    });
    expect(mojo.outputs).toEqual(['default payment next month.0', 'default payment next month.1']);
    expect(mojo.columns.map(({ name }) => name)).toEqual([
      'EDUCATION',
      'MARRIAGE',
      'SEX',
      'LIMIT_BAL',
      'AGE',
      'PAY_1',
      'BILL_AMT1',
      'PAY_AMT1',
    ]);
    expect(mojo.columns[2]).toEqual({ name: 'SEX', type: 'categorical', levels: ['female', 'male'] });
    expect(mojo.columns[3]).toEqual({ name: 'LIMIT_BAL', type: 'numeric' });
    expect(readMojo(exportedModel('iris-glm.zip')).outputs).toEqual(['species.setosa', 'species.versicolor', 'species.virginica']);
  });

  it('takes an unseen level and the usual spellings of "no value" for a missing value', () => {
    const mojo = readMojo(exportedModel('credit-glm.zip'));
    const row = ['university', 'single', 'male', '10000', '30', '0', '1', '2'];
    const withCell = (index: number, cell: string | undefined): readonly number[] =>
      mojo.score(row.with(index, '').map((text, at) => (at === index ? cell : text)));
    for (const index of row.keys()) {
      const missing = withCell(index, undefined);
      for (const spelling of ['', 'NA', 'N/A', 'nan', 'NaN', 'None', '?']) expect(withCell(index, spelling)).toEqual(missing);
    }
    expect(withCell(2, 'never seen')).toEqual(withCell(2, undefined));
    // The modes of EDUCATION, MARRIAGE and SEX, then the mean of AGE.
    expect(mojo.score(['', '', '', '1', '', '0', '0', '0'])).toEqual(
      mojo.score(['university', 'single', 'male', '1', '47.94077448747153', '0', '0', '0']),
    );
  });

  it('scores a row alike whatever the order of its columns', () => {
    const mojo = readMojo(exportedModel('credit-glm.zip'));
    const rows = rowsOf('credit.csv');
    const shuffled = fc
      .constantFrom(...rows)
      .chain((row) => fc.tuple(fc.constant(row), fc.shuffledSubarray([...row], { minLength: row.size })));
    fc.assert(
      fc.property(shuffled, ([row, entries]) => {
        expect(scoreRow(mojo, new Map(entries))).toEqual(scoreRow(mojo, row));
      }),
    );
  });

  it('gives probabilities that sum to one, whatever the numbers', () => {
    const mojo = readMojo(exportedModel('iris-glm.zip'));
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 4, maxLength: 4 }), (numbers) => {
        const sum = mojo.score(numbers.map(String)).reduce((total, share) => total + share, 0);
        expect(sum).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe('a file that is no model for us says why', () => {
  const whole = exportedModel('iris-glm.zip');
  test.each<[string, Uint8Array, string]>([
    ['not a zip', new TextEncoder().encode('sepal_len,sepal_wid\n'), 'this is not a zip file, and every MOJO is one'],
    ['nothing at all', new Uint8Array(), 'this is not a zip file, and every MOJO is one'],
    ['a zip cut short', whole.slice(0, 4000), 'the zip is damaged or cut short'],
    ['a zip of something else', zipOf({ 'readme.txt': 'hello' }), 'the zip holds no model.ini, so it is not an H2O-3 MOJO'],
    ['another algorithm', glmMojo({ info: { algo: 'drf' } }), 'this local cloud evaluates H2O-3 MOJOs of: gbm, glm; this one is drf'],
    ['an algorithm named like a property of every object', glmMojo({ info: { algo: 'constructor' } }), 'this one is constructor'],
    ['a setting is missing', glmMojo({ info: { family: undefined } }), 'model.ini lacks "family"'],
    ['a setting is no number', glmMojo({ info: { n_features: 'two' } }), '"n_features" in model.ini is not a number'],
    ['a setting is no count', glmMojo({ info: { n_features: '-1' } }), '"n_features" in model.ini is not a count'],
    ['a setting is no list', glmMojo({ info: { beta: '7' } }), '"beta" in model.ini is not a list'],
    ['a column is missing', glmMojo({ info: { n_columns: '4' } }), 'model.ini names 3 columns where n_columns says 4'],
    ['more features than columns', glmMojo({ info: { n_features: '9' } }), 'n_features says 9 of 3 columns'],
    [
      'a domain file is missing',
      glmMojo({ files: { 'model.ini': '[info]\nn_columns = 1\n[columns]\na\n[domains]\n0: 2 d000.txt\n' } }),
      'the domain "0: 2 d000.txt" of model.ini is not in the zip',
    ],
    [
      'a domain file is short',
      glmMojo({ columns: [['a', ['x', 'y']], ['y']], files: { 'domains/d000.txt': 'x\n' } }),
      'domains/d000.txt holds 1 levels where model.ini says 2',
    ],
    ['an unsupervised model', glmMojo({ info: { supervised: 'false' } }), 'the model has no target column'],
  ])('%s', (_, zip, reason) => {
    expect(() => readMojo(zip)).toThrow(MojoError);
    expect(() => readMojo(zip)).toThrow(reason);
  });

  it('a line of model.ini that is mostly spaces costs no more than its length', () => {
    const line = `no setting${' '.repeat(500_000)}at all`;
    expect(() => readMojo(glmMojo({ files: { 'model.ini': `[info]\n${line}\n` } }))).toThrow('model.ini lacks "n_columns"');
  });

  it('a zip that would unpack to more than 256 MiB is refused before it is unpacked', () => {
    expect(() => readMojo(declaring(glmMojo(), 257 * 1024 * 1024))).toThrow('the zip unpacks to more than 256 MiB');
  });

  it('a zip that lies about its size is not unpacked beyond what it says', () => {
    expect(() => readMojo(declaring(glmMojo(), 10))).toThrow(MojoError);
  });
});

/** The same zip, its index claiming another unpacked size for each file. */
function declaring(zip: Uint8Array, sizeBytes: number): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset);
  for (let offset = 0; offset < zip.byteLength - 46; offset++) {
    const isIndexEntry = view.getUint32(offset, true) === 0x02014b50;
    if (isIndexEntry) view.setUint32(offset + 24, sizeBytes, true);
  }
  return zip;
}

describe('the text files of a model', () => {
  it('unescape line breaks and backslashes in levels, and keep everything else', () => {
    const levels = [String.raw`two\nlines`, String.raw`back\\slash`, ' padded ', 'ž'];
    const categorical = {
      cats: '1',
      cat_offsets: '[0, 4]',
      nums: '0',
      num_means: '[]',
      cat_modes: '[0]',
      beta: '[1.0, 2.0, 3.0, 4.0, 0.0]',
    };
    const mojo = readMojo(glmMojo({ columns: [['c', levels], ['y']], info: categorical }));
    expect(mojo.columns[0]).toMatchObject({ levels: ['two\nlines', 'back\\slash', ' padded ', 'ž'] });
    expect(mojo.score(['back\\slash'])).toEqual([2]);
    const older = readMojo(glmMojo({ columns: [['c', levels], ['y']], info: { ...categorical, escape_domain_values: undefined } }));
    expect(older.score([String.raw`back\\slash`])).toEqual([2]);
  });

  it('may have Windows line ends, comments and blank lines', () => {
    const ini = new TextDecoder().decode(zipEntry(glmMojo(), 'model.ini'));
    const mojo = readMojo(zipOf({ 'model.ini': `# a comment\n\n${ini}`.replaceAll('\n', '\r\n') }));
    expect(mojo.score(['1', '1'])).toEqual([6]);
  });
});

/** One file of a zip. */
function zipEntry(zip: Uint8Array, path: string): Uint8Array {
  return unzipSync(zip)[path] ?? new Uint8Array();
}

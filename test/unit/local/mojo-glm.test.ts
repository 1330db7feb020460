import { describe, expect, it, test } from 'vitest';
import { readMojo } from '../../../src/local/mojo/mojo.js';
import { RowError } from '../../../src/local/mojo/mojo-error.js';
import { glmMojo } from './models.js';
import type { Info } from './models.js';

/** Of `y = 2a + 3b + 1` at a = 0.5, b = -1: the linear predictor is -1. */
const row = ['0.5', '-1'];

describe('each family and link', () => {
  test.each<[string, Info, readonly number[]]>([
    ['gaussian, identity', { family: 'gaussian', link: 'identity' }, [-1]],
    ['poisson, log', { family: 'poisson', link: 'log' }, [0.36787944117144233]],
    ['gamma, inverse', { family: 'gamma', link: 'inverse' }, [-1]],
    ['gamma, inverse, near the pole on the left', { family: 'gamma', link: 'inverse', beta: '[0.0, 1.0E-9, 0.0]' }, [-100_000]],
    ['gamma, inverse, at the pole', { family: 'gamma', link: 'inverse', beta: '[0.0, 0.0, 0.0]' }, [100_000]],
    ['negativebinomial, log', { family: 'negativebinomial', link: 'log' }, [0.36787944117144233]],
    ['tweedie, link power 0 is the logarithm', { family: 'tweedie', link: 'tweedie', tweedie_link_power: '0.0' }, [0.36787944117144233]],
    [
      'tweedie, link power 0 stays above zero',
      { family: 'tweedie', link: 'tweedie', tweedie_link_power: '0.0', beta: '[0.0, 1000.0, 0.0]' },
      [2e-16],
    ],
    ['tweedie, link power -2', { family: 'tweedie', link: 'tweedie', tweedie_link_power: '-2.0', beta: '[0.0, -4.0, 0.0]' }, [0.5]],
    ['binomial, logit', { family: 'binomial', link: 'logit', category: 'Binomial' }, [0.7310585786300049, 0.2689414213699951]],
    ['quasibinomial, logit', { family: 'quasibinomial', link: 'logit', category: 'Binomial' }, [0.7310585786300049, 0.2689414213699951]],
    [
      'fractionalbinomial, logit',
      { family: 'fractionalbinomial', link: 'logit', category: 'Binomial' },
      [0.7310585786300049, 0.2689414213699951],
    ],
  ])('%s', (_, info, expected) => {
    const scores = readMojo(glmMojo({ info })).score(row);
    expect(scores).toHaveLength(expected.length);
    scores.forEach((score, index) => {
      expect(score).toBeCloseTo(expected[index] ?? NaN, 10);
    });
  });

  it('multinomial: each class has its own coefficients, and the shares are their powers', () => {
    const info = {
      family: 'multinomial',
      link: 'multinomial',
      category: 'Multinomial',
      beta: '[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5]',
    };
    const mojo = readMojo(glmMojo({ info, columns: [['a'], ['b'], ['y', ['u', 'v', 'w']]] }));
    const powers = [Math.exp(0.5), Math.exp(0), Math.exp(-0.5)];
    const sum = powers.reduce((total, power) => total + power, 0);
    expect(mojo.outputs).toEqual(['y.u', 'y.v', 'y.w']);
    mojo.score(row).forEach((share, index) => {
      expect(share).toBeCloseTo((powers[index] ?? NaN) / sum, 14);
    });
  });

  it('multinomial: terms far beyond what a power can hold still give shares', () => {
    const info = { family: 'multinomial', link: 'multinomial', category: 'Multinomial', beta: '[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]' };
    const mojo = readMojo(glmMojo({ info, columns: [['a'], ['b'], ['y', ['u', 'v']]] }));
    expect(mojo.score(['5000', '4999'])[0]).toBeCloseTo(0.7310585786300049, 12);
    expect(mojo.score(['-5000', '0'])).toEqual([0, 1]);
  });

  it('a two-class model of a number calls its classes 0 and 1, one of names by their names', () => {
    const info = { family: 'binomial', link: 'logit', category: 'Binomial' };
    expect(readMojo(glmMojo({ info })).outputs).toEqual(['y.0', 'y.1']);
    expect(readMojo(glmMojo({ info, columns: [['a'], ['b'], ['y', ['no', 'yes']]] })).outputs).toEqual(['y.no', 'y.yes']);
    expect(readMojo(glmMojo()).outputs).toEqual(['y']);
  });
});

describe('categorical columns', () => {
  const columns = [['c', ['x', 'y', 'z']], ['d', ['p', 'q']], ['n'], ['t']] as const;
  const all = {
    cats: '2',
    cat_offsets: '[0, 3, 5]',
    nums: '1',
    num_means: '[7.0]',
    cat_modes: '[1, 0]',
    beta: '[1.0, 2.0, 4.0, 10.0, 20.0, 100.0, 0.5]',
  };
  const skipping = { ...all, use_all_factor_levels: 'false', cat_offsets: '[0, 2, 3]', beta: '[2.0, 4.0, 20.0, 100.0, 0.5]' };

  test.each<[string, Info, readonly (string | undefined)[], number]>([
    ['every level has a coefficient', all, ['z', 'q', '1'], 124.5],
    ['the first one too', all, ['x', 'p', '0'], 11.5],
    ['or the first level is the base and has none', skipping, ['x', 'p', '1'], 100.5],
    ['and the others count from the second', skipping, ['z', 'q', '0'], 24.5],
    ['a missing level is the mode, a missing number the mean', all, [undefined, '', undefined], 712.5],
    ['an unseen level is a missing one', all, ['unseen', 'q', '0'], 22.5],
    [
      'a level that had no data in training adds nothing',
      { ...all, cat_offsets: '[0, 2, 4]', beta: '[1.0, 2.0, 10.0, 20.0, 100.0, 0.5]' },
      ['z', 'p', '0'],
      10.5,
    ],
  ])('%s', (_, info, cells, expected) => {
    expect(readMojo(glmMojo({ info, columns })).score(cells)).toEqual([expected]);
  });

  it('find a level that the model spells with the column in front', () => {
    const mojo = readMojo(
      glmMojo({
        info: { ...all, cats: '1', cat_offsets: '[0, 2]', cat_modes: '[0]', beta: '[1.0, 2.0, 100.0, 0.5]' },
        columns: [['c', ['c.x', 'c.y']], ['n'], ['t']],
      }),
    );
    expect(mojo.score(['y', '0'])).toEqual([2.5]);
  });

  it('of a model that imputes nothing: a missing level cannot be scored, a missing number gives no number', () => {
    const mojo = readMojo(glmMojo({ info: { ...all, mean_imputation: 'false', cat_modes: undefined, num_means: undefined }, columns }));
    expect(() => mojo.score([undefined, 'p', '1'])).toThrow(RowError);
    expect(() => mojo.score([undefined, 'p', '1'])).toThrow('categorical value out of range');
    expect(mojo.score(['x', 'p', undefined])).toEqual([NaN]);
  });
});

describe('numeric cells', () => {
  const mojo = readMojo(glmMojo({ info: { beta: '[1.0, 0.0, 0.0]' } }));
  test.each([
    ['1.5', 1.5],
    [' 1.5 ', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['+1e3', 1000],
    ['1.5d', 1.5],
    ['0x1p3', 8],
    ['-0x.8P1', -1],
    ['true', 1],
    ['FALSE', 0],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ])('%j is %d', (cell, expected) => {
    expect(mojo.score([cell, '0'])).toEqual([expected]);
  });

  test.each([
    ['abc', 'For input string: "abc"'],
    [' 1,5 ', 'For input string: "1,5"'],
    ['0x10', 'For input string: "0x10"'],
    ['0xp1', 'For input string: "0xp1"'],
    ['1e', 'For input string: "1e"'],
    ['infinity', 'For input string: "infinity"'],
    ['  ', 'empty String'],
  ])('%j is refused in the words of Java', (cell, message) => {
    expect(() => mojo.score([cell, '0'])).toThrow(new RowError(message));
  });

  it('a very long cell is refused quickly', () => {
    const started = performance.now();
    expect(() => mojo.score([`${'1'.repeat(1_000_000)}x`, '0'])).toThrow(RowError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('a GLM that contradicts itself, or that we do not know, is refused', () => {
  test.each<[string, Info, string]>([
    ['a newer layout', { mojo_version: '1.10' }, 'this GLM has the layout 1.10, newer than 1.00'],
    ['an ordinal model', { family: 'ordinal', link: 'ologit', category: 'Ordinal' }, 'this local cloud does not evaluate ordinal GLMs'],
    ['an unknown link', { link: 'oprobit' }, 'this local cloud does not know the GLM link "oprobit"'],
    ['a family of another category', { family: 'binomial', link: 'logit' }, 'the family binomial does not fit the category Regression'],
    ['too few coefficients', { beta: '[1.0]' }, '"beta" in model.ini holds 1 coefficients where the columns need 3'],
    ['no coefficients', { beta: undefined }, '"beta" in model.ini holds 0 coefficients where the columns need 3'],
    ['more columns than there are', { nums: '5' }, 'model.ini has more coefficients than columns'],
    ['offsets for other columns', { cat_offsets: '[0, 3]' }, '"cat_offsets" in model.ini does not fit "cats"'],
    ['too few means', { num_means: '[1.0]' }, '"cat_modes" or "num_means" in model.ini is too short'],
    [
      'classes without names',
      { family: 'multinomial', link: 'multinomial', category: 'Multinomial' },
      '"beta" in model.ini does not fit the classes of the target',
    ],
  ])('%s', (_, info, reason) => {
    expect(() => readMojo(glmMojo({ info }))).toThrow(reason);
  });
});

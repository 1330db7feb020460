/**
 * Generalized linear models: coefficients times inputs, through the inverse of the link. One vector of coefficients, or one for each class.
 */
import type { Evaluate } from './evaluation.js';
import type { ModelFile, ModelInfo } from './model-file.js';
import { MojoError, RowError } from './mojo-error.js';

/** The newest layout of a GLM that H2O-3 writes and this reads. */
const newestVersion = 1;
const twoClassFamilies = new Set(['binomial', 'quasibinomial', 'fractionalbinomial']);

interface Coefficients {
  /** For each categorical column the coefficient of each level; a level beyond them has none. */
  readonly levels: readonly (readonly number[])[];
  readonly numbers: readonly number[];
  readonly intercept: number;
}

/**
 * The evaluation of a GLM.
 *
 * @throws {MojoError} its family, link or layout is unknown, or its coefficients do not fit its columns
 */
export function evaluateGlm({ info, columns, target }: ModelFile): Evaluate {
  if (info.number('mojo_version') > newestVersion)
    throw new MojoError(`this GLM has the layout ${info.required('mojo_version')}, newer than 1.00`);
  const layout = readLayout(info, columns.length);
  const fill = missingValueFill(info, layout);
  const family = info.required('family');
  if (family === 'ordinal') throw new MojoError('this local cloud does not evaluate ordinal GLMs');
  checkCategory(family, info.required('category'));

  if (family === 'multinomial') {
    const classes = target?.type === 'categorical' ? target.levels.length : 0;
    const models = splitIntoClasses(info.numbers('beta'), classes).map((beta) => coefficients(beta, layout));
    return (row) => softmax(models.map((model) => linearPredictor(model, fill(row))));
  }
  const model = coefficients(info.numbers('beta'), layout);
  const inverseLink = inverseLinkOf(info);
  if (!twoClassFamilies.has(family)) return (row) => [inverseLink(linearPredictor(model, fill(row)))];
  return (row) => {
    const probability = inverseLink(linearPredictor(model, fill(row)));
    return [1 - probability, probability];
  };
}

interface Layout {
  readonly categoricals: number;
  readonly numerics: number;
  /** Where the coefficients of each categorical column begin, and last where those of the numeric columns do. */
  readonly offsets: readonly number[];
  readonly skipsFirstLevel: boolean;
}

function readLayout(info: ModelInfo, columns: number): Layout {
  const layout = {
    categoricals: info.count('cats'),
    numerics: info.count('nums'),
    offsets: info.numbers('cat_offsets'),
    skipsFirstLevel: !info.flag('use_all_factor_levels'),
  };
  if (layout.offsets.length !== layout.categoricals + 1) throw new MojoError('"cat_offsets" in model.ini does not fit "cats"');
  if (layout.categoricals + layout.numerics > columns) throw new MojoError('model.ini has more coefficients than columns');
  return layout;
}

function checkCategory(family: string, category: string): void {
  const wanted = family === 'multinomial' ? 'Multinomial' : twoClassFamilies.has(family) ? 'Binomial' : 'Regression';
  if (category !== wanted) throw new MojoError(`the family ${family} does not fit the category ${category}`);
}

/** Means and modes in place of missing values, when the model was trained so. */
function missingValueFill(info: ModelInfo, { categoricals, numerics }: Layout): (row: readonly number[]) => readonly number[] {
  if (!info.flag('mean_imputation')) return (row) => row;
  const modes = info.numbers('cat_modes');
  const means = info.numbers('num_means');
  if (modes.length < categoricals || means.length < numerics) throw new MojoError('"cat_modes" or "num_means" in model.ini is too short');
  const fill = [...modes.slice(0, categoricals), ...means];
  return (row) => row.map((value, index) => (Number.isNaN(value) ? (fill[index] ?? NaN) : value));
}

function splitIntoClasses(beta: readonly number[], classes: number): readonly (readonly number[])[] {
  if (classes < 2 || beta.length % classes !== 0) throw new MojoError('"beta" in model.ini does not fit the classes of the target');
  const length = beta.length / classes;
  return Array.from({ length: classes }, (_, index) => beta.slice(index * length, (index + 1) * length));
}

function coefficients(beta: readonly number[], { offsets, numerics, skipsFirstLevel }: Layout): Coefficients {
  const firstNumber = offsets.at(-1) ?? 0;
  const intercept = beta.at(-1);
  if (intercept === undefined || beta.length !== firstNumber + numerics + 1) {
    throw new MojoError(`"beta" in model.ini holds ${beta.length} coefficients where the columns need ${firstNumber + numerics + 1}`);
  }
  return {
    levels: offsets.slice(0, -1).map((start, index) => {
      const levels = beta.slice(start, offsets[index + 1]);
      return skipsFirstLevel ? [0, ...levels] : levels;
    }),
    numbers: beta.slice(firstNumber, -1),
    intercept,
  };
}

function linearPredictor({ levels, numbers, intercept }: Coefficients, row: readonly number[]): number {
  let sum = 0;
  levels.forEach((ofLevel, column) => {
    const level = row[column] ?? NaN;
    if (Number.isNaN(level)) throw new RowError('categorical value out of range');
    sum += ofLevel[level] ?? 0;
  });
  numbers.forEach((coefficient, index) => {
    sum += coefficient * (row[levels.length + index] ?? NaN);
  });
  return sum + intercept;
}

/** Shares that sum to one; the largest term, if positive, is taken out first so that none overflows. */
function softmax(terms: readonly number[]): number[] {
  const largest = terms.reduce((most, term) => (term > most ? term : most), 0);
  const powers = terms.map((term) => Math.exp(term - largest));
  const scale = 1 / powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power * scale);
}

function inverseLinkOf(info: ModelInfo): (eta: number) => number {
  const link = info.required('link');
  switch (link) {
    case 'identity':
      return (eta) => eta;
    case 'logit':
      return (eta) => 1 / (Math.exp(-eta) + 1);
    case 'log':
      return Math.exp;
    case 'inverse':
      return (eta) => 1 / (eta < 0 ? Math.min(-1e-5, eta) : Math.max(1e-5, eta));
    case 'tweedie':
      return inverseTweedieLink(info.number('tweedie_link_power', 0));
    default:
      throw new MojoError(`this local cloud does not know the GLM link "${link}"`);
  }
}

function inverseTweedieLink(power: number): (eta: number) => number {
  return power === 0 ? (eta) => Math.max(2e-16, Math.exp(eta)) : (eta) => eta ** (1 / power);
}

/**
 * Gradient boosting machines: the sum of many trees, through the inverse of the link. One series of trees, or one for each class.
 */
import type { Archive } from './archive.js';
import type { Evaluation } from './evaluation.js';
import type { ModelFile, ModelInfo } from './model-file.js';
import { MojoError } from './mojo-error.js';
import { leafValue } from './tree.js';
import type { TreeNode } from './tree.js';
import { readTree } from './tree-bytes.js';
import type { TreeLayout } from './tree-bytes.js';
import { explainTrees } from './tree-shap.js';

/** The newest layout of a GBM that H2O-3 writes and this reads. */
const newestVersion = 1.4;

const twoClassDistributions = new Set(['bernoulli', 'quasibinomial', 'modified_huber']);
const numberDistributions = new Set(['gaussian', 'poisson', 'gamma', 'tweedie', 'huber', 'laplace', 'quantile', 'custom']);

/** Of all trees together: many times what models have, and what can be held as nodes. */
const mebibyte = 1024 * 1024;
const largestTreesBytes = 48 * mebibyte;

/** The ways to number levels for which a column of the rows is a column of the trees. */
const plainEncodings = new Set(['AUTO', 'Enum', 'SortByResponse', 'LabelEncoder']);

/**
 * The evaluation of a GBM.
 *
 * @throws {MojoError} its distribution, link, encoding or layout is unknown, or its trees are damaged or not all there
 */
export function evaluateGbm(model: ModelFile, archive: Archive): Evaluation {
  const { info } = model;
  checkLayout(info);
  const distribution = info.required('distribution');
  checkCategory(distribution, info.required('category'));
  const classes = info.count('n_classes');
  const isByClass = distribution === 'multinomial' && classes > 2;
  const series = readAllTrees(model, archive, isByClass ? classes : 1);
  const start = info.number('init_f');
  const sums = (row: readonly number[]): readonly number[] => series.map((trees) => sumOf(trees, row));

  if (isByClass) return { evaluate: (row) => corrected(softmax(sums(row)), info) };
  const [trees = []] = series;
  const total = (row: readonly number[]): number => sumOf(trees, row) + start;
  const canExplain = hasWeights({ version: info.number('mojo_version') });
  const explain = canExplain ? explainTrees(trees, { columns: model.columns.length, start }) : undefined;
  if (distribution === 'multinomial') return { evaluate: (row) => corrected(softmax(mirrored(total(row))), info), explain };
  const inverseLink = inverseLinkOf(info, distribution);
  if (!twoClassDistributions.has(distribution)) return { evaluate: (row) => [inverseLink(total(row))], explain };
  return {
    evaluate(row) {
      const probability = inverseLink(total(row));
      return corrected([1 - probability, probability], info);
    },
    explain,
  };
}

function checkLayout(info: ModelInfo): void {
  if (info.number('mojo_version') > newestVersion)
    throw new MojoError(`this GBM has the layout ${info.required('mojo_version')}, newer than 1.40`);
  const encoding = info.text('_genmodel_encoding') ?? 'AUTO';
  if (!plainEncodings.has(encoding)) throw new MojoError(`this local cloud does not evaluate GBMs with the encoding ${encoding}`);
}

function checkCategory(distribution: string, category: string): void {
  const fitting =
    distribution === 'multinomial'
      ? ['Multinomial', 'Binomial']
      : twoClassDistributions.has(distribution)
        ? ['Binomial']
        : numberDistributions.has(distribution)
          ? ['Regression']
          : undefined;
  if (fitting === undefined) throw new MojoError(`this local cloud does not know the GBM distribution "${distribution}"`);
  if (!fitting.includes(category)) throw new MojoError(`the distribution ${distribution} does not fit the category ${category}`);
}

/** The trees of each class, in the order in which they were grown. */
function readAllTrees({ info, columns }: ModelFile, archive: Archive, classes: number): readonly (readonly TreeNode[])[] {
  const groups = info.count('n_trees');
  if (info.number('n_trees_per_class', classes) !== classes)
    throw new MojoError('"n_trees_per_class" in model.ini does not fit the distribution');
  const layout: TreeLayout = {
    version: info.number('mojo_version'),
    isLittleEndian: info.text('endianness') !== 'BIG_ENDIAN',
    columns: columns.length,
  };
  checkSize(archive);
  const series = Array.from({ length: classes }, (): TreeNode[] => []);
  for (let group = 0; group < groups; group++) {
    let found = 0;
    series.forEach((trees, ofClass) => {
      const tree = treeAt(archive, { ofClass, group }, layout);
      if (tree === undefined) return;
      trees.push(tree);
      found++;
    });
    // A class that no row of the training data has grows no trees; but some class always does.
    if (found === 0) throw new MojoError(`the zip holds ${group} of the ${groups} trees that model.ini says`);
  }
  return series;
}

function checkSize(archive: Archive): void {
  let bytes = 0;
  for (const [path, content] of archive) if (isTree.test(path)) bytes += content.length;
  if (bytes > largestTreesBytes) throw new MojoError(`the trees take more than ${largestTreesBytes / mebibyte} MiB`);
}

const isTree = /^trees\/t\d+_\d+\.bin$/;

function treeAt(archive: Archive, at: { readonly ofClass: number; readonly group: number }, layout: TreeLayout): TreeNode | undefined {
  const path = `trees/t${String(at.ofClass).padStart(2, '0')}_${String(at.group).padStart(3, '0')}`;
  const tree = archive.get(`${path}.bin`);
  if (tree === undefined) return undefined;
  if (!hasWeights(layout)) return readTree({ name: `${path}.bin`, tree, weights: undefined }, layout);
  const weights = archive.get(`${path}_aux.bin`);
  if (weights === undefined) throw new MojoError(`the zip lacks ${path}_aux.bin`);
  return readTree({ name: `${path}.bin`, tree, weights }, layout);
}

const hasWeights = ({ version }: Pick<TreeLayout, 'version'>): boolean => version > 1;

function sumOf(trees: readonly TreeNode[], row: readonly number[]): number {
  let sum = 0;
  for (const tree of trees) sum += leafValue(tree, row);
  return sum;
}

/** A two-class model may be grown as one of many classes, and then has the trees of its first class only. */
const mirrored = (sum: number): readonly number[] => [sum, -sum];

/** Shares that sum to one; the largest term is taken out first so that none overflows. */
function softmax(terms: readonly number[]): readonly number[] {
  const largest = terms.reduce((most, term) => Math.max(most, term), -Infinity);
  const powers = terms.map((term) => Math.exp(term - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** A model that was trained on balanced classes gives shares of those; here they become shares of the classes as they were. */
function corrected(shares: readonly number[], info: ModelInfo): number[] {
  if (!info.flag('balance_classes')) return [...shares];
  const prior = info.numbers('prior_class_distrib');
  const balanced = info.numbers('model_class_distrib');
  const weighted = shares.map((share, index) => {
    const before = prior[index] ?? 0;
    const after = balanced[index] ?? 0;
    return before === 0 || after === 0 ? share : share * (before / after);
  });
  const sum = weighted.reduce((total, share) => total + share, 0);
  return sum > 0 ? weighted.map((share) => share / sum) : weighted;
}

/** Models before links were written down have the one of their distribution. */
function inverseLinkOf(info: ModelInfo, distribution: string): (sum: number) => number {
  const link = info.text('link_function') ?? usualLink(distribution);
  switch (link) {
    case 'identity':
      return (sum) => sum;
    case 'logit':
      return (sum) => 1 / (1 + cappedPower(-sum));
    case 'log':
      return cappedPower;
    case 'inverse':
      // Not the GLM's: here a small positive sum is no pole for H2O-3 either.
      return (sum) => 1 / (sum < 0 ? Math.min(-1e-5, sum) : Math.max(-1e-5, sum));
    default:
      throw new MojoError(`this local cloud does not know the GBM link "${link}"`);
  }
}

function usualLink(distribution: string): string {
  if (twoClassDistributions.has(distribution)) return 'logit';
  return ['poisson', 'gamma', 'tweedie'].includes(distribution) ? 'log' : 'identity';
}

const cappedPower = (exponent: number): number => Math.min(1e19, Math.exp(exponent));

/**
 * Shapley values of a sum of trees, by the TreeSHAP algorithm (Lundberg and others, "Consistent Individualized Feature Attribution for Tree
 * Ensembles", 2018, algorithm 2). H2O-3 computes them in numbers of 32 bits; so does this, rounding where it rounds, and the values are its own.
 */
import type { Evaluate } from './evaluation.js';
import { childFor, isLeaf } from './tree.js';
import type { Leaf, Split, TreeNode } from './tree.js';

const rounded = Math.fround;

interface Ensemble {
  readonly columns: number;
  /** What the trees add to. */
  readonly start: number;
}

/** The Shapley values of these trees: one for each column, and last the bias, which is what they predict for nobody in particular. */
export function explainTrees(trees: readonly TreeNode[], { columns, start }: Ensemble): Evaluate {
  let means: readonly number[] | undefined;
  return (row) => {
    means ??= trees.map(meanOf);
    const values = new Float32Array(columns + 1);
    values[columns] = start;
    trees.forEach((tree, index) => {
      values[columns] = (values[columns] ?? 0) + (means?.[index] ?? 0);
      descend(tree, extended(nobody, { column: -1, zero: 1, one: 1 }), { row, values });
    });
    return [...values];
  };
}

/** The mean of the leaves by weight; a tree without weights counts for nothing, as in H2O-3. */
function meanOf(node: TreeNode): number {
  if (node.weight === 0) return 0;
  if (isLeaf(node)) return node.value;
  const left = rounded(node.left.weight * meanOf(node.left));
  const right = rounded(node.right.weight * meanOf(node.right));
  return rounded(rounded(left + right) / node.weight);
}

/** A column on the way down: the share of the paths that come through when its value is not known (`zero`), and when it is (`one`). */
interface Step {
  readonly column: number;
  readonly zero: number;
  readonly one: number;
}

/** The columns on the way down, and for each number of known ones the share of orders in which they come first. */
interface Path {
  readonly steps: readonly Step[];
  readonly shares: Float32Array;
}

const nobody: Path = { steps: [], shares: new Float32Array() };

interface Explaining {
  readonly row: readonly number[];
  readonly values: Float32Array;
}

function descend(node: TreeNode, path: Path, explaining: Explaining): void {
  if (isLeaf(node)) addLeaf(node, path, explaining.values);
  else descendSplit(node, path, explaining);
}

function addLeaf(leaf: Leaf, path: Path, values: Float32Array): void {
  path.steps.forEach(({ column, zero, one }, index) => {
    if (index === 0) return;
    const share = rounded(sumWithout(path, index) * rounded(one - zero));
    values[column] = (values[column] ?? 0) + rounded(share * leaf.value);
  });
}

function descendSplit(split: Split, path: Path, explaining: Explaining): void {
  const { column, weight } = split;
  const taken = childFor(split, explaining.row);
  const other = taken === split.left ? split.right : split.left;
  // A column that comes again replaces what it was before.
  const before = path.steps.findIndex((step) => step.column === column);
  const { zero, one } = path.steps[before] ?? { zero: 1, one: 1 };
  const rest = before < 0 ? path : without(path, before);
  const shareOf = (child: TreeNode): number => rounded((weight === 0 ? 0.5 : rounded(child.weight / weight)) * zero);
  descend(taken, extended(rest, { column, zero: shareOf(taken), one }), explaining);
  descend(other, extended(rest, { column, zero: shareOf(other), one: 0 }), explaining);
}

function extended({ steps, shares }: Path, step: Step): Path {
  const length = steps.length;
  const grown = new Float32Array(length + 1);
  grown.set(shares);
  grown[length] = length === 0 ? 1 : 0;
  for (let index = length - 1; index >= 0; index--) {
    const share = grown[index] ?? 0;
    grown[index + 1] = (grown[index + 1] ?? 0) + rounded(rounded(rounded(step.one * share) * (index + 1)) / (length + 1));
    grown[index] = rounded(rounded(step.zero * share) * (length - index)) / (length + 1);
  }
  return { steps: [...steps, step], shares: grown };
}

/** The path as if the step had never been taken. */
function without({ steps, shares }: Path, removed: number): Path {
  const { zero, one } = steps[removed] ?? { zero: 1, one: 1 };
  const last = steps.length - 1;
  const shrunk = shares.slice(0, last);
  let next = shares[last] ?? 0;
  for (let index = last - 1; index >= 0; index--) {
    const share = shrunk[index] ?? 0;
    if (one !== 0) {
      const before = rounded(rounded(next * (last + 1)) / rounded((index + 1) * one));
      shrunk[index] = before;
      next = rounded(share - rounded(rounded(rounded(before * zero) * (last - index)) / (last + 1)));
    } else {
      shrunk[index] = zero === 0 ? 0 : rounded(share * (last + 1)) / rounded(zero * (last - index));
    }
  }
  return { steps: steps.toSpliced(removed, 1), shares: shrunk };
}

/** The sum of the shares as if the step had never been taken. */
function sumWithout({ steps, shares }: Path, removed: number): number {
  const { zero, one } = steps[removed] ?? { zero: 1, one: 1 };
  const last = steps.length - 1;
  let next = shares[last] ?? 0;
  let sum = 0;
  for (let index = last - 1; index >= 0; index--) {
    const share = shares[index] ?? 0;
    const unknown = rounded((last - index) / (last + 1));
    if (one !== 0) {
      const before = rounded(rounded(next * (last + 1)) / rounded((index + 1) * one));
      sum = rounded(sum + before);
      next = rounded(share - rounded(rounded(before * zero) * unknown));
    } else if (zero !== 0) {
      sum = rounded(sum + rounded(rounded(share / zero) / unknown));
    }
  }
  return sum;
}

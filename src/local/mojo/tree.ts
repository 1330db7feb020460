/**
 * Decision trees as H2O-3 grows them, and the way of a row through one. Plain nodes; how they stand in a file is for tree-bytes.ts.
 */

/** Where a tree ends. */
export interface Leaf {
  readonly value: number;
  /** The observations that came here in training; 0 where the file does not say. */
  readonly weight: number;
}

/** Where a tree parts. */
export interface Split {
  readonly column: number;
  readonly test: Test;
  /** Which way a missing value takes, and one that the test does not know. */
  readonly missingGoesLeft: boolean;
  readonly left: TreeNode;
  readonly right: TreeNode;
  readonly weight: number;
}

export type TreeNode = Leaf | Split;

/** What decides between left and right for a value that is there. */
export type Test =
  /** Every value goes left: the split is of missing values from the rest. */
  | { readonly kind: 'present' }
  /** Values from the threshold on go right. */
  | { readonly kind: 'threshold'; readonly threshold: number }
  /** Levels whose bit is set go right. */
  | {
      readonly kind: 'levels';
      /** The level of the first bit. */
      readonly first: number;
      readonly count: number;
      readonly bits: Uint8Array;
      /** The first layout of MOJOs sent levels without a bit to the left; later ones take them for missing values. */
      readonly unknownGoesLeft: boolean;
    };

export function isLeaf(node: TreeNode): node is Leaf {
  return 'value' in node;
}

/** The child that a row goes to. */
export function childFor(split: Split, row: readonly number[]): TreeNode {
  const value = row[split.column] ?? NaN;
  const right = Number.isNaN(value) ? undefined : goesRight(split.test, value);
  return (right ?? !split.missingGoesLeft) ? split.right : split.left;
}

/** Undefined for a level that the test has no bit for. */
function goesRight(test: Test, value: number): boolean | undefined {
  switch (test.kind) {
    case 'present':
      return false;
    case 'threshold':
      return value >= test.threshold;
    case 'levels': {
      const bit = Math.trunc(value) - test.first;
      if (bit < 0 || bit >= test.count) return test.unknownGoesLeft ? false : undefined;
      return ((test.bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
    }
  }
}

/** The value of the leaf that a row ends in. */
export function leafValue(tree: TreeNode, row: readonly number[]): number {
  let node = tree;
  while (!isLeaf(node)) node = childFor(node, row);
  return node.value;
}

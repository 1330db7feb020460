/**
 * Reads one decision tree from the bytes of a MOJO: the tree itself, and beside it how many observations each node saw in training.
 * A node is a type, a column, where missing values go, and a test; then the left child, with its length before it unless it is a leaf, then
 * the right one. So a tree is read from front to back, every byte once, and cannot hold a cycle.
 */
import { MojoError } from './mojo-error.js';
import type { Leaf, Test, TreeNode } from './tree.js';

/** How the trees of one model are written. */
export interface TreeLayout {
  /** The version of the MOJO, as a number: 1.0, 1.1, 1.2 and so on. */
  readonly version: number;
  readonly isLittleEndian: boolean;
  /** How many columns there are to split on. */
  readonly columns: number;
}

/** The files of one tree; `weights` came with version 1.1. */
export interface TreeFiles {
  readonly name: string;
  readonly tree: Uint8Array;
  readonly weights: Uint8Array | undefined;
}

/** Deeper than H2O-3 grows them by far, and far from what a stack holds. */
const deepestLevel = 512;
const onlyALeaf = 0xffff;
const bytesOfWeights = 40;
/** A split takes as many bytes at least, without its children. */
const bytesOfSplit = 4;

/** Where missing values go, by the number that stands for it; the other numbers send them right. */
const missingFromRest = 1;
const missingLeft: readonly number[] = [2, 4];

/**
 * Reads a tree.
 *
 * @throws {MojoError} it is damaged, cut short, deeper than any that H2O-3 grows, or splits on a column that is not there
 */
export function readTree(files: TreeFiles, layout: TreeLayout): TreeNode {
  const splits = (files.weights?.length ?? 0) / bytesOfWeights;
  if (splits > files.tree.length / bytesOfSplit) throw new MojoError(`the weights of ${files.name} do not fit the tree`);
  try {
    const weights = files.weights === undefined ? undefined : readWeights(files.weights, layout.isLittleEndian);
    return new TreeReader(files, layout, weights).root();
  } catch (error) {
    // Thrown by what reads beyond the end.
    if (error instanceof RangeError) throw new MojoError(`${files.name} is cut short`);
    throw error;
  }
}

/** What the file of weights says of a split: the observations that went either way, and the numbers of its children. */
interface SplitWeights {
  readonly left: number;
  readonly right: number;
  readonly leftNumber: number;
  readonly rightNumber: number;
}

function readWeights(bytes: Uint8Array, isLittleEndian: boolean): Map<number, SplitWeights> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Map<number, SplitWeights>();
  for (let start = 0; start < bytes.byteLength; start += bytesOfWeights) {
    weights.set(view.getInt32(start, isLittleEndian), {
      left: view.getFloat32(start + 8, isLittleEndian),
      right: view.getFloat32(start + 12, isLittleEndian),
      leftNumber: view.getInt32(start + 32, isLittleEndian),
      rightNumber: view.getInt32(start + 36, isLittleEndian),
    });
  }
  return weights;
}

/** Where a node stands in its tree. */
interface Place {
  readonly number: number;
  readonly level: number;
  readonly weight: number;
}

class TreeReader {
  readonly #name: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #layout: TreeLayout;
  readonly #weights: Map<number, SplitWeights> | undefined;
  #position = 0;

  constructor({ name, tree }: TreeFiles, layout: TreeLayout, weights: Map<number, SplitWeights> | undefined) {
    this.#name = name;
    this.#bytes = tree;
    this.#view = new DataView(tree.buffer, tree.byteOffset, tree.byteLength);
    this.#layout = layout;
    this.#weights = weights;
  }

  root(): TreeNode {
    const split = this.#weights?.get(0);
    return this.#node({ number: 0, level: 0, weight: split === undefined ? 0 : Math.fround(split.left + split.right) });
  }

  #node(place: Place): TreeNode {
    const type = this.#unsigned(1);
    const column = this.#unsigned(2);
    if (column === onlyALeaf) return this.#leaf(place.weight);
    if (place.level >= deepestLevel) throw new MojoError(`${this.#name} is deeper than ${deepestLevel} levels`);
    if (column >= this.#layout.columns) throw this.#damage();
    const direction = this.#unsigned(1);
    const test = direction === missingFromRest ? { kind: 'present' as const } : this.#test(type & 0b1100);
    const weights = this.#weightsOf(place.number);
    const level = place.level + 1;
    const left = this.#left(type & 0b110011, { number: weights.leftNumber, level, weight: weights.left });
    const rightIsLeaf = (type & 0b1000000) !== 0;
    const right = rightIsLeaf ? this.#leaf(weights.right) : this.#node({ number: weights.rightNumber, level, weight: weights.right });
    return { column, test, missingGoesLeft: missingLeft.includes(direction), left, right, weight: place.weight };
  }

  #weightsOf(split: number): SplitWeights {
    if (this.#weights === undefined) return { left: 0, right: 0, leftNumber: 0, rightNumber: 0 };
    const weights = this.#weights.get(split);
    // Good for one split only: numbers that lead back to it are not those of a tree.
    this.#weights.delete(split);
    if (weights === undefined) throw new MojoError(`the weights of ${this.#name} do not fit the tree`);
    return weights;
  }

  #left(form: number, place: Place): TreeNode {
    if (form === 0b110000) return this.#leaf(place.weight);
    if (form > 3) throw this.#damage();
    const length = this.#unsigned(form + 1);
    const end = this.#position + length;
    const node = this.#node(place);
    if (this.#position !== end) throw this.#damage();
    return node;
  }

  #leaf(weight: number): Leaf {
    return { value: this.#float(), weight };
  }

  #test(form: number): Test {
    if (form === 0) return { kind: 'threshold', threshold: this.#float() };
    if (form === 0b1000) return this.#levels(0, 32);
    if (form !== 0b1100) throw this.#damage();
    const first = this.#unsigned(2);
    return this.#layout.version < 1.2 ? this.#levels(first, 8 * this.#unsigned(2)) : this.#levels(first, this.#unsigned(4));
  }

  #levels(first: number, count: number): Test {
    const start = this.#position;
    this.#position += Math.ceil(count / 8);
    if (this.#position > this.#bytes.length) throw new RangeError();
    const bits = this.#bytes.subarray(start, this.#position);
    return { kind: 'levels', first, count, bits, unknownGoesLeft: this.#layout.version < 1.1 };
  }

  #float(): number {
    this.#position += 4;
    return this.#view.getFloat32(this.#position - 4, this.#layout.isLittleEndian);
  }

  #unsigned(bytes: number): number {
    const start = this.#position;
    this.#position += bytes;
    switch (bytes) {
      case 1:
        return this.#view.getUint8(start);
      case 2:
        return this.#view.getUint16(start, this.#layout.isLittleEndian);
      case 3:
        // The one number that has the same order of bytes on every machine.
        return this.#view.getUint8(start) + this.#view.getUint16(start + 1, true) * 0x100;
      default:
        return this.#view.getUint32(start, this.#layout.isLittleEndian);
    }
  }

  #damage(): MojoError {
    return new MojoError(`${this.#name} is damaged`);
  }
}

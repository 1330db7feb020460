/**
 * A row of text cells as the numbers that a model computes with: levels become their index, missing values NaN.
 */
import { parseJavaDouble, trimAsJava } from './java-number.js';
import type { MojoColumn } from './model-file.js';
import { RowError } from './mojo-error.js';

/** What counts as "no value" in a cell. */
const missingValues = new Set(['', 'NA', 'N/A', 'nan', 'NaN', 'None', '?']);

/** Turns a row of cells, in the model's column order, into numbers; a cell that is `undefined` is missing. */
export type RowEncoder = (cells: readonly (string | undefined)[]) => readonly number[];

/** The encoder for these columns: levels are looked up by hash, so the work is linear in the cells. */
export function rowEncoder(columns: readonly MojoColumn[]): RowEncoder {
  const encoders = columns.map((column) => (column.type === 'numeric' ? encodeNumber : levelEncoder(column.name, column.levels)));
  return (cells) =>
    encoders.map((encode, index) => {
      const cell = cells[index];
      return cell === undefined || missingValues.has(cell) ? NaN : encode(cell);
    });
}

function encodeNumber(cell: string): number {
  if (/^true$/i.test(cell)) return 1;
  if (/^false$/i.test(cell)) return 0;
  const value = parseJavaDouble(cell);
  if (value !== undefined) return value;
  const text = trimAsJava(cell);
  throw new RowError(text === '' ? 'empty String' : `For input string: "${text}"`);
}

/** A level may be written with the column's name before it, and a level never seen in training is a missing value. */
function levelEncoder(name: string, levels: readonly string[]): (cell: string) => number {
  const indices = new Map(levels.map((level, index) => [level, index]));
  return (cell) => indices.get(cell) ?? indices.get(`${name}.${cell}`) ?? NaN;
}

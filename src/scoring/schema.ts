/**
 * The live schema of a scorer: its columns and their types.
 */

/** A column of a model. */
export interface Column {
  readonly name: string;
  /** As the scorer names it, for instance `Float64`, `Int32`, `Str`, `Bool`, `Time64`. */
  readonly type: string;
  readonly example?: string;
}

/** What a scorer takes and gives. */
export interface Schema {
  readonly input: readonly Column[];
  readonly output: readonly Column[];
  /** What the model predicts, where the scorer says so. */
  readonly target?: readonly Column[];
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  /** `REGRESSION`, `BINOMIAL` or `CLASSIFICATION`, where the scorer says so. */
  readonly scoringType?: string;
  /** The labels of a classifier, where the scorer says them. */
  readonly labels?: readonly string[];
}

/** What kind of values a column's type means. */
export type ColumnKind = 'integer' | 'number' | 'boolean' | 'text';

export function kindOf(type: string): ColumnKind {
  if (/^u?int\d*$/i.test(type)) return 'integer';
  if (/^(?:float|double|real|decimal|numeric)\d*$/i.test(type)) return 'number';
  return /^bool(?:ean)?$/i.test(type) ? 'boolean' : 'text';
}

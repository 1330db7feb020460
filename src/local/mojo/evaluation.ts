/**
 * What every algorithm gives: a row of numbers in, scores out, and where it can, how much each column had to do with them.
 */

/** A row of numbers in the model's column order, missing ones NaN, to numbers. */
export type Evaluate = (row: readonly number[]) => readonly number[];

export interface Evaluation {
  /** One number for each output. */
  readonly evaluate: Evaluate;
  /** Shapley values of the prediction before the link: one for each input column, and last the bias. */
  readonly explain?: Evaluate | undefined;
}

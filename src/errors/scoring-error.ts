/**
 * Errors of scoring: rows that do not fit the model, and a scorer that refuses or fails.
 */
import { H2OCloudError, type ErrorFacts } from './base.js';

/** One thing that is wrong with one row. Never the cell's value. */
export interface RowProblem {
  /** Index of the row in what was passed, from 0. */
  readonly row: number;
  readonly column?: string;
  readonly problem: string;
}

/** Rows were refused before sending, or the scorer refused or failed. */
export class ScoringError extends H2OCloudError {
  static override readonly kind: string = 'ScoringError';
  override readonly name: string = 'ScoringError';
  /** The HTTP status of the scorer, when it answered. */
  readonly status: number | undefined;
  /** Which rows and columns are wrong, as far as known; at most a hundred. */
  readonly problems: readonly RowProblem[];

  constructor(facts: ErrorFacts & { readonly status?: number | undefined; readonly problems?: readonly RowProblem[] }) {
    super(facts);
    this.status = facts.status;
    this.problems = facts.problems ?? [];
  }
}

/**
 * A batch that a scorer refuses, scored in parts until the rows that it refuses are alone: scoring changes nothing, so any part may be
 * sent again. What is no fault of a row ends the work.
 */
import { TimeoutError } from '../../errors/connection-error.js';
import { ScoringError, type RowProblem } from '../../errors/scoring-error.js';
import { inWords, type WrittenRow } from '../row-writer.js';

/** Scores rows in one request. */
export type ScoreOnce<Item> = (rows: readonly WrittenRow[]) => Promise<readonly Item[]>;

export interface PartsOptions {
  /** Whether the first refused row ends the work. */
  readonly stopsAtFirst: boolean;
  /** Told when a request held more rows than the scorer takes or manages in time. */
  readonly onOverload: (rows: number) => void;
}

export interface ScoredParts<Item> {
  /** In the order of the rows. */
  readonly items: Item[];
  /** Rows that were refused; with `stopsAtFirst` the rows after the first of them were not scored. */
  readonly refused: RefusedRow[];
}

/** A row that the scorer refuses. */
interface RefusedRow {
  readonly problem: RowProblem;
  readonly error: ScoringError;
}

/** Statuses with which scorers answer rows that they do not like; 500 among them, for a cell that their code trips over. */
const refusals = new Set([400, 413, 422, 500]);
/** So many rows in turn that make a scorer fail say that it is the scorer. */
const mostFailuresInTurn = 16;
/** How often a batch that was not answered in time is cut: a scorer that hangs must not be waited for with every row. */
const mostTimeouts = 2;
const parts = 4;

export async function scoreInParts<Item>(
  rows: readonly WrittenRow[],
  score: ScoreOnce<Item>,
  options: PartsOptions,
): Promise<ScoredParts<Item>> {
  const done: ScoredParts<Item> = { items: [], refused: [] };
  let failuresInTurn = 0;

  const isOver = (): boolean => options.stopsAtFirst && done.refused.length > 0;

  const refuse = (row: WrittenRow, error: ScoringError): void => {
    failuresInTurn = error.status === 500 ? failuresInTurn + 1 : 0;
    if (failuresInTurn >= mostFailuresInTurn) throw error;
    const problem = problemOf(row, error);
    done.refused.push({ problem, error: naming(problem, error) });
  };

  const scoreParts = async (some: readonly WrittenRow[], timeouts: number, count: number): Promise<void> => {
    const size = Math.ceil(some.length / count);
    for (let start = 0; start < some.length && !isOver(); start += size) await scoreSome(some.slice(start, start + size), timeouts);
  };

  const scoreSome = async (some: readonly WrittenRow[], timeouts: number): Promise<void> => {
    try {
      const items = await score(some);
      failuresInTurn = 0;
      for (const item of items) done.items.push(item);
    } catch (error) {
      const [only] = some;
      if (error instanceof TimeoutError && some.length > 1 && timeouts < mostTimeouts) {
        options.onOverload(some.length);
        return scoreParts(some, timeouts + 1, parts);
      }
      if (!isRefusal(error)) throw error;
      if (error.status === 413) options.onOverload(some.length);
      if (some.length > 1 || only === undefined) return scoreParts(some, timeouts, 2);
      refuse(only, error);
    }
  };

  await scoreSome(rows, 0);
  return done;
}

function isRefusal(error: unknown): error is ScoringError {
  return error instanceof ScoringError && error.code === 'SCORING_FAILED' && refusals.has(error.status ?? 0);
}

/** The refusal of a request with one row, as that of the row. */
function naming(problem: RowProblem, { status, call, requestId, retryable }: ScoringError): ScoringError {
  return new ScoringError({
    code: 'SCORING_FAILED',
    status,
    what: `The scorer does not score a row: ${inWords(problem)}.`,
    fix: 'Look at the cells of that row: they have the types of the schema, and still do not fit the model. Their text is not repeated here.',
    call,
    requestId,
    retryable,
    problems: [problem],
  });
}

/** Of the scorer's own words only the kind of problem and the position are kept. */
function problemOf(row: WrittenRow, { status, problems: [known] }: ScoringError): RowProblem {
  const reason = known?.problem ?? (status === 500 ? 'made the scorer fail' : 'was refused by the scorer');
  const column = known?.column === undefined ? {} : { column: known.column };
  return { row: row.index, ...column, problem: `${reason} (${status ?? 0})` };
}

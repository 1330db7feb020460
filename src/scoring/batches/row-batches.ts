/**
 * Cuts the rows of a source into batches, by number and by bytes, and finds the rows that do not fit the model before they are sent.
 */
import type { RowProblem, ScoringError } from '../../errors/scoring-error.js';
import type { Clock } from '../../internal/clock.js';
import type { WrittenRow } from '../row-writer.js';
import type { OpenedRows } from '../sources/row-source.js';
import type { BatchReader, ReadBatch } from './batch-run.js';

export interface RowBatchesOptions {
  readonly maxBytes: number;
  /** Rows at the start of the source that are passed over. */
  readonly fromRow: number;
  /** The error of the first row that does not fit ends the reading; without it such rows are only named. */
  readonly refuse: ((problems: readonly RowProblem[]) => ScoringError) | undefined;
}

/** A source that pauses is not waited for with rows in hand. */
const longestPauseMs = 250;

export function rowBatches(rows: OpenedRows, clock: Clock, options: RowBatchesOptions): BatchReader {
  let index = 0;
  let pending: Promise<IteratorResult<unknown>> | undefined;
  let hasEnded = false;

  return async (maxRows) => {
    if (hasEnded) return undefined;
    const written: WrittenRow[] = [];
    const problems: RowProblem[] = [];
    const pause = startPause(clock);
    let start: number | undefined;
    let bytes = 0;
    let failure: ReadBatch['failure'];
    let isCut = false;
    try {
      // A row that is wrong takes room too, or a source of nothing else would never end a batch.
      while (written.length < maxRows && problems.length < maxRows) {
        if (bytes >= options.maxBytes) {
          isCut = true;
          break;
        }
        const step = pending ?? rows.next();
        pending = undefined;
        const next = 'then' in step ? await pause.unlessLong(step, written.length > 0) : step;
        if (next === undefined) {
          pending = 'then' in step ? step : undefined;
          break;
        }
        if (next.done === true) {
          hasEnded = true;
          break;
        }
        const at = index++;
        if (at < options.fromRow) continue;
        start ??= at;
        const row = rows.write(next.value, at, problems);
        if (row !== undefined) {
          written.push(row);
          bytes += row.json.length;
        } else if (options.refuse !== undefined) {
          index = at;
          throw options.refuse(problems);
        }
      }
    } catch (error) {
      failure = { error };
      hasEnded = true;
    } finally {
      pause.end();
    }
    if (start === undefined && failure === undefined) return undefined;
    return {
      rows: written,
      start: start ?? index,
      end: index,
      problems: options.refuse === undefined ? problems : [],
      isCut,
      ...(failure === undefined ? {} : { failure }),
    };
  };
}

interface Pause {
  /** What the source gives, or nothing when it pauses and there is something to go on with. */
  unlessLong(step: Promise<IteratorResult<unknown>>, hasRows: boolean): Promise<IteratorResult<unknown> | undefined>;
  end(): void;
}

function startPause(clock: Clock): Pause {
  let end = (): void => undefined;
  let tooLong: Promise<undefined> | undefined;
  return {
    unlessLong: (step, hasRows) => {
      if (!hasRows) return step;
      tooLong ??= new Promise((resolve) => {
        end = clock.schedule(longestPauseMs, () => {
          resolve(undefined);
        });
      });
      return Promise.race([step, tooLong]);
    },
    end: () => {
      end();
    },
  };
}

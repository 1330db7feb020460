/**
 * Scoring of any number of rows, as a caller holds it: an iterable of results, which can also be written to a file. Nothing starts
 * before somebody takes the first result, and nothing is read faster than results are taken.
 */
import { H2OCloudError } from '../errors/base.js';
import { invalidParameter } from '../errors/configuration-error.js';
import type { RowProblem } from '../errors/scoring-error.js';
import type { RequestOptions } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import type { FinishedBatch } from './batches/batch-run.js';
import type { RowOptions } from './row-writer.js';
import type { ResultFile } from './sources/result-file.js';

/** How far a stream has come. */
export interface ScoreProgress {
  /** Rows that are done: scored, or left out for a problem. */
  readonly rows: number;
  readonly scored: number;
  readonly failed: number;
  /** Of the last half minute. */
  readonly rowsPerSecond: number;
  /** Time that is left at this rate; absent where the number of rows is not known. */
  readonly remainingMs?: number;
  /** The row to go on with, should the stream end now: all before it are done. */
  readonly nextRow: number;
}

/** What a stream has come to. */
export interface ScoreReport extends Omit<ScoreProgress, 'remainingMs'> {
  /** With `onRowError: 'collect'`: what is wrong with the rows that were left out, by row. */
  readonly problems: readonly RowProblem[];
  readonly durationMs: number;
}

/** Options of `scoreStream()`. */
export interface StreamOptions extends RequestOptions, RowOptions {
  /** Requests under way at a time. Default 4. */
  readonly concurrency?: number | undefined;
  /** Rows in a request. Default: as many as turn out to be fastest, which is found and kept up during the run. */
  readonly batchRows?: number | undefined;
  /** Most rows in a request. Default 10,000. */
  readonly maxBatchRows?: number | undefined;
  /** Most bytes of cells in a request. Default 2 MiB. */
  readonly maxBatchBytes?: number | undefined;
  /** How long one request may take, repetitions included, in milliseconds. Default 120,000. `timeoutMs` is for the whole stream, and has no default. */
  readonly batchTimeoutMs?: number | undefined;
  /** Whether results come in the order of the rows. Default true; without it they come as they are ready, in batches. */
  readonly ordered?: boolean | undefined;
  /**
   * What to do with a row that does not fit the model, or that the scorer refuses. Default `throw`: the stream ends with an error that
   * names it, after the results of all rows before it. `skip` leaves such rows out and counts them, `collect` also keeps what is wrong.
   */
  readonly onRowError?: 'throw' | 'skip' | 'collect' | undefined;
  /** The first row to score; those before it are passed over. */
  readonly fromRow?: number | undefined;
  /** How many rows there are, for the time left; known by itself for arrays and files. */
  readonly totalRows?: number | undefined;
  /** Called after each batch of results. */
  readonly onProgress?: ((progress: ScoreProgress) => void) | undefined;
}

/** What a stream needs to run. */
export interface StreamPorts<Item> {
  readonly clock: Clock;
  readonly options: StreamOptions;
  /** Starts the work; called once. */
  start(): AsyncGenerator<FinishedBatch<Item>, void, undefined>;
  /** How much of the rows have been read, from 0 to 1, where that is known. */
  fraction(doneRows: number): number | undefined;
}

const rateWindowMs = 30_000;

/**
 * Results of scoring, one for each row that was not left out. It can be read once: with `for await`, by `batches()`, or into a file.
 *
 * @example
 * for await (const prediction of scorer.scoreStream(rows)) console.log(prediction);
 */
export class ScoreStream<Item> implements AsyncIterable<Item> {
  readonly #ports: StreamPorts<Item>;
  readonly #problems: RowProblem[] = [];
  readonly #marks: { readonly at: number; readonly rows: number }[] = [];
  #scored = 0;
  #failed = 0;
  /** Batches that are done and come after one that is not, by their first row. */
  readonly #ahead = new Map<number, number>();
  #nextRow: number;
  #startedAt: number | undefined;
  #lastAt = 0;

  /** @internal */
  constructor(ports: StreamPorts<Item>) {
    this.#ports = ports;
    this.#nextRow = ports.options.fromRow ?? 0;
  }

  /** What the stream has come to so far; also after it has failed. `nextRow` is where another one can go on, with `fromRow`. */
  get report(): ScoreReport {
    return { ...this.#counts(), problems: [...this.#problems], durationMs: this.#lastAt - (this.#startedAt ?? this.#lastAt) };
  }

  [Symbol.asyncIterator](): AsyncIterator<Item, void, undefined> {
    const batches = this.#run();
    let batch: FinishedBatch<Item> | undefined;
    let taken = 0;
    const takeNext = async (): Promise<IteratorResult<Item, void>> => {
      for (;;) {
        const next = await batches.next();
        if (next.done === true) return { done: true, value: undefined };
        batch = next.value;
        taken = 0;
        const [first] = batch.items;
        if (batch.items.length > 0 && first !== undefined) {
          taken = 1;
          return { done: false, value: first };
        }
      }
    };
    return {
      // Not an async function: most results are there already, and there are millions of them.
      next: () => {
        const value = batch?.items[taken];
        if (value === undefined) return takeNext();
        taken += 1;
        return Promise.resolve({ done: false, value });
      },
      return: async () => {
        if (batch !== undefined) this.#leave(batch, taken);
        await batches.return();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * The same results in the batches in which they were scored: less work for each row where there are millions.
   *
   * @example
   * for await (const predictions of scorer.scoreStream(rows).batches()) console.log(predictions.length);
   */
  async *batches(): AsyncGenerator<readonly Item[], void, undefined> {
    for await (const { items } of this.#run()) if (items.length > 0) yield items;
  }

  /**
   * Writes the results to a file as they come: CSV with a header, or one JSON object a line. The file holds whole batches only; when
   * the stream fails, `report.nextRow` is the row that is not in it yet.
   *
   * @param file a path that ends in `.csv`, `.tsv`, `.jsonl` or `.ndjson`, or `{ csv: path }` or `{ jsonLines: path }`
   * @throws {ConfigurationError} the file exists, and `ifExists` does not say what to do; or its columns are others than the results'
   * @example
   * const { scored } = await scorer.scoreStream('applicants.csv', { idColumn: 'id' }).toFile('scores.csv');
   */
  async toFile(file: ResultFile, options: { readonly ifExists?: 'fail' | 'overwrite' | 'append' | undefined } = {}): Promise<ScoreReport> {
    const { writeResults } = await import('./sources/result-file.js');
    await writeResults(this.batches(), file, options.ifExists ?? 'fail');
    return this.report;
  }

  async *#run(): AsyncGenerator<FinishedBatch<Item>, void, undefined> {
    if (this.#startedAt !== undefined) throw alreadyRead();
    const { clock, options } = this.#ports;
    this.#startedAt = clock.monotonic();
    this.#lastAt = this.#startedAt;
    for await (const batch of this.#ports.start()) {
      yield batch;
      this.#finish(batch, options);
      if (batch.failure !== undefined) throw withRows(batch.failure, this.#nextRow);
    }
    this.#lastAt = clock.monotonic();
  }

  #finish(batch: FinishedBatch<Item>, { onRowError, onProgress }: StreamOptions): void {
    this.#scored += batch.items.length;
    this.#failed += batch.problems.length === 0 ? 0 : countRows(batch.problems);
    if (onRowError === 'collect') for (const problem of batch.problems) this.#problems.push(problem);
    this.#passed(batch);
    this.#lastAt = this.#ports.clock.monotonic();
    if (onProgress === undefined && this.#marks.length > 0) return;
    this.#mark();
    onProgress?.(this.#progress());
  }

  #passed({ start, end }: FinishedBatch<Item>): void {
    this.#ahead.set(start, end);
    for (let next = this.#ahead.get(this.#nextRow); next !== undefined && next > this.#nextRow; next = this.#ahead.get(this.#nextRow)) {
      this.#ahead.delete(this.#nextRow);
      this.#nextRow = next;
    }
  }

  /** A consumer who leaves in the middle of a batch has taken some of it. */
  #leave(batch: FinishedBatch<Item>, taken: number): void {
    if (batch.problems.length === 0) this.#passed({ ...batch, end: batch.start + taken });
  }

  #counts(): Omit<ScoreProgress, 'remainingMs'> {
    const rows = this.#scored + this.#failed;
    return { rows, scored: this.#scored, failed: this.#failed, rowsPerSecond: this.#rate(rows), nextRow: this.#nextRow };
  }

  #progress(): ScoreProgress {
    const counts = this.#counts();
    const fraction = this.#ports.fraction(counts.rows);
    if (fraction === undefined || fraction <= 0) return counts;
    const left = (counts.rows * (1 - fraction)) / fraction;
    return counts.rowsPerSecond === 0 ? counts : { ...counts, remainingMs: Math.round((left / counts.rowsPerSecond) * 1000) };
  }

  #mark(): void {
    this.#marks.push({ at: this.#lastAt, rows: this.#scored + this.#failed });
    while (this.#marks.length > 2 && this.#lastAt - (this.#marks[1]?.at ?? 0) > rateWindowMs) this.#marks.shift();
  }

  #rate(rows: number): number {
    const [oldest] = this.#marks;
    const isRecent = oldest !== undefined && this.#marks.length > 1;
    const from = isRecent ? oldest : { at: this.#startedAt ?? 0, rows: 0 };
    const elapsedMs = this.#lastAt - from.at;
    return elapsedMs <= 0 ? 0 : Math.round(((rows - from.rows) / elapsedMs) * 1000);
  }
}

/** A row may have several problems. */
function countRows(problems: readonly RowProblem[]): number {
  return new Set(problems.map(({ row }) => row)).size;
}

/** The error, with the rows that were not scored for it and where to go on. Other people's errors stay as they are. */
function withRows({ error, rows }: NonNullable<FinishedBatch<unknown>['failure']>, nextRow: number): unknown {
  if (!(error instanceof H2OCloudError)) return error;
  const which = rows === undefined ? '' : `while scoring rows ${rows.first} to ${rows.last}; `;
  return Object.assign(error, {
    message: `${error.message}\n  ${which}all rows before ${nextRow} are done: go on with { fromRow: ${nextRow} }`,
  });
}

function alreadyRead(): Error {
  return invalidParameter(
    'The stream of scores is being read already, or has been.',
    'Call scoreStream() again: each stream can be read once.',
  );
}

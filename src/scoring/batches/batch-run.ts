/**
 * Batches under way: reads a source while there is room, scores several batches at a time, and hands out what is done, in order or as
 * it comes. Nothing is read ahead of what the consumer takes beyond a fixed number of batches, so memory does not grow.
 */
import type { RowProblem } from '../../errors/scoring-error.js';
import type { Clock } from '../../internal/clock.js';
import { waitUnlessAborted } from '../../internal/clock.js';
import type { WrittenRow } from '../row-writer.js';
import { afterBatch, afterOverload, startSizing, type SizeLimits, type Sizing } from './batch-size.js';
import type { ScoredParts } from './scored-in-parts.js';

/** Rows of a source that belong together. */
export interface ReadBatch {
  readonly rows: readonly WrittenRow[];
  /** Rows of the source from here to `end` are in this batch or in its problems. */
  readonly start: number;
  readonly end: number;
  /** What is wrong with rows that are not sent. */
  readonly problems: readonly RowProblem[];
  readonly isCut: boolean;
  /** What ended the reading; it counts after the rows of this batch. */
  readonly failure?: { readonly error: unknown };
}

/** Reads the next batch; nothing at the end of the source. */
export type BatchReader = (maxRows: number) => Promise<ReadBatch | undefined>;

/** A batch that is done. */
export interface FinishedBatch<Item> {
  readonly items: readonly Item[];
  readonly problems: readonly RowProblem[];
  readonly start: number;
  readonly end: number;
  /** What ends the run after the items of this batch, and the rows that were not scored for it. */
  readonly failure?: { readonly error: unknown; readonly rows?: { readonly first: number; readonly last: number } };
}

export interface BatchRunPorts<Item> {
  readonly read: BatchReader;
  readonly score: (rows: readonly WrittenRow[], signal: AbortSignal, onOverload: (rows: number) => void) => Promise<ScoredParts<Item>>;
  readonly clock: Clock;
}

export interface BatchRunOptions extends SizeLimits {
  /** Always this many rows, instead of what turns out best. */
  readonly fixedRows: number | undefined;
  readonly ordered: boolean;
  readonly stopsAtFirst: boolean;
  readonly signal: AbortSignal | undefined;
}

interface Slot<Item> {
  done: FinishedBatch<Item> | undefined;
}

/** Batches that may be done or under way, for each that is under way. */
const windowFactor = 2;

export async function* runBatches<Item>(
  ports: BatchRunPorts<Item>,
  options: BatchRunOptions,
): AsyncGenerator<FinishedBatch<Item>, void, undefined> {
  const run = new BatchRun(ports, options);
  try {
    for (;;) {
      const done = await run.next();
      if (done === undefined) return;
      yield done;
      if (done.failure !== undefined) return;
    }
  } finally {
    run.stop();
  }
}

class BatchRun<Item> {
  readonly #ports: BatchRunPorts<Item>;
  readonly #options: BatchRunOptions;
  readonly #abort = new AbortController();
  readonly #slots: Slot<Item>[] = [];
  #sizing: Sizing;
  #underWay = 0;
  #hasEnded = false;
  #isStarted = false;
  #change = turn();

  constructor(ports: BatchRunPorts<Item>, options: BatchRunOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#sizing = startSizing(options);
  }

  async next(): Promise<FinishedBatch<Item> | undefined> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      void this.#pump();
    }
    for (;;) {
      this.#options.signal?.throwIfAborted();
      const done = this.#take();
      if (done !== undefined) return done;
      if (this.#hasEnded && this.#slots.length === 0) return undefined;
      await waitUnlessAborted(this.#change.happened, this.#options.signal);
    }
  }

  /** Ends what is under way. */
  stop(): void {
    this.#hasEnded = true;
    // Most runs end when all is done, and an exception with its stack costs as much as a row.
    if (this.#underWay > 0) this.#abort.abort(new DOMException('The stream has ended.', 'AbortError'));
    this.#changed();
  }

  #take(): FinishedBatch<Item> | undefined {
    const index = this.#options.ordered ? 0 : this.#firstTaken();
    const done = this.#slots[index]?.done;
    if (done === undefined) return undefined;
    this.#slots.splice(index, 1);
    this.#changed();
    return done;
  }

  /** What is done and good, before what ends the run: nothing that was scored is lost. */
  #firstTaken(): number {
    const good = this.#slots.findIndex(({ done }) => done !== undefined && done.failure === undefined);
    return good >= 0 || this.#underWay > 0 ? good : 0;
  }

  async #pump(): Promise<void> {
    while (await this.#hasRoom()) {
      const batch = await this.#ports.read(this.#options.fixedRows ?? this.#sizing.rows).catch(failedBatch);
      if (batch === undefined) break;
      this.#launch(batch);
      if (batch.failure !== undefined) break;
    }
    this.#hasEnded = true;
    this.#changed();
  }

  async #hasRoom(): Promise<boolean> {
    const { concurrency } = this.#options;
    while (!this.#hasEnded && (this.#underWay >= concurrency || this.#slots.length >= concurrency * windowFactor)) {
      await this.#change.happened;
    }
    return !this.#hasEnded;
  }

  #launch(batch: ReadBatch): void {
    const slot: Slot<Item> = { done: undefined };
    this.#slots.push(slot);
    this.#underWay += 1;
    void this.#score(batch).then((done) => {
      slot.done = done;
      // In order nobody would take what comes after; what is under way already may still be.
      if (done.failure !== undefined) this.#hasEnded = true;
      this.#underWay -= 1;
      this.#changed();
    });
  }

  async #score(batch: ReadBatch): Promise<FinishedBatch<Item>> {
    const { rows, start, end, problems, failure } = batch;
    if (rows.length === 0) return { items: [], problems, start, end, ...(failure === undefined ? {} : { failure }) };
    const { clock, score } = this.#ports;
    try {
      const { items, refused } = await score(rows, this.#abort.signal, (count) => {
        this.#sizing = afterOverload(this.#sizing, count, this.#options);
      });
      if (refused.length === 0) this.#measured(batch, clock.monotonic());
      const [first] = refused;
      const all = [...problems, ...refused.map(({ problem }) => problem)].sort((one, other) => one.row - other.row);
      if (first === undefined || !this.#options.stopsAtFirst) return { items, problems: all, start, end, ...failed(failure) };
      return { items, problems: all, start, end: first.problem.row, failure: { error: first.error } };
    } catch (error) {
      return { items: [], problems: [], start, end: start, failure: { error, rows: { first: start, last: end - 1 } } };
    }
  }

  #measured({ rows, isCut }: ReadBatch, at: number): void {
    this.#sizing = afterBatch(this.#sizing, { rows: rows.length, isCut, at }, this.#options);
  }

  #changed(): void {
    const { happen } = this.#change;
    this.#change = turn();
    happen();
  }
}

function failed(failure: ReadBatch['failure']): { readonly failure?: { readonly error: unknown } } {
  return failure === undefined ? {} : { failure };
}

function failedBatch(error: unknown): ReadBatch {
  return { rows: [], start: 0, end: 0, problems: [], isCut: false, failure: { error } };
}

/** Something to wait for that happens once. */
function turn(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen = (): void => undefined;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

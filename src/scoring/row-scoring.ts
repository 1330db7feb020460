/**
 * Rows through batches to results: what scoring of a list and of a stream have in common, and where they differ. It knows no addresses
 * and no tokens; a request goes out through its ports.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { startDeadline } from '../http/deadline.js';
import type { RequestOptions } from '../http/request-options.js';
import { timedOut } from '../http/total-deadline.js';
import { sleep, type Clock } from '../internal/clock.js';
import { runBatches, type BatchReader, type BatchRunPorts, type FinishedBatch } from './batches/batch-run.js';
import { rowBatches } from './batches/row-batches.js';
import { scoreInParts, type ScoreOnce } from './batches/scored-in-parts.js';
import { toScoreResponse, type ScoreRequest, type WireScore } from './contract.js';
import { answerReader, type ExplainedRow, type ExplainOptions, type ScoredRow } from './row-reader.js';
import { invalidRows, requestBody, requestFrame, rowWriter, type RowOptions, type RowWriter, type WrittenRow } from './row-writer.js';
import type { RowProblem } from '../errors/scoring-error.js';
import type { Schema } from './schema.js';
import { namingColumns } from './scorer-error.js';
import type { StreamOptions } from './score-stream.js';
import { openRows, type OpenedRows } from './sources/row-source.js';

export interface RowScoringPorts {
  readonly clock: Clock;
  /** Asks whether the scorer can do it. */
  demand(options: ExplainOptions, within: RequestOptions): Promise<void>;
  schema(within: RequestOptions): Promise<Schema>;
  /** @param isBatch whether a scorer that fails is given parts of it instead of the same again */
  send(json: string, isBatch: boolean, within: RequestOptions): Promise<WireScore>;
}

export type ResultRow = ScoredRow | ExplainedRow;
type AllRowOptions = RowOptions & ExplainOptions;

/** A request may hold this many rows of a list; the work of H2O's own scorer grows with the square of the batch. */
const rowsPerRequest = 1000;
const defaultConcurrency = 4;
const defaults = { maxBatchRows: 10_000, maxBatchBytes: 2 * 1024 * 1024, batchTimeoutMs: 120_000 };
/** Hours of work should outlive the restart of a scorer. */
const patience = { limit: 8 };
/** How often an answer that is no answer is asked for again, and after which time. */
const brokenAnswers = { limit: 2, afterMs: 250 };

/** @throws {ScoringError} code `SCORING_ROWS_INVALID`; nothing was sent */
export async function scoreList(
  ports: RowScoringPorts,
  rows: readonly unknown[],
  options: AllRowOptions,
  within: RequestOptions,
): Promise<readonly ResultRow[]> {
  const scoring = await prepare(ports, options, within);
  const problems: RowProblem[] = [];
  // Not by map(), which leaves out holes.
  const written = Array.from(rows, (row, index) => scoring.writer.fromObject(row, index, problems));
  if (problems.length > 0) throw invalidRows(problems, problems.length, scoring.schema);
  const list = written.filter((row) => row !== undefined);
  // A single request needs no run of batches, which costs a row about as much again as what it is scored in.
  if (list.length <= rowsPerRequest) return scoreAtOnce(list, (some) => scoring.score(some, within));
  const score: BatchRunPorts<ResultRow>['score'] = (batch, signal, onOverload) =>
    scoreInParts(batch, (some) => scoring.score(some, { ...within, signal }), { stopsAtFirst: true, onOverload });
  const run = runBatches(
    { read: listBatches(list), score, clock: ports.clock },
    {
      fixedRows: rowsPerRequest,
      maxRows: rowsPerRequest,
      concurrency: defaultConcurrency,
      ordered: true,
      stopsAtFirst: true,
      signal: within.signal,
    },
  );
  const results: ResultRow[] = [];
  for await (const { items, failure } of run) {
    if (failure !== undefined) throw failure.error;
    for (const item of items) results.push(item);
  }
  return results;
}

async function scoreAtOnce(rows: readonly WrittenRow[], score: ScoreOnce<ResultRow>): Promise<readonly ResultRow[]> {
  if (rows.length === 0) return [];
  const { items, refused } = await scoreInParts(rows, score, { stopsAtFirst: true, onOverload: () => undefined });
  if (refused[0] !== undefined) throw refused[0].error;
  return items;
}

/** Told when the rows have been opened. */
export interface StreamWatch {
  opened?: OpenedRows;
}

export async function* streamRows(
  ports: RowScoringPorts,
  source: unknown,
  options: StreamOptions & ExplainOptions,
  watch: StreamWatch,
): AsyncGenerator<FinishedBatch<ResultRow>, void, undefined> {
  const { clock } = ports;
  const deadline = startDeadline(clock, { signal: options.signal, timeoutMs: options.timeoutMs });
  const { signal } = deadline;
  const request = {
    headers: options.headers,
    retry: { ...patience, ...options.retry },
    timeoutMs: options.batchTimeoutMs ?? defaults.batchTimeoutMs,
  };
  let rows: OpenedRows | undefined;
  try {
    signal.throwIfAborted();
    const scoring = await prepare(ports, options, { ...request, signal });
    rows = await openRows(source, scoring.writer, signal);
    watch.opened = rows;
    const stopsAtFirst = (options.onRowError ?? 'throw') === 'throw';
    const read = rowBatches(rows, clock, {
      maxBytes: options.maxBatchBytes ?? defaults.maxBatchBytes,
      fromRow: options.fromRow ?? 0,
      refuse: stopsAtFirst ? (problems) => invalidRows(problems, problems.length, scoring.schema) : undefined,
    });
    const score: BatchRunPorts<ResultRow>['score'] = (batch, ended, onOverload) =>
      scoreInParts(batch, (some) => scoring.score(some, { ...request, signal: ended }), { stopsAtFirst, onOverload });
    yield* runBatches(
      { read, score, clock },
      {
        fixedRows: options.batchRows,
        maxRows: options.maxBatchRows ?? defaults.maxBatchRows,
        concurrency: options.concurrency ?? defaultConcurrency,
        ordered: options.ordered ?? true,
        stopsAtFirst,
        signal,
      },
    );
  } catch (error) {
    if (deadline.expired() === undefined || error !== signal.reason) throw error;
    throw timedOut({ name: 'scoreStream', safe: true }, options.timeoutMs ?? 0);
  } finally {
    rows?.close();
    deadline.dispose();
  }
}

/** A schema, and rows written and read by it. */
interface PreparedScoring {
  readonly schema: Schema;
  readonly writer: RowWriter;
  score(rows: readonly WrittenRow[], within: RequestOptions): Promise<readonly ResultRow[]>;
}

async function prepare(ports: RowScoringPorts, options: AllRowOptions, within: RequestOptions): Promise<PreparedScoring> {
  await ports.demand(options, within);
  const schema = await ports.schema(within);
  const writer = rowWriter(schema, options);
  const read = answerReader(schema, writer.included, options);
  const frame = requestFrame(writer.fields, extrasOf(writer.included, options));
  return {
    schema,
    writer,
    score: (rows, request) => {
      const json = requestBody(frame, rows);
      return untilWhole(ports.clock, request.signal, async () =>
        read(toScoreResponse(await namingColumns(ports.send(json, rows.length > 1, request), writer.fields)), rows),
      );
    },
  };
}

/** What a request asks for beside scores, as the contract names it. */
function extrasOf(included: readonly string[], options: AllRowOptions): Partial<ScoreRequest> {
  return {
    ...(included.length === 0 ? {} : { includeFieldsInOutput: included }),
    ...(options.idColumn === undefined ? {} : { idField: options.idColumn }),
    ...(options.contributions === undefined ? {} : { requestShapleyValueType: options.contributions }),
    ...(options.predictionIntervals === true ? { requestPredictionIntervals: true } : {}),
  };
}

/** Asks again for an answer that was cut off or does not belong to the rows: scoring changes nothing. */
async function untilWhole<Answer>(clock: Clock, signal: AbortSignal | undefined, ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ResponseValidationError) || attempt > brokenAnswers.limit) throw error;
      await sleep(clock, brokenAnswers.afterMs * attempt, signal);
    }
  }
}

function listBatches(rows: readonly WrittenRow[]): BatchReader {
  let start = 0;
  return (maxRows) => {
    const batch = rows.slice(start, start + maxRows);
    const read = { rows: batch, start, end: start + batch.length, problems: [], isCut: false };
    start += batch.length;
    return Promise.resolve(batch.length === 0 ? undefined : read);
  };
}

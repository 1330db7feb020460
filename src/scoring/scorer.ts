/**
 * The scorer of one deployment as one user reaches it: its schema, its capabilities, and scoring.
 * Wire format: the scoring REST API of H2O's Java and Python scorers.
 */
import type { Send } from '../http/operation.js';
import type { RequestOptions } from '../http/request-options.js';
import { AgedMap } from '../internal/aged-map.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import * as contract from './contract.js';
import type { ScoreRequest, ScoreResponse } from './contract.js';
import { fromCells, toCells, type Row, type ScoredRow } from './rows.js';
import type { Schema } from './schema.js';

/** Sends a call to the scorer, wherever it is now. */
export interface ScorerPorts {
  /** Finds the scorer, asking the platform again when `fresh`. */
  readonly open: (options: { readonly fresh: boolean }) => Promise<Send>;
  /** Whether an error means that the scorer may have moved or changed its security. */
  readonly mayHaveMoved: (error: unknown) => boolean;
  readonly clock: Clock;
}

/** One request may hold this many rows; the work of H2O's own scorer grows with the square of the batch. */
const rowsPerRequest = 1000;
const schemaMaxAgeMs = 5 * 60_000;

/** A tuple of rows gives a tuple of scored rows. */
export type Scored<Rows extends readonly unknown[], Prediction> = { -readonly [Index in keyof Rows]: Prediction };

/**
 * Scores rows with a deployment.
 *
 * @example
 * const scorer = user.scorer(deployment);
 * const [row] = await scorer.scoreRows([{ LIMIT_BAL: 750000, AGE: 54, PAY_1: 0 }]);
 * console.log(row['default payment next month.1']);
 */
export class Scorer<Input extends Row = Row, Prediction extends ScoredRow = ScoredRow> {
  readonly #ports: ScorerPorts;
  readonly #schemas: AgedMap<Promise<Schema>>;
  #send: Promise<Send> | undefined;

  /** @internal */
  constructor(ports: ScorerPorts) {
    this.#ports = ports;
    this.#schemas = new AgedMap(ports.clock, schemaMaxAgeMs, 1);
  }

  /**
   * The model's input and output columns, as the scorer tells them now.
   *
   * @throws {ScoringError} the scorer refused or failed
   * @example
   * const { input } = await scorer.schema();
   */
  async schema(options: RequestOptions = {}): Promise<Schema> {
    const { schema } = await this.#call((send) => send({ operation: contract.schema }, options), options);
    return { input: contract.toColumns(schema.inputFields), output: contract.toColumns(schema.outputFields) };
  }

  /**
   * A request that the model can score, as the scorer suggests it.
   *
   * @example
   * const answer = await scorer.score(await scorer.sampleRequest());
   */
  async sampleRequest(options: RequestOptions = {}): Promise<ScoreRequest> {
    const sample = await this.#call((send) => send({ operation: contract.sampleRequest }, options), options);
    return { fields: sample.fields, rows: sample.rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell)))) };
  }

  /**
   * What the scorer can do, for instance `SCORE` and `CONTRIBUTION_ORIGINAL`.
   *
   * @example
   * const canScore = (await scorer.capabilities()).includes('SCORE');
   */
  async capabilities(options: RequestOptions = {}): Promise<readonly string[]> {
    return this.#call((send) => send({ operation: contract.capabilities }, options), options);
  }

  /**
   * Scores a request as it is: fields, and rows of text cells in the same order. The scorer checks little: it answers with a score
   * for missing and unknown columns too. {@link scoreRows} checks first.
   *
   * @throws {ScoringError} the scorer refused or failed; its message never quotes a cell
   * @throws {AuthenticationError} the scorer refused the token or the passphrase
   * @example
   * const { fields, score } = await scorer.score({ fields: ['AGE', 'PAY_1'], rows: [['54', '0']] });
   */
  async score(request: ScoreRequest, options: RequestOptions = {}): Promise<ScoreResponse> {
    return this.#call((send) => send({ operation: contract.score, body: request }, options), options);
  }

  /**
   * Scores rows given as objects, in order. They are checked against the model's live schema before anything is sent.
   *
   * @param rows a value for each input column; `null` where a value is not known
   * @returns an object for each row, by output column, with numbers as numbers
   * @throws {ScoringError} code `SCORING_ROWS_INVALID`: columns are missing, unknown or wrongly typed; `problems` says which
   * @example
   * const predictions = await scorer.scoreRows([
   *   { AGE: 54, PAY_1: 0 },
   *   { AGE: null, PAY_1: 2 },
   * ]);
   */
  async scoreRows<const Rows extends readonly Input[]>(rows: Rows, options: RequestOptions = {}): Promise<Scored<Rows, Prediction>> {
    const schema = await this.#knownSchema(options);
    const cells = toCells(rows, schema);
    const fields = schema.input.map((column) => column.name);
    const scored: ScoredRow[] = [];
    for (let start = 0; start < cells.length; start += rowsPerRequest) {
      const batch = cells.slice(start, start + rowsPerRequest);
      const answer = await this.score({ fields, rows: batch }, options);
      scored.push(...fromCells({ fields: answer.fields ?? [], rows: answer.score }, batch.length, schema));
    }
    // One scored row for each row, which fromCells has checked.
    return scored as Scored<Rows, Prediction>;
  }

  /** Read once and kept for a while; a failure is not kept. */
  #knownSchema(options: RequestOptions): Promise<Schema> {
    const known = this.#schemas.get('schema');
    if (known !== undefined) return waitUnlessAborted(known, options.signal);
    // Others may wait for the same schema, so one caller's signal does not end the reading.
    const reading = this.schema({ ...options, signal: undefined });
    this.#schemas.set('schema', reading);
    reading.catch(() => {
      this.#schemas.clear();
    });
    return waitUnlessAborted(reading, options.signal);
  }

  /** Calls the scorer; where it may have moved since it was found, finds it again and repeats once. */
  async #call<Answer>(work: (send: Send) => Promise<Answer>, { signal }: RequestOptions): Promise<Answer> {
    const isRemembered = this.#send !== undefined;
    try {
      return await work(await this.#opened(signal, false));
    } catch (error) {
      if (!isRemembered || !this.#ports.mayHaveMoved(error)) throw error;
      this.#schemas.clear();
      return work(await this.#opened(signal, true));
    }
  }

  /** Others may wait for the same search, so one caller's signal does not end it. */
  #opened(signal: AbortSignal | undefined, fresh: boolean): Promise<Send> {
    if (fresh) this.#send = undefined;
    this.#send ??= this.#ports.open({ fresh }).catch((error: unknown) => {
      this.#send = undefined;
      throw error;
    });
    return waitUnlessAborted(this.#send, signal);
  }
}

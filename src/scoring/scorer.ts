/**
 * The scorer of one deployment as one user reaches it: its schema, its capabilities, and scoring.
 * Wire format: the scoring REST API of H2O's Java and Python scorers.
 */
import { invalidParameter, type ConfigurationError } from '../errors/configuration-error.js';
import { checkMembers, memberOf, texts, type Kind } from '../http/given.js';
import type { Send } from '../http/operation.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { AgedMap } from '../internal/aged-map.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import * as contract from './contract.js';
import type { ScoreRequest, ScoreResponse } from './contract.js';
import type { OpenedScorer } from './open-scorer.js';
import { fromCells, toCells, type Row, type ScoredRow } from './rows.js';
import type { Schema } from './schema.js';

/** Sends a call to the scorer, wherever it is now. */
export interface ScorerPorts {
  /** Finds the scorer, asking the platform again when `fresh`. */
  readonly open: (options: { readonly fresh: boolean }) => Promise<OpenedScorer>;
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
  #opened: Promise<OpenedScorer> | undefined;

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
    const { schema } = await this.#call('schema', options, (send, within) => send({ operation: contract.schema }, within));
    return { input: contract.toColumns(schema.inputFields), output: contract.toColumns(schema.outputFields) };
  }

  /**
   * A request that the model can score, as the scorer suggests it.
   *
   * @example
   * const answer = await scorer.score(await scorer.sampleRequest());
   */
  async sampleRequest(options: RequestOptions = {}): Promise<ScoreRequest> {
    const sample = await this.#call('sampleRequest', options, (send, within) => send({ operation: contract.sampleRequest }, within));
    return { fields: sample.fields, rows: sample.rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell)))) };
  }

  /**
   * What the scorer can do, for instance `SCORE` and `CONTRIBUTION_ORIGINAL`.
   *
   * @example
   * const canScore = (await scorer.capabilities()).includes('SCORE');
   */
  async capabilities(options: RequestOptions = {}): Promise<readonly string[]> {
    return this.#call('capabilities', options, (send, within) => send({ operation: contract.capabilities }, within));
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
    checkMembers(request, 'A request to score', { fields: texts, rows: list });
    if (memberOf(request, 'fields') === undefined || memberOf(request, 'rows') === undefined) throw incompleteRequest();
    return this.#call('score', options, (send, within) => send({ operation: contract.score, body: request }, within));
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
    checkRows(rows);
    return withTotalDeadline(this.#ports.clock, { name: 'scoreRows', safe: true }, options, async (within) => {
      const schema = await this.#knownSchema(within);
      const cells = toCells(rows, schema);
      const fields = schema.input.map((column) => column.name);
      const scored: ScoredRow[] = [];
      for (let start = 0; start < cells.length; start += rowsPerRequest) {
        const batch = cells.slice(start, start + rowsPerRequest);
        const answer = await this.score({ fields, rows: batch }, within);
        scored.push(...fromCells({ fields: answer.fields ?? [], rows: answer.score }, batch.length, schema));
      }
      // One scored row for each row, which fromCells has checked.
      return scored as Scored<Rows, Prediction>;
    });
  }

  /** Read once and kept for a while; a failure is not kept. */
  #knownSchema(options: RequestOptions): Promise<Schema> {
    const known = this.#schemas.get('schema');
    if (known !== undefined) return waitUnlessAborted(known, options.signal);
    // Others may wait for the same schema, so one caller's signal and deadline do not end the reading.
    const reading = this.schema({ ...options, signal: undefined, timeoutMs: undefined });
    this.#schemas.set('schema', reading);
    reading.catch(() => {
      this.#schemas.clear();
    });
    return waitUnlessAborted(reading, options.signal);
  }

  /** Calls the scorer; where it may have moved since it was found, finds it again and repeats once. */
  async #call<Answer>(
    name: string,
    options: RequestOptions,
    work: (send: Send, within: RequestOptions) => Promise<Answer>,
  ): Promise<Answer> {
    return withTotalDeadline(this.#ports.clock, { name, safe: true }, options, async (within) => {
      const isKept = this.#opened !== undefined;
      const opening = this.#open(false);
      const opened = await waitUnlessAborted(opening, within.signal);
      try {
        return await work(opened.send, within);
      } catch (error) {
        if (!(isKept || opened.isRemembered) || !this.#ports.mayHaveMoved(error)) throw error;
        // Of many calls that fail together one asks the platform, and all use what it hears.
        if (this.#opened === opening) this.#forget();
        return work((await waitUnlessAborted(this.#open(true), within.signal)).send, within);
      }
    });
  }

  /** Others may wait for the same search, so no caller's signal ends it. */
  #open(fresh: boolean): Promise<OpenedScorer> {
    if (this.#opened !== undefined) return this.#opened;
    const opening = this.#ports.open({ fresh });
    this.#opened = opening;
    opening.catch(() => {
      if (this.#opened === opening) this.#opened = undefined;
    });
    return opening;
  }

  #forget(): void {
    this.#opened = undefined;
    this.#schemas.clear();
  }
}

const list: Kind = { name: 'a list', accepts: Array.isArray };

function checkRows(rows: unknown): void {
  if (Array.isArray(rows)) return;
  throw invalidParameter('The rows to score are not a list.', 'Pass an array of objects, each with a value for each column.');
}

function incompleteRequest(): ConfigurationError {
  return invalidParameter('The request to score has no `fields` or no `rows`.', 'Pass both, or let scoreRows() make the request.');
}

/**
 * The scorer of one deployment as one user reaches it: what it is and can do, and scoring of requests, rows and streams of rows.
 * Wire format: the scoring REST API of H2O's Java and Python scorers (contract.ts).
 */
import { ScoringError } from '../errors/scoring-error.js';
import { checkMembers } from '../http/given.js';
import { checkRequestOptions, type RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { AgedMap } from '../internal/aged-map.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import { checkCapabilities, neededCapabilities, type Demands } from './capability.js';
import type { Cell, ScoredCell } from './cells.js';
import * as contract from './contract.js';
import type { ContributionRequest, Contributions, ScoreMediaRequest, ScoreRequest, ScoreResponse } from './contract.js';
import { multipartBody, type MediaFile } from './media.js';
import type { OpenedScorer } from './open-scorer.js';
import type { OpenAiConnection } from './openai.js';
import type { ExplainedRow, ExplainOptions, ScoredRow } from './row-reader.js';
import { scoreList, streamRows, type RowScoringPorts, type StreamWatch } from './row-scoring.js';
import type { Row, RowOptions } from './row-writer.js';
import type { Schema } from './schema.js';
import { checkExtras, checkFiles, checkRequest, checkRows, checkShapleyType, rowKinds, streamKinds } from './scorer-checks.js';
import { namingColumns } from './scorer-error.js';
import { ScoreStream, type StreamOptions } from './score-stream.js';
import { countOf, type RowSource } from './sources/row-source.js';

/** Sends a call to the scorer, wherever it is now. */
export interface ScorerPorts {
  /** Finds the scorer, asking the platform again when `fresh`. */
  readonly open: (options: { readonly fresh: boolean }) => Promise<OpenedScorer>;
  /** Whether an error means that the scorer may have moved or changed its security. */
  readonly mayHaveMoved: (error: unknown) => boolean;
  readonly clock: Clock;
}

/** Options of `scoreRows()`. */
export interface ScoreRowsOptions extends RequestOptions, RowOptions {
  readonly contributions?: undefined;
  readonly predictionIntervals?: false | undefined;
}

/** Options of `scoreStream()`. */
export interface ScoreStreamOptions extends StreamOptions {
  readonly contributions?: undefined;
  readonly predictionIntervals?: false | undefined;
}
/** Options of `scoreStream()` that ask for something beside the scores. */
export type ExplainStreamOptions = StreamOptions & ExplainOptions & (AskForContributions | AskForIntervals);

/** Options of `scoreRows()` that ask for something beside the scores. */
export type ExplainRowsOptions = RequestOptions & RowOptions & ExplainOptions & (AskForContributions | AskForIntervals);
export interface AskForContributions {
  readonly contributions: contract.ShapleyValueType;
}
export interface AskForIntervals {
  readonly predictionIntervals: true;
}

/** How long what a scorer says of itself is believed. */
const maxAgeMs = 5 * 60_000;

/** A tuple of rows gives a tuple of scored rows. */
export type Scored<Rows extends readonly unknown[], Prediction> = { -readonly [Index in keyof Rows]: Prediction };

/** What the type of a row must be: an object of cells, also an interface. */
export type RowLike<Input> = { readonly [Column in keyof Input]: Cell };
/** What the type of a prediction must be. */
export type PredictionLike<Prediction> = { readonly [Column in keyof Prediction]: ScoredCell };

/**
 * Scores rows with a deployment.
 *
 * @example
 * const scorer = user.scorer(deployment);
 * const [row] = await scorer.scoreRows([{ LIMIT_BAL: 750000, AGE: 54, PAY_1: 0 }]);
 * console.log(row['default payment next month.1']);
 */
export class Scorer<Input extends RowLike<Input> = Row, Prediction extends PredictionLike<Prediction> = ScoredRow> {
  readonly #ports: ScorerPorts;
  readonly #schemas: AgedMap<Promise<Schema>>;
  readonly #abilities: AgedMap<Promise<readonly string[] | undefined>>;
  #opened: Promise<OpenedScorer> | undefined;

  /** @internal */
  constructor(ports: ScorerPorts) {
    this.#ports = ports;
    this.#schemas = new AgedMap(ports.clock, maxAgeMs, 1);
    this.#abilities = new AgedMap(ports.clock, maxAgeMs, 1);
  }

  /**
   * The model's input and output columns, as the scorer tells them now.
   *
   * @throws {ScoringError} the scorer refused or failed
   * @example
   * const { input } = await scorer.schema();
   */
  async schema(options: RequestOptions = {}): Promise<Schema> {
    return this.#call('schema', options, async ({ send }, within) => contract.toSchema(await send({ operation: contract.schema }, within)));
  }

  /**
   * A request that the model can score, as the scorer suggests it.
   *
   * @example
   * const answer = await scorer.score(await scorer.sampleRequest());
   */
  async sampleRequest(options: RequestOptions = {}): Promise<ScoreRequest> {
    return this.#call('sampleRequest', options, async ({ send }, within) =>
      contract.toSampleRequest(await send({ operation: contract.sampleRequest }, within)),
    );
  }

  /**
   * What the scorer can do, for instance `SCORE` and `CONTRIBUTION_ORIGINAL`.
   *
   * @example
   * const canExplain = (await scorer.capabilities()).includes('CONTRIBUTION_ORIGINAL');
   */
  async capabilities(options: RequestOptions = {}): Promise<readonly string[]> {
    return this.#call('capabilities', options, ({ send }, within) => send({ operation: contract.capabilities }, within));
  }

  /**
   * Whether the scorer can score now. A deployment without an address yet, and a scorer that says it is starting, are not ready.
   *
   * @throws {ConnectionError} nobody can be reached at the scorer's address
   * @example
   * if (!(await scorer.ready())) console.log('The model is still starting.');
   */
  async ready(options: RequestOptions = {}): Promise<boolean> {
    try {
      // It is asked for now, not for what it may be after some repetitions.
      await this.#call('ready', { retry: { limit: 0 }, ...options }, ({ sendToRoot }, within) =>
        sendToRoot({ operation: contract.readyz }, within),
      );
      return true;
    } catch (error) {
      if (error instanceof ScoringError && (error.code === 'SCORER_NOT_READY' || (error.status ?? 0) >= 500)) return false;
      throw error;
    }
  }

  /**
   * The id of the model that the scorer serves; `undefined` where it has none.
   *
   * @example
   * const id = await scorer.modelId();
   */
  async modelId(options: RequestOptions = {}): Promise<string | undefined> {
    const { body } = await this.#call('modelId', options, ({ send }, within) => send({ operation: contract.modelId }, within));
    return body.trim() === '' ? undefined : body.trim();
  }

  /**
   * Scores a request as it is: fields, and rows of text cells in the same order. The scorer checks little: it answers with a score
   * for missing and unknown columns too. {@link scoreRows} checks first.
   *
   * @throws {ScoringError} the scorer refused or failed; its message never quotes a cell. Code `SCORING_UNSUPPORTED`: it cannot do what
   * the request asks for beside scores, and nothing was sent
   * @throws {ResponseValidationError} what was asked for beside the scores is not in the answer
   * @throws {AuthenticationError} the scorer refused the token or the passphrase
   * @example
   * const { fields, score } = await scorer.score({ fields: ['AGE', 'PAY_1'], rows: [['54', '0']] });
   */
  async score(request: ScoreRequest, options: RequestOptions = {}): Promise<ScoreResponse> {
    checkRequest(request, 'A request to score');
    const { requestShapleyValueType: contributions, requestPredictionIntervals: predictionIntervals } = request;
    return this.#whole('score', options, async (within) => {
      await this.#demand({ contributions, predictionIntervals }, within);
      const answer = await this.#call('score', within, async ({ send }, inner) =>
        contract.toScoreResponse(await namingColumns(send({ operation: contract.score, body: request }, inner), request.fields)),
      );
      checkExtras(answer, request);
      return answer;
    });
  }

  /**
   * The Shapley values of rows, without their scores.
   *
   * @throws {ScoringError} code `SCORING_UNSUPPORTED`: the scorer cannot explain in that way, and nothing was sent
   * @example
   * const request = { fields: ['AGE', 'PAY_1'], rows: [['54', '0']], requestShapleyValueType: 'ORIGINAL' } as const;
   * const { features, contributionGroups } = await scorer.contributions(request);
   */
  async contributions(request: ContributionRequest, options: RequestOptions = {}): Promise<Contributions> {
    checkRequest(request, 'A request to explain');
    checkShapleyType(request);
    return this.#whole('contributions', options, async (within) => {
      await this.#demand({ contributions: request.requestShapleyValueType }, within);
      return this.#call('contributions', within, async ({ send }, inner) =>
        contract.toContributions(await namingColumns(send({ operation: contract.contribution, body: request }, inner), request.fields)),
      );
    });
  }

  /**
   * Scores files, for instance images: a row for each, with the file's name in a cell. Files are read while they are sent.
   *
   * @param files paths, or names with contents; a media column's cell is the name of one of them
   * @throws {ConfigurationError} a file cannot be read, or a row names one that is not there
   * @throws {ScoringError} code `SCORING_UNSUPPORTED`: the scorer takes no files, and nothing was sent
   * @example
   * const request = { fields: ['image'], rows: [['cat.png']], mediaFields: ['image'] };
   * const { score } = await scorer.scoreMedia(request, ['pictures/cat.png']);
   */
  async scoreMedia(request: ScoreMediaRequest, files: readonly MediaFile[], options: RequestOptions = {}): Promise<ScoreResponse> {
    checkRequest(request, 'A request to score files');
    checkFiles(files);
    const { requestShapleyValueType: contributions, requestPredictionIntervals: predictionIntervals } = request;
    return this.#whole('scoreMedia', options, async (within) => {
      await this.#demand({ contributions, predictionIntervals, media: true }, within);
      const stream = await multipartBody(request, files);
      const answer = await this.#call('scoreMedia', within, async ({ send }, inner) =>
        contract.toScoreResponse(await namingColumns(send({ operation: contract.mediaScore, stream }, inner), request.fields)),
      );
      checkExtras(answer, request);
      return answer;
    });
  }

  /**
   * Scores rows given as objects, in order. They are checked against the model's live schema before anything is sent.
   *
   * @param rows a value for each input column; `null` where a value is not known
   * @returns an object for each row, by output column, with numbers as numbers; with `contributions` or `predictionIntervals` it is
   * `{ row, contributions, predictionIntervals }`
   * @throws {ScoringError} code `SCORING_ROWS_INVALID`: columns are missing, unknown or wrongly typed; `problems` says which
   * @throws {ResponseValidationError} the scorer answered with other rows than were sent, or without what was asked for
   * @example
   * const predictions = await scorer.scoreRows([
   *   { AGE: 54, PAY_1: 0 },
   *   { AGE: null, PAY_1: 2 },
   * ]);
   * @example
   * const [explained] = await scorer.scoreRows([{ id: 'a', AGE: 54, PAY_1: 0 }], { idColumn: 'id', contributions: 'ORIGINAL' });
   * console.log(explained.row, explained.contributions);
   */
  async scoreRows<const Rows extends readonly Input[]>(rows: Rows, options?: ScoreRowsOptions): Promise<Scored<Rows, Prediction>>;
  async scoreRows<const Rows extends readonly Input[]>(
    rows: Rows,
    options: ExplainRowsOptions,
  ): Promise<Scored<Rows, ExplainedRow<Prediction>>>;
  async scoreRows(rows: readonly unknown[], options: RequestOptions & RowOptions & ExplainOptions = {}): Promise<unknown> {
    checkRows(rows);
    checkMembers(options, 'The options of scoreRows()', rowKinds);
    return this.#whole('scoreRows', options, (within) => scoreList(this.#rowScoring('scoreRows'), rows, options, within));
  }

  /**
   * Scores any number of rows: as they are read, in requests of the size that is fastest for this scorer, several at a time, in order.
   * Memory stays flat, tokens are renewed on the way, and failed requests are repeated. A request that the scorer refuses is scored in
   * parts until the bad rows are alone. Nothing is sent before the first result is taken.
   *
   * @param source anything that can be iterated, a stream of objects, or a file: a path, `{ csv }` or `{ jsonLines }`
   * @returns results to iterate, or to write to a file; the rows are as in {@link scoreRows}
   * @throws {ConfigurationError} an option is of the wrong kind
   * @throws {ScoringError} (while reading) a row does not fit the model, or the scorer refuses it; see `onRowError`
   * @example
   * const report = await scorer.scoreStream('applicants.csv', { idColumn: 'id', onRowError: 'collect' }).toFile('scores.csv');
   * console.log(report.scored, report.problems);
   * @example
   * for await (const prediction of scorer.scoreStream(rows, { signal })) console.log(prediction);
   */
  scoreStream(source: RowSource<Input>, options?: ScoreStreamOptions): ScoreStream<Prediction>;
  scoreStream(source: RowSource<Input>, options: ExplainStreamOptions): ScoreStream<ExplainedRow<Prediction>>;
  scoreStream(source: RowSource<Input>, options: StreamOptions & ExplainOptions = {}): ScoreStream<unknown> {
    checkRequestOptions(options);
    checkMembers(options, 'The options of scoreStream()', streamKinds);
    const ports = this.#rowScoring('scoreStream');
    const total = options.totalRows ?? countOf(source);
    const watch: StreamWatch = {};
    return new ScoreStream({
      clock: this.#ports.clock,
      options,
      start: () => streamRows(ports, source, options, watch),
      fraction: (done) =>
        total === undefined ? watch.opened?.fraction?.() : Math.min(1, done / Math.max(1, total - (options.fromRow ?? 0))),
    });
  }

  /**
   * What a client of OpenAI's API needs to talk to a deployment that speaks it, such as a language model: its address, and a `fetch`
   * that lets the user in and renews the token. It goes nowhere but to that deployment.
   *
   * @returns what `new OpenAI()` of the package `openai` takes as it is, and `createOpenAICompatible()` of the AI SDK
   * @example
   * const { baseURL, fetch, headers } = await scorer.openai();
   */
  async openai(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<OpenAiConnection> {
    return this.#call('openai', options, ({ openAi }) => Promise.resolve(openAi));
  }

  #rowScoring(name: string): RowScoringPorts {
    return {
      clock: this.#ports.clock,
      demand: ({ contributions, predictionIntervals }, within) => this.#demand({ contributions, predictionIntervals }, within),
      schema: (within) => this.#known(this.#schemas, within, (inner) => this.schema(inner)),
      send: (json, isBatch, within) => {
        const operation = isBatch ? contract.scoreBatch : contract.score;
        return this.#call(name, within, ({ send }, inner) => send({ operation, json }, inner));
      },
    };
  }

  /** @throws {ScoringError} code `SCORING_UNSUPPORTED` */
  async #demand(demands: Demands, options: RequestOptions): Promise<void> {
    const needed = neededCapabilities(demands);
    if (needed.length === 0) return;
    const offered = await this.#known(this.#abilities, options, (within) => this.#readAbilities(within));
    if (offered !== undefined) checkCapabilities(needed, offered);
  }

  /** A scorer that does not tell its capabilities may still have them. */
  async #readAbilities(options: RequestOptions): Promise<readonly string[] | undefined> {
    try {
      return await this.capabilities(options);
    } catch (error) {
      if (error instanceof ScoringError && (error.status === 404 || error.status === 405 || error.status === 501)) return undefined;
      throw error;
    }
  }

  /** Read once and kept for a while; a failure is not kept. */
  #known<Fact>(kept: AgedMap<Promise<Fact>>, options: RequestOptions, read: (within: RequestOptions) => Promise<Fact>): Promise<Fact> {
    const known = kept.get('');
    if (known !== undefined) return waitUnlessAborted(known, options.signal);
    // Others may wait for the same answer, so one caller's signal and deadline do not end the reading.
    const reading = read({ headers: options.headers, retry: options.retry });
    kept.set('', reading);
    reading.catch(() => {
      if (kept.get('') === reading) kept.clear();
    });
    return waitUnlessAborted(reading, options.signal);
  }

  #whole<Result>(name: string, options: RequestOptions, work: (within: RequestOptions) => Promise<Result>): Promise<Result> {
    // A request may take as long as the whole call, if its caller says how long that is.
    const { timeoutMs } = options;
    return withTotalDeadline(this.#ports.clock, { name, safe: true }, requestOptionsOf(options), (within) =>
      work({ ...within, timeoutMs }),
    );
  }

  /** Calls the scorer; where it may have moved since it was found, finds it again and repeats once. */
  #call<Answer>(
    name: string,
    options: RequestOptions,
    work: (opened: OpenedScorer, within: RequestOptions) => Promise<Answer>,
  ): Promise<Answer> {
    return this.#whole(name, options, async (within) => {
      const isKept = this.#opened !== undefined;
      const opening = this.#open(false);
      const opened = await waitUnlessAborted(opening, within.signal);
      try {
        return await work(opened, within);
      } catch (error) {
        if (!(isKept || opened.isRemembered) || !this.#ports.mayHaveMoved(error)) throw error;
        // Of many calls that fail together one asks the platform, and all use what it hears.
        if (this.#opened === opening) this.#forget();
        return work(await waitUnlessAborted(this.#open(true), within.signal), within);
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
    this.#abilities.clear();
  }
}

function requestOptionsOf({ signal, timeoutMs, idleTimeoutMs, headers, retry }: RequestOptions): RequestOptions {
  return { signal, timeoutMs, idleTimeoutMs, headers, retry };
}

/**
 * Experiments: a trained model with its artifact and what is known about it.
 */
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import { anything, callback, checkMembers, orNull, text } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { defaultIdleTimeoutMs } from '../http/send.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { waitUnlessAborted } from '../internal/clock.js';
import { openArtifact, type ArtifactSource, type OpenedArtifact } from './artifact-source.js';
import type { Artifact, Downloaded, DownloadOptions, TransferApi, UploadOptions } from './artifacts.js';
import { checkedName } from './checks.js';
import { downloadTo, type DownloadTarget } from './download.js';
import { filterKinds, filterOf, type ListFilter } from './list-filter.js';
import type { PlatformResolver } from './platform-resolver.js';
import { childOf, idOf, type ExperimentRef, type ProjectRef } from './references.js';

/** A value of an experiment's metadata. */
export type MetadataValue = string | number | boolean | null | readonly MetadataValue[] | { readonly [key: string]: MetadataValue };

/** A column of what a model takes or gives, as its artifact says. */
export interface SchemaColumn {
  readonly name: string;
  /** In the words of the tool that made the model, for instance `float64`. */
  readonly type: string;
}

/** How a model was trained, as far as known. */
export interface ExperimentParameters {
  readonly targetColumn?: string;
  readonly weightColumn?: string;
  readonly foldColumn?: string;
  readonly trainingDatasetId?: string;
  readonly validationDatasetId?: string;
  readonly testDatasetId?: string;
}

/** An experiment as it was read. */
export interface Experiment {
  readonly id: string;
  readonly project: { readonly id: string };
  readonly name: string;
  readonly description: string;
  /** For instance `FINISHED`; an experiment made from an uploaded artifact may have none. */
  readonly status?: string;
  /** The column that the model predicts, as far as known. */
  readonly targetColumn?: string;
  readonly parameters: ExperimentParameters;
  /** What the platform read from the artifact, for instance `tool` and `score`. Lists leave it out. */
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  /** What the model takes, where the artifact says it. Lists leave it out. */
  readonly inputSchema?: readonly SchemaColumn[];
  /** What the model gives, where the artifact says it. Lists leave it out. */
  readonly outputSchema?: readonly SchemaColumn[];
  readonly ownerId?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
}

export interface ExperimentCreateParams {
  readonly project: ProjectRef;
  readonly name: string;
  /** The scoring artifact: a MOJO's zip file. */
  readonly artifact: ArtifactSource;
  readonly description?: string | undefined;
}

export type ExperimentCreateOptions = UploadOptions;

export interface ExperimentUpdateParams {
  readonly name?: string | undefined;
  /** `null` clears it. */
  readonly description?: string | null | undefined;
}

export interface ExperimentListParams extends ListFilter {
  readonly project: ProjectRef;
}

/** A checked order for a new experiment. */
export interface ExperimentOrder {
  readonly projectId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly artifact: OpenedArtifact;
}

/** Experiments on one platform. */
export interface ExperimentsApi {
  create(order: ExperimentOrder, options: ExperimentCreateOptions): Promise<Experiment>;
  get(id: string, projectId: string, options: RequestOptions): Promise<Experiment>;
  list(projectId: string, filter: ListFilter, options: RequestOptions): List<Experiment>;
  update(id: string, projectId: string, params: ExperimentUpdateParams, options: RequestOptions): Promise<Experiment>;
  delete(id: string, projectId: string, options: RequestOptions): Promise<void>;
  restore(id: string, projectId: string, options: RequestOptions): Promise<Experiment>;
  artifacts(id: string, options: RequestOptions): Promise<readonly Artifact[]>;
  /** Gives the bytes of an artifact from an offset on to `take`. */
  readonly download: TransferApi['download'];
  /** The types of the artifacts that belong to an experiment, as runtimes name them. */
  artifactTypes(id: string, options: RequestOptions): Promise<readonly string[]>;
}

export class Experiments {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * Uploads a scoring artifact and makes an experiment of it. The file is streamed: memory stays flat whatever its size.
   * When it fails half-way, what was made is removed; what could not be removed is in the error's `created`.
   *
   * @param options without `timeoutMs` the upload takes as long as it moves: `idleTimeoutMs` (default 60 s) ends one that does not
   * @throws {ConfigurationError} code `ARTIFACT_INVALID`: the artifact is missing, a directory, empty, or not a zip file; nothing was sent
   * @throws {ApiError} code `UPLOAD_INCOMPLETE`: the platform stored something else than what was sent; code `INGESTION_FAILED`: it is no
   * model that the platform can read
   * @example
   * const experiment = await mlops.experiments.create(
   *   { project, name: 'from-node', artifact: 'mojo.zip' },
   *   { onProgress: ({ uploadedBytes, totalBytes }) => console.error(uploadedBytes, totalBytes) },
   * );
   */
  async create(params: ExperimentCreateParams, options: ExperimentCreateOptions = {}): Promise<Experiment> {
    checkMembers(params, 'A new experiment', { project: anything, name: text, artifact: anything, description: text });
    checkMembers(options, 'The options of a call', { onProgress: callback });
    checkedName(params.name, 'experiment');
    const projectId = idOf(params.project, 'project');
    return withTotalDeadline(this.#platform.clock, { name: 'experiments.create', safe: false }, options, async (within) => {
      const artifact = await this.#opened(params.artifact, within);
      const { experiments } = await this.#platform.resolve(within);
      return experiments.create({ projectId, name: params.name, description: params.description, artifact }, within);
    });
  }

  /** A stream that gives nothing must not hold the call for ever. */
  #opened(source: ArtifactSource, { signal, idleTimeoutMs = defaultIdleTimeoutMs }: RequestOptions): Promise<OpenedArtifact> {
    const call = { name: 'Reading the beginning of the artifact', safe: true };
    return withTotalDeadline(this.#platform.clock, call, { signal, timeoutMs: idleTimeoutMs }, (within) =>
      waitUnlessAborted(openArtifact(source), within.signal),
    );
  }

  /**
   * Reads an experiment with its metadata.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const { metadata } = await mlops.experiments.get(experiment);
   */
  async get(experiment: ExperimentRef, options: RequestOptions = {}): Promise<Experiment> {
    const { id, project } = childOf(experiment, 'experiment');
    const { experiments } = await this.#platform.resolve(options);
    return experiments.get(id, project.id, options);
  }

  /**
   * Lists the experiments of a project, lazily.
   *
   * @example
   * const experiments = await mlops.experiments.list({ project }).toArray();
   */
  list(params: ExperimentListParams, options: RequestOptions = {}): List<Experiment> {
    checkMembers(params, 'A list of experiments', { project: anything, ...filterKinds });
    const projectId = idOf(params.project, 'project');
    const filter = filterOf(params);
    return lazyList(async () => (await this.#platform.resolve(options)).experiments.list(projectId, filter, options));
  }

  /**
   * Changes the name or the description; what is not named stays.
   *
   * @example
   * await mlops.experiments.update(experiment, { name: 'champion' });
   */
  async update(experiment: ExperimentRef, params: ExperimentUpdateParams, options: RequestOptions = {}): Promise<Experiment> {
    const { id, project } = childOf(experiment, 'experiment');
    checkMembers(params, 'Changes of an experiment', { name: text, description: orNull(text) });
    if (params.name !== undefined) checkedName(params.name, 'experiment');
    const { experiments } = await this.#platform.resolve(options);
    return experiments.update(id, project.id, params, options);
  }

  /**
   * Deletes an experiment.
   *
   * @throws {NotFoundError} there is none
   * @example
   * await mlops.experiments.delete(experiment);
   */
  async delete(experiment: ExperimentRef, options: RequestOptions = {}): Promise<void> {
    const { id, project } = childOf(experiment, 'experiment');
    const { experiments } = await this.#platform.resolve(options);
    await experiments.delete(id, project.id, options);
  }

  /**
   * Brings a deleted experiment back, as long as the platform still has it.
   *
   * @throws {NotFoundError} the platform does not know it any more
   * @throws {ApiError} the platform did not restore it
   * @example
   * const experimentAgain = await mlops.experiments.restore(experiment);
   */
  async restore(experiment: ExperimentRef, options: RequestOptions = {}): Promise<Experiment> {
    const { id, project } = childOf(experiment, 'experiment');
    return withTotalDeadline(this.#platform.clock, { name: 'experiments.restore', safe: true }, options, async (within) => {
      const { experiments } = await this.#platform.resolve(within);
      return experiments.restore(id, project.id, within);
    });
  }

  /**
   * The files of an experiment.
   *
   * @example
   * const [artifact] = await mlops.experiments.artifacts(experiment);
   */
  async artifacts(experiment: ExperimentRef, options: RequestOptions = {}): Promise<readonly Artifact[]> {
    const { id } = childOf(experiment, 'experiment');
    const { experiments } = await this.#platform.resolve(options);
    return experiments.artifacts(id, options);
  }

  /**
   * Downloads a file of an experiment, streamed: memory stays flat whatever its size. A broken download goes on from where it was, and the
   * checksum is compared with that of the platform. At a path nothing appears before all of it is there.
   *
   * @param to a path, a `file:` URL, or a WritableStream, which is not closed
   * @param options without `timeoutMs` it takes as long as it moves: `idleTimeoutMs` (default 60 s) ends one that does not
   * @throws {NotFoundError} the experiment has no such file
   * @throws {ApiError} code `DOWNLOAD_INCOMPLETE`: other bytes came than the platform has
   * @example
   * const { sizeBytes } = await mlops.experiments.download(experiment, 'mojo.zip');
   */
  async download(experiment: ExperimentRef, to: DownloadTarget, options: DownloadOptions = {}): Promise<Downloaded> {
    const { id } = childOf(experiment, 'experiment');
    checkMembers(options, 'The options of a download', { artifactId: text, onProgress: callback });
    return withTotalDeadline(this.#platform.clock, { name: 'experiments.download', safe: true }, options, async (within) => {
      const { experiments } = await this.#platform.resolve(within);
      const source = { call: 'experiments.download', artifacts: await experiments.artifacts(id, within), download: experiments.download };
      return downloadTo(to, source, this.#platform.clock, within);
    });
  }
}

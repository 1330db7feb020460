/**
 * Registered models and their versions: the names under which experiments are deployed.
 */
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import { anything, checkMembers, orNull, text } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { NotFoundError } from '../errors/api-error.js';
import { checkedName } from './checks.js';
import { filterKinds, filterOf, type ListFilter } from './list-filter.js';
import type { PlatformResolver } from './platform-resolver.js';
import type { Recollection } from './recollection.js';
import { childOf, idOf, type ExperimentRef, type ModelRef, type ModelVersionRef, type ProjectRef } from './references.js';

/** A registered model as it was read. */
export interface Model {
  readonly id: string;
  readonly project: { readonly id: string };
  readonly name: string;
  readonly description: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
}

/** One version of a model: an experiment under a number. */
export interface ModelVersion {
  readonly id: string;
  readonly project: { readonly id: string };
  readonly model: { readonly id: string };
  /** 1, 2, 3 … */
  readonly version: number;
  readonly experiment: { readonly id: string };
  /** RFC 3339. */
  readonly createdAt?: string;
}

export interface ModelCreateParams {
  readonly project: ProjectRef;
  readonly name: string;
  readonly description?: string | undefined;
}

export interface ModelUpdateParams {
  readonly name?: string | undefined;
  /** `null` clears it. */
  readonly description?: string | null | undefined;
}

export interface ModelListParams extends ListFilter {
  readonly project: ProjectRef;
}

export interface RegisterParams {
  readonly model: ModelRef;
  readonly experiment: ExperimentRef;
}

/** Models on one platform. */
export interface ModelsApi {
  create(
    params: { readonly projectId: string; readonly name: string; readonly description?: string | undefined },
    options: RequestOptions,
  ): Promise<Model>;
  get(id: string, projectId: string, options: RequestOptions): Promise<Model>;
  list(projectId: string, filter: ListFilter, options: RequestOptions): List<Model>;
  update(id: string, projectId: string, params: ModelUpdateParams, options: RequestOptions): Promise<Model>;
  delete(id: string, options: RequestOptions): Promise<void>;
  register(
    params: { readonly modelId: string; readonly experimentId: string; readonly projectId: string },
    options: RequestOptions,
  ): Promise<ModelVersion>;
  versions(modelId: string, projectId: string, options: RequestOptions): List<ModelVersion>;
  unregister(versionId: string, options: RequestOptions): Promise<void>;
}

export class Models {
  readonly #platform: PlatformResolver;
  readonly #recollection: Recollection;

  /** @internal */
  constructor(platform: PlatformResolver, recollection: Recollection) {
    this.#platform = platform;
    this.#recollection = recollection;
  }

  /**
   * Creates a registered model without versions.
   *
   * @throws {ConfigurationError} the name is empty
   * @example
   * const model = await mlops.models.create({ project, name: 'credit' });
   */
  async create(params: ModelCreateParams, options: RequestOptions = {}): Promise<Model> {
    checkMembers(params, 'A new model', { project: anything, name: text, description: text });
    checkedName(params.name, 'model');
    const projectId = idOf(params.project, 'project');
    const { models } = await this.#platform.resolve(options);
    return models.create({ projectId, name: params.name, description: params.description }, options);
  }

  /**
   * Reads a model.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const again = await mlops.models.get(model);
   */
  async get(model: ModelRef, options: RequestOptions = {}): Promise<Model> {
    const { id, project } = childOf(model, 'model');
    const { models } = await this.#platform.resolve(options);
    return models.get(id, project.id, options);
  }

  /**
   * Lists the models of a project, lazily.
   *
   * @example
   * const credit = await mlops.models.list({ project, name: 'credit' }).first();
   */
  list(params: ModelListParams, options: RequestOptions = {}): List<Model> {
    checkMembers(params, 'A list of models', { project: anything, ...filterKinds });
    const projectId = idOf(params.project, 'project');
    const filter = filterOf(params);
    return lazyList(async () => (await this.#platform.resolve(options)).models.list(projectId, filter, options));
  }

  /**
   * Changes the name or the description; what is not named stays.
   *
   * @example
   * await mlops.models.update(model, { description: 'Default within a month' });
   */
  async update(model: ModelRef, params: ModelUpdateParams, options: RequestOptions = {}): Promise<Model> {
    const { id, project } = childOf(model, 'model');
    checkMembers(params, 'Changes of a model', { name: text, description: orNull(text) });
    if (params.name !== undefined) checkedName(params.name, 'model');
    const { models } = await this.#platform.resolve(options);
    return models.update(id, project.id, params, options);
  }

  /**
   * Deletes a model with its versions; the experiments stay.
   *
   * @throws {ConflictError} the platform keeps it, for instance because it is deployed
   * @example
   * await mlops.models.delete(model);
   */
  async delete(model: ModelRef, options: RequestOptions = {}): Promise<void> {
    const { id } = childOf(model, 'model');
    const { models } = await this.#platform.resolve(options);
    this.#recollection.registered.delete(id);
    await models.delete(id, options);
  }

  /**
   * Registers an experiment as the next version of a model.
   *
   * @example
   * const { version } = await mlops.models.register({ model, experiment });
   */
  async register(params: RegisterParams, options: RequestOptions = {}): Promise<ModelVersion> {
    checkMembers(params, 'A new version', { model: anything, experiment: anything });
    const model = childOf(params.model, 'model');
    const experiment = childOf(params.experiment, 'experiment');
    const { models } = await this.#platform.resolve(options);
    const version = await models.register({ modelId: model.id, experimentId: experiment.id, projectId: model.project.id }, options);
    this.#recollection.registered.set(model.id, version);
    return version;
  }

  /**
   * Lists the versions of a model, lazily.
   *
   * @example
   * const versions = await mlops.models.versions(model).toArray();
   */
  versions(model: ModelRef, options: RequestOptions = {}): List<ModelVersion> {
    const { id, project } = childOf(model, 'model');
    return lazyList(async () => (await this.#platform.resolve(options)).models.versions(id, project.id, options));
  }

  /**
   * The version with the highest number, over all pages.
   *
   * @throws {NotFoundError} the model has no version yet
   * @example
   * const { experiment } = await mlops.models.latestVersion(model);
   */
  async latestVersion(model: ModelRef, options: RequestOptions = {}): Promise<ModelVersion> {
    return withTotalDeadline(this.#platform.clock, { name: 'models.latestVersion', safe: true }, options, async (within) =>
      highestVersion(await this.versions(model, within).toArray()),
    );
  }

  /**
   * Removes one version from a model; its experiment stays.
   *
   * @example
   * await mlops.models.unregister(version);
   */
  async unregister(version: ModelVersionRef, options: RequestOptions = {}): Promise<void> {
    const { id } = childOf(version, 'model version');
    const { models } = await this.#platform.resolve(options);
    // Which model it belongs to is not known here.
    this.#recollection.registered.clear();
    await models.unregister(id, options);
  }
}

/** @throws {NotFoundError} there is no version */
export function highestVersion(versions: readonly ModelVersion[]): ModelVersion {
  const highest = versions.reduce<ModelVersion | undefined>(
    (best, next) => (best === undefined || next.version > best.version ? next : best),
    undefined,
  );
  if (highest !== undefined) return highest;
  throw new NotFoundError({
    code: 'NOT_FOUND',
    status: 404,
    what: 'The model has no version.',
    fix: 'Register an experiment first: mlops.models.register({ model, experiment }).',
  });
}

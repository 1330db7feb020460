/**
 * Projects: where experiments, models and deployments live. Platform 1.x calls them workspaces.
 */
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import { checkMembers, orNull, text } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { checkedName } from './checks.js';
import type { PlatformResolver } from './platform-resolver.js';
import { filterKinds, filterOf, type ListFilter } from './list-filter.js';
import { idOf, type ProjectRef } from './references.js';

/** A project as it was read. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Id of the user who owns it. */
  readonly ownerId?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
}

export interface ProjectCreateParams {
  readonly name: string;
  readonly description?: string | undefined;
}

export interface ProjectUpdateParams {
  readonly name?: string | undefined;
  /** `null` clears it. */
  readonly description?: string | null | undefined;
}

/** Which projects; several may share a name. */
export type ProjectListParams = ListFilter;

/** Projects on one platform. */
export interface ProjectsApi {
  create(params: ProjectCreateParams, options: RequestOptions): Promise<Project>;
  get(id: string, options: RequestOptions): Promise<Project>;
  list(filter: ListFilter, options: RequestOptions): List<Project>;
  update(id: string, params: ProjectUpdateParams, options: RequestOptions): Promise<Project>;
  delete(id: string, options: RequestOptions): Promise<void>;
}

export class Projects {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * Creates a project. Names need not be unique: creating twice makes two.
   *
   * @throws {ConfigurationError} the name is empty
   * @example
   * const project = await mlops.projects.create({ name: 'demo', description: 'Credit scoring' });
   */
  async create(params: ProjectCreateParams, options: RequestOptions = {}): Promise<Project> {
    checkMembers(params, 'A new project', { name: text, description: text });
    checkedName(params.name, 'project');
    const { projects } = await this.#platform.resolve(options);
    return projects.create(params, options);
  }

  /**
   * Reads a project.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const again = await mlops.projects.get(project.id);
   */
  async get(project: ProjectRef, options: RequestOptions = {}): Promise<Project> {
    const id = idOf(project, 'project');
    const { projects } = await this.#platform.resolve(options);
    return projects.get(id, options);
  }

  /**
   * Lists the user's projects, lazily. Deleting those that it gives is safe inside `for await`.
   *
   * @example
   * for await (const demo of mlops.projects.list({ name: 'demo' })) await mlops.projects.delete(demo);
   */
  list(params: ProjectListParams = {}, options: RequestOptions = {}): List<Project> {
    checkMembers(params, 'A list of projects', filterKinds);
    const filter = filterOf(params);
    return lazyList(async () => (await this.#platform.resolve(options)).projects.list(filter, options));
  }

  /**
   * Changes the name or the description; what is not named stays.
   *
   * @example
   * await mlops.projects.update(project, { description: null });
   */
  async update(project: ProjectRef, params: ProjectUpdateParams, options: RequestOptions = {}): Promise<Project> {
    const id = idOf(project, 'project');
    checkMembers(params, 'Changes of a project', { name: text, description: orNull(text) });
    if (params.name !== undefined) checkedName(params.name, 'project');
    const { projects } = await this.#platform.resolve(options);
    return projects.update(id, params, options);
  }

  /**
   * Deletes a project with all that is in it, deployments included.
   *
   * @throws {NotFoundError} there is none
   * @example
   * await mlops.projects.delete(project);
   */
  async delete(project: ProjectRef, options: RequestOptions = {}): Promise<void> {
    const id = idOf(project, 'project');
    const { projects } = await this.#platform.resolve(options);
    await projects.delete(id, options);
  }
}

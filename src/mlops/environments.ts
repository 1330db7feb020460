/**
 * Deployment environments, which only platform 0.69 has: `DEV` and `PROD` in each project.
 */
import { lazyList } from '../http/lazy-list.js';
import { UnsupportedByPlatformError } from '../errors/deployment-error.js';
import type { List } from '../http/pagination.js';
import { anything, checkMembers } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import type { PlatformResolver } from './platform-resolver.js';
import { idOf, type ProjectRef } from './references.js';

/** A deployment environment as it was read. */
export interface Environment {
  readonly id: string;
  readonly project: { readonly id: string };
  /** `DEV` or `PROD` unless somebody made others. */
  readonly name: string;
}

/** Environments on platform 0.69. */
export interface EnvironmentsApi {
  list(projectId: string, options: RequestOptions): List<Environment>;
}

export class Environments {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * Lists the deployment environments of a project, lazily.
   *
   * @example
   * const { environments } = await mlops.require('0.69');
   * const production = (await environments.list({ project }).toArray()).find(({ name }) => name === 'PROD');
   */
  list(params: { readonly project: ProjectRef }, options: RequestOptions = {}): List<Environment> {
    checkMembers(params, 'A list of environments', { project: anything });
    const projectId = idOf(params.project, 'project');
    return lazyList(async () => {
      const { environments, name } = await this.#platform.resolve(options);
      if (environments !== undefined) return environments.list(projectId, options);
      throw new UnsupportedByPlatformError({
        what: `Platform ${name} has no deployment environments.`,
        fix: 'Leave the environment out: a deployment belongs to its project.',
      });
    });
  }
}

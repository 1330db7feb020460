/**
 * Pausing deployments, which only platform 1.2 has.
 */
import { UnsupportedByPlatformError } from '../errors/deployment-error.js';
import type { RequestOptions } from '../http/request-options.js';
import type { PlatformResolver } from './platform-resolver.js';
import type { Recollection } from './recollection.js';
import { childOf, type DeploymentRef } from './references.js';

/** Pausing on platform 1.2. */
export interface PausingApi {
  pause(id: string, projectId: string, options: RequestOptions): Promise<void>;
  resume(id: string, projectId: string, options: RequestOptions): Promise<void>;
}

export class Pausing {
  readonly #platform: PlatformResolver;
  readonly #recollection: Recollection;

  /** @internal */
  constructor(platform: PlatformResolver, recollection: Recollection) {
    this.#platform = platform;
    this.#recollection = recollection;
  }

  /**
   * Stops a deployment without removing it: it costs nothing and answers nothing until it is resumed.
   *
   * @throws {NotFoundError} there is none
   * @throws {ConflictError} it cannot be paused now
   * @example
   * const { pausing } = await mlops.require('1.2');
   * await pausing.pause(deployment);
   */
  async pause(deployment: DeploymentRef, options: RequestOptions = {}): Promise<void> {
    const { id, project } = childOf(deployment, 'deployment');
    const api = await this.#api(options);
    this.#recollection.statuses.delete(id);
    await api.pause(id, project.id, options);
  }

  /**
   * Starts a paused deployment again; `mlops.deployments.waitUntilHealthy()` waits until it answers.
   *
   * @throws {NotFoundError} there is none
   * @throws {ConflictError} it cannot be resumed now
   * @example
   * const { pausing } = await mlops.require('1.2');
   * await pausing.resume(deployment);
   */
  async resume(deployment: DeploymentRef, options: RequestOptions = {}): Promise<void> {
    const { id, project } = childOf(deployment, 'deployment');
    const api = await this.#api(options);
    this.#recollection.statuses.delete(id);
    await api.resume(id, project.id, options);
  }

  async #api(options: RequestOptions): Promise<PausingApi> {
    const { pausing, name } = await this.#platform.resolve(options);
    if (pausing !== undefined) return pausing;
    throw new UnsupportedByPlatformError({
      what: `Platform ${name} does not pause deployments.`,
      fix: 'Scale it down instead: mlops.deployments.update(deployment, { replicas: 0 }).',
    });
  }
}

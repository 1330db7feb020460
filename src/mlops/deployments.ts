/**
 * Deployments: models that answer scoring requests.
 */
import { ApiError } from '../errors/api-error.js';
import { lazyList } from '../http/lazy-list.js';
import { anything, checkMembers, objectWith, orNull, text, type Kind } from '../http/given.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { checkedName } from './checks.js';
import { checkedModels, orderedModels } from './composition.js';
import { settingsKinds, settingsOf } from './deployment-settings.js';
import { waitUntilHealthy, type DeploymentStatus, type WaitOptions } from './deployment-status.js';
import type { Deployment, DeploymentChanges, DeploymentCreateParams, DeploymentListParams, DeploymentUpdateParams } from './deployment.js';
import { filterKinds, filterOf } from './list-filter.js';
import type { PlatformApis, PlatformResolver } from './platform-resolver.js';
import type { Recollection } from './recollection.js';
import { childOf, idOf, type DeploymentRef } from './references.js';
import { checkedSecurity, withKnownSecrets, type SecurityInput, type SecurityOption } from './security-options.js';
import { explainRefusal } from './security-refusal.js';

export class Deployments {
  readonly #platform: PlatformResolver;
  readonly #recollection: Recollection;

  /** @internal */
  constructor(platform: PlatformResolver, recollection: Recollection) {
    this.#platform = platform;
    this.#recollection = recollection;
  }

  /**
   * Creates a deployment and returns as soon as the platform has accepted it; {@link waitUntilHealthy} waits for the rest.
   * A model without `version` means the version that this user registered last within the last minute, else the highest.
   *
   * @throws {ConfigurationError} the parameters contradict each other, or no runtime fits; nothing was created
   * @throws {UnsupportedByPlatformError} the platform does not have the security or another option
   * @throws {ApiError} the platform refused; for a kind of security that is switched off the message names the administrator's settings
   * @example
   * const deployment = await mlops.deployments.create({ project, name: 'credit', composition: { model }, security: SecurityOptions.oidc() });
   */
  async create(params: DeploymentCreateParams, options: RequestOptions = {}): Promise<Deployment> {
    checkMembers(params, 'A new deployment', newDeploymentKinds);
    checkedName(params.name, 'deployment');
    const security = checkedSecurity(params.security);
    const models = checkedModels(params);
    const projectId = idOf(params.project, 'project');
    return withTotalDeadline(this.#platform.clock, { name: 'deployments.create', safe: false }, options, async (within) => {
      const apis = await this.#platform.resolve(within);
      apis.deployments.checkSecurity(security);
      const { name, description, platform } = params;
      const ordered = await orderedModels(models, projectId, apis, this.#recollection, within);
      const order = { ...settingsOf(params), projectId, name, description, models: ordered, security, platform };
      return this.#remember(await explained(apis.deployments.create(order, within), security, apis, within), security);
    });
  }

  /**
   * Reads a deployment.
   *
   * @throws {NotFoundError} there is none in its project, or this user may not see it
   * @example
   * const { security } = await mlops.deployments.get(deployment);
   */
  async get(deployment: DeploymentRef, options: RequestOptions = {}): Promise<Deployment> {
    const { id, project } = childOf(deployment, 'deployment');
    return withTotalDeadline(this.#platform.clock, { name: 'deployments.get', safe: true }, options, async (within) => {
      const { deployments } = await this.#platform.resolve(within);
      return this.#remember(await deployments.get(id, project.id, within));
    });
  }

  /**
   * Lists the deployments of a project, lazily.
   *
   * @example
   * const deployments = await mlops.deployments.list({ project }).toArray();
   */
  list(params: DeploymentListParams, options: RequestOptions = {}): List<Deployment> {
    checkMembers(params, 'A list of deployments', { project: anything, ...filterKinds });
    const projectId = idOf(params.project, 'project');
    const filter = filterOf(params);
    return lazyList(async () => (await this.#platform.resolve(options)).deployments.list(projectId, filter, options));
  }

  /**
   * Changes a deployment; what is not named stays as it is on the platform.
   *
   * @param deployment one that carries an `etag` is only changed while nobody else has changed it; platform 0.69 can compare it
   * before the write only, so two writers within the same moment may still overwrite each other there
   * @throws {ConflictError} somebody has changed it since it was read, or another change is under way
   * @example
   * await mlops.deployments.update(deployment, { replicas: 2, environmentVariables: { LOG_LEVEL: 'debug' } });
   */
  async update(
    deployment: DeploymentRef & { readonly etag?: string | undefined },
    params: DeploymentUpdateParams,
    options: RequestOptions = {},
  ): Promise<Deployment> {
    const { id, project } = childOf(deployment, 'deployment');
    const changes = checkedChanges(params);
    this.#forget(id);
    return withTotalDeadline(this.#platform.clock, { name: 'deployments.update', safe: false }, options, async (within) => {
      const apis = await this.#platform.resolve(within);
      const { security } = changes;
      if (security !== undefined) apis.deployments.checkSecurity(security);
      const updating = apis.deployments.update(id, project.id, changes, deployment.etag, within);
      return this.#remember(await (security === undefined ? updating : explained(updating, security, apis, within)), security);
    });
  }

  /**
   * Deletes a deployment.
   *
   * @throws {NotFoundError} there is none
   * @example
   * await mlops.deployments.delete(deployment);
   */
  async delete(deployment: DeploymentRef, options: RequestOptions = {}): Promise<void> {
    const { id, project } = childOf(deployment, 'deployment');
    const { deployments } = await this.#platform.resolve(options);
    this.#forget(id);
    await deployments.delete(id, project.id, options);
  }

  /**
   * Reads the state of a deployment.
   *
   * @example
   * const { state, message } = await mlops.deployments.status(deployment);
   */
  async status(deployment: DeploymentRef, options: RequestOptions = {}): Promise<DeploymentStatus> {
    const { id, project } = childOf(deployment, 'deployment');
    const { deployments } = await this.#platform.resolve(options);
    const status = await deployments.status(id, project.id, options);
    this.#recollection.statuses.set(id, status);
    return status;
  }

  /**
   * Waits until a deployment is healthy, looking at growing intervals of half a second to ten seconds.
   *
   * @returns the status in which it is healthy
   * @throws {DeploymentFailedError} it failed, was stopped or is being deleted; with the platform's message and the states seen
   * @throws {WaitTimeoutError} `timeoutMs` (default ten minutes) is over
   * @throws {NotFoundError} the deployment is gone
   * @example
   * await mlops.deployments.waitUntilHealthy(deployment, { timeoutMs: 120_000, onProgress: ({ state }) => console.error(state) });
   */
  async waitUntilHealthy(deployment: DeploymentRef, options: WaitOptions = {}): Promise<DeploymentStatus> {
    const { id } = childOf(deployment, 'deployment');
    const read = (remainingMs: number): Promise<DeploymentStatus> =>
      this.status(deployment, { signal: options.signal, timeoutMs: Math.min(remainingMs, 60_000) });
    return waitUntilHealthy(id, read, this.#platform.clock, options);
  }

  /**
   * Refuses security that the platform does not have, before anything is made.
   *
   * @internal
   */
  async checkSecurity(security: SecurityInput, options: RequestOptions): Promise<void> {
    const { deployments } = await this.#platform.resolve(options);
    deployments.checkSecurity(checkedSecurity(security));
  }

  /** @param given what the caller has just said guards it: who sets a secret knows it, also where the platform does not tell it */
  #remember(deployment: Deployment, given: readonly SecurityOption[] = []): Deployment {
    const security = withKnownSecrets(deployment.security, given);
    this.#recollection.security.set(deployment.id, security);
    return { ...deployment, security };
  }

  #forget(id: string): void {
    this.#recollection.security.delete(id);
    this.#recollection.statuses.delete(id);
  }
}

/** Names the administrator's settings in a refusal that is about security. */
async function explained<Result>(
  work: Promise<Result>,
  security: readonly SecurityOption[],
  apis: PlatformApis,
  options: RequestOptions,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ApiError ? await explainRefusal(error, security, () => apis.securityKinds.list(options)) : error;
  }
}

/** @throws {ConfigurationError} a change is of the wrong type, or contradicts another */
function checkedChanges(params: DeploymentUpdateParams): DeploymentChanges {
  checkMembers(params, 'Changes of a deployment', { ...settingsKinds, name: text, description: orNull(text), security: anything });
  if (params.name !== undefined) checkedName(params.name, 'deployment');
  const { name, description } = params;
  const security = params.security === undefined ? undefined : checkedSecurity(params.security);
  return { ...settingsOf(params), name, description, security };
}

/** What a new deployment takes; a chain of all steps takes the same. */
export const newDeploymentKinds: Readonly<Record<string, Kind>> = {
  ...settingsKinds,
  project: anything,
  name: text,
  description: text,
  composition: anything,
  split: anything,
  shadow: anything,
  security: anything,
  platform: objectWith({ '0.69': objectWith({ environment: text }), '1.2': objectWith({ replicaSpread: text }) }),
};

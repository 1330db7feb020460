/**
 * Deployments: models that answer scoring requests.
 */
import { ApiError, ConflictError } from '../errors/api-error.js';
import { lazyList } from '../http/lazy-list.js';
import { anything, checkMembers, objectWith, orNull, text, type Kind } from '../http/given.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { sleep } from '../internal/clock.js';
import { checkedName } from './checks.js';
import { checkedModels, orderedModels, type Composition } from './composition.js';
import { settingsKinds, settingsOf, type DeploymentSettings } from './deployment-settings.js';
import {
  statesOf,
  waitUntilHealthy,
  type DeploymentStatus,
  type WaitOptions,
  type WaitPorts,
  type WaitProgress,
} from './deployment-status.js';
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
   * @param change what changes; or a function that says it for the deployment as it is now, and is asked again when somebody else was first
   * @throws {ConflictError} somebody has changed it since it was read, or another change is under way; for a function, several times in a row
   * @throws {UnsupportedByPlatformError} the platform does not make such a change, or would ignore it
   * @example
   * await mlops.deployments.update(deployment, { replicas: 2, environmentVariables: { LOG_LEVEL: 'debug' } });
   * await mlops.deployments.update(deployment, ({ replicas = 0 }) => ({ replicas: replicas + 1 }));
   */
  async update(
    deployment: DeploymentRef & { readonly etag?: string | undefined },
    change: DeploymentUpdateParams | ((current: Deployment) => DeploymentUpdateParams | Promise<DeploymentUpdateParams>),
    options: RequestOptions = {},
  ): Promise<Deployment> {
    const ref = childOf(deployment, 'deployment');
    const changes = typeof change === 'function' ? undefined : checkedChanges(change);
    return withTotalDeadline(this.#platform.clock, { name: 'deployments.update', safe: false }, options, async (within) => {
      if (typeof change === 'function') return this.#updateLatest(ref, change, within);
      return this.#change(ref, changes ?? {}, deployment.etag, within);
    });
  }

  async #updateLatest(
    ref: Located,
    change: (current: Deployment) => DeploymentUpdateParams | Promise<DeploymentUpdateParams>,
    options: RequestOptions,
  ): Promise<Deployment> {
    for (let attempt = 1; ; attempt++) {
      const current = await this.get(ref, options);
      const changes = checkedChanges(await change(current));
      try {
        return await this.#change(ref, changes, current.etag, options);
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= mostUpdates) throw error;
      }
      // Whoever was first may be in the same loop.
      await sleep(this.#platform.clock, firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), options.signal);
    }
  }

  async #change(ref: Located, changes: DeploymentChanges, etag: string | undefined, options: RequestOptions): Promise<Deployment> {
    const { id, project } = ref;
    const apis = await this.#platform.resolve(options);
    const { security } = changes;
    if (security !== undefined) apis.deployments.checkSecurity(security);
    this.#forget(id);
    const updating = apis.deployments.update(id, project.id, changes, etag, options);
    const updated = await (security === undefined ? updating : explained(updating, security, apis, options));
    if (startsAnew(changes)) {
      this.#recollection.updates.set(id, { answeredAt: this.#platform.clock.now(), updatedAt: updated.updatedAt });
    }
    return this.#remember(updated, security);
  }

  /**
   * Puts another model in the place of the one that is deployed, with the settings that are named.
   *
   * @internal
   */
  async redeploy(
    deployment: DeploymentRef & { readonly etag?: string | undefined },
    params: DeploymentSettings & { readonly composition: Composition; readonly security: SecurityInput },
    options: RequestOptions,
  ): Promise<Deployment> {
    const ref = childOf(deployment, 'deployment');
    const security = checkedSecurity(params.security);
    const apis = await this.#platform.resolve(options);
    const wanted = { type: 'single', composition: params.composition } as const;
    const models = await orderedModels(wanted, ref.project.id, apis, this.#recollection, options);
    return this.#change(ref, { ...settingsOf(params), security, models }, deployment.etag, options);
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
    return waitUntilHealthy(this.#wait(deployment, options, 'goes on'), options);
  }

  /**
   * The states of a deployment as they change, until it is healthy. Rejects as {@link waitUntilHealthy} does; leaving the loop ends the wait.
   *
   * @throws {DeploymentFailedError} it failed, was stopped or is being deleted
   * @throws {WaitTimeoutError} `timeoutMs` (default ten minutes) is over
   * @example
   * let token: string | undefined;
   * for await (const { state, resumeToken } of mlops.deployments.states(deployment)) {
   *   console.error(state);
   *   token = resumeToken;
   * }
   * await mlops.deployments.waitUntilHealthy(deployment, { resumeToken: token });
   */
  states(deployment: DeploymentRef, options: WaitOptions = {}): AsyncIterable<WaitProgress> {
    return statesOf(this.#wait(deployment, options, 'goes on'), options);
  }

  /**
   * Waits for a deployment that goes away again when it is not healthy in time.
   *
   * @internal
   */
  async waitOrRemove(deployment: DeploymentRef, options: WaitOptions): Promise<DeploymentStatus> {
    return waitUntilHealthy(this.#wait(deployment, options, 'is removed'), options);
  }

  #wait(deployment: DeploymentRef, { signal }: WaitOptions, afterwards: WaitPorts['afterwards']): WaitPorts {
    const { id } = childOf(deployment, 'deployment');
    return {
      deploymentId: id,
      clock: this.#platform.clock,
      update: this.#recollection.updates.get(id),
      afterwards,
      read: (remainingMs) => this.status(deployment, { signal, timeoutMs: Math.min(remainingMs, 60_000) }),
    };
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

/** A deployment inside its project. */
interface Located {
  readonly id: string;
  readonly project: { readonly id: string };
}

/** How often a change is made anew for a deployment that somebody else has changed meanwhile. */
const mostUpdates = 6;
const firstPauseMs = 100;

/** Whether the platform starts the scorer anew for such changes: a name and a description concern nothing that runs. */
function startsAnew(changes: DeploymentChanges): boolean {
  return Object.entries(changes).some(([name, change]) => change !== undefined && name !== 'name' && name !== 'description');
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

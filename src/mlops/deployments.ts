/**
 * Deployments: models that answer scoring requests.
 */
import { ApiError } from '../errors/api-error.js';
import { anything, checkMembers, objectWith, orNull, text, textByName, texts, truth, wholeNumber, type Kind } from '../http/given.js';
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { checkedName } from './checks.js';
import { checkComposition, experimentOf, type Composition, type DeployedComposition } from './composition.js';
import { waitUntilHealthy, type DeploymentStatus, type WaitOptions } from './deployment-status.js';
import type { PlatformResolver } from './platform-resolver.js';
import type { Recollection } from './recollection.js';
import { childOf, idOf, type DeploymentRef, type ProjectRef } from './references.js';
import { chooseRuntime, type Runtime } from './runtimes.js';
import { checkedSecurity, type SecurityInput, type SecurityOption } from './security-options.js';
import { explainRefusal } from './security-refusal.js';

/** Kubernetes quantities by resource name, for instance `{ cpu: '100m', memory: '256Mi' }`. */
export type Quantities = Readonly<Record<string, string>>;

/** How a deployment runs. What is unset is the platform's choice. */
export interface DeploymentSettings {
  /** How many copies run; 0 means scaled down. */
  readonly replicas?: number | undefined;
  readonly resources?: { readonly limits?: Quantities | undefined; readonly requests?: Quantities | undefined } | undefined;
  /** Name of an affinity shortcut that the administrator has defined; `null` clears it. */
  readonly affinity?: string | null | undefined;
  /** Name of a toleration shortcut that the administrator has defined; `null` clears it. */
  readonly toleration?: string | null | undefined;
  /** The scorer's environment; replaces the whole set. */
  readonly environmentVariables?: Readonly<Record<string, string>> | undefined;
  readonly monitoring?: { readonly enabled: boolean } | undefined;
  /** Origins of web pages that may call the scorer. */
  readonly corsOrigins?: readonly string[] | undefined;
}

/** A deployment as it was read. */
export interface Deployment {
  readonly id: string;
  readonly project: { readonly id: string };
  readonly name: string;
  readonly description: string;
  readonly composition: DeployedComposition;
  /** What guards the scorer. */
  readonly security: readonly SecurityOption[];
  readonly replicas?: number;
  readonly resources: { readonly limits: Quantities; readonly requests: Quantities };
  readonly affinity?: string;
  readonly toleration?: string;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly monitoring: { readonly enabled: boolean };
  readonly corsOrigins: readonly string[];
  /** Changes with each update; an update of an object that carries an old one is refused. */
  readonly etag?: string;
  readonly ownerId?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
  /** What only this platform has. */
  readonly platform: { readonly '0.69'?: { readonly environmentId: string } };
}

export interface DeploymentCreateParams extends DeploymentSettings {
  readonly project: ProjectRef;
  readonly name: string;
  readonly description?: string | undefined;
  readonly composition: Composition;
  readonly security: SecurityInput;
  /** What one platform alone needs; inert on the others. */
  readonly platform?:
    | {
        /** `environment`: name or id of the deployment environment. Default `DEV`. */
        readonly '0.69'?: { readonly environment?: string | undefined } | undefined;
      }
    | undefined;
}

export interface DeploymentUpdateParams extends DeploymentSettings {
  /** Replaces what guards the scorer. */
  readonly security?: SecurityInput | undefined;
}

export interface DeploymentListParams {
  readonly project: ProjectRef;
  /** Only deployments of exactly this name. */
  readonly name?: string | undefined;
}

/** A checked order for a new deployment. */
export interface DeploymentOrder extends DeploymentSettings {
  readonly projectId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly experimentId: string;
  readonly runtime: Runtime;
  readonly security: readonly SecurityOption[];
  readonly platform: DeploymentCreateParams['platform'];
}

/** Checked changes of a deployment. */
export interface DeploymentChanges extends DeploymentSettings {
  readonly security?: readonly SecurityOption[] | undefined;
}

/** Deployments on one platform. */
export interface DeploymentsApi {
  /** @throws {UnsupportedByPlatformError} this platform does not have such security */
  checkSecurity(security: readonly SecurityOption[]): void;
  create(order: DeploymentOrder, options: RequestOptions): Promise<Deployment>;
  get(id: string, projectId: string, options: RequestOptions): Promise<Deployment>;
  list(params: { readonly projectId: string; readonly name?: string | undefined }, options: RequestOptions): List<Deployment>;
  /** @param etag what the caller last saw; undefined: whatever is there is changed */
  update(id: string, projectId: string, changes: DeploymentChanges, etag: string | undefined, options: RequestOptions): Promise<Deployment>;
  delete(id: string, projectId: string, options: RequestOptions): Promise<void>;
  status(id: string, projectId: string, options: RequestOptions): Promise<DeploymentStatus>;
}

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
    checkComposition(params.composition);
    const projectId = idOf(params.project, 'project');
    return withTotalDeadline(this.#platform.clock, { name: 'deployments.create', safe: false }, options, async (within) => {
      const apis = await this.#platform.resolve(within);
      apis.deployments.checkSecurity(security);
      const experimentId = await experimentOf(params.composition, apis.models, this.#recollection, within);
      const artifactTypes =
        this.#recollection.artifactTypes.get(experimentId) ?? (await apis.experiments.artifactTypes(experimentId, within));
      const runtime = chooseRuntime(await apis.runtimes.list(within), artifactTypes, params.composition);
      const order = { ...params, projectId, experimentId, runtime, security, platform: params.platform };
      try {
        return this.#remember(await apis.deployments.create(order, within));
      } catch (error) {
        throw error instanceof ApiError ? await explainRefusal(error, security, () => apis.securityKinds.list(within)) : error;
      }
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
    checkMembers(params, 'A list of deployments', { project: anything, name: text });
    const projectId = idOf(params.project, 'project');
    return lazyList(async () => (await this.#platform.resolve(options)).deployments.list({ projectId, name: params.name }, options));
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
    checkMembers(params, 'Changes of a deployment', { ...settingsKinds, security: anything });
    const security = params.security === undefined ? undefined : checkedSecurity(params.security);
    this.#forget(id);
    return withTotalDeadline(this.#platform.clock, { name: 'deployments.update', safe: false }, options, async (within) => {
      const apis = await this.#platform.resolve(within);
      if (security !== undefined) apis.deployments.checkSecurity(security);
      try {
        return this.#remember(await apis.deployments.update(id, project.id, { ...params, security }, deployment.etag, within));
      } catch (error) {
        const isAboutSecurity = error instanceof ApiError && security !== undefined;
        throw isAboutSecurity ? await explainRefusal(error, security, () => apis.securityKinds.list(within)) : error;
      }
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

  #remember(deployment: Deployment): Deployment {
    this.#recollection.security.set(deployment.id, deployment.security);
    return deployment;
  }

  #forget(id: string): void {
    this.#recollection.security.delete(id);
    this.#recollection.statuses.delete(id);
  }
}

const settingsKinds: Readonly<Record<string, Kind>> = {
  replicas: wholeNumber,
  resources: objectWith({ limits: textByName, requests: textByName }),
  affinity: orNull(text),
  toleration: orNull(text),
  environmentVariables: textByName,
  monitoring: objectWith({ enabled: truth }),
  corsOrigins: texts,
};

/** What a new deployment takes; a chain of all steps takes the same. */
export const newDeploymentKinds: Readonly<Record<string, Kind>> = {
  ...settingsKinds,
  project: anything,
  name: text,
  description: text,
  composition: anything,
  security: anything,
  platform: objectWith({ '0.69': objectWith({ environment: text }) }),
};

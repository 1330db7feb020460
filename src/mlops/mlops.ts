/**
 * MLOps as one user sees it: the resources, the platform they are on, and the chain from a file to a healthy deployment.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { UnsupportedByPlatformError } from '../errors/deployment-error.js';
import { waitingKinds } from '../http/request-options.js';
import { checkMembers } from '../http/given.js';
import type { Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import { redact } from '../internal/redact.js';
import type { ScorerLocator } from '../scoring/scorer-locator.js';
import type { Wires } from './api/wires.js';
import { deploy, type DeployOptions, type DeployParams } from './deploy.js';
import type { Deployment } from './deployment.js';
import { Deployments } from './deployments.js';
import { Environments } from './environments.js';
import { Experiments } from './experiments.js';
import { Models } from './models.js';
import { platformResolver } from './open-platform.js';
import type { PlatformFindings } from './platform-detection.js';
import { platformFeatures, type PlatformFeature, type PlatformName, type PlatformResolver } from './platform-resolver.js';
import { Pausing } from './pausing.js';
import { ProjectArtifacts } from './project-artifacts.js';
import { Projects } from './projects.js';
import { recollection, type Recollection } from './recollection.js';
import { Runtimes } from './runtimes.js';
import { mlopsScorerLocator } from './scorer-locator.js';
import { SecurityKinds } from './security-kinds.js';
import { Users } from './users.js';

export interface MlopsPorts extends Omit<Wires, 'recollection'> {
  /** What configuration and discovery tell about the platform. */
  readonly findings: () => Promise<PlatformFindings>;
}

/** What each platform alone has. */
export interface MlopsByPlatform {
  readonly '0.69': { readonly environments: Environments };
  /** Nothing yet that the others do not have. */
  readonly '1.0': { readonly platform: '1.0' };
  readonly '1.2': { readonly pausing: Pausing };
}

/**
 * H2O MLOps on behalf of one user.
 *
 * @example
 * const project = await user.mlops.projects.create({ name: 'demo' });
 * const experiment = await user.mlops.experiments.create({ project, name: 'from-node', artifact: 'mojo.zip' });
 */
export class Mlops {
  readonly projects: Projects;
  readonly artifacts: ProjectArtifacts;
  readonly experiments: Experiments;
  readonly models: Models;
  readonly runtimes: Runtimes;
  readonly deployments: Deployments;
  readonly securityOptions: SecurityKinds;
  readonly users: Users;
  /** @internal */
  readonly scorerLocator: ScorerLocator;
  readonly #platform: PlatformResolver;
  readonly #recollection: Recollection;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** @internal */
  constructor(ports: MlopsPorts) {
    const remembered = recollection(ports.clock);
    this.#recollection = remembered;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#platform = platformResolver({ ...ports, recollection: remembered }, ports.findings);
    this.projects = new Projects(this.#platform);
    this.artifacts = new ProjectArtifacts(this.#platform);
    this.experiments = new Experiments(this.#platform);
    this.models = new Models(this.#platform, remembered);
    this.runtimes = new Runtimes(this.#platform);
    this.deployments = new Deployments(this.#platform, remembered);
    this.securityOptions = new SecurityKinds(this.#platform);
    this.users = new Users(this.#platform);
    this.scorerLocator = mlopsScorerLocator(this.deployments, remembered);
  }

  /**
   * Which platform this cloud runs, for instance `0.69`. It is asked once; a failure is not remembered.
   *
   * @throws {ConfigurationError} it cannot be told; the message says how to set it
   * @example
   * console.log(await mlops.platform());
   */
  async platform(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<PlatformName> {
    return (await this.#platform.resolve(options)).name;
  }

  /**
   * Whether the platform has a feature that not all of them have, for user interfaces. Calls that need one reject with
   * `UnsupportedByPlatformError` where it is missing, so nothing has to be asked before.
   *
   * @throws {ConfigurationError} there is no such feature
   * @example
   * if (await mlops.supports('apiKey')) console.log('offer API keys');
   */
  async supports(feature: PlatformFeature, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    if (!Object.hasOwn(platformFeatures, feature)) {
      throw invalidParameter('There is no such feature of a platform.', `Ask for one of ${Object.keys(platformFeatures).join(', ')}.`);
    }
    return (await this.#platform.resolve(options)).features.includes(feature);
  }

  /**
   * What only one platform has.
   *
   * @throws {UnsupportedByPlatformError} this cloud runs another
   * @example
   * const { environments } = await mlops.require('0.69');
   */
  async require<Name extends PlatformName>(
    platform: Name,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<MlopsByPlatform[Name]> {
    checkMembers(options, 'The options of require()', waitingKinds);
    const { name } = await this.#platform.resolve(options);
    if (name !== platform) throw notTheOneRequired(name, platform);
    const own: MlopsByPlatform = {
      '0.69': { environments: new Environments(this.#platform) },
      '1.0': { platform: '1.0' },
      '1.2': { pausing: new Pausing(this.#platform, this.#recollection) },
    };
    return own[platform];
  }

  /**
   * From a file to a healthy deployment in one call: project (found by name, or created), experiment, model, version, deployment, wait.
   * When a step fails, what this call has made is removed again, and what could not be removed is in the error's `created`;
   * after an abort, which rejects with its own reason, `onProgress` and the logger are told. With `replicas: 0` there is nothing to wait for.
   *
   * @throws {ConfigurationError} a parameter is missing or makes no sense; nothing was sent
   * @throws {DeploymentFailedError} the deployment cannot become healthy
   * @throws {WaitTimeoutError} `timeoutMs` (default fifteen minutes) ended while the deployment came up
   * @throws {TimeoutError} it ended before that
   * @example
   * const deployment = await mlops.deploy({ project: 'demo', artifact: 'mojo.zip', name: 'credit', security: SecurityOptions.oidc() });
   */
  deploy(params: DeployParams, options: DeployOptions = {}): Promise<Deployment> {
    return deploy({ mlops: this, clock: this.#clock, logger: this.#logger }, params, options);
  }
}

function notTheOneRequired(name: PlatformName, required: unknown): UnsupportedByPlatformError {
  const asked = typeof required === 'string' ? redact(required) : 'another';
  return new UnsupportedByPlatformError({
    what: `This cloud runs MLOps platform ${name}, and the program requires platform ${asked}.`,
    fix: 'Ask `await mlops.platform()` first, or set the option `mlopsPlatform` if the cloud runs another one than it seems to.',
  });
}

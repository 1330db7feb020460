/**
 * MLOps as one user sees it: the resources, the platform they are on, and the chain from a file to a healthy deployment.
 */
import { UnsupportedByPlatformError } from '../errors/deployment-error.js';
import type { Send } from '../http/operation.js';
import { checkRequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import { redact } from '../internal/redact.js';
import type { ScorerLocator } from '../scoring/scorer-locator.js';
import { deploy, type DeployOptions, type DeployParams } from './deploy.js';
import { Deployments, type Deployment } from './deployments.js';
import { Environments } from './environments.js';
import { Experiments } from './experiments.js';
import { Models } from './models.js';
import type { PlatformApis, PlatformName, PlatformResolver } from './platform-resolver.js';
import { platform069 } from './platforms/0.69.js';
import { Projects } from './projects.js';
import { recollection } from './recollection.js';
import { Runtimes } from './runtimes.js';
import { mlopsScorerLocator } from './scorer-locator.js';
import { SecurityKinds } from './security-kinds.js';

export interface MlopsPorts {
  readonly send: Send;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Which platform this cloud runs. */
  readonly detectPlatform: (signal: AbortSignal | undefined) => Promise<string>;
}

/** What only platform 0.69 has. */
export interface Mlops069 {
  readonly environments: Environments;
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
  readonly experiments: Experiments;
  readonly models: Models;
  readonly runtimes: Runtimes;
  readonly deployments: Deployments;
  readonly securityOptions: SecurityKinds;
  /** @internal */
  readonly scorerLocator: ScorerLocator;
  readonly #platform: PlatformResolver;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** @internal */
  constructor(ports: MlopsPorts) {
    const remembered = recollection(ports.clock);
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#platform = resolverOf(ports, () => platform069(ports.send, remembered, ports.logger));
    this.projects = new Projects(this.#platform);
    this.experiments = new Experiments(this.#platform);
    this.models = new Models(this.#platform, remembered);
    this.runtimes = new Runtimes(this.#platform);
    this.deployments = new Deployments(this.#platform, remembered);
    this.securityOptions = new SecurityKinds(this.#platform);
    this.scorerLocator = mlopsScorerLocator(this.deployments, remembered);
  }

  /**
   * Which platform this cloud runs, for instance `0.69`.
   *
   * @example
   * console.log(await mlops.platform());
   */
  async platform(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<PlatformName> {
    return (await this.#platform.resolve(options)).name;
  }

  /**
   * What only one platform has.
   *
   * @throws {UnsupportedByPlatformError} this cloud runs another
   * @example
   * const { environments } = await mlops.require('0.69');
   */
  async require(platform: PlatformName, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Mlops069> {
    const { name } = await this.#platform.resolve(options);
    if (name !== platform) throw notTheOneRequired(name, platform);
    return { environments: new Environments(this.#platform) };
  }

  /**
   * From a file to a healthy deployment in one call: project (found by name, or created), experiment, model, version, deployment, wait.
   * When a step fails, what this call has made is removed again, and what could not be removed is in the error's `created`;
   * after an abort, which rejects with its own reason, `onProgress` and the logger are told.
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

/** Finds the platform once for all callers; a caller who leaves does not end the search, and a failure is not remembered. */
function resolverOf({ detectPlatform, clock }: MlopsPorts, make: () => PlatformApis): PlatformResolver {
  let resolving: Promise<PlatformApis> | undefined;
  return {
    clock,
    resolve: async (options) => {
      checkRequestOptions(options);
      const { signal, timeoutMs } = options;
      signal?.throwIfAborted();
      resolving ??= detectPlatform(undefined)
        .then((name) => {
          if (name !== '0.69') throw unsupported(name);
          return make();
        })
        .catch((error: unknown) => {
          resolving = undefined;
          throw error;
        });
      const found = resolving;
      const call = { name: 'mlops.platform', safe: true };
      return withTotalDeadline(clock, call, { signal, timeoutMs }, (within) => waitUnlessAborted(found, within.signal));
    },
  };
}

function notTheOneRequired(name: PlatformName, required: unknown): UnsupportedByPlatformError {
  const asked = typeof required === 'string' ? redact(required) : 'another';
  return new UnsupportedByPlatformError({
    what: `This cloud runs MLOps platform ${name}, and the program requires platform ${asked}.`,
    fix: 'Ask `await mlops.platform()` first, or set the option `mlopsPlatform` if the cloud runs another one than it seems to.',
  });
}

function unsupported(name: string): UnsupportedByPlatformError {
  return new UnsupportedByPlatformError({
    what: `This cloud seems to run MLOps platform ${name}, and this version of the package speaks 0.69 only.`,
    fix: "If that is wrong, say which platform it is: new H2OCloud({ mlopsPlatform: '0.69' }).",
  });
}

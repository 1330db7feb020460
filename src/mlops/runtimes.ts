/**
 * Runtimes: the programs that the platform can score an artifact with, and which of them fits an experiment.
 */
import { anything, checkMembers } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import type { PlatformResolver } from './platform-resolver.js';
import { childOf, type ExperimentRef } from './references.js';

/** A way to score one type of artifact. */
export interface Runtime {
  /** The runtime's own id, for instance `h2o3_mojo_runtime`. */
  readonly id: string;
  readonly name: string;
  /** What it scores, as deployments name it, for instance `h2o3_mojo`. */
  readonly deployableType: string;
  /** The same as artifacts name it, for instance `h2o3/mojo`. */
  readonly artifactType: string;
  /** What unpacks the artifact for it, for instance `h2o3_mojo_extractor`. */
  readonly artifactProcessor: string;
}

export interface RuntimeListParams {
  /** Only runtimes that fit this experiment. */
  readonly experiment?: ExperimentRef | undefined;
}

/** Runtimes on one platform. */
export interface RuntimesApi {
  list(options: RequestOptions): Promise<readonly Runtime[]>;
}

export class Runtimes {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * The runtimes that the installation has, or those of them that fit an experiment, in the platform's order.
   *
   * @example
   * const fitting = await mlops.runtimes.list({ experiment });
   */
  async list(params: RuntimeListParams = {}, options: RequestOptions = {}): Promise<readonly Runtime[]> {
    checkMembers(params, 'A list of runtimes', { experiment: anything });
    const experiment = params.experiment === undefined ? undefined : childOf(params.experiment, 'experiment');
    return withTotalDeadline(this.#platform.clock, { name: 'runtimes.list', safe: true }, options, async (within) => {
      const { runtimes, experiments } = await this.#platform.resolve(within);
      const all = await runtimes.list(within);
      if (experiment === undefined) return all;
      const types = await experiments.artifactTypes(experiment.id, within);
      return all.filter((runtime) => types.includes(runtime.artifactType));
    });
  }
}

export interface RuntimeWish {
  readonly runtime?: string | undefined;
  readonly artifactType?: string | undefined;
}

/**
 * The runtime for an experiment: the one wished for, else the first that fits.
 *
 * @throws {ConfigurationError} none fits; the message says what the experiment has and what the installation can score
 */
export function chooseRuntime(runtimes: readonly Runtime[], artifactTypes: readonly string[], wish: RuntimeWish): Runtime {
  const fitting = runtimes.filter((runtime) => artifactTypes.includes(runtime.artifactType));
  const wished = fitting.find(
    (runtime) =>
      (wish.runtime === undefined || runtime.id === wish.runtime) &&
      (wish.artifactType === undefined || runtime.deployableType === wish.artifactType || runtime.artifactType === wish.artifactType),
  );
  if (wished !== undefined) return wished;
  const has = artifactTypes.length === 0 ? 'no artifact that a runtime could score' : `artifacts of type ${artifactTypes.join(', ')}`;
  const asked = [wish.runtime, wish.artifactType].filter((part) => part !== undefined).join(' and ');
  const candidates = fitting.length > 0 ? fitting : runtimes;
  throw new ConfigurationError({
    code: 'PARAMETER_INVALID',
    what: `No runtime ${asked === '' ? '' : `${asked} `}fits the experiment: it has ${has}.`,
    fix: `${fitting.length > 0 ? 'Those that fit are' : 'The installation can score'}: ${candidates.map((runtime) => `${runtime.id} (${runtime.artifactType})`).join(', ') || 'nothing'}.`,
  });
}

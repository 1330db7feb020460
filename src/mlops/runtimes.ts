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
  /** Those that can score an experiment. */
  fitting(experimentId: string, projectId: string, options: RequestOptions): Promise<readonly Runtime[]>;
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
      const { runtimes } = await this.#platform.resolve(within);
      return experiment === undefined ? runtimes.list(within) : runtimes.fitting(experiment.id, experiment.project.id, within);
    });
  }
}

export interface RuntimeWish {
  readonly runtime?: string | undefined;
  readonly artifactType?: string | undefined;
}

/** The runtime for an experiment: the one wished for, else the first that fits; `undefined` when there is none. */
export function chooseRuntime(fitting: readonly Runtime[], wish: RuntimeWish): Runtime | undefined {
  return fitting.find(
    (runtime) =>
      (wish.runtime === undefined || isNamed(runtime.id, wish.runtime)) &&
      (wish.artifactType === undefined || runtime.deployableType === wish.artifactType || runtime.artifactType === wish.artifactType),
  );
}

/** A runtime of platform 1.2 may be named by its id alone, or by the workspace that it belongs to as well. */
function isNamed(id: string, wish: string): boolean {
  return id === wish || id.endsWith(`/runtimes/${wish}`);
}

/** What a deployment without a fitting runtime is told about. */
interface RuntimeSituation {
  readonly fitting: readonly Runtime[];
  readonly installed: readonly Runtime[];
  readonly artifactTypes: readonly string[];
}

/** The error for an experiment that no runtime fits: what it has, and what the installation can score. */
export function noRuntime(wish: RuntimeWish, { fitting, installed, artifactTypes }: RuntimeSituation): ConfigurationError {
  const has = artifactTypes.length === 0 ? 'no artifact that a runtime could score' : `artifacts of type ${artifactTypes.join(', ')}`;
  const asked = [wish.runtime, wish.artifactType].filter((part) => part !== undefined).join(' and ');
  const candidates = fitting.length > 0 ? fitting : installed;
  return new ConfigurationError({
    code: 'PARAMETER_INVALID',
    what: `No runtime ${asked === '' ? '' : `${asked} `}fits the experiment: it has ${has}.`,
    fix: `${fitting.length > 0 ? 'Those that fit are' : 'The installation can score'}: ${candidates.map((runtime) => `${runtime.id} (${runtime.artifactType})`).join(', ') || 'nothing'}.`,
  });
}

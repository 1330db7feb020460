/**
 * A platform as the vocabulary sees it: one API for each kind of resource, whatever it speaks on the wire.
 */
import type { RequestOptions } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import type { DeploymentsApi } from './deployments.js';
import type { EnvironmentsApi } from './environments.js';
import type { ExperimentsApi } from './experiments.js';
import type { ModelsApi } from './models.js';
import type { ProjectsApi } from './projects.js';
import type { RuntimesApi } from './runtimes.js';
import type { SecurityKindsApi } from './security-kinds.js';

/** The platforms of MLOps; this version of the package speaks the first. */
export type PlatformName = '0.69' | '1.0' | '1.2';

export interface PlatformApis {
  readonly name: PlatformName;
  readonly projects: ProjectsApi;
  readonly experiments: ExperimentsApi;
  readonly models: ModelsApi;
  readonly runtimes: RuntimesApi;
  readonly deployments: DeploymentsApi;
  readonly securityKinds: SecurityKindsApi;
  readonly environments: EnvironmentsApi;
}

/** Finds out which platform it is, once. */
export interface PlatformResolver {
  readonly clock: Clock;
  /**
   * @throws {TimeoutError} it is not known within `timeoutMs`
   * @throws {ConfigurationError} an option is of the wrong type
   */
  resolve(options: RequestOptions): Promise<PlatformApis>;
}

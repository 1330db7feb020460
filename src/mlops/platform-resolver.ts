/**
 * A platform as the vocabulary sees it: one API for each kind of resource, whatever it speaks on the wire.
 */
import type { RequestOptions } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import type { Wires } from './api/wires.js';
import type { DeploymentsApi } from './deployment.js';
import type { EnvironmentsApi } from './environments.js';
import type { ExperimentsApi } from './experiments.js';
import type { ModelsApi } from './models.js';
import type { PausingApi } from './pausing.js';
import type { ProjectArtifactsApi } from './project-artifacts.js';
import type { ProjectsApi } from './projects.js';
import type { RuntimesApi } from './runtimes.js';
import type { SecurityKindsApi } from './security-kinds.js';
import type { UsersApi } from './users.js';

/** The platforms of MLOps: `0.69` is 0.6x to 0.70, `1.0` is 1.0 and 1.1. */
export type PlatformName = '0.69' | '1.0' | '1.2';

/** What some platforms have and others do not. */
export type PlatformFeature = keyof typeof platformFeatures;

/** The features, as the documentation names them. */
export const platformFeatures = {
  environments: 'deployment environments (`DEV`, `PROD`)',
  rename: 'changing the name and the description of a deployment',
  severalSecurityOptions: 'several security options on one deployment',
  apiKey: 'API keys',
  bringYourHash: 'passphrases whose hash the caller brings',
  platformHash: 'passphrases that the platform hashes',
  replicaSpread: 'spreading the copies of a deployment over nodes',
  pause: 'pausing and resuming deployments',
} as const;

/** What the table of a platform says; the source of the support table in the documentation. */
export interface Platform {
  readonly name: PlatformName;
  readonly features: readonly PlatformFeature[];
  readonly apis: (wires: Wires) => PlatformApis;
}

export interface PlatformApis {
  readonly projects: ProjectsApi;
  readonly projectArtifacts: ProjectArtifactsApi;
  readonly experiments: ExperimentsApi;
  readonly models: ModelsApi;
  readonly runtimes: RuntimesApi;
  readonly deployments: DeploymentsApi;
  readonly securityKinds: SecurityKindsApi;
  readonly users: UsersApi;
  /** Absent where projects have none. */
  readonly environments?: EnvironmentsApi;
  /** Absent where deployments cannot be paused. */
  readonly pausing?: PausingApi;
}

/** A platform that was found, ready to be used. */
export interface OpenedPlatform extends PlatformApis {
  readonly name: PlatformName;
  readonly features: readonly PlatformFeature[];
}

/** Finds out which platform it is, once. */
export interface PlatformResolver {
  readonly clock: Clock;
  /**
   * @throws {TimeoutError} it is not known within `timeoutMs`
   * @throws {ConfigurationError} an option is of the wrong type, or the platform cannot be told
   */
  resolve(options: RequestOptions): Promise<OpenedPlatform>;
}

/**
 * What a deployment is: the data that goes in and comes out, the same on all platforms, and what a platform must be able to do with it.
 */
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import type { Composition, DeployedComposition, OrderedModels } from './composition.js';
import type { CheckedSettings, DeploymentSettings, Disruption, Monitoring, Quantities, ScalingBounds } from './deployment-settings.js';
import type { DeploymentStatus } from './deployment-status.js';
import type { ListFilter } from './list-filter.js';
import type { ProjectRef } from './references.js';
import type { SecurityInput, SecurityOption } from './security-options.js';

/** A deployment as it was read. Settings are those of its first model: the platforms keep them for each, and this package sets all alike. */
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
  readonly monitoring: Monitoring;
  readonly corsOrigins: readonly string[];
  readonly autoscaling?: { readonly cpu?: ScalingBounds; readonly memory?: ScalingBounds };
  readonly disruption?: Disruption;
  /** Changes with each update; an update of an object that carries an old one is refused. */
  readonly etag?: string;
  readonly ownerId?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
  /** What only this platform has. */
  readonly platform: {
    readonly '0.69'?: { readonly environmentId: string };
    readonly '1.2'?: { readonly paused: boolean; readonly replicaSpread?: string };
  };
}

/** What one platform alone needs; inert on the others. */
export interface PlatformSettings {
  /** `environment`: name or id of the deployment environment. Default `DEV`. */
  readonly '0.69'?: { readonly environment?: string | undefined } | undefined;
  /** `replicaSpread`: name of a shortcut that says how copies are spread over nodes. */
  readonly '1.2'?: { readonly replicaSpread?: string | undefined } | undefined;
}

interface NewDeployment extends DeploymentSettings {
  readonly project: ProjectRef;
  readonly name: string;
  readonly description?: string | undefined;
  readonly security: SecurityInput;
  readonly platform?: PlatformSettings | undefined;
}

/**
 * What a new deployment takes: one model (`composition`), several that share the requests by weight (`split`, an A/B test), or one that
 * answers and one that sees the same requests (`shadow`, champion and challenger).
 */
export type DeploymentCreateParams = NewDeployment &
  (
    | { readonly composition: Composition; readonly split?: undefined; readonly shadow?: undefined }
    | { readonly split: readonly WeightedComposition[]; readonly composition?: undefined; readonly shadow?: undefined }
    | { readonly shadow: ShadowComposition; readonly composition?: undefined; readonly split?: undefined }
  );

/** One side of an A/B test; weights are relative to each other. */
export interface WeightedComposition {
  readonly composition: Composition;
  readonly weight: number;
}

/** The primary answers; the secondary sees the same requests, and its answers are only recorded. */
export interface ShadowComposition {
  readonly primary: Composition;
  readonly secondary: Composition;
}

export interface DeploymentUpdateParams extends DeploymentSettings {
  /** Platform 1.x. */
  readonly name?: string | undefined;
  /** `null` clears it. Platform 1.x. */
  readonly description?: string | null | undefined;
  /** Replaces what guards the scorer. */
  readonly security?: SecurityInput | undefined;
}

export interface DeploymentListParams extends ListFilter {
  readonly project: ProjectRef;
}

/** A checked order for a new deployment. */
export interface DeploymentOrder extends CheckedSettings {
  readonly projectId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly models: OrderedModels;
  readonly security: readonly SecurityOption[];
  readonly platform: PlatformSettings | undefined;
}

/** Checked changes of a deployment. */
export interface DeploymentChanges extends CheckedSettings {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly security?: readonly SecurityOption[] | undefined;
  /** Replaces what is deployed. */
  readonly models?: OrderedModels | undefined;
}

/** Deployments on one platform. */
export interface DeploymentsApi {
  /** @throws {UnsupportedByPlatformError} this platform does not have such security */
  checkSecurity(security: readonly SecurityOption[]): void;
  create(order: DeploymentOrder, options: RequestOptions): Promise<Deployment>;
  get(id: string, projectId: string, options: RequestOptions): Promise<Deployment>;
  list(projectId: string, filter: ListFilter, options: RequestOptions): List<Deployment>;
  /** @param etag what the caller last saw; undefined: whatever is there is changed */
  update(id: string, projectId: string, changes: DeploymentChanges, etag: string | undefined, options: RequestOptions): Promise<Deployment>;
  delete(id: string, projectId: string, options: RequestOptions): Promise<void>;
  status(id: string, projectId: string, options: RequestOptions): Promise<DeploymentStatus>;
}

/**
 * What the platform has told this user within the last minutes, so that a program that has just made something need not ask for it again.
 * It holds answers of the platform only, never what a caller passed in, and belongs to one user.
 */
import { AgedMap } from '../internal/aged-map.js';
import type { Clock } from '../internal/clock.js';
import type { DeploymentStatus, PendingUpdate } from './deployment-status.js';
import type { ModelVersion } from './models.js';
import type { SecurityOption } from './security-options.js';

export interface Recollection {
  /** Types of the artifacts of an experiment, by its id. */
  readonly artifactTypes: AgedMap<readonly string[]>;
  /** The version of a model that this user registered last, by the model's id. */
  readonly registered: AgedMap<ModelVersion>;
  /** What guards a deployment, by its id. */
  readonly security: AgedMap<readonly SecurityOption[]>;
  /** An update of a deployment whose revision may not be up yet, by the deployment's id. */
  readonly updates: AgedMap<PendingUpdate>;
  /** The state and the scorer's addresses of a deployment, by its id. */
  readonly statuses: AgedMap<DeploymentStatus>;
}

const minuteMs = 60_000;

export function recollection(clock: Clock): Recollection {
  return {
    artifactTypes: new AgedMap(clock, 10 * minuteMs),
    registered: new AgedMap(clock, minuteMs),
    // A scorer that refuses makes its deployment be read again, so this may be older than the rest.
    security: new AgedMap(clock, 10 * minuteMs),
    updates: new AgedMap(clock, 10 * minuteMs),
    statuses: new AgedMap(clock, minuteMs),
  };
}

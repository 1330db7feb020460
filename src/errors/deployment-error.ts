/**
 * Errors of deployments: those that fail, those that take too long, and what a platform cannot do.
 */
import { H2OCloudError, type ErrorFacts } from './base.js';

/** One state that a deployment was seen in. */
export interface ObservedState {
  readonly state: string;
  /** Milliseconds since the wait began. */
  readonly afterMs: number;
  /** What the platform said in that state. */
  readonly message?: string;
}

interface WaitFacts extends Omit<ErrorFacts, 'code'> {
  readonly deploymentId: string;
  readonly history: readonly ObservedState[];
}

/** The deployment is in a state from which it cannot become healthy. */
export class DeploymentFailedError extends H2OCloudError {
  static override readonly kind: string = 'DeploymentFailedError';
  override readonly name: string = 'DeploymentFailedError';
  readonly deploymentId: string;
  /** The states that were seen, oldest first. */
  readonly history: readonly ObservedState[];

  constructor(facts: WaitFacts) {
    super({ ...facts, code: 'DEPLOYMENT_FAILED' });
    this.deploymentId = facts.deploymentId;
    this.history = facts.history;
  }
}

/** The deadline of a wait passed; the deployment may still become healthy. */
export class WaitTimeoutError extends H2OCloudError {
  static override readonly kind: string = 'WaitTimeoutError';
  override readonly name: string = 'WaitTimeoutError';
  readonly deploymentId: string;
  /** The states that were seen, oldest first. */
  readonly history: readonly ObservedState[];

  constructor(facts: WaitFacts) {
    super({ ...facts, code: 'WAIT_TIMEOUT', retryable: true });
    this.deploymentId = facts.deploymentId;
    this.history = facts.history;
  }
}

/** The platform that this cloud runs does not have the feature. */
export class UnsupportedByPlatformError extends H2OCloudError {
  static override readonly kind: string = 'UnsupportedByPlatformError';
  override readonly name: string = 'UnsupportedByPlatformError';

  constructor(facts: Omit<ErrorFacts, 'code'>) {
    super({ ...facts, code: 'UNSUPPORTED_BY_PLATFORM' });
  }
}

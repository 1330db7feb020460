/**
 * The states that a deployment passes through, as a pure function of time: nothing runs, so nothing has to be waited for or cleaned up.
 */

import type { Deployment } from '../../state.js';

type DeploymentState = 'PENDING' | 'PREPARING' | 'LAUNCHING' | 'HEALTHY' | 'FAILED';

export interface Progress<State extends string = DeploymentState> {
  readonly state: State;
  /** When that state began. */
  readonly since: number;
}

/** The steps on the way, by the part of the whole time after which each begins. */
const steps: readonly (readonly [number, DeploymentState])[] = [
  [0.5, 'LAUNCHING'],
  [0.25, 'PREPARING'],
  [0, 'PENDING'],
];

/**
 * Where a revision is at `now`.
 *
 * @param revision when it was accepted, and whether it is bound to fail
 * @param healthyAfterMs how long it takes to come up
 */
export function progress(revision: { readonly revisedAt: number; readonly fails: boolean }, now: number, healthyAfterMs: number): Progress {
  const end = revision.revisedAt + healthyAfterMs;
  if (now >= end) return { state: revision.fails ? 'FAILED' : 'HEALTHY', since: end };
  for (const [part, state] of steps) {
    const since = revision.revisedAt + part * healthyAfterMs;
    if (now >= since) return { state, since };
  }
  return { state: 'PENDING', since: revision.revisedAt };
}

/** Whether nothing of it is meant to run. */
export const isScaledDown = ({ elements }: Pick<Deployment, 'elements'>): boolean =>
  elements.every((element) => element.resources.replicas === 0);

/** Where a deployment is at `now`. */
export function deploymentState(
  deployment: Pick<Deployment, 'revisedAt' | 'failure' | 'elements'>,
  now: number,
  healthyAfterMs: number,
): Progress<DeploymentState | 'STOPPED'> {
  const { revisedAt, failure } = deployment;
  if (isScaledDown(deployment)) return { state: 'STOPPED', since: revisedAt };
  return progress({ revisedAt, fails: failure !== undefined }, now, healthyAfterMs);
}

/**
 * The state of a deployment, what it means, and waiting for it to become healthy.
 */
import { DeploymentFailedError, WaitTimeoutError, type ObservedState } from '../errors/deployment-error.js';
import { callback, checkMembers } from '../http/given.js';
import { poll } from '../http/poller.js';
import { waitingKinds } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';

/** The states that are known; others pass through as they are. */
export type DeploymentState =
  'PENDING' | 'PREPARING' | 'LAUNCHING' | 'HEALTHY' | 'UNHEALTHY' | 'FAILED' | 'STOPPED' | 'TERMINATING' | 'TERMINATED' | (string & {});

/** The state of a deployment as it was read. */
export interface DeploymentStatus {
  readonly deploymentId: string;
  readonly state: DeploymentState;
  /** What the platform says about it; empty when it says nothing. */
  readonly message: string;
  /** Absent until the deployment is reachable. */
  readonly scoreUrl?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
  /** Set when the platform could not bring up the last update and went back to what ran before. Platform 1.2. */
  readonly lastUpdateFailed?: boolean;
}

/** What `onProgress` of a wait is told. */
export interface WaitProgress {
  readonly state: DeploymentState;
  readonly message: string;
  readonly elapsedMs: number;
  readonly remainingMs: number;
}

export interface WaitOptions {
  /** How long to wait in all, in milliseconds. Default ten minutes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each look; what it throws ends the wait. */
  readonly onProgress?: ((progress: WaitProgress) => void) | undefined;
}

const defaultTimeoutMs = 600_000;
const hopeless = new Set<string>(['FAILED', 'STOPPED', 'TERMINATING', 'TERMINATED']);

/** One spelling for states that platforms spell in two ways. */
export function stateOf(wire: string | null | undefined): DeploymentState {
  if (wire === null || wire === undefined || wire === '' || wire === 'DEPLOYMENT_STATE_UNSPECIFIED') return 'UNKNOWN';
  return wire === 'UNHEALTY' ? 'UNHEALTHY' : wire;
}

/**
 * @throws {DeploymentFailedError} it is in a state from which it cannot become healthy
 * @throws {WaitTimeoutError} the time is up
 */
export async function waitUntilHealthy(
  deploymentId: string,
  read: (remainingMs: number) => Promise<DeploymentStatus>,
  clock: Clock,
  options: WaitOptions,
): Promise<DeploymentStatus> {
  checkMembers(options, 'The options of waitUntilHealthy()', { ...waitingKinds, onProgress: callback });
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const start = clock.monotonic();
  const elapsed = (): number => Math.round(clock.monotonic() - start);
  const history: ObservedState[] = [];
  return poll({
    clock,
    timeoutMs,
    signal: options.signal,
    async look(remainingMs) {
      const status = await read(remainingMs);
      note(history, status, elapsed());
      return status;
    },
    isDone(status) {
      const elapsedMs = elapsed();
      options.onProgress?.({ state: status.state, message: status.message, elapsedMs, remainingMs: Math.max(0, timeoutMs - elapsedMs) });
      if (!hopeless.has(status.state)) return status.state === 'HEALTHY';
      throw new DeploymentFailedError({
        deploymentId,
        history,
        what: `Deployment ${deploymentId} is ${status.state}${said(status)} (${pathOf(history)}).`,
        fix:
          status.state === 'FAILED'
            ? "Correct what the platform's message names, delete the deployment and create it again; an administrator can read the scorer's log."
            : 'Somebody has stopped or deleted it: create it again.',
        call: 'waitUntilHealthy',
      });
    },
    onDeadline: (last) =>
      new WaitTimeoutError({
        deploymentId,
        history,
        what: `Deployment ${deploymentId} was not healthy within ${timeoutMs} ms: ${last === undefined ? 'its status could not be read' : `it is ${last.state}${said(last)} (${pathOf(history)})`}.`,
        fix: 'Wait again with a larger `timeoutMs`: the deployment goes on by itself. If its state stays, ask an administrator for its events.',
        call: 'waitUntilHealthy',
      }),
  });
}

function note(history: ObservedState[], status: DeploymentStatus, afterMs: number): void {
  const last = history.at(-1);
  if (last?.state === status.state && (last.message ?? '') === status.message) return;
  history.push({ state: status.state, afterMs, ...(status.message === '' ? {} : { message: status.message }) });
}

function said(status: DeploymentStatus): string {
  return status.message === '' ? '' : `: ${status.message}`;
}

function pathOf(history: readonly ObservedState[]): string {
  return history.map(({ state, afterMs }) => `${state} after ${afterMs} ms`).join(', ');
}

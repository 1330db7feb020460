/**
 * The state of a deployment, what it means, and waiting for it to become healthy.
 */
import { DeploymentFailedError, WaitTimeoutError, type ObservedState } from '../errors/deployment-error.js';
import { callback, checkMembers, text } from '../http/given.js';
import { watch } from '../http/poller.js';
import { waitingKinds } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import { fromResumeToken, toResumeToken, type WaitPast } from './resume-token.js';

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

/** What `onProgress` of a wait is told, and what an iteration over states gives. */
export interface WaitProgress {
  readonly state: DeploymentState;
  readonly message: string;
  readonly elapsedMs: number;
  readonly remainingMs: number;
  /** Goes on with this wait later, or in another process: the option `resumeToken`. */
  readonly resumeToken: string;
}

export interface WaitOptions {
  /** How long to wait in all, in milliseconds. Default ten minutes, or what the wait had that is gone on with. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each look; what it throws ends the wait. */
  readonly onProgress?: ((progress: WaitProgress) => void) | undefined;
  /** Goes on with an earlier wait for the same deployment: its time and its history count. */
  readonly resumeToken?: string | undefined;
}

/** An update whose revision is not seen yet: a state that was reached before it says nothing. */
export interface PendingUpdate {
  /** When the platform answered, in wall milliseconds. */
  readonly answeredAt: number;
  /** What the platform then said when the deployment was changed last. */
  readonly updatedAt?: string | undefined;
}

/** What a wait works with. */
export interface WaitPorts {
  readonly deploymentId: string;
  readonly read: (remainingMs: number) => Promise<DeploymentStatus>;
  readonly clock: Clock;
  readonly update: PendingUpdate | undefined;
  /** What becomes of a deployment that is not healthy in time. */
  readonly afterwards: 'goes on' | 'is removed';
}

const defaultTimeoutMs = 600_000;
/** How long a platform may go on telling the state of before an update. */
const settleMs = 15_000;
const hopeless = new Set<string>(['FAILED', 'STOPPED', 'TERMINATING', 'TERMINATED']);

/** One spelling for states that platforms spell in two ways. */
export function stateOf(wire: string | null | undefined): DeploymentState {
  if (wire === null || wire === undefined || wire === '' || wire === 'DEPLOYMENT_STATE_UNSPECIFIED') return 'UNKNOWN';
  return wire === 'UNHEALTY' ? 'UNHEALTHY' : wire;
}

/**
 * Whether a state is that of before an update. Only states in which a wait would end are in question.
 *
 * @param hasMoved whether the deployment was seen in a state on the way since
 * @param now wall time in milliseconds
 */
export function isStale(status: DeploymentStatus, update: PendingUpdate | undefined, hasMoved: boolean, now: number): boolean {
  if (update === undefined || hasMoved || now - update.answeredAt >= settleMs) return false;
  return !(Date.parse(status.updatedAt ?? '') >= Date.parse(update.updatedAt ?? ''));
}

/**
 * @throws {DeploymentFailedError} it is in a state from which it cannot become healthy
 * @throws {WaitTimeoutError} the time is up
 */
export async function waitUntilHealthy(ports: WaitPorts, options: WaitOptions): Promise<DeploymentStatus> {
  let last: DeploymentStatus | undefined;
  for await (const { status, progress } of looks(ports, options)) {
    last = status;
    options.onProgress?.(progress);
  }
  // The looks end only with a healthy one, or with an error.
  return last ?? { deploymentId: ports.deploymentId, state: 'UNKNOWN', message: '' };
}

/** The states of a deployment as they change, until it is healthy. Rejects as {@link waitUntilHealthy} does. */
export async function* statesOf(ports: WaitPorts, options: WaitOptions): AsyncGenerator<WaitProgress, void, undefined> {
  let before: string | undefined;
  for await (const { progress } of looks(ports, options)) {
    options.onProgress?.(progress);
    const now = `${progress.state} ${progress.message}`;
    if (now !== before) yield progress;
    before = now;
  }
}

interface Look {
  readonly status: DeploymentStatus;
  readonly progress: WaitProgress;
}

async function* looks(ports: WaitPorts, options: WaitOptions): AsyncGenerator<Look, void, undefined> {
  checkMembers(options, 'The options of a wait', { ...waitingKinds, onProgress: callback, resumeToken: text });
  const { clock, deploymentId } = ports;
  const past = pastOf(ports, options);
  const alreadyMs = Math.max(0, clock.now() - past.startedAt);
  const start = clock.monotonic();
  const elapsed = (): number => Math.round(alreadyMs + clock.monotonic() - start);
  const history = [...past.history];
  const isPending = (status: DeploymentStatus): boolean => isStale(status, past.update, hasMoved(past, history), clock.now());
  const states = watch({
    clock,
    timeoutMs: past.timeoutMs - alreadyMs,
    signal: options.signal,
    async look(remainingMs) {
      const status = await ports.read(remainingMs);
      note(history, status, elapsed());
      return status;
    },
    isDone(status) {
      if (isPending(status)) return false;
      const wentBack = past.update !== undefined && status.lastUpdateFailed === true;
      if (!hopeless.has(status.state) && !wentBack) return status.state === 'HEALTHY';
      throw failed(deploymentId, status, history, wentBack);
    },
    onDeadline: (last) => timedOut(ports, past.timeoutMs, last, history),
  });
  for await (const status of states) {
    const elapsedMs = elapsed();
    const resumeToken = toResumeToken({ ...past, history });
    const { state, message } = status;
    yield { status, progress: { state, message, elapsedMs, remainingMs: Math.max(0, past.timeoutMs - elapsedMs), resumeToken } };
  }
}

function pastOf({ deploymentId, clock, update }: WaitPorts, { resumeToken, timeoutMs }: WaitOptions): WaitPast {
  const earlier = resumeToken === undefined ? undefined : fromResumeToken(resumeToken, deploymentId);
  return {
    deploymentId,
    startedAt: earlier?.startedAt ?? clock.now(),
    timeoutMs: timeoutMs ?? earlier?.timeoutMs ?? defaultTimeoutMs,
    history: earlier?.history ?? [],
    update: update ?? earlier?.update,
  };
}

/** Whether a state on the way was seen: one in which nothing can stay. */
function hasMoved({ startedAt, update }: WaitPast, history: readonly ObservedState[]): boolean {
  const since = update === undefined ? 0 : update.answeredAt - startedAt;
  return history.some(({ state, afterMs }) => afterMs >= since && state !== 'HEALTHY' && !hopeless.has(state));
}

const correctIt =
  "Correct what the platform's message names, and update the deployment or create it again; an administrator can read the scorer's log.";
const fixes: Readonly<Record<string, string>> = {
  FAILED: correctIt,
  STOPPED: 'It is paused, or scaled down: resume it, or update it with `replicas` of 1 or more.',
};

function failed(
  deploymentId: string,
  status: DeploymentStatus,
  history: readonly ObservedState[],
  wentBack: boolean,
): DeploymentFailedError {
  const what = wentBack ? 'has not come up with its last update, and the platform went back to what ran before' : `is ${status.state}`;
  return new DeploymentFailedError({
    deploymentId,
    history,
    what: `Deployment ${deploymentId} ${what}${said(status)} (${pathOf(history)}).`,
    fix: wentBack ? correctIt : (fixes[status.state] ?? 'Somebody has deleted it: create it again.'),
    call: 'waitUntilHealthy',
  });
}

function timedOut(
  { deploymentId, afterwards }: WaitPorts,
  timeoutMs: number,
  last: DeploymentStatus | undefined,
  history: readonly ObservedState[],
): WaitTimeoutError {
  const fixes = {
    'goes on':
      'Wait again with a larger `timeoutMs`: the deployment goes on by itself. If its state stays, ask an administrator for its events.',
    'is removed':
      'Deploy again with a larger `timeoutMs`: this deployment is removed, unless it is named here. If the state was always the same, ask an administrator for its events.',
  };
  return new WaitTimeoutError({
    deploymentId,
    history,
    what: `Deployment ${deploymentId} was not healthy within ${timeoutMs} ms: ${last === undefined ? 'its status could not be read' : `it is ${last.state}${said(last)} (${pathOf(history)})`}.`,
    fix: fixes[afterwards],
    call: 'waitUntilHealthy',
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

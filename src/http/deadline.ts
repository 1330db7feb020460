/**
 * One signal for everything that may end a call: the caller's abort, the total deadline, and silence on a transfer.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import type { Clock } from '../internal/clock.js';

export interface DeadlineOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

/** Why a deadline ended a call by itself. */
type Expiry = 'total' | 'idle';

export interface Deadline {
  /** Aborts with the caller's reason, or with an internal one when time ran out. */
  readonly signal: AbortSignal;
  /** Which limit passed, if one did. */
  expired(): Expiry | undefined;
  /** Milliseconds left of the total time; infinite without a limit. */
  remainingMs(): number;
  /** Tells that bytes have moved. */
  readonly touch: () => void;
  /** Must be called when the call is over, so that no timer and no listener stays. */
  dispose(): void;
}

/** @throws {ConfigurationError} a duration is no positive number of milliseconds */
export function startDeadline(clock: Clock, options: DeadlineOptions): Deadline {
  checkDuration('timeoutMs', options.timeoutMs);
  checkDuration('idleTimeoutMs', options.idleTimeoutMs);
  const controller = new AbortController();
  const start = clock.monotonic();
  let expiry: Expiry | undefined;
  let cancelIdle: (() => void) | undefined;

  const expire = (kind: Expiry) => (): void => {
    expiry ??= kind;
    controller.abort(new DOMException('The deadline passed.', 'TimeoutError'));
  };
  const onAbort = (): void => {
    controller.abort(options.signal?.reason);
  };
  let movedAt = start;
  // One timer for many bytes: a transfer moves thousands of times before it would ring.
  const touch = (): void => {
    movedAt = clock.monotonic();
  };
  const watchIdle = (idleTimeoutMs: number, afterMs: number): void => {
    cancelIdle = clock.schedule(afterMs, () => {
      const leftMs = idleTimeoutMs - (clock.monotonic() - movedAt);
      if (leftMs > 0) watchIdle(idleTimeoutMs, leftMs);
      else expire('idle')();
    });
  };

  const cancelTotal = options.timeoutMs === undefined ? undefined : clock.schedule(options.timeoutMs, expire('total'));
  if (options.idleTimeoutMs !== undefined) watchIdle(options.idleTimeoutMs, options.idleTimeoutMs);
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });

  return {
    signal: controller.signal,
    expired: () => (options.signal?.aborted === true ? undefined : expiry),
    remainingMs: () => (options.timeoutMs === undefined ? Infinity : options.timeoutMs - (clock.monotonic() - start)),
    touch,
    dispose: () => {
      cancelTotal?.();
      cancelIdle?.();
      options.signal?.removeEventListener('abort', onAbort);
    },
  };
}

function checkDuration(name: string, value: number | undefined): void {
  if (value === undefined || value > 0) return;
  throw invalidParameter(
    `\`${name}\` is not a positive number of milliseconds.`,
    'Pass a number above 0, or leave it out for the default.',
  );
}

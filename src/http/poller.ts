/**
 * Waiting for something to become what it should: looks at polite intervals until a decision falls, the deadline passes or the caller leaves.
 * Knows nothing of deployments; what a state means is the caller's.
 */
import { H2OCloudError } from '../errors/base.js';
import { sleep, type Clock } from '../internal/clock.js';

export interface PollOptions<State> {
  /** One look. Gets the milliseconds that are left. */
  look(remainingMs: number): Promise<State>;
  /** Whether the wait is over; throws where it can only end badly. */
  isDone(state: State): boolean;
  /** The error when the deadline passes; `last` is undefined when no look ever succeeded. */
  onDeadline(last: State | undefined): Error;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random?: () => number;
}

const firstDelayMs = 500;
const longestDelayMs = 10_000;
const growth = 1.5;
/** A service that restarts should not end a wait of an hour; one that is gone should. */
const tolerableFailures = 5;

/** @param look 1 after the first look */
export function pollDelayMs(look: number, random: () => number): number {
  const delayMs = Math.min(firstDelayMs * growth ** (look - 1), longestDelayMs);
  return delayMs * (0.8 + 0.4 * random());
}

/** Waits, and gives the state in which the wait is over. */
export async function poll<State>(options: PollOptions<State>): Promise<State> {
  const states = watch(options);
  for (;;) {
    const next = await states.next();
    if (next.done === true) return next.value;
  }
}

/** Each look's state, the last one included; returns the state in which the wait is over. */
export async function* watch<State>(options: PollOptions<State>): AsyncGenerator<State, State, undefined> {
  const { clock, signal, timeoutMs } = options;
  const start = clock.monotonic();
  const remainingMs = (): number => timeoutMs - (clock.monotonic() - start);
  let last: State | undefined;
  let failures = 0;
  for (let look = 1; ; look++) {
    signal?.throwIfAborted();
    if (remainingMs() <= 0) throw options.onDeadline(last);
    try {
      last = await options.look(remainingMs());
      failures = 0;
    } catch (error) {
      signal?.throwIfAborted();
      if (remainingMs() <= 0) throw options.onDeadline(last);
      failures += 1;
      if (!(error instanceof H2OCloudError && error.retryable) || failures > tolerableFailures) throw error;
    }
    // Outside of the try: what a state means is no failed look, even when time is up.
    if (failures === 0 && last !== undefined) {
      yield last;
      if (options.isDone(last)) return last;
    }
    await sleep(clock, Math.min(pollDelayMs(look, options.random ?? Math.random), Math.max(remainingMs(), 0)), signal);
  }
}

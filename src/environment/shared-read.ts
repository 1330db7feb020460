/**
 * One read for many callers: at most one is under way, its result serves until it is too old, a failure serves nobody after it.
 */
import { waitUnlessAborted, type Clock } from '../internal/clock.js';

/** Waits for the shared result; the signal ends the wait of this caller only. */
export type SharedRead<Value> = (signal?: AbortSignal) => Promise<Value>;

/**
 * Makes a read shared.
 *
 * @param maxAgeMs how long a result serves, in milliseconds on the monotonic clock
 */
export function sharedRead<Value>(read: () => Promise<Value>, clock: Clock, maxAgeMs: number): SharedRead<Value> {
  let kept: { readonly value: Value; readonly readAt: number } | undefined;
  let flight: Promise<Value> | undefined;

  const start = (): Promise<Value> =>
    read()
      .then((value) => {
        kept = { value, readAt: clock.monotonic() };
        return value;
      })
      .finally(() => {
        flight = undefined;
      });

  return async (signal) => {
    signal?.throwIfAborted();
    if (kept !== undefined && clock.monotonic() - kept.readAt < maxAgeMs) return kept.value;
    flight ??= start();
    return waitUnlessAborted(flight, signal);
  };
}

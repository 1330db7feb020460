/**
 * A value that is loaded once for everybody and kept for a while. A failure is not kept.
 */
import type { Clock } from '../internal/clock.js';

/** Callers that come while the value is being loaded share that one load. */
export function remembered<Value>(clock: Clock, maxAgeMs: number, load: () => Promise<Value>): () => Promise<Value> {
  let kept: { readonly value: Promise<Value>; loadedAt: number | undefined } | undefined;
  return () => {
    if (kept !== undefined && (kept.loadedAt === undefined || clock.monotonic() - kept.loadedAt < maxAgeMs)) return kept.value;
    const entry: typeof kept = { value: load(), loadedAt: undefined };
    kept = entry;
    entry.value.then(
      () => {
        entry.loadedAt = clock.monotonic();
      },
      () => {
        if (kept === entry) kept = undefined;
      },
    );
    return entry.value;
  };
}

/**
 * How far a transfer is, and how fast. Knows no wire.
 */
import type { Clock } from '../internal/clock.js';

interface Rate {
  readonly totalBytes?: number;
  readonly bytesPerSecond: number;
}

/** Tells how many bytes have moved since the transfer began. */
export function progressReporter(
  clock: Clock,
  totalBytes: number | undefined,
  tell: (bytes: number, rate: Rate) => void,
): (bytes: number) => void {
  const start = clock.monotonic();
  return (bytes) => {
    const seconds = (clock.monotonic() - start) / 1000;
    tell(bytes, { bytesPerSecond: seconds > 0 ? bytes / seconds : 0, ...(totalBytes === undefined ? {} : { totalBytes }) });
  };
}

/**
 * How far a transfer is, and how fast. Knows no wire.
 */
import type { Clock } from '../internal/clock.js';
import type { UploadProgress } from './artifacts.js';

/** Tells the caller how many bytes have moved since the transfer began. */
export function progressReporter(
  clock: Clock,
  totalBytes: number | undefined,
  onProgress: ((progress: UploadProgress) => void) | undefined,
): (uploadedBytes: number) => void {
  if (onProgress === undefined) return () => undefined;
  const start = clock.monotonic();
  return (uploadedBytes) => {
    const seconds = (clock.monotonic() - start) / 1000;
    const bytesPerSecond = seconds > 0 ? uploadedBytes / seconds : 0;
    onProgress({ uploadedBytes, bytesPerSecond, ...(totalBytes === undefined ? {} : { totalBytes }) });
  };
}

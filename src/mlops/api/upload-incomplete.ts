/**
 * The error of an upload after which the platform holds something else than what was sent, whatever way the bytes took.
 */
import { ApiError } from '../../errors/api-error.js';
import type { Uploaded } from '../artifacts.js';
import { known } from './rpc.js';

export function uploadIncomplete(what: string, call: string): ApiError {
  return new ApiError({
    code: 'UPLOAD_INCOMPLETE',
    status: 200,
    what: `The upload is not complete: ${what}.`,
    fix: 'Repeat it; if it fails again, look whether a proxy on the way cuts or changes large requests.',
    call,
    retryable: true,
  });
}

/** @throws {ApiError} the checksum or the size that storage tells is not that of what was sent; what it does not tell is not compared */
export function checkStored(
  stored: { readonly md5Digest?: string | null | undefined; readonly size?: string | number | null | undefined },
  uploaded: Uploaded,
  call: string,
): void {
  const digest = known(stored.md5Digest);
  if (digest !== undefined && digest !== uploaded.md5) {
    throw uploadIncomplete('the checksum of what storage holds differs from that of what was sent', call);
  }
  const size = Number(stored.size ?? 0);
  if (size > 0 && size !== uploaded.sizeBytes) throw uploadIncomplete(`storage holds ${size} of ${uploaded.sizeBytes} bytes`, call);
}

/**
 * Copies within a bucket, made by the service: in one request as far as that takes, larger objects in parts, several at once.
 */
import type { RequestOptions } from '../http/request-options.js';
import type { CompletedPart, S3Bucket, StoredObject } from './api/s3.js';
import { joinParts, type Upload } from './upload.js';

export interface CopyLimits {
  /** What one request copies at most. */
  readonly wholeBytes: number;
  readonly partBytes: number;
}

/** S3 copies 5 GiB at once; with parts of 1 GiB there is something to see and to repeat before minutes have passed. */
export const copyLimits: CopyLimits = { wholeBytes: 5 * 1024 ** 3, partBytes: 1024 ** 3 };
const concurrency = 4;

/** @throws {ConflictError} the object was replaced by another one while it was copied */
export async function copy(
  bucket: S3Bucket,
  { from, to }: { readonly from: string; readonly to: string },
  limits: CopyLimits,
  options: RequestOptions,
): Promise<void> {
  const object = await bucket.head(from, options);
  if (object.sizeBytes <= limits.wholeBytes) await bucket.copy(object, to, options);
  // An upload in parts takes over nothing from the object by itself.
  else await joinParts(bucket, { ...object, key: to }, options, (upload) => copyParts(bucket, object, upload, limits, options));
}

async function copyParts(
  bucket: S3Bucket,
  object: StoredObject,
  upload: Upload,
  { partBytes }: CopyLimits,
  options: RequestOptions,
): Promise<readonly CompletedPart[]> {
  const stopped = new AbortController();
  const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
  const parts: CompletedPart[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index * partBytes < object.sizeBytes; index = next++) {
      const range = { start: index * partBytes, end: Math.min((index + 1) * partBytes, object.sizeBytes) - 1 };
      const number = index + 1;
      parts[index] = { number, etag: await bucket.copyPart(object, range, { ...upload, number }, { ...options, signal }) };
    }
  };
  let failure: { readonly error: unknown } | undefined;
  const workers = Array.from({ length: concurrency }, () =>
    worker().catch((error: unknown) => {
      failure ??= { error };
      stopped.abort(error);
    }),
  );
  // All of them: a part that is still copied could be there after the upload has been ended, and would then stay for ever.
  await Promise.all(workers);
  if (failure !== undefined) throw failure.error;
  return parts;
}

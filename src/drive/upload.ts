/**
 * Uploads: small objects in one piece, larger ones in parts, several at once. What fails half-way is ended at the service too, so that
 * nothing is kept there that nobody can see.
 */
import { createHash } from 'node:crypto';
import { addCreated, H2OCloudError } from '../errors/base.js';
import { invalidParameter } from '../errors/configuration-error.js';
import type { RequestOptions } from '../http/request-options.js';
import { waitUnlessAborted } from '../internal/clock.js';
import type { CompletedPart, S3Bucket } from './api/s3.js';
import type { Part, PartReader } from './object-source.js';

export interface UploadTarget {
  readonly key: string;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
}

export interface UploadOptions extends RequestOptions {
  /** The size that a part has, but for the last. */
  readonly partBytes: number;
  readonly concurrency: number;
  /** Told how many bytes the service has confirmed. */
  readonly onStored: (bytes: number) => void;
}

const mebibyte = 1024 * 1024;
export const defaultPartBytes: number = 8 * mebibyte;
const mostParts = 10_000;
/** How long ending a failed upload may take; whoever waits for the error waits for it too. */
const abandonTimeoutMs = 10_000;

/** Parts as wanted, or as large as they must be for so many bytes. */
export function partBytesFor(sizeBytes: number | undefined, wantedBytes: number): number {
  if (sizeBytes === undefined || sizeBytes <= wantedBytes * mostParts) return wantedBytes;
  return Math.ceil(sizeBytes / mostParts / mebibyte) * mebibyte;
}

/** @returns the ETag and the number of bytes that were stored */
export async function upload(
  bucket: S3Bucket,
  target: UploadTarget,
  source: PartReader,
  options: UploadOptions,
): Promise<{ readonly etag: string; readonly sizeBytes: number }> {
  const first = await source.next();
  if (first.bytes.byteLength === options.partBytes) return inParts(bucket, target, { source, first }, options);
  const sizeBytes = first.bytes.byteLength;
  const etag = await bucket.put(target.key, first.bytes, target.contentType, options);
  options.onStored(sizeBytes);
  return { etag, sizeBytes };
}

async function inParts(
  bucket: S3Bucket,
  target: UploadTarget,
  source: { readonly source: PartReader; readonly first: Part },
  options: UploadOptions,
): Promise<{ readonly etag: string; readonly sizeBytes: number }> {
  let sizeBytes = 0;
  const etag = await joinParts(bucket, target, options, async (upload) => {
    const stored = await storeParts(bucket, upload, source, options);
    ({ sizeBytes } = stored);
    return stored.parts;
  });
  return { etag, sizeBytes };
}

/** An object of parts that `store` brings to the service, or none: a failure ends the upload there too. Gives its ETag. */
export async function joinParts(
  bucket: S3Bucket,
  target: UploadTarget,
  options: RequestOptions,
  store: (upload: Upload) => Promise<readonly CompletedPart[]>,
): Promise<string> {
  const { key } = target;
  const uploadId = await bucket.createUpload(target, options);
  try {
    return await complete(bucket, { key, uploadId }, await store({ key, uploadId }), options);
  } catch (error) {
    await abandon(bucket, { key, uploadId }, error);
    throw error;
  }
}

export interface Upload {
  readonly key: string;
  readonly uploadId: string;
}

async function storeParts(
  bucket: S3Bucket,
  { key, uploadId }: Upload,
  { source, first }: { readonly source: PartReader; readonly first: Part },
  options: UploadOptions,
): Promise<{ readonly parts: readonly CompletedPart[]; readonly sizeBytes: number }> {
  const stopped = new AbortController();
  const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
  const parts: CompletedPart[] = [];
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let sizeBytes = 0;

  const store = async (number: number, part: Part): Promise<void> => {
    try {
      const etag = await bucket.putPart(key, { uploadId, number, body: part.bytes }, { ...options, signal });
      parts[number - 1] = { number, etag };
      options.onStored(part.bytes.byteLength);
    } catch (error) {
      failure ??= { error };
      stopped.abort(error);
    }
    part.release();
  };

  try {
    let part = first;
    for (let number = 1; part.bytes.byteLength > 0 && failure === undefined; number++) {
      if (number > mostParts) throw tooLong(options.partBytes);
      sizeBytes += part.bytes.byteLength;
      const storing = store(number, part).finally(() => underWay.delete(storing));
      underWay.add(storing);
      if (underWay.size >= options.concurrency) await Promise.race(underWay);
      part = await waitUnlessAborted(source.next(), signal);
    }
  } catch (error) {
    failure ??= { error };
    stopped.abort(error);
  }
  // A part that still travels could arrive after the upload has been ended, and would then stay for ever.
  await Promise.all(underWay);
  if (failure !== undefined) throw failure.error;
  return { parts, sizeBytes };
}

function tooLong(partBytes: number): Error {
  return invalidParameter(
    `The stream is longer than ${mostParts} parts of ${partBytes} bytes.`,
    'Pass a larger `partSizeBytes`; for a source of known size it is chosen.',
  );
}

async function complete(
  bucket: S3Bucket,
  { key, uploadId }: Upload,
  parts: readonly CompletedPart[],
  options: RequestOptions,
): Promise<string> {
  try {
    return await bucket.completeUpload(key, uploadId, parts, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // The answer may have been lost after the parts were joined; then the object is there, and its ETag tells that it is this one.
    const expected = joinedEtag(parts);
    const found = expected === undefined ? undefined : await bucket.head(key, options).catch(() => undefined);
    if (found?.etag !== undefined && bare(found.etag) === expected) return found.etag;
    throw error;
  }
}

/** The ETag that storage gives an object of parts: a hash over theirs, where those are hashes. */
export function joinedEtag(parts: readonly CompletedPart[]): string | undefined {
  const hash = createHash('md5');
  for (const { etag } of parts) {
    if (!/^[0-9a-f]{32}$/i.test(bare(etag))) return undefined;
    hash.update(bare(etag), 'hex');
  }
  return `${hash.digest('hex')}-${parts.length}`;
}

function bare(etag: string): string {
  return etag.replaceAll('"', '');
}

/** Under a deadline of its own, not under the signal of the caller, who may have aborted. */
async function abandon(bucket: S3Bucket, { key, uploadId }: Upload, error: unknown): Promise<void> {
  try {
    await bucket.abortUpload(key, uploadId, { timeoutMs: abandonTimeoutMs });
  } catch (failure) {
    const isGone = failure instanceof H2OCloudError && failure.code === 'NOT_FOUND';
    if (!isGone) addCreated(error, [{ kind: 'upload', id: uploadId }]);
  }
}

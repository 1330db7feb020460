/**
 * Downloads: an object in ranges, several at once, given in order. To a file they go through a partial file beside it, whose length is
 * what has been read: the next call for the same object goes on from there.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { ConflictError } from '../errors/api-error.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import type { RequestOptions } from '../http/request-options.js';
import type { S3Bucket, StoredObject } from './api/s3.js';
import { BufferPool } from './buffer-pool.js';
import { onFile } from './files.js';

export interface DownloadOptions extends RequestOptions {
  readonly partBytes: number;
  readonly concurrency: number;
}

export interface Span {
  readonly start: number;
  /** The first byte after it. */
  readonly end: number;
}

/**
 * The bytes of an object in order, in buffers that are used again: what was given is overwritten when more is asked for.
 *
 * @throws {ConflictError} the object was replaced while it was read
 */
export async function* rangesOf(
  bucket: S3Bucket,
  object: StoredObject,
  { start, end }: Span,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
  const pool = new BufferPool(Math.min(options.partBytes, Math.max(end - start, 1)));
  const underWay: Promise<Uint8Array>[] = [];
  let next = start;
  const ask = (): void => {
    const range = { start: next, end: Math.min(next + options.partBytes, end) - 1 };
    next = range.end + 1;
    const buffer = pool.take().subarray(0, range.end + 1 - range.start);
    const reading = bucket.getRange(object, range, buffer, { ...options, signal }).then((found) => {
      if (found.etag !== object.etag || found.sizeBytes !== object.sizeBytes) throw replaced();
      return buffer;
    });
    // It is heard when its turn comes, and until then nobody listens.
    reading.catch(() => undefined);
    underWay.push(reading);
  };
  try {
    while (next < end && underWay.length < options.concurrency) ask();
    for (let reading = underWay.shift(); reading !== undefined; reading = underWay.shift()) {
      const bytes = await reading;
      yield bytes;
      if (bytes.byteLength === options.partBytes) pool.give(bytes);
      // Only now, so that no more buffers are in use than may travel.
      if (next < end) ask();
    }
  } finally {
    left.abort();
  }
}

function replaced(): ConflictError {
  return new ConflictError({
    code: 'CONFLICT',
    status: 412,
    what: 'The object was replaced by another one while it was read.',
    fix: 'Read it again from the beginning.',
    call: 'GetObject',
  });
}

export interface FileDownload extends DownloadOptions {
  /** Whether to go on where an earlier call for the same object has ended, and to keep what was read when this one fails. */
  readonly resume: boolean;
  /** Told how many bytes are in the file. */
  readonly onWritten: (bytes: number) => void;
}

/** @throws {ConfigurationError} code `FILE_UNUSABLE`: the path is a directory, or cannot be written to */
export async function toFile(bucket: S3Bucket, object: StoredObject, path: string, options: FileDownload): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw new ConfigurationError({ code: 'FILE_UNUSABLE', what: `${path} is a directory.`, fix: 'Pass the path of the file to write.' });
  }
  const partial = `${path}.${nameOf(object)}.partial`;
  const handle = await onFile(path, 'written', () => open(partial, options.resume ? 'a' : 'w'));
  try {
    await fill(bucket, object, { path, handle }, options);
    await onFile(path, 'written', () => handle.close());
  } catch (error) {
    await handle.close().catch(() => undefined);
    if (!options.resume) await rm(partial, { force: true });
    throw error;
  }
  // The file that was there is whole until the new one is.
  await onFile(path, 'written', () => rename(partial, path));
}

async function fill(
  bucket: S3Bucket,
  object: StoredObject,
  file: { path: string; handle: FileHandle },
  options: FileDownload,
): Promise<void> {
  const { path, handle } = file;
  let written = await onFile(path, 'written', async () => (await handle.stat()).size);
  if (written > object.sizeBytes) {
    await onFile(path, 'written', () => handle.truncate(0));
    written = 0;
  }
  if (written > 0) options.onWritten(written);
  const span = { start: written, end: object.sizeBytes };
  for await (const bytes of rangesOf(bucket, object, span, options)) {
    await onFile(path, 'written', () => writeAll(handle, bytes));
    written += bytes.byteLength;
    options.onWritten(written);
  }
}

/** `appendFile()` would write small pieces and copy them before. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += (await handle.write(bytes, at, bytes.byteLength - at)).bytesWritten;
}

/** A partial file is of one state of one object: of another one it must not be gone on with. */
function nameOf({ key, etag = '', sizeBytes }: StoredObject): string {
  return createHash('sha256')
    .update(JSON.stringify([key, etag, sizeBytes]))
    .digest('hex')
    .slice(0, 12);
}

/**
 * What stands behind the folders of a bucket: joins wire, uploads and downloads. Loaded with the first call, since most apps that import
 * the SDK never touch Drive.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { createExchange } from '../http/exchange.js';
import type { Page } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { defaultIdleTimeoutMs, type SendPorts } from '../http/send.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { waitUnlessAborted } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import { S3Bucket, type BucketAddress, type StoredObject } from './api/s3.js';
import { contentTypeOf } from '../internal/content-type.js';
import { copy, copyLimits, type CopyLimits } from './copy.js';
import { rangesOf, toFile } from './download.js';
import { pathOf } from './files.js';
import type { DeleteAllOptions, FileTransferOptions, PresignOptions, PutParams, TransferOptions } from './folder.js';
import { openSource, type WaitForSource } from './object-source.js';
import { DriveSession, type SessionPorts } from './session.js';
import { defaultPartBytes, partBytesFor, upload } from './upload.js';

const defaultConcurrency = 4;
/** Less than what is uploaded at a time: what comes lies in memory twice, in its buffer, and as it came until that is collected. */
const defaultRangeBytes = 3 * 1024 * 1024;
/** What a reader of a stream is given at a time. */
const pieceBytes = 256 * 1024;
/** Deletions that are under way at once. */
const deletions = 8;

/** One bucket, by full keys. Parameters have been checked. */
export interface BucketStore {
  list(prefix: string, marker: string | undefined, options: RequestOptions): Promise<Page<StoredObject>>;
  head(key: string, options: RequestOptions): Promise<StoredObject>;
  put(params: PutParams, options: TransferOptions): Promise<StoredObject>;
  read(object: StoredObject, options: TransferOptions): AsyncIterable<Uint8Array>;
  download(key: string, to: string | URL, options: FileTransferOptions): Promise<StoredObject>;
  copy(params: { readonly from: string; readonly to: string }, options: RequestOptions, limits?: CopyLimits): Promise<void>;
  delete(key: string, options: RequestOptions): Promise<void>;
  deleteAll(prefix: string, options: DeleteAllOptions): Promise<number>;
  presign(key: string, expiresInSeconds: number, options: PresignOptions): Promise<{ readonly url: string; readonly expiresAt: number }>;
}

export interface StorePorts extends SendPorts {
  readonly credential: Credential;
  readonly sts: SessionPorts['endpoint'];
}

/** The session of a user, and what its requests go through. One for a user, whatever buckets are used. */
export interface DriveConnection {
  bucket(locate: (signal?: AbortSignal) => Promise<BucketAddress>): BucketStore;
}

export function connectDrive(ports: StorePorts): DriveConnection {
  const send = createExchange('Drive', ports);
  const session = new DriveSession({
    send: createExchange("Drive's token service", ports),
    credential: ports.credential,
    clock: ports.clock,
    logger: ports.logger,
    endpoint: ports.sts,
  });
  return { bucket: (locate) => new Store(ports, new S3Bucket(send, session, locate)) };
}

class Store implements BucketStore {
  readonly #ports: StorePorts;
  readonly #bucket: S3Bucket;

  constructor(ports: StorePorts, bucket: S3Bucket) {
    this.#ports = ports;
    this.#bucket = bucket;
  }

  async list(prefix: string, marker: string | undefined, options: RequestOptions): Promise<Page<StoredObject>> {
    const page = await this.#bucket.list(prefix, marker, options);
    // Else a folder would show, and its user perhaps delete, what is somebody else's.
    if (page.items.every(({ key }) => key.startsWith(prefix))) return page;
    throw new ResponseValidationError({
      code: 'RESPONSE_INVALID',
      what: 'Drive listed objects whose keys do not begin with the prefix that was asked for.',
      fix: 'This is a fault of the service: tell its administrator.',
      call: 'ListObjects',
    });
  }

  head(key: string, options: RequestOptions): Promise<StoredObject> {
    return this.#bucket.head(key, options);
  }

  async put({ key, body, contentType = contentTypeOf(key) }: PutParams, options: TransferOptions): Promise<StoredObject> {
    const { partSizeBytes = defaultPartBytes, concurrency = defaultConcurrency, signal, onProgress } = options;
    let partBytes = partSizeBytes;
    const opening = openSource(
      body,
      (sizeBytes) => {
        partBytes = partBytesFor(sizeBytes, partSizeBytes);
        return partBytes;
      },
      this.#waitFor(options),
    );
    const source = await waitUnlessAborted(opening, signal);
    let transferredBytes = 0;
    const total = source.sizeBytes === undefined ? {} : { totalBytes: source.sizeBytes };
    const onStored = (bytes: number): void => {
      transferredBytes += bytes;
      onProgress?.({ transferredBytes, ...total });
    };
    try {
      const stored = await upload(this.#bucket, { key, contentType }, source, { ...options, partBytes, concurrency, onStored });
      return { key, ...stored, ...(contentType === undefined ? {} : { contentType }) };
    } finally {
      source.close();
    }
  }

  read(object: StoredObject, options: TransferOptions): AsyncIterable<Uint8Array> {
    const { onProgress, ...transfer } = options;
    const totalBytes = object.sizeBytes;
    const ranges = (): AsyncIterable<Uint8Array> => rangesOf(this.#bucket, object, { start: 0, end: totalBytes }, sized(transfer));
    return {
      async *[Symbol.asyncIterator]() {
        let transferredBytes = 0;
        for await (const bytes of ranges()) {
          // Copies, since the reader may keep them; small ones, since those are collected soon.
          for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield new Uint8Array(bytes.subarray(at, at + pieceBytes));
          transferredBytes += bytes.byteLength;
          onProgress?.({ transferredBytes, totalBytes });
        }
      },
    };
  }

  async download(key: string, to: string | URL, options: FileTransferOptions): Promise<StoredObject> {
    const path = pathOf(to);
    const object = await this.#bucket.head(key, options);
    const { onProgress, resume = true, ...transfer } = options;
    await toFile(this.#bucket, object, path, {
      ...sized(transfer),
      resume,
      onWritten: (transferredBytes) => onProgress?.({ transferredBytes, totalBytes: object.sizeBytes }),
    });
    return object;
  }

  copy(params: { readonly from: string; readonly to: string }, options: RequestOptions, limits: CopyLimits = copyLimits): Promise<void> {
    return copy(this.#bucket, params, limits, options);
  }

  delete(key: string, options: RequestOptions): Promise<void> {
    return this.#bucket.delete(key, options);
  }

  async deleteAll(prefix: string, { onProgress, ...options }: DeleteAllOptions): Promise<number> {
    let deleted = 0;
    let marker: string | undefined;
    do {
      const page = await this.list(prefix, marker, options);
      const keys = page.items.map(({ key }) => key);
      const worker = async (): Promise<void> => {
        for (let key = keys.shift(); key !== undefined; key = keys.shift()) {
          await this.#bucket.delete(key, options);
          deleted += 1;
          onProgress?.({ deleted });
        }
      };
      await Promise.all(Array.from({ length: deletions }, worker));
      marker = page.nextPageToken ?? undefined;
    } while (marker !== undefined);
    return deleted;
  }

  presign(key: string, expiresInSeconds: number, options: PresignOptions): Promise<{ readonly url: string; readonly expiresAt: number }> {
    return this.#bucket.presign(key, expiresInSeconds, options);
  }

  /** A stream that gives nothing must not hold the call for ever. */
  #waitFor({ signal, idleTimeoutMs = defaultIdleTimeoutMs }: RequestOptions): WaitForSource {
    const call = { name: 'Reading the stream to upload', safe: false };
    return (reading) =>
      withTotalDeadline(this.#ports.clock, call, { signal, timeoutMs: idleTimeoutMs }, (within) =>
        waitUnlessAborted(reading, within.signal),
      );
  }
}

function sized({ partSizeBytes, concurrency, ...options }: TransferOptions): RequestOptions & { partBytes: number; concurrency: number } {
  return { ...options, partBytes: partSizeBytes ?? defaultRangeBytes, concurrency: concurrency ?? defaultConcurrency };
}

/**
 * The operations of Drive's storage: a subset of S3, path-style, every request signed. Wire shapes, then calls.
 */
import type { SendExchange, Exchange } from '../../http/exchange.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { Page } from '../../http/pagination.js';
import { apiError } from '../../errors/api-error.js';
import { ResponseValidationError } from '../../errors/connection-error.js';
import { redact } from '../../internal/redact.js';
import type { DriveSession } from '../session.js';
import { codeOf, readStorageError, wantsNewKeys } from './errors.js';
import { encoded, payloadHashOf, presignedQuery, queryOf, signedHeaders, type SessionKeys } from './signature.js';
import { elementsOf, escaped, isDocument, textOf } from './xml.js';

/** An object as storage describes it; what an answer does not say is absent. */
export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag?: string;
  /** RFC 3339. */
  readonly modifiedAt?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
}

/** A bucket, at the endpoint that has it. */
export interface BucketAddress {
  readonly endpoint: string;
  readonly bucket: string;
}

export interface ByteRange {
  readonly start: number;
  /** The last byte, included. */
  readonly end: number;
}

export interface CompletedPart {
  readonly number: number;
  readonly etag: string;
}

type Step = Pick<Exchange<unknown>, 'name' | 'method' | 'isTransfer'> & {
  /** Absent for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly options: RequestOptions;
};

const service = 'Drive';
/** Keys that have been good for so long were no mistake when they were given. */
const settledMs = 60_000;
/** Joining the parts of a large object may take storage minutes, in which nothing moves. */
const joinIdleTimeoutMs = 300_000;

/** One bucket as one user. */
export class S3Bucket {
  readonly #send: SendExchange;
  readonly #session: DriveSession;
  readonly #locate: (signal?: AbortSignal) => Promise<BucketAddress>;

  constructor(send: SendExchange, session: DriveSession, locate: (signal?: AbortSignal) => Promise<BucketAddress>) {
    this.#send = send;
    this.#session = session;
    this.#locate = locate;
  }

  async list(prefix: string, marker: string | undefined, options: RequestOptions): Promise<Page<StoredObject>> {
    const query = { 'encoding-type': 'url', ...(prefix === '' ? {} : { prefix }), ...(marker === undefined ? {} : { marker }) };
    return this.#ask({ name: 'ListObjects', method: 'GET', query, options }, async (response) => toPage(await response.text()));
  }

  async head(key: string, options: RequestOptions): Promise<StoredObject> {
    return this.#ask({ name: 'HeadObject', method: 'HEAD', key, options }, (response) => Promise.resolve(toObject(key, response)));
  }

  /** Stores an object of one piece; the answer is its ETag. */
  async put(key: string, body: Uint8Array, contentType: string | undefined, options: RequestOptions): Promise<string> {
    return this.#ask(
      { name: 'PutObject', method: 'PUT', key, body, headers: typed(contentType), isTransfer: true, options },
      etagOf('PutObject'),
    );
  }

  /** Reads a range into a buffer of exactly its size. */
  async getRange(object: StoredObject, range: ByteRange, into: Uint8Array, options: RequestOptions): Promise<StoredObject> {
    const isEncoded = object.contentEncoding !== undefined && object.contentEncoding !== 'identity';
    const step: Step = {
      name: 'GetObject',
      method: 'GET',
      key: object.key,
      headers: { range: `bytes=${range.start}-${range.end}`, 'accept-encoding': 'identity' },
      // fetch would unpack what is stored packed, and a range of that is nothing that can be unpacked.
      ...(isEncoded ? { query: { 'response-content-encoding': 'identity' } } : {}),
      isTransfer: true,
      options,
    };
    return this.#ask(step, async (response, onMoved) => {
      await fill(response, into, onMoved);
      return toObject(object.key, response);
    });
  }

  async delete(key: string, options: RequestOptions): Promise<void> {
    await this.#ask({ name: 'DeleteObject', method: 'DELETE', key, options }, (response) => response.text());
  }

  /** Copies an object in one piece, if it still is the one that was seen. */
  async copy(from: StoredObject, to: string, options: RequestOptions): Promise<string> {
    const headers = await this.#sourceOf(from, options);
    return this.#ask(
      { name: 'CopyObject', method: 'PUT', key: to, headers, isTransfer: true, options: joining(options) },
      joined('CopyObject', 'CopyObjectResult'),
    );
  }

  /** Copies a range of an object into a part of an upload, if it still is the one that was seen. */
  async copyPart(
    from: StoredObject,
    range: ByteRange,
    part: { readonly key: string; readonly uploadId: string; readonly number: number },
    options: RequestOptions,
  ): Promise<string> {
    const step: Step = {
      name: 'UploadPartCopy',
      method: 'PUT',
      key: part.key,
      query: { partNumber: String(part.number), uploadId: part.uploadId },
      headers: { ...(await this.#sourceOf(from, options)), 'x-amz-copy-source-range': `bytes=${range.start}-${range.end}` },
      isTransfer: true,
      options: joining(options),
    };
    return this.#ask(step, joined('UploadPartCopy', 'CopyPartResult'));
  }

  async createUpload(
    target: { readonly key: string; readonly contentType?: string | undefined; readonly contentEncoding?: string | undefined },
    options: RequestOptions,
  ): Promise<string> {
    const { key, contentType, contentEncoding } = target;
    const headers = { ...typed(contentType), ...(contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }) };
    // Repeated when the answer is lost: at worst an upload without parts stays, which holds nothing.
    const step: Step = { name: 'CreateMultipartUpload', method: 'POST', key, query: { uploads: '' }, headers, options };
    return this.#ask(step, async (response) => {
      const xml = await response.text();
      const uploadId = textOf(xml, 'UploadId');
      if (!isDocument(xml, 'InitiateMultipartUploadResult') || !uploadId) throw unexpected('CreateMultipartUpload', 'no upload id');
      return uploadId;
    });
  }

  async putPart(
    key: string,
    part: { readonly uploadId: string; readonly number: number; readonly body: Uint8Array },
    options: RequestOptions,
  ): Promise<string> {
    const query = { partNumber: String(part.number), uploadId: part.uploadId };
    return this.#ask({ name: 'UploadPart', method: 'PUT', key, query, body: part.body, isTransfer: true, options }, etagOf('UploadPart'));
  }

  async completeUpload(key: string, uploadId: string, parts: readonly CompletedPart[], options: RequestOptions): Promise<string> {
    const entries = parts.map(({ number, etag }) => `<Part><ETag>${escaped(etag)}</ETag><PartNumber>${number}</PartNumber></Part>`);
    const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${entries.join('')}</CompleteMultipartUpload>`;
    const step: Step = {
      name: 'CompleteMultipartUpload',
      method: 'POST',
      key,
      query: { uploadId },
      body: Buffer.from(xml),
      isTransfer: true,
      options: joining(options),
    };
    return this.#ask(step, joined('CompleteMultipartUpload', 'CompleteMultipartUploadResult'));
  }

  async abortUpload(key: string, uploadId: string, options: RequestOptions): Promise<void> {
    await this.#ask({ name: 'AbortMultipartUpload', method: 'DELETE', key, query: { uploadId }, options }, (response) => response.text());
  }

  /** A URL that anybody may open, as long as it says and the session lives. */
  async presign(
    key: string,
    wantedSeconds: number,
    options: RequestOptions,
  ): Promise<{ readonly url: string; readonly expiresAt: number }> {
    const session = await this.#session.keysFor(wantedSeconds * 1000, options.signal);
    const address = await this.#locate(options.signal);
    const expiresInSeconds = Math.min(wantedSeconds, Math.floor((session.expiresAt - session.now) / 1000));
    const { base, host, path } = placeOf(address, key);
    const query = presignedQuery({ method: 'GET', host, path, query: {} }, session.keys, { now: session.now, expiresInSeconds });
    // The signature knows whole seconds only.
    return { url: `${base}?${query}`, expiresAt: Math.floor(session.now / 1000) * 1000 + expiresInSeconds * 1000 };
  }

  async #sourceOf(from: StoredObject, options: RequestOptions): Promise<Readonly<Record<string, string>>> {
    const { bucket } = await this.#locate(options.signal);
    const match = from.etag === undefined ? {} : { 'x-amz-copy-source-if-match': from.etag };
    return { 'x-amz-copy-source': `/${pathOf(bucket)}/${pathOf(from.key)}`, ...match };
  }

  #ask<Answer>(step: Step, read: Exchange<Answer>['read']): Promise<Answer> {
    let used: SessionKeys | undefined;
    const session = this.#session;
    const locate = this.#locate;
    const exchange: Exchange<Answer> = {
      name: step.name,
      method: step.method,
      route: step.key === undefined ? '/{bucket}' : '/{bucket}/{+key}',
      // All of them say what shall be, not what shall be added: once or twice is the same.
      safe: true,
      isTransfer: step.isTransfer ?? false,
      read,
      async prepare(extraHeaders, signal) {
        const { keys, now } = await session.current(signal);
        used = keys;
        const { base, host, path } = placeOf(await locate(signal), step.key);
        const { query = {}, body } = step;
        const given = { accept: '*/*', ...extraHeaders, ...step.headers };
        const payloadHash = await payloadHashOf(body);
        const signed = signedHeaders({ method: step.method, host, path, query, headers: given, payloadHash }, keys, now);
        const length = body === undefined || body.byteLength === 0 ? {} : { 'content-length': String(body.byteLength) };
        const text = queryOf(query);
        return {
          url: text === '' ? base : `${base}?${text}`,
          headers: { ...signed, ...length },
          body,
          secrets: [keys.accessKeyId, keys.secretAccessKey, keys.sessionToken, signed['authorization']?.split('Signature=')[1] ?? ''],
        };
      },
      readError: (answer) => readStorageError(answer, service, step.body === undefined),
      async renew(answer, signal) {
        const code = codeOf(answer);
        // An answer to HEAD may not say why: then it is the clock if that is wrong, and the keys if they are not quite new.
        const isMute = code === undefined && (answer.status === 400 || answer.status === 403);
        if ((code === 'RequestTimeTooSkewed' || isMute) && session.setTime(answer.headers.get('date'))) return true;
        if (used === undefined || !(wantsNewKeys(answer) || (isMute && session.isOlderThan(settledMs)))) return false;
        return session.replace(used, signal);
      },
    };
    return this.#send(exchange, step.options);
  }
}

function joining(options: RequestOptions): RequestOptions {
  return { ...options, idleTimeoutMs: options.idleTimeoutMs ?? joinIdleTimeoutMs };
}

function typed(contentType: string | undefined): Readonly<Record<string, string>> {
  return contentType === undefined ? {} : { 'content-type': contentType };
}

function placeOf({ endpoint, bucket }: BucketAddress, key: string | undefined): { base: string; host: string; path: string } {
  const base = `${endpoint}/${pathOf(bucket)}${key === undefined ? '' : `/${pathOf(key)}`}`;
  const { host, origin } = new URL(endpoint);
  return { base, host, path: base.slice(base.indexOf(origin) + origin.length) };
}

/** A key as it stands in a path: encoded once, its slashes kept. */
function pathOf(key: string): string {
  return key.split('/').map(encoded).join('/');
}

async function fill(response: Response, into: Uint8Array, onMoved: () => void): Promise<void> {
  let at = 0;
  const body: ReadableStream<Uint8Array> | null = response.body;
  // Not with `for await`, which costs as much again for each chunk.
  const reader = body?.getReader();
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    const chunk = next.value;
    if (at + chunk.byteLength > into.byteLength) {
      await reader?.cancel();
      throw unexpected('GetObject', 'more bytes than were asked for');
    }
    into.set(chunk, at);
    at += chunk.byteLength;
    onMoved();
  }
  if (at < into.byteLength) throw unexpected('GetObject', 'fewer bytes than were asked for');
}

/** Whatever answers without an ETag is not storage: a sign-in page has none, and would else be taken for an object. */
function etagOf(call: string): (response: Response) => Promise<string> {
  return async (response) => {
    await response.text();
    const etag = response.headers.get('etag');
    if (etag === null || etag === '') throw unexpected(call, 'no ETag');
    return etag;
  };
}

function joined(call: string, root: string): Exchange<string>['read'] {
  return async (response) => {
    const xml = await response.text();
    const etag = textOf(xml, 'ETag');
    if (isDocument(xml, root) && etag !== undefined) return etag;
    if (!isDocument(xml, 'Error')) throw unexpected(call, 'something that is not its result');
    // Storage answers 200 before it begins, so that the connection stays; how it went stands in the body.
    const code = codeOf({ body: xml, headers: response.headers }) ?? 'InternalError';
    throw apiError({
      status: 500,
      what: `${service} began ${call} and failed (${redact(code)}).`,
      fix: 'Repeat the call later.',
      call,
      serviceCode: redact(code),
      retryable: true,
    });
  };
}

function toObject(key: string, response: Response): StoredObject {
  const { headers } = response;
  const etag = headers.get('etag');
  if (etag === null || etag === '') throw unexpected('HeadObject', 'no ETag');
  const whole = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] ?? headers.get('content-length') ?? '';
  const modified = Date.parse(headers.get('last-modified') ?? '');
  const contentType = headers.get('content-type');
  const contentEncoding = headers.get('content-encoding');
  if (!/^\d+$/.test(whole)) throw unexpected('HeadObject', 'no length');
  return {
    key,
    etag,
    sizeBytes: Number(whole),
    ...(Number.isNaN(modified) ? {} : { modifiedAt: new Date(modified).toISOString() }),
    ...(contentType === null ? {} : { contentType }),
    ...(contentEncoding === null ? {} : { contentEncoding }),
  };
}

function toPage(xml: string): Page<StoredObject> {
  if (!isDocument(xml, 'ListBucketResult')) throw unexpected('ListObjects', 'something that is not a list');
  const decode = textOf(xml, 'EncodingType') === 'url' ? urlDecoded : (text: string): string => text;
  const items = elementsOf(xml, 'Contents').map((content): StoredObject => {
    const [key, size, etag, modified] = ['Key', 'Size', 'ETag', 'LastModified'].map((name) => textOf(content, name));
    const modifiedAt = Date.parse(modified ?? '');
    if (key === undefined || size === undefined || !/^\d+$/.test(size)) throw unexpected('ListObjects', 'an entry without key or size');
    return {
      key: decode(key),
      sizeBytes: Number(size),
      ...(etag === undefined ? {} : { etag }),
      ...(Number.isNaN(modifiedAt) ? {} : { modifiedAt: new Date(modifiedAt).toISOString() }),
    };
  });
  if (textOf(xml, 'IsTruncated') !== 'true') return { items };
  // Without a delimiter storage need not name the next page: it begins after the last key.
  const next = textOf(xml, 'NextMarker');
  return { items, nextPageToken: next === undefined || next === '' ? items.at(-1)?.key : decode(next) };
}

function urlDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw unexpected('ListObjects', 'a key that is not encoded as it says');
  }
}

function unexpected(call: string, what: string): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `${service} answered ${call} with ${what}.`,
    fix: 'Check the address of the service (`await cloud.describe()` tells where it comes from): a web page or a proxy may answer there.',
    call,
  });
}

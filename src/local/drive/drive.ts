/**
 * H2O Drive: a token service, and the part of S3 that its official client speaks. One bucket `_my` for each user, and one for each
 * workspace that the user has; what is not the caller's does not exist.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { Clock } from '../../internal/clock.js';
import type { Access, Caller } from '../access.js';
import { Bucket, piecesOf, type ObjectHeaders, type StoredObject } from './objects.js';
import { signerOf } from './signature.js';
import { Sts } from './sts.js';
import { S3Error, xmlAnswer } from './xml.js';

/** Where it is, below the origin of the cloud. */
export const drivePath = '/drive';
export const stsPath: string = `${drivePath}/sts/`;

export interface DriveOptions {
  readonly access: Access;
  readonly clock: Clock;
  /** Keys on a page of a list, where the request asks for no fewer. Default: 1000. */
  readonly pageSize?: number | undefined;
  /** How long the keys of a session live, whatever is asked for; fractions are allowed. */
  readonly sessionSeconds?: number | undefined;
  /** What a part of an upload must measure at least, but for the last. Default: 5 MiB. */
  readonly smallestPartBytes?: number | undefined;
  /** Whether a caller belongs to a workspace. The personal one, `default`, everybody has. */
  readonly isMember?: (caller: Caller, workspace: string) => boolean;
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
const mostKeys = 1000;
const largestCopyBytes = 5 * 1024 ** 3;
/** Headers that are kept with an object and given back with it. */
const keptHeaders = ['content-type', 'content-encoding', 'content-disposition', 'content-language', 'cache-control', 'expires'];

/** A request whose signature is good. */
interface Signed {
  readonly request: Request;
  readonly url: URL;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
  readonly bucketName: string;
  readonly bucket: Bucket;
  readonly key: string;
  readonly caller: Caller;
}

export function drive(options: DriveOptions): Hono {
  const sts = new Sts({ access: options.access, clock: options.clock, sessionSeconds: options.sessionSeconds });
  const storage = new Storage(options, sts);
  const app = new Hono();
  app.all('*', async (context) => {
    const request = context.req.raw;
    const { pathname } = new URL(request.url);
    if (pathname === stsPath || `${pathname}/` === stsPath) {
      return request.method === 'POST'
        ? sts.answer(request)
        : errorAnswer(request, new S3Error(405, 'MethodNotAllowed', 'Only POST is allowed here.'));
    }
    try {
      return await storage.answer(request);
    } catch (error) {
      if (error instanceof S3Error) return errorAnswer(request, error);
      throw error;
    }
  });
  return app;
}

function errorAnswer(request: Request, { status, code, message }: S3Error): Response {
  if (request.method === 'HEAD') return new Response(null, { status });
  const { pathname } = new URL(request.url);
  return xmlAnswer('Error', { Code: code, Message: message, Resource: pathname, RequestId: randomUUID() }, { status });
}

class Storage {
  readonly #options: DriveOptions;
  readonly #sts: Sts;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: DriveOptions, sts: Sts) {
    this.#options = options;
    this.#sts = sts;
  }

  async answer(request: Request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const now = this.#options.clock.now();
    const { caller } = signerOf(request, body, { session: (id) => this.#sts.session(id), now });
    const url = new URL(request.url);
    const [bucketName = '', ...rest] = url.pathname.slice(drivePath.length + 1).split('/');
    const key = decodeURIComponent(rest.join('/'));
    const signed: Signed = {
      request,
      url,
      query: url.searchParams,
      body,
      bucketName,
      bucket: this.#bucketOf(caller, decodeURIComponent(bucketName)),
      key,
      caller,
    };
    return key === '' ? this.#bucket(signed) : this.#object(signed, now);
  }

  #bucketOf(caller: Caller, name: string): Bucket {
    const isPersonal = name === '_my' || name === 'default';
    if (!isPersonal && this.#options.isMember?.(caller, name) !== true)
      throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist.');
    const id = JSON.stringify(isPersonal ? [caller.issuer, caller.subject, name] : [name]);
    const known = this.#buckets.get(id) ?? new Bucket(this.#options.smallestPartBytes);
    this.#buckets.set(id, known);
    return known;
  }

  #bucket({ request, query, bucket, bucketName }: Signed): Response {
    if (request.method === 'HEAD') return new Response(null);
    if (request.method !== 'GET')
      throw new S3Error(405, 'MethodNotAllowed', 'Buckets are made and removed with their users and workspaces.');
    if (query.has('list-type')) throw new S3Error(501, 'NotImplemented', 'Lists are version 1 only.');
    const [prefix, marker] = [query.get('prefix') ?? '', query.get('marker') ?? ''];
    const isEncoded = query.get('encoding-type') === 'url';
    const shown = (text: string): string => (isEncoded ? encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+') : text);
    const limit = Math.min(Number(query.get('max-keys') ?? mostKeys), this.#options.pageSize ?? mostKeys);
    const keys = bucket.keys(prefix, marker);
    const page = keys.slice(0, limit);
    const contents = page.map((key) => {
      const { etag, sizeBytes, modifiedAt } = bucket.get(key);
      return {
        Key: shown(key),
        LastModified: new Date(modifiedAt).toISOString(),
        ETag: `"${etag}"`,
        Size: sizeBytes,
        StorageClass: 'STANDARD',
      };
    });
    return xmlAnswer(
      'ListBucketResult',
      {
        Name: bucketName,
        Prefix: shown(prefix),
        Marker: shown(marker),
        MaxKeys: limit,
        EncodingType: isEncoded ? 'url' : undefined,
        IsTruncated: keys.length > page.length,
        Contents: contents,
      },
      { namespace },
    );
  }

  #object(signed: Signed, now: number): Response {
    const { request, query, bucket, key, body } = signed;
    const uploadId = query.get('uploadId');
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return contentAnswer(request, bucket.get(key), query);
      case 'PUT':
        if (uploadId !== null && request.headers.has('x-amz-copy-source')) return this.#copyPart(signed, uploadId, now);
        if (uploadId !== null) return etagAnswer(bucket.putPart(uploadId, key, { number: Number(query.get('partNumber')), bytes: body }));
        if (request.headers.has('x-amz-copy-source')) return this.#copy(signed, now);
        return etagAnswer(bucket.put(key, body, headersToKeep(request.headers), now).etag);
      case 'POST':
        if (query.has('uploads')) {
          const UploadId = bucket.createUpload(key, headersToKeep(request.headers));
          return xmlAnswer('InitiateMultipartUploadResult', { Bucket: signed.bucketName, Key: key, UploadId }, { namespace });
        }
        if (uploadId !== null) {
          const { etag } = bucket.completeUpload(uploadId, key, namedParts(new TextDecoder().decode(body)), now);
          const content = { Location: signed.url.origin + signed.url.pathname, Bucket: signed.bucketName, Key: key, ETag: `"${etag}"` };
          return xmlAnswer('CompleteMultipartUploadResult', content, { namespace });
        }
        break;
      case 'DELETE':
        if (uploadId === null) bucket.delete(key);
        else bucket.abortUpload(uploadId, key);
        return new Response(null, { status: 204 });
    }
    throw new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }

  #sourceOf({ request: { headers }, caller }: Signed): StoredObject {
    const [, bucketName = '', path = ''] = /^\/?([^/]+)\/(.+)$/.exec(headers.get('x-amz-copy-source') ?? '') ?? [];
    const from = this.#bucketOf(caller, decodeURIComponent(bucketName)).get(decodeURIComponent(path));
    const wanted = headers.get('x-amz-copy-source-if-match')?.replaceAll('"', '') ?? from.etag;
    if (wanted === from.etag) return from;
    throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.');
  }

  #copyPart(signed: Signed, uploadId: string, now: number): Response {
    const from = this.#sourceOf(signed);
    const header = signed.request.headers.get('x-amz-copy-source-range');
    const { start, end } = rangeOf(header, from.sizeBytes) ?? { start: 0, end: from.sizeBytes };
    const bytes = Buffer.concat(piecesOf(from, start, end));
    const etag = signed.bucket.putPart(uploadId, signed.key, { number: Number(signed.query.get('partNumber')), bytes });
    return xmlAnswer('CopyPartResult', { LastModified: new Date(now).toISOString(), ETag: `"${etag}"` }, { namespace });
  }

  #copy(signed: Signed, now: number): Response {
    const from = this.#sourceOf(signed);
    const { bucket, key } = signed;
    if (from.sizeBytes > largestCopyBytes)
      throw new S3Error(400, 'InvalidRequest', 'The specified copy source is larger than the maximum.');
    const copied = bucket.copy(from, key, now);
    return xmlAnswer('CopyObjectResult', { LastModified: new Date(now).toISOString(), ETag: `"${copied.etag}"` }, { namespace });
  }
}

function etagAnswer(etag: string): Response {
  return new Response(null, { headers: { etag: `"${etag}"` } });
}

function headersToKeep(headers: Headers): ObjectHeaders {
  return Object.fromEntries([...headers].filter(([name]) => keptHeaders.includes(name) || name.startsWith('x-amz-meta-')));
}

function contentAnswer(request: Request, object: StoredObject, query: URLSearchParams): Response {
  const asked = keptHeaders.flatMap((name) => {
    const value = query.get(`response-${name}`);
    return value === null ? [] : [[name, value] as const];
  });
  const headers = new Headers({
    'content-type': 'binary/octet-stream',
    ...object.headers,
    ...Object.fromEntries(asked),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
  });
  const range = rangeOf(request.headers.get('range'), object.sizeBytes);
  const { start, end } = range ?? { start: 0, end: object.sizeBytes };
  headers.set('content-length', String(end - start));
  if (range !== undefined) headers.set('content-range', `bytes ${start}-${end - 1}/${object.sizeBytes}`);
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD' || end === start) return new Response(null, { status, headers });
  return new Response(streamOf(piecesOf(object, start, end)), { status, headers });
}

/** One range of bytes; what is no such thing is passed over, as S3 does. */
function rangeOf(header: string | null, sizeBytes: number): { readonly start: number; readonly end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(sizeBytes - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (start >= sizeBytes || end <= start) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable.');
  return { start, end };
}

const sliceBytes = 256 * 1024;

function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const slices = (function* () {
    for (const piece of pieces) for (let at = 0; at < piece.byteLength; at += sliceBytes) yield piece.subarray(at, at + sliceBytes);
  })();
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = slices.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
    },
    { highWaterMark: 0 },
  );
}

function namedParts(xml: string): { readonly number: number; readonly etag: string }[] {
  return [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]),
    etag: (/<ETag>(.*?)<\/ETag>/s.exec(part)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"').trim(),
  }));
}

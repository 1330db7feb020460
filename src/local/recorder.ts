/**
 * What was asked of a local cloud: every request, for tests to look at. Bodies are parsed when they are looked at; the oldest requests go when it gets too much.
 */
import { parseJson } from './json.js';

export type ServiceName =
  | 'idp'
  | 'cloud'
  | 'mlops-api'
  | 'authz-gateway'
  | 'artifact-store'
  | 'secure-store'
  | 'drive'
  | 'scorer'
  | 'steam'
  | 'engine-manager'
  | 'engine';

export interface RecordedRequest {
  readonly service: ServiceName;
  readonly method: string;
  readonly path: string;
  /** The first value of each parameter; the signature of a presigned URL is not kept. */
  readonly query: Readonly<Record<string, string>>;
  /** By lower-case name; the token of an `authorization` header and the values of cookies are not kept. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, a form's fields, the measure of an upload, or other text; `undefined` without a body. */
  readonly body: unknown;
  readonly status: number;
}

/** The measure of an upload, which is not kept: lines of JSON, or an object as it is. */
type UploadMeasure = { readonly ndjson: { lines: number; bytes: number } } | { readonly upload: { bytes: number } };

const mostRequests = 10_000;
const mebibyte = 1024 * 1024;
const mostKeptBytes = 32 * mebibyte;
const largestBodyBytes = 256 * mebibyte;

export interface Recorder {
  readonly requests: readonly RecordedRequest[];
  /** Passes a request on, and records it with its answer's status. */
  record(service: ServiceName, request: Request, answer: (request: Request) => Promise<Response>): Promise<Response>;
}

type Body = { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string } | UploadMeasure;

/** @param limitBytes of a body that is not an upload; a larger one is refused */
export function createRecorder(limitBytes: number = largestBodyBytes): Recorder {
  const requests: RecordedRequest[] = [];
  const lengths: number[] = [];
  let keptBytes = 0;

  const keep = (request: RecordedRequest, length: number): void => {
    requests.push(request);
    lengths.push(length);
    keptBytes += length;
    while (requests.length > mostRequests || (keptBytes > mostKeptBytes && requests.length > 1)) {
      requests.shift();
      keptBytes -= lengths.shift() ?? 0;
    }
  };

  return {
    requests,
    async record(service, request, answer) {
      const { request: passed, body } = await withBody(service, request, limitBytes);
      const response = passed === undefined ? tooLarge() : await answer(passed);
      keep(recorded({ service, request, body, status: response.status }), 'bytes' in body ? body.bytes.byteLength : 0);
      return response;
    },
  };
}

const tooLarge = (): Response => new Response('This body is larger than the local cloud takes.', { status: 413 });

/** The request with its body still to be read, and what is kept of it. No request where the body is too large. */
async function withBody(service: ServiceName, request: Request, limitBytes: number): Promise<{ request: Request | undefined; body: Body }> {
  if (request.body === null) return { request, body: { bytes: new Uint8Array(), type: '' } };
  if (service === 'artifact-store' || request.url.endsWith('/google.bytestream.ByteStream/Write'))
    return measured(service, request, request.body);
  const { url, method, headers } = request;
  const type = headers.get('content-type') ?? '';
  const bytes = await bytesOf(request.body, limitBytes);
  if (bytes === undefined) return { request: undefined, body: { bytes: new Uint8Array(), type } };
  // As bytes, since text would be given a type where there was none, and lose what is no UTF-8.
  return { request: new Request(url, { method, headers, body: bytes }), body: { bytes, type } };
}

/** All of a body; undefined when it is too large. It is read to its end all the same: clients listen when they have sent everything. */
async function bytesOf(body: ReadableStream<Uint8Array>, limitBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size <= limitBytes) chunks.push(chunk);
    else chunks = [];
  }
  return size <= limitBytes ? Buffer.concat(chunks) : undefined;
}

function measured(service: ServiceName, request: Request, body: ReadableStream<Uint8Array>): { request: Request; body: UploadMeasure } {
  const measure = { lines: 0, bytes: 0 };
  const hasLines = service !== 'artifact-store';
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      measure.bytes += chunk.byteLength;
      if (hasLines) for (const byte of chunk) if (byte === 10) measure.lines += 1;
      controller.enqueue(chunk);
    },
  });
  const { url, method, headers } = request;
  const passed = new Request(url, { method, headers, body: body.pipeThrough(counter), duplex: 'half' });
  return { request: passed, body: hasLines ? { ndjson: measure } : { upload: measure } };
}

function recorded({
  service,
  request,
  body,
  status,
}: {
  service: ServiceName;
  request: Request;
  body: Body;
  status: number;
}): RecordedRequest {
  const url = new URL(request.url);
  const headers = withoutSecrets(Object.fromEntries(request.headers));
  return {
    service,
    method: request.method,
    path: url.pathname,
    query: Object.fromEntries([...url.searchParams].reverse().map(([name, value]) => [name, isSecret(name) ? '<redacted>' : value])),
    headers,
    get body() {
      return parsedBody(body);
    },
    status,
  };
}

/** Who has the signature of a URL has what it opens. */
const isSecret = (parameter: string): boolean => parameter === 'X-Amz-Signature';

function withoutSecrets({ authorization, cookie, ...headers }: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    ...headers,
    ...(authorization === undefined ? {} : { authorization: `${authorization.split(' ')[0] ?? ''} <redacted>` }),
    ...('x-amz-security-token' in headers ? { 'x-amz-security-token': '<redacted>' } : {}),
    ...(cookie === undefined ? {} : { cookie: cookie.replace(/=[^;]*/g, '=<redacted>') }),
  };
}

function parsedBody(body: Body): unknown {
  if (!('bytes' in body)) return body;
  const text = new TextDecoder().decode(body.bytes);
  if (text === '') return undefined;
  if (body.type.includes('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  return parseJson(text) ?? text;
}

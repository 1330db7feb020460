/**
 * What was asked of a local cloud: every request, for tests to look at. Bodies are parsed when they are looked at; the oldest requests go when it gets too much.
 */
import { parseJson } from './json.js';

export type ServiceName = 'idp' | 'cloud' | 'mlops-api' | 'scorer';

export interface RecordedRequest {
  readonly service: ServiceName;
  readonly method: string;
  readonly path: string;
  /** The first value of each parameter. */
  readonly query: Readonly<Record<string, string>>;
  /** By lower-case name; the token of an `authorization` header is not kept. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, a form's fields, the measure of an upload, or other text; `undefined` without a body. */
  readonly body: unknown;
  readonly status: number;
}

/** The measure of a streamed upload, which is not kept. */
interface UploadMeasure {
  readonly ndjson: { lines: number; bytes: number };
}

const mostRequests = 10_000;
const mostTextLength = 32 * 1024 * 1024;

export interface Recorder {
  readonly requests: readonly RecordedRequest[];
  /** Passes a request on, and records it with its answer's status. */
  record(service: ServiceName, request: Request, answer: (request: Request) => Promise<Response>): Promise<Response>;
}

type Body = { readonly text: string; readonly type: string } | UploadMeasure;

export function createRecorder(): Recorder {
  const requests: RecordedRequest[] = [];
  const lengths: number[] = [];
  let textLength = 0;

  const keep = (request: RecordedRequest, length: number): void => {
    requests.push(request);
    lengths.push(length);
    textLength += length;
    while (requests.length > mostRequests || (textLength > mostTextLength && requests.length > 1)) {
      requests.shift();
      textLength -= lengths.shift() ?? 0;
    }
  };

  return {
    requests,
    async record(service, request, answer) {
      const { request: passed, body } = await withBody(request);
      const response = await answer(passed);
      keep(recorded({ service, request, body, status: response.status }), 'text' in body ? body.text.length : 0);
      return response;
    },
  };
}

/** The request with its body still to be read, and what is kept of it. */
async function withBody(request: Request): Promise<{ request: Request; body: Body }> {
  if (request.body === null) return { request, body: { text: '', type: '' } };
  if (request.url.endsWith('/google.bytestream.ByteStream/Write')) return measured(request, request.body);
  const text = await request.text();
  const { url, method, headers } = request;
  return { request: new Request(url, { method, headers, body: text }), body: { text, type: headers.get('content-type') ?? '' } };
}

function measured(request: Request, body: ReadableStream<Uint8Array>): { request: Request; body: UploadMeasure } {
  const ndjson = { lines: 0, bytes: 0 };
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      ndjson.bytes += chunk.byteLength;
      for (const byte of chunk) if (byte === 10) ndjson.lines += 1;
      controller.enqueue(chunk);
    },
  });
  const { url, method, headers } = request;
  return { request: new Request(url, { method, headers, body: body.pipeThrough(counter), duplex: 'half' }), body: { ndjson } };
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
  const headers = Object.fromEntries(request.headers);
  const authorization = headers['authorization'];
  return {
    service,
    method: request.method,
    path: url.pathname,
    query: Object.fromEntries([...url.searchParams].reverse()),
    headers: authorization === undefined ? headers : { ...headers, authorization: `${authorization.split(' ')[0] ?? ''} <redacted>` },
    get body() {
      return parsedBody(body);
    },
    status,
  };
}

function parsedBody(body: Body): unknown {
  if ('ndjson' in body) return body;
  if (body.text === '') return undefined;
  if (body.type.includes('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(body.text));
  return parseJson(body.text) ?? body.text;
}

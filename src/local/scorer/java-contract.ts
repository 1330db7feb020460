/**
 * The contract of H2O's Java scorer: its endpoints, and what it and the framework under it refuse, in which words. The rows are for score-rows.ts.
 */
import { capabilitiesOf, essenceOf, isJsonType, sampleRequestOf, schemaOf } from './contract.js';
import type { Call, Refuse } from './contract.js';
import { readJavaRequest, UnreadableRequest } from './java-request.js';
import { readMultipart } from './multipart.js';
import { explainRows, Refusal, scoreRows } from './score-rows.js';

interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly consumes?: string;
  readonly produces: string;
  answer(call: Call): Response | Promise<Response>;
}

const json = 'application/json';

const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/readyz', produces: json, answer: () => new Response('Ready', { headers: { 'content-type': json } }) },
  { method: 'GET', path: '/model/id', produces: 'text/plain', answer: modelId },
  { method: 'GET', path: '/model/schema', produces: json, answer: ({ model }) => Response.json(schemaOf(model)) },
  { method: 'GET', path: '/model/sample_request', produces: json, answer: ({ model }) => Response.json(sampleRequestOf(model)) },
  { method: 'GET', path: '/model/capabilities', produces: json, answer: ({ model }) => Response.json(capabilitiesOf(model)) },
  { method: 'POST', path: '/model/score', consumes: json, produces: json, answer: score },
  { method: 'GET', path: '/model/score', produces: json, answer: scoreFile },
  { method: 'POST', path: '/model/contribution', consumes: json, produces: json, answer: contribution },
  { method: 'POST', path: '/model/media-score', consumes: 'multipart/form-data', produces: json, answer: mediaScore },
];

/** Refuses in the order in which Spring does: path, method, what is sent, what is wanted. */
export function answerAsJava(call: Call): Response | Promise<Response> {
  const { request, path } = call;
  const here = endpoints.filter((endpoint) => endpoint.path === path);
  if (here.length === 0) return problem(404, `No static resource ${path.replace(/^\/|\/$/g, '')}.`, path);
  const allow = here.map((endpoint) => endpoint.method).join(', ');
  if (request.method === 'OPTIONS') return answerOptions(request, allow);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const endpoint = here.find((candidate) => candidate.method === method);
  if (endpoint === undefined) return problem(405, `Method '${method}' is not supported.`, path, { allow });
  const contentType = request.headers.get('content-type');
  if (endpoint.consumes !== undefined && essenceOf(contentType ?? '') !== endpoint.consumes) {
    return unsupported(contentType ?? 'null', endpoint.consumes, path);
  }
  if (!accepts(request.headers.get('accept'), endpoint.produces)) {
    return problem(406, `Acceptable representations: [${endpoint.produces}].`, path, { accept: endpoint.produces });
  }
  return endpoint.answer(call);
}

export const refuseAsJava: Refuse = () => new Response('Unauthorized', { status: 401 });

function answerOptions(request: Request, allow: string): Response {
  const isPreflight = request.headers.has('origin') && request.headers.has('access-control-request-method');
  return isPreflight
    ? new Response('Invalid CORS request', { status: 403 })
    : new Response(null, { headers: { allow: `${allow}, OPTIONS` } });
}

function modelId({ model: { modelId: id } }: Call): Response {
  return id === undefined ? new Response(null) : new Response(id, { headers: { 'content-type': 'text/plain;charset=UTF-8' } });
}

function score({ request, model, path }: Call): Promise<Response> {
  return answering('scoring request', path, async () => scoreRows(model, readJavaRequest(await request.arrayBuffer())));
}

function contribution({ request, model, path }: Call): Promise<Response> {
  return answering('shapley contribution request', path, async () => {
    const wanted = readJavaRequest(await request.arrayBuffer());
    return wanted.shapley === null ? problem(400, 'Invalid request content.', path) : explainRows(model, wanted);
  });
}

async function answering(what: string, path: string, work: () => Promise<object>): Promise<Response> {
  try {
    const result = await work();
    return result instanceof Response ? result : Response.json(result);
  } catch (error) {
    if (error instanceof UnreadableRequest) return unreadable(path);
    if (error instanceof Refusal)
      return refusal(error.status, `${error.status === 400 ? 'Invalid' : 'Failed'} ${what} due to: ${error.message}`);
    throw error;
  }
}

/** The Java server reads the named file from its own disk. This one has none. */
function scoreFile({ request }: Call): Response {
  const file = new URL(request.url).searchParams.get('file') ?? '';
  if (file === '') return new Response(null, { status: 400, headers: { connection: 'close' } });
  return refusal(500, `Failed loading CSV file due to: Could not find the input CSV file: ${file}`);
}

const largestFileBytes = 1024 * 1024;

/** No model of H2O-3 takes media; a request must be well-formed to be told so. */
async function mediaScore({ request, path }: Call): Promise<Response> {
  const parts = readMultipart(await request.arrayBuffer(), request.headers.get('content-type') ?? '');
  if (parts === undefined) return problem(400, 'Failed to parse multipart servlet request', path);
  if (parts.some(({ bytes }) => bytes.length > largestFileBytes)) return problem(413, 'Maximum upload size exceeded', path);
  const message = parts.find(({ name }) => name === 'scoreMediaRequest');
  if (message === undefined) return missingPart('scoreMediaRequest', path);
  const type = message.contentType ?? 'application/octet-stream';
  if (!isJsonType(type)) return unsupported(type, 'application/json, application/*+json', path);
  const files = parts.filter(({ name }) => name === 'files');
  if (files.length === 0) return missingPart('files', path);
  return answering('scoring request', path, () => {
    readJavaRequest(new Uint8Array(message.bytes).buffer);
    return Promise.resolve(refusal(501, 'score media files is not implemented'));
  });
}

const missingPart = (name: string, path: string): Response => problem(400, `Required part '${name}' is not present.`, path);

const unsupported = (type: string, supported: string, path: string): Response =>
  problem(415, `Content-Type '${type}' is not supported.`, path, { accept: supported });

const unreadable = (path: string): Response => problem(400, 'Failed to read request', path);

const reasons = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
} as const;

/** A refusal of the framework under the scorer. */
function problem(status: keyof typeof reasons, detail: string, instance: string, headers: Readonly<Record<string, string>> = {}): Response {
  const body = { type: 'about:blank', title: reasons[status], status, detail, instance };
  const closing = status === 400 || status === 413 ? { connection: 'close' } : {};
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json', ...closing, ...headers } });
}

const names = { 400: 'BAD_REQUEST', 500: 'INTERNAL_SERVER_ERROR', 501: 'NOT_IMPLEMENTED' } as const;

/** A refusal of the scorer itself. The quotes inside are not escaped: so the Java server writes it. */
function refusal(status: keyof typeof names, message: string): Response {
  return Response.json({ detail: `${status} ${names[status]} "${message}"` }, { status, headers: { connection: 'close' } });
}

/** Whether an `Accept` header lets this type through; none lets everything. */
function accepts(header: string | null, produced: string): boolean {
  if (header === null || header.trim() === '') return true;
  const wildcard = `${produced.split('/')[0] ?? ''}/*`;
  return header.split(',').some((range) => {
    const isRefused = /;\s*q=0(\.0*)?\s*$/i.test(range);
    return !isRefused && ['*/*', wildcard, produced].includes(essenceOf(range));
  });
}

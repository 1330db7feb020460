/**
 * The scorers of a local cloud: the HTTP contract of H2O's Java scorer, once for each deployment, below one path segment.
 * Knows models and HTTP. Which deployments there are, and who may use them, it asks its host.
 */
import { Hono } from 'hono';

import type { Mojo } from './mojo/mojo.js';
import { readScoreRequest, UnreadableRequest } from './scorer-request.js';
import { Refusal, scoreRows, shapleyIsOff } from './scorer-rows.js';

/** What a scorer needs to know about its deployment. */
export interface ScorerModel {
  readonly mojo: Mojo;
  /** What `/model/id` says; a scorer without an id says nothing. */
  readonly modelId?: string | undefined;
}

export type ScorerAccess =
  | 'allowed'
  /** With a challenge the answer is a resource server's (no body), without one a passphrase check's (`Unauthorized`). */
  | { readonly status: 401; readonly wwwAuthenticate?: string };

/** The cloud around the scorers. */
export interface ScorerHost {
  /** The model that a deployment serves; `notReady` while it starts (503), `undefined` when there is no such deployment (404). */
  find(deploymentId: string): ScorerModel | 'notReady' | undefined;
  /** Whether the value of the `Authorization` header opens this deployment. `/readyz` is open to all. */
  authorize(deploymentId: string, authorization: string | undefined): Promise<ScorerAccess>;
}

interface Call {
  readonly request: Request;
  readonly model: ScorerModel;
  /** The path as the scorer sees it: the gateway in front takes the deployment's segment off. */
  readonly path: string;
}

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
  { method: 'GET', path: '/model/id', produces: 'text/plain', answer: ({ model }) => modelId(model) },
  { method: 'GET', path: '/model/schema', produces: json, answer: ({ model }) => Response.json(schema(model)) },
  { method: 'GET', path: '/model/sample_request', produces: json, answer: ({ model }) => Response.json(sampleRequest(model)) },
  { method: 'GET', path: '/model/capabilities', produces: json, answer: () => Response.json(['SCORE']) },
  { method: 'POST', path: '/model/score', consumes: json, produces: json, answer: score },
  { method: 'GET', path: '/model/score', produces: json, answer: scoreFile },
  { method: 'POST', path: '/model/contribution', consumes: json, produces: json, answer: contribution },
  { method: 'POST', path: '/model/media-score', consumes: 'multipart/form-data', produces: json, answer: mediaScore },
];

/**
 * The scorers of all deployments: `/{deployment}/model/score` and its siblings, `/{deployment}/readyz`.
 *
 * @example
 * app.route('/', scorerApp({ find: (id) => models.get(id), authorize: () => Promise.resolve('allowed') }));
 */
export function scorerApp(host: ScorerHost): Hono {
  const app = new Hono();
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const here = endpoints.filter((endpoint) => endpoint.path === path);
    app.all(`/:deployment${path}`, ({ req }) => answerFrom(host, here, { request: req.raw, deployment: req.param('deployment'), path }));
  }
  app.all('/:deployment/model/*', ({ req }) => {
    const deployment = req.param('deployment');
    return answerFrom(host, [], { request: req.raw, deployment, path: new URL(req.url).pathname.slice(`/${deployment}`.length) });
  });
  return app;
}

interface ScorerRequest {
  readonly request: Request;
  readonly deployment: string;
  readonly path: string;
}

async function answerFrom(host: ScorerHost, here: readonly Endpoint[], { request, deployment, path }: ScorerRequest): Promise<Response> {
  const model = host.find(deployment);
  if (model === undefined) return new Response('There is no such deployment.', { status: 404 });
  if (model === 'notReady') return new Response('The deployment is not ready.', { status: 503 });
  if (path !== '/readyz') {
    const access = await host.authorize(deployment, request.headers.get('authorization') ?? undefined);
    if (access !== 'allowed') return unauthorized(access);
  }
  return dispatch(here, { request, model, path });
}

function unauthorized({ status, wwwAuthenticate }: Exclude<ScorerAccess, 'allowed'>): Response {
  if (wwwAuthenticate !== undefined) return new Response(null, { status, headers: { 'www-authenticate': wwwAuthenticate } });
  return new Response('Unauthorized', { status });
}

/** Refuses in the order in which Spring does: path, method, what is sent, what is wanted. */
function dispatch(here: readonly Endpoint[], call: Call): Response | Promise<Response> {
  const { request, path } = call;
  if (here.length === 0) return problem(404, `No static resource ${path.replace(/^\/|\/$/g, '')}.`, path);
  const allow = here.map((endpoint) => endpoint.method).join(', ');
  if (request.method === 'OPTIONS') return answerOptions(request, allow);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const endpoint = here.find((candidate) => candidate.method === method);
  if (endpoint === undefined) return problem(405, `Method '${method}' is not supported.`, path, { allow });
  const contentType = request.headers.get('content-type');
  if (endpoint.consumes !== undefined && essenceOf(contentType ?? '') !== endpoint.consumes) {
    return problem(415, `Content-Type '${contentType ?? 'null'}' is not supported.`, path, { accept: endpoint.consumes });
  }
  if (!accepts(request.headers.get('accept'), endpoint.produces)) {
    return problem(406, `Acceptable representations: [${endpoint.produces}].`, path, { accept: endpoint.produces });
  }
  return endpoint.answer(call);
}

function answerOptions(request: Request, allow: string): Response {
  const isPreflight = request.headers.has('origin') && request.headers.has('access-control-request-method');
  return isPreflight
    ? new Response('Invalid CORS request', { status: 403 })
    : new Response(null, { headers: { allow: `${allow}, OPTIONS` } });
}

function modelId({ modelId: id }: ScorerModel): Response {
  return id === undefined ? new Response(null) : new Response(id, { headers: { 'content-type': 'text/plain;charset=UTF-8' } });
}

function schema({ mojo, modelId: id }: ScorerModel): object {
  const inputFields = mojo.columns.map(({ name, type }) => ({ name, dataType: type === 'numeric' ? 'Float64' : 'Str' }));
  const outputFields = mojo.outputs.map((name) => ({ name, dataType: 'Float64' }));
  return { id, schema: { inputFields, outputFields } };
}

function sampleRequest({ mojo }: ScorerModel): object {
  return { fields: mojo.columns.map(({ name }) => name), rows: [mojo.columns.map(({ type }) => (type === 'numeric' ? '0' : 'text'))] };
}

async function score({ request, model, path }: Call): Promise<Response> {
  try {
    const wanted = readScoreRequest(await request.arrayBuffer());
    return Response.json({ id: model.modelId, ...scoreRows(model.mojo, wanted) });
  } catch (error) {
    if (error instanceof UnreadableRequest) return problem(400, 'Failed to read request', path);
    if (error instanceof Refusal)
      return error.status === 400
        ? refusal(400, `Invalid scoring request due to: ${error.message}`)
        : refusal(500, `Failed scoring request due to: ${error.message}`);
    throw error;
  }
}

/** Shapley values are of tree models: this scorer answers as one that has them switched off. */
async function contribution({ request, path }: Call): Promise<Response> {
  try {
    const { shapley } = readScoreRequest(await request.arrayBuffer());
    if (shapley === null) return problem(400, 'Invalid request content.', path);
    return refusal(400, `Invalid shapley contribution request due to: ${shapleyIsOff}`);
  } catch (error) {
    if (error instanceof UnreadableRequest) return problem(400, 'Failed to read request', path);
    throw error;
  }
}

/** The Java server reads the named file from its own disk. This one has none. */
function scoreFile({ request }: Call): Response {
  const file = new URL(request.url).searchParams.get('file') ?? '';
  if (file === '') return new Response(null, { status: 400, headers: { connection: 'close' } });
  return refusal(500, `Failed loading CSV file due to: Could not find the input CSV file: ${file}`);
}

function mediaScore(): Response {
  return refusal(501, 'score media files is not implemented');
}

const reasons = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  415: 'Unsupported Media Type',
} as const;

/** A refusal of the framework under the scorer. */
function problem(status: keyof typeof reasons, detail: string, instance: string, headers: Readonly<Record<string, string>> = {}): Response {
  const body = { type: 'about:blank', title: reasons[status], status, detail, instance };
  const closing = status === 400 ? { connection: 'close' } : {};
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json', ...closing, ...headers } });
}

const names = { 400: 'BAD_REQUEST', 500: 'INTERNAL_SERVER_ERROR', 501: 'NOT_IMPLEMENTED' } as const;

/** A refusal of the scorer itself. The quotes inside are not escaped: so the Java server writes it. */
function refusal(status: keyof typeof names, message: string): Response {
  return Response.json({ detail: `${status} ${names[status]} "${message}"` }, { status, headers: { connection: 'close' } });
}

function essenceOf(mediaType: string): string {
  return (mediaType.split(';')[0] ?? '').trim().toLowerCase();
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

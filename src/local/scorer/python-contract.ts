/**
 * The contract of MLOps' Python runtimes: its endpoints, and what the framework under it refuses, in which shapes. Whatever the model refuses is
 * passed on in the words of the Java scorer, which these runtimes ask.
 */
import { isObject, isTextList, parseJson } from '../json.js';
import { capabilitiesOf, isJsonType, sampleRequestOf, schemaOf } from './contract.js';
import type { Call, Refuse } from './contract.js';
import { longestText } from './java-request.js';
import { decodeJson, parseLoosely, UnreadableJson } from './loose-json.js';
import { readMultipart } from './multipart.js';
import type { Part } from './multipart.js';
import { complaint, readPythonRequest } from './python-request.js';
import type { Complaint, Generation } from './python-request.js';
import type { ScoreRequest } from './score-request.js';
import { explainRows, Refusal, scoreRows } from './score-rows.js';

interface PythonCall extends Call {
  readonly generation: Generation;
}

interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  answer(call: PythonCall): Response | Promise<Response>;
}

const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/readyz', answer: () => plain('Ready') },
  { method: 'GET', path: '/model/id', answer: ({ model }) => plain(model.modelId ?? '') },
  { method: 'GET', path: '/model/schema', answer: ({ model }) => Response.json(schemaOf(model)) },
  { method: 'GET', path: '/model/sample_request', answer: sampleRequest },
  // A list of JSON that calls itself text: so it is published.
  { method: 'GET', path: '/model/capabilities', answer: ({ model }) => plain(JSON.stringify([...capabilitiesOf(model), 'MEDIA'])) },
  { method: 'POST', path: '/model/score', answer: score },
  { method: 'POST', path: '/model/contribution', answer: contribution },
  { method: 'POST', path: '/model/media-score', answer: mediaScore },
];

export function answerAsPython(call: Call, generation: Generation): Response | Promise<Response> {
  const { request, path } = call;
  const endpoint = endpoints.find((candidate) => candidate.path === path);
  if (endpoint === undefined)
    return endpoints.some((candidate) => `${candidate.path}/` === path) ? withoutSlash(request) : failed(404, 'Not Found');
  if (request.method !== endpoint.method) return failed(405, 'Method Not Allowed', { allow: endpoint.method });
  return endpoint.answer({ ...call, generation });
}

export const refuseAsPython: Refuse = ({ path }) =>
  path === '/model/contribution' || path === '/model/media-score'
    ? failed(401, [{ loc: ['header', 'authorization'], msg: 'Unauthorized', type: 'unauthorized' }])
    : plain('Unauthorized', 401);

const plain = (text: string, status = 200): Response =>
  new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });

const failed = (status: number, detail: string | readonly Complaint[], headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json({ detail }, { status, headers });

/** The address is absolute and of http, whatever stands before the scorer. */
function withoutSlash({ url }: Request): Response {
  const { host, pathname } = new URL(url);
  return new Response(null, { status: 307, headers: { location: `http://${host}${pathname.replace(/\/$/, '')}` } });
}

function sampleRequest({ model }: Call): Response {
  const defaults = { noFieldNamesInOutput: false, requestPredictionIntervals: false, includeFieldsInOutput: [] };
  return Response.json({ ...sampleRequestOf(model), ...defaults });
}

function score(call: PythonCall): Promise<Response> {
  return answering(call, { what: 'scoring request', isContribution: false }, (request) => scoreRows(call.model, request));
}

function contribution(call: PythonCall): Promise<Response> {
  return answering(call, { what: 'shapley contribution request', isContribution: true }, (request) => explainRows(call.model, request));
}

interface Kind {
  readonly what: string;
  readonly isContribution: boolean;
}

async function answering(call: PythonCall, { what, isContribution }: Kind, work: (request: ScoreRequest) => object): Promise<Response> {
  const { generation } = call;
  const body = await readBody(call);
  if (body instanceof Response) return body;
  const read = readPythonRequest(body.value, { generation, isContribution });
  // The second generation quotes what it refuses, and its writer of JSON breaks down over a number that JSON does not have.
  if ('complaints' in read) return body.hasNaN && generation === 2 ? plain('Internal Server Error', 500) : failed(422, read.complaints);
  const { request } = read;
  const misfit = misfittingRow(request);
  if (misfit !== undefined) return failed(400, misfit);
  if (hasEndlessText(request)) return failed(400, 'Failed to read request');
  try {
    return Response.json(work(request));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [name, failure] = error.status === 400 ? ['BAD_REQUEST', 'Invalid'] : ['INTERNAL_SERVER_ERROR', 'Failed'];
    return failed(error.status, `${error.status} ${name} "${failure} ${what} due to: ${error.message}"`);
  }
}

interface Body {
  /** Undefined without a body. */
  readonly value: unknown;
  readonly hasNaN: boolean;
}

async function readBody({ request, generation }: PythonCall): Promise<Body | Response> {
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength === 0) return { value: undefined, hasNaN: false };
  const type = request.headers.get('content-type');
  try {
    const text = decodeJson(bytes);
    const isJson = type === null ? generation === 1 : isJsonType(type);
    const { value, hasNaN } = isJson ? parseLoosely(text, { ignoresRest: false }) : { value: text, hasNaN: false };
    // What is a number for Python, and text here, is refused as a number.
    return { value: hasNaN && generation === 2 ? undefined : value, hasNaN };
  } catch (error) {
    if (!(error instanceof UnreadableJson)) throw error;
    if (error.fault === undefined) return failed(400, 'There was an error parsing the body');
    return failed(422, [jsonComplaint(error.fault, generation, new TextDecoder().decode(bytes))]);
  }
}

function jsonComplaint({ reason, position }: NonNullable<UnreadableJson['fault']>, generation: Generation, doc: string): Complaint {
  const loc = ['body', position];
  if (generation === 2) return { type: 'json_invalid', loc, msg: 'JSON decode error', input: {}, ctx: { error: reason } };
  const before = doc.slice(0, position).split('\n');
  const lineno = before.length;
  const colno = (before.at(-1) ?? '').length + 1;
  const msg = `${reason}: line ${lineno} column ${colno} (char ${position})`;
  return { loc, msg, type: 'value_error.jsondecode', ctx: { msg: reason, doc, pos: position, lineno, colno } };
}

function misfittingRow({ fields, rows }: ScoreRequest): string | undefined {
  const wanted = fields?.length ?? 0;
  const number = rows?.findIndex((row) => row?.length !== wanted) ?? -1;
  return number < 0 ? undefined : `row ${number} has ${rows?.[number]?.length ?? 0} values for ${wanted} fields`;
}

const hasEndlessText = ({ rows }: ScoreRequest): boolean =>
  rows?.some((row) => row?.some((cell) => (cell?.length ?? 0) > longestText)) ?? false;

/** No model here takes media, so the answer says what has arrived: for each file that a row names its size. */
async function mediaScore({ request, generation }: PythonCall): Promise<Response> {
  const parts = readMultipart(await request.arrayBuffer(), request.headers.get('content-type') ?? '') ?? [];
  const message = parts.find(({ name }) => name === 'scoreMediaRequest');
  const files = parts.filter(({ name, fileName }) => name === 'files' && fileName !== undefined);
  const complaints = [
    ...(message === undefined ? [complaint(generation, 'missing', ['body', 'scoreMediaRequest'], null)] : []),
    // A part with a file name is a file, and no text.
    ...(message?.fileName === undefined
      ? []
      : [complaint(generation, 'text', ['body', 'scoreMediaRequest'], { filename: message.fileName })]),
    ...(files.length === 0 ? [complaint(generation, 'missing', ['body', 'files'], null)] : []),
  ];
  if (message === undefined || complaints.length > 0) return failed(422, complaints);
  return sizesOfMedia(message, files);
}

function sizesOfMedia(message: Part, files: readonly Part[]): Response {
  const named = namedMedia(message);
  if (named === undefined) return failed(400, 'scoreMediaRequest is not JSON');
  const missing = named.filter((name) => !files.some(({ fileName }) => fileName === name));
  if (missing.length > 0) return failed(400, `no file was uploaded for ${JSON.stringify(missing)}`);
  return Response.json({
    fields: ['bytes'],
    score: named.map((name) => [String(files.find(({ fileName }) => fileName === name)?.bytes.length)]),
  });
}

/** The names of files in the media columns of each row; undefined where the message is no JSON of that shape. */
function namedMedia({ bytes }: Part): readonly string[] | undefined {
  const message = parseJson(bytes.toString('utf8'));
  if (!isObject(message)) return undefined;
  const { fields, rows, mediaFields = [] } = message;
  if (!isTextList(fields) || !isTextList(mediaFields) || !Array.isArray(rows) || !rows.every(isTextList)) return undefined;
  return rows.flatMap((row) => mediaFields.map((field) => row[fields.indexOf(field)] ?? ''));
}

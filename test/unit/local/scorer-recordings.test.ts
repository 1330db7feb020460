/**
 * The scorers of the local cloud against recordings of others: H2O's Java scorer, and the Python contract on two generations of its framework.
 * What is asked here was asked there; where the answers differ is listed, and a difference that is gone must leave the list.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readMojo } from '../../../src/local/mojo/mojo.js';
import type { ScorerModel } from '../../../src/local/scorer/contract.js';
import { scorerApp } from '../../../src/local/scorer/scorer.js';
import { exportedModel } from './models.js';

const Recording = z.object({
  step: z.string(),
  method: z.string(),
  path: z.string(),
  query: z.string(),
  headers: z.record(z.string(), z.string()),
  /** What was sent; of bodies that are large only a note. */
  request: z.looseObject({ raw: z.string().exactOptional(), note: z.string().exactOptional() }).nullable(),
  status: z.number(),
  responseHeaders: z.record(z.string(), z.string()),
  response: z.unknown(),
});
type Recording = z.infer<typeof Recording>;

function recordings(name: string): readonly Recording[] {
  const lines = readFileSync(new URL(`../../fixtures/scoring/${name}.jsonl`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => Recording.parse(JSON.parse(line)));
}

const fields = ['LIMIT_BAL', 'SEX', 'EDUCATION', 'MARRIAGE', 'AGE', 'PAY_1', 'BILL_AMT1', 'PAY_AMT1'];
const row = ['1.5', '1', '1', '1', '1.5', '1.5', '1.5', '1.5'];
const good = JSON.stringify({ fields, rows: [row] });
const rows = (count: number): string => JSON.stringify({ fields, rows: Array.from({ length: count }, () => row) });
const longCell = (length: number): string => JSON.stringify({ fields, rows: [row.with(1, 'x'.repeat(length))] });
const media = (fileBytes: number): string =>
  [
    '--XBOUNDARYX',
    'Content-Disposition: form-data; name="scoreMediaRequest"',
    '',
    '{"fields":["image"],"rows":[["cat.png"]],"mediaFields":["image"]}',
    '--XBOUNDARYX',
    'Content-Disposition: form-data; name="files"; filename="cat.png"',
    '',
    'P'.repeat(fileBytes),
    '--XBOUNDARYX--',
    '',
  ].join('\r\n');

/** Bodies that no recording can hold: too large, or no text. */
const otherBodies: Readonly<Record<string, () => string | Buffer>> = {
  'http.utf16': () => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(good, 'utf16le')]),
  'http.bad-utf8': () => Buffer.concat([Buffer.from('{"fields":["'), Buffer.from([0xff, 0xfe]), Buffer.from('"],"rows":[]}')]),
  'http.gzip-body': () => gzipSync(good),
  'big.1000-rows': () => rows(1000),
  'big.5000-rows': () => rows(5000),
  'big.20000-rows': () => rows(20_000),
  'big.one-cell-8MB': () => longCell(8_000_000),
  'big.one-cell-25MB': () => longCell(25_000_000),
  'big.unknown-field-25MB': () => JSON.stringify({ fields: [...fields, 'blob'], rows: [[...row, 'x'.repeat(25_000_000)]] }),
  'big.deep-json': () => `{"fields":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  'media.two-mb': () => media(2_000_000),
};

/** Bytes, since a text would bring a media type with it. */
function bodyOf({ step, request }: Recording): Uint8Array<ArrayBuffer> | null {
  const other = otherBodies[step];
  if (other !== undefined) return new Uint8Array(Buffer.from(other()));
  if (request?.note !== undefined) throw new Error(`${step} has no body to send`);
  return request === null ? null : new TextEncoder().encode(request.raw ?? JSON.stringify(request));
}

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly body: unknown;
}

async function replay(model: ScorerModel, recording: Recording): Promise<Seen> {
  const { method, path, query, headers, responseHeaders } = recording;
  const app = scorerApp({ find: () => model, authorize: () => Promise.resolve('allowed') });
  const url = `http://local/deployment${path}${query === '' ? '' : `?${query}`}`;
  const answer = await app.request(url, { method, headers, body: bodyOf(recording) });
  const text = await answer.text();
  // A body that is not there has no type.
  const names = Object.keys(responseHeaders).filter((name) => name !== 'content-type' || text !== '');
  return {
    status: answer.status,
    headers: Object.fromEntries(names.map((name) => [name, answer.headers.get(name)])),
    body: comparable(shortened(text, recording)),
  };
}

function recorded({ status, responseHeaders, response }: Recording): Seen {
  const { 'content-type': type, ...others } = responseHeaders;
  return { status, headers: response === '' || type === undefined ? others : responseHeaders, body: comparable(response) };
}

/** As a recording holds it: of a long answer the beginning and the end. */
function shortened(text: string, { response }: Recording): unknown {
  const isLong = typeof response === 'object' && response !== null && 'note' in response;
  if (isLong) return { note: `${text.length} characters`, head: text.slice(0, 200), tail: text.slice(-120) };
  try {
    const body: unknown = JSON.parse(text);
    return body;
  } catch {
    return text;
  }
}

/** Numbers are compared as numbers: the last digit of a power is the machine's own. Generated ids are compared by their shape. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]));
  }
  if (typeof value !== 'string') return value;
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value)) return 'a generated id';
  return /^-?\d[\d.]*(E-?\d+)?$/.test(value) ? Number(Number(value).toPrecision(14)) : value;
}

/** What is left of an answer when only its status, its media type and the names and types in its body count. */
const shapeOf = ({ status, headers, body }: Seen): unknown => ({ status, type: headers['content-type'], body: bodyShape(body) });

function bodyShape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(bodyShape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, bodyShape(member)]));
}

interface Difference {
  readonly why: string;
  /** Whether even the status, the media type or the shape of the body differs. */
  readonly isOfShape?: true;
}

const noDisk: Difference = { why: 'no scorer here reads files of its machine', isOfShape: true };
const otherPlace: Difference = { why: 'the scorer stands at another address' };
const otherWords: Difference = { why: 'the text of the error is worded otherwise' };
const otherPosition: Difference = { why: 'another reader of JSON says where it is wrong, and in which words' };

const ofPython: Readonly<Record<string, Difference>> = {
  capabilities: { why: 'the runtime answers media-score, and says so' },
  'capabilities.text': { why: 'the runtime answers media-score, and says so' },
  'schema.slash': otherPlace,
  'score.slash': otherPlace,
  'shap.original': otherWords,
  'shap.transformed': otherWords,
  'contribution.original': otherWords,
  'contribution.transformed': otherWords,
  'contribution.none': otherWords,
  'contribution.two-rows': otherWords,
  'contribution.bad-cell': otherWords,
  'http.truncated-json': otherPosition,
  'http.trailing-comma': otherPosition,
  'http.accept-html': otherPosition,
  'media.bad-json': otherPosition,
};

const iris: ScorerModel = { mojo: readMojo(exportedModel('iris-glm.zip')) };
const credit: ScorerModel = { mojo: readMojo(exportedModel('credit-gbm.zip')), modelId: 'credit-gbm', shapleyTypes: 'NONE' };

describe.each<[string, ScorerModel, Readonly<Record<string, Difference>>]>([
  ['java-iris', iris, {}],
  ['java-credit-gbm', credit, { 'file.not-csv': noDisk, 'file.ok': noDisk }],
  ['java-credit-gbm-shapley', { ...credit, shapleyTypes: 'ORIGINAL' }, {}],
  ['python-pydantic1-credit-gbm', { ...credit, contract: 'python-pydantic1' }, ofPython],
  [
    'python-pydantic2-credit-gbm',
    { ...credit, contract: 'python-pydantic2' },
    { ...ofPython, 'media.json-as-file': { why: 'of a file the framework quotes its own object', isOfShape: true } },
  ],
])('%s: answers as the recorded scorer did', (name, model, differences) => {
  test.each(recordings(name).map((recording) => [recording.step, recording] as const))('%s', async (step, recording) => {
    const seen = await replay(model, recording);
    const wanted = recorded(recording);
    const difference = differences[step];
    if (difference === undefined) expect(seen).toEqual(wanted);
    else expect(seen).not.toEqual(wanted);
    if (difference?.isOfShape === true) expect(shapeOf(seen)).not.toEqual(shapeOf(wanted));
    else expect(shapeOf(seen)).toEqual(shapeOf(wanted));
  });
});

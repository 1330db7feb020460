/**
 * A scorer in this process, behind the option `fetch`: what each path answers is a function, and what was sent is kept.
 */
import { H2OCloud, type H2OCloudOptions, type OnBehalfOf, type Scorer, type ScorerOptions } from 'h2o-ai-cloud';

export const scoreUrl = 'http://127.0.0.1:9/model/score';

export interface SentRequest {
  readonly path: string;
  readonly headers: Headers;
  /** The body as text. */
  readonly text: string;
  readonly signal: AbortSignal | null;
}

export interface SentTable {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly [other: string]: unknown;
}

/** What a path answers: a response, or a value that becomes JSON. */
export type Answer = (request: SentRequest) => unknown;

export interface FakeScorer {
  readonly scorer: Scorer;
  readonly sent: SentRequest[];
  /** Bodies that were sent to a path, parsed. */
  readonly tables: (path?: string) => readonly SentTable[];
}

export const numbersSchema = {
  inputFields: [
    { name: 'a', dataType: 'Float64' },
    { name: 'b', dataType: 'Str' },
  ],
  outputFields: [{ name: 'out', dataType: 'Float64' }],
};

/** Scores `a` as itself: `out` is the cell of `a`, or 0 where that is missing. Copied columns come first, as real scorers do it. */
export function echo(request: SentRequest): unknown {
  const { fields, rows, includeFieldsInOutput } = tableOf(request);
  const copied = fields.filter((name) => Array.isArray(includeFieldsInOutput) && includeFieldsInOutput.includes(name));
  const at = fields.indexOf('a');
  return {
    fields: [...copied, 'out'],
    score: rows.map((row) => [...copied.map((name) => row[fields.indexOf(name)]), row[at] === '' ? '0' : row[at]]),
  };
}

export function tableOf({ text }: SentRequest): SentTable {
  const table: unknown = JSON.parse(text);
  if (isTable(table)) return table;
  throw new Error('The body is no table.');
}

interface FakeOptions extends ScorerOptions {
  readonly user?: OnBehalfOf;
  readonly cloud?: H2OCloudOptions;
}

/** @param answers by path, without the origin; what is not there has defaults: a schema of two columns, `SCORE`, and {@link echo} */
export function fakeScorer(answers: Readonly<Record<string, Answer>> = {}, options: FakeOptions = {}): FakeScorer {
  const { user = { accessToken: 'token' }, cloud, ...scorerOptions } = options;
  const sent: SentRequest[] = [];
  const all: Readonly<Record<string, Answer>> = {
    '/model/schema': () => ({ schema: numbersSchema }),
    '/model/capabilities': () => ['SCORE'],
    '/model/score': echo,
    ...answers,
  };
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request = {
      path: new URL(url).pathname,
      headers: new Headers(init.headers),
      text: await new Response(init.body).text(),
      signal: init.signal ?? null,
    };
    sent.push(request);
    init.signal?.throwIfAborted();
    const answer = all[request.path];
    const value = answer === undefined ? new Response('', { status: 404 }) : await answer(request);
    return value instanceof Response ? value : Response.json(value);
  };
  const made = new H2OCloud({
    env: {},
    services: { mlops: 'http://127.0.0.1:9' },
    mlopsPlatform: '0.69',
    retry: { baseMs: 1 },
    fetch,
    ...cloud,
  });
  return {
    scorer: made.onBehalfOf(user).scorer(scoreUrl, scorerOptions),
    sent,
    tables: (path = '/model/score') => sent.filter((request) => request.path === path).map(tableOf),
  };
}

function isTable(value: unknown): value is SentTable {
  return typeof value === 'object' && value !== null && 'fields' in value && 'rows' in value;
}

/** Whatever a promise rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error instanceof Error) return error;
  throw new Error('It did not fail with an error.');
}

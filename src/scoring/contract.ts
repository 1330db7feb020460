/**
 * The scoring contract on the wire: paths, bodies and errors of H2O's Java and Python scorers.
 * Error bodies quote cells and whole requests, so of them only positions and kinds are kept, never a text.
 */
import * as z from 'zod/mini';
import { AuthenticationError } from '../errors/authentication-error.js';
import type { H2OCloudError } from '../errors/base.js';
import { ScoringError, type RowProblem } from '../errors/scoring-error.js';
import { operation, type ErrorAnswer, type Operation } from '../http/operation.js';
import type { Column } from './schema.js';

/** A request to score: cells as text, in the order of `fields`; a missing value is an empty text. */
export interface ScoreRequest {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Input columns to repeat in the output. */
  readonly includeFieldsInOutput?: readonly string[];
  readonly noFieldNamesInOutput?: boolean;
  readonly idField?: string;
  readonly requestShapleyValueType?: 'NONE' | 'ORIGINAL' | 'TRANSFORMED';
  readonly requestPredictionIntervals?: boolean;
}

/** What a scorer answers: cells as text, in the order of `fields`. */
export interface ScoreResponse {
  readonly id?: string | null | undefined;
  /** Absent when the request asked for no field names. */
  readonly fields?: readonly string[] | null | undefined;
  readonly score: readonly (readonly (string | number | boolean | null)[])[];
  readonly [other: string]: unknown;
}

interface WireColumn {
  readonly name: string;
  readonly dataType?: string | null | undefined;
}
const ColumnSchema: z.ZodMiniType<WireColumn> = z.looseObject({ name: z.string(), dataType: z.nullish(z.string()) });

interface SchemaAnswer {
  readonly schema: { readonly inputFields: readonly WireColumn[]; readonly outputFields: readonly WireColumn[] };
}

/** A wide table has millions of cells: a plain loop checks them in a fraction of the time that a schema for each would take. */
function isScoreMatrix(value: unknown): value is ScoreResponse['score'] {
  if (!Array.isArray(value)) return false;
  for (const row of value as readonly unknown[]) {
    if (!Array.isArray(row)) return false;
    for (const cell of row as readonly unknown[]) if (typeof cell === 'object' && cell !== null) return false;
  }
  return true;
}

// A scorer answers text on some paths and JSON on others, whatever it is asked for; this is what all of them accept.
export const scorerHeaders: Readonly<Record<string, string>> = { accept: 'application/json, text/plain, */*' };

// Scoring changes nothing, so that every call may be repeated.
export const schema: Operation<SchemaAnswer> = operation({
  name: 'schema',
  method: 'GET',
  path: '/schema',
  safe: true,
  answer: z.looseObject({ schema: z.looseObject({ inputFields: z.array(ColumnSchema), outputFields: z.array(ColumnSchema) }) }),
});

interface SampleAnswer {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
}

export const sampleRequest: Operation<SampleAnswer> = operation({
  name: 'sample_request',
  method: 'GET',
  path: '/sample_request',
  safe: true,
  answer: z.looseObject({ fields: z.array(z.string()), rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))) }),
});

export const capabilities: Operation<readonly string[]> = operation({
  name: 'capabilities',
  method: 'GET',
  path: '/capabilities',
  safe: true,
  answer: z.array(z.string()),
});

export const score: Operation<ScoreResponse> = operation({
  name: 'score',
  method: 'POST',
  path: '/score',
  safe: true,
  answer: z.looseObject({
    id: z.nullish(z.string()),
    fields: z.nullish(z.array(z.string())),
    score: z.custom<ScoreResponse['score']>(isScoreMatrix),
  }),
});

export function toColumns(wire: readonly WireColumn[]): readonly Column[] {
  return wire.map(({ name, dataType }) => ({ name, type: dataType ?? 'Str' }));
}

/** The base of a scorer's paths: its score address without the last part, or the address itself when it ends in `model`. */
export function baseOf(scoreUrl: string): string {
  const url = new URL(scoreUrl);
  const path = url.pathname.replace(/\/+$/, '');
  return url.origin + (path.endsWith('/model') ? path : path.replace(/\/[^/]*$/, ''));
}

export function readScorerError(answer: ErrorAnswer): H2OCloudError {
  const { status, call, requestId } = answer;
  if (status === 401 || status === 403) return refusedAccess(answer);
  const problems = problemsIn(answer.body);
  const where = problems
    .map(({ row, column, problem }) => `row ${row}${column === undefined ? '' : `, cell ${column}`} ${problem}`)
    .slice(0, 5);
  return new ScoringError({
    code: 'SCORING_FAILED',
    status,
    what: `The scorer answered ${status} to ${call}${where.length === 0 ? '' : `: ${where.join('; ')}`}.`,
    fix: fixFor(status),
    call,
    requestId,
    problems,
    retryable: status === 408 || status === 429 || status === 502 || status === 503 || status === 504,
  });
}

function fixFor(status: number): string {
  if (status === 404) return 'The deployment is gone or not ready: look with mlops.deployments.status(deployment).';
  if (status === 400 || status === 422)
    return 'A cell or the request does not fit the model; its text is not repeated here. scoreRows() checks rows against the schema before it sends.';
  if (status === 413) return 'The request is too large: send fewer rows at a time.';
  if (status === 501) return 'This scorer cannot do that: scorer.capabilities() tells what it can.';
  if (status === 503 || status === 429) return 'The scorer is overloaded or starting: score again later.';
  return 'The scorer failed: look with scoreRows(), which checks rows first, whether a row causes it; else give the request id to an administrator.';
}

function refusedAccess({ status, call, requestId, headers }: ErrorAnswer): AuthenticationError {
  const challenge = headers.get('www-authenticate') ?? '';
  const error = /error="([a-z_]{1,40})"/.exec(challenge)?.[1];
  return new AuthenticationError({
    code: 'AUTH_REJECTED',
    what: `The scorer refused the caller (${status}${error === undefined ? '' : `, ${error}`}).`,
    fix: "For OIDC: the token's issuer must be in the platform's `deployer.config.securityProxy.oidcIssuers`, which an administrator sets. For a passphrase: pass it with user.scorer(deployment, { passphrase }).",
    call,
    requestId,
  });
}

const DetailSchema = z.object({
  detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), type: z.optional(z.string()) })),
});

/** Positions of bad cells as the Python scorers name them: `["body", "rows", 0, 1]`. */
function problemsIn(body: string): readonly RowProblem[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [];
  }
  const result = DetailSchema.safeParse(parsed);
  if (!result.success) return [];
  return result.data.detail.slice(0, 100).flatMap(({ loc, type }) => {
    const [, part, row, column] = loc;
    if (part !== 'rows' || typeof row !== 'number') return [];
    const problem = `was refused${type === undefined || !/^[\w.]{1,60}$/.test(type) ? '' : ` (${type})`}`;
    return [{ row, ...(typeof column === 'number' ? { column: String(column) } : {}), problem }];
  });
}

/**
 * Error answers of scorers as errors. Their bodies quote cells and whole requests, so of them only positions and kinds are kept, never
 * a text; of a refused token only its issuer is shown.
 */
import * as z from 'zod/mini';
import { AuthenticationError } from '../errors/authentication-error.js';
import { ScoringError, type RowProblem } from '../errors/scoring-error.js';
import type { ErrorAnswer, ErrorReader } from '../http/operation.js';
import { readJwtClaims } from '../identity/jwt-claims.js';
import type { Clock } from '../internal/clock.js';
import { redact } from '../internal/redact.js';
import { inWords } from './row-writer.js';

/** What a call to a scorer carries to be let in. */
export type Passport = 'none' | 'oidc' | 'sharedSecret';

export function scorerErrorReader(passport: Passport, clock: Clock): ErrorReader {
  return (answer) =>
    answer.status === 401 || answer.status === 403 ? refusedAccess(answer, passport, clock.now()) : refusedRequest(answer);
}

function refusedRequest({ status, call, requestId, body }: ErrorAnswer): ScoringError {
  return refusal({ status, call, requestId }, problemsIn(body));
}

/** Rejects as the request does, with the names of the cells that a scorer refuses: it tells their positions. */
export async function namingColumns<Answer>(request: Promise<Answer>, fields: readonly string[]): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof ScoringError) || error.problems.length === 0) throw error;
    const problems = error.problems.map(({ column, ...problem }) => {
      const name = column === undefined ? undefined : fields[Number(column)];
      return name === undefined ? problem : { ...problem, column: name };
    });
    throw refusal({ status: error.status ?? 0, call: error.call, requestId: error.requestId }, problems);
  }
}

interface RefusedCall {
  readonly status: number;
  readonly call: string | undefined;
  readonly requestId: string | undefined;
}

function refusal({ status, call, requestId }: RefusedCall, problems: readonly RowProblem[]): ScoringError {
  const where = problems.slice(0, 5).map(inWords);
  return new ScoringError({
    code: 'SCORING_FAILED',
    status,
    what: `The scorer answered ${status} to ${call ?? 'a request'}${where.length === 0 ? '' : `: ${where.join('; ')}`}.`,
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
  if (status === 413) return 'The request is too large: send fewer rows at a time, or smaller files.';
  if (status === 501) return 'This scorer cannot do that: scorer.capabilities() tells what it can.';
  if (status === 503 || status === 429) return 'The scorer is overloaded or starting: score again later.';
  return 'The scorer failed: look with scoreRows(), which checks rows first, whether a row causes it; else give the request id to an administrator.';
}

function refusedAccess(answer: ErrorAnswer, passport: Passport, now: number): AuthenticationError {
  const { status, call, requestId, headers, secrets } = answer;
  const error = /error="([a-z_]{1,40})"/.exec(headers.get('www-authenticate') ?? '')?.[1];
  return new AuthenticationError({
    code: 'AUTH_REJECTED',
    what: `The scorer refused ${carried[passport]} (${status}${error === undefined ? '' : `, ${error}`}).`,
    fix: passport === 'oidc' ? explainToken(secrets[0] ?? '', now) : fixForAccess[passport],
    call,
    requestId,
  });
}

const carried: Readonly<Record<Passport, string>> = {
  none: 'a caller without a token',
  oidc: "the user's token",
  sharedSecret: 'the passphrase or API key',
};

const fixForAccess: Readonly<Record<Exclude<Passport, 'oidc'>, string>> = {
  none: 'The deployment seems to be guarded by now: look with mlops.deployments.get(deployment), and pass what it wants with user.scorer(deployment, { passphrase }) or { apiKey }.',
  sharedSecret:
    'Pass the plain passphrase, not its hash, with user.scorer(deployment, { passphrase }), or the whole API key with { apiKey }.',
};

const oidcIssuers = "the platform's setting `deployer.config.securityProxy.oidcIssuers`, which an administrator sets";

/** Looks at issuer, expiry and audience of the token, and says which of them may be the reason. */
function explainToken(token: string, now: number): string {
  const claims = readJwtClaims(token);
  if (claims === undefined)
    return `The token is no JWT, and a scorer can only check a JWT whose issuer is in ${oidcIssuers}. Pass a token of the cloud's identity provider.`;
  if (claims.expiresAt !== undefined && claims.expiresAt <= now)
    return "The token has expired, by this machine's clock: pass a credential that renews it, and see that the clock is right.";
  const issuer = claims.issuer === undefined ? 'an issuer that it does not name' : redact(claims.issuer);
  const audience =
    claims.audience === undefined || claims.audience.length === 0
      ? 'It names no audience (aud), which some scorers want.'
      : 'Its audience (aud) may be another than the scorer wants.';
  return `The token has not expired and was issued by ${issuer}. That issuer, exactly so written, must be in ${oidcIssuers}. ${audience}`;
}

const DetailSchema = z.object({
  detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), type: z.optional(z.string()) })),
});

/** Positions of bad cells as the Python scorers name them, `["body", "rows", 0, 1]`: {@link namingColumns} makes names of them. */
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

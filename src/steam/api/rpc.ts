/**
 * What the methods of Steam have in common: one POST of `{ id, method, params: [ {…} ] }`, refused with 200 and prose.
 * Wire format: Enterprise Steam 1.9, `/web`.
 */
import * as z from 'zod/mini';
import { ApiError, ConflictError, NotFoundError, PermissionDeniedError, type ApiErrorFacts } from '../../errors/api-error.js';
import { AuthenticationError } from '../../errors/authentication-error.js';
import type { H2OCloudError } from '../../errors/base.js';
import { UnsupportedByPlatformError } from '../../errors/deployment-error.js';
import { readApiError } from '../../http/error-response.js';
import { operation, type ErrorAnswer, type Operation, type Send } from '../../http/operation.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { Connection, Seen } from '../../http/send.js';
import { redact } from '../../internal/redact.js';
import { sessionCookie } from './sign-in.js';

/** A method of Steam, declared once. */
export interface SteamMethod<Result> {
  readonly name: string;
  readonly operation: Operation<{ readonly result: Result }>;
}

export function steamMethod<Result>(name: string, { safe, result }: { safe: boolean; result: z.ZodMiniType<Result> }): SteamMethod<Result> {
  return { name, operation: operation({ name, method: 'POST', path: '/web', safe, answer: z.looseObject({ result }) }) };
}

/** What a method that answers nothing of use answers. */
export const anyResult: z.ZodMiniType = z.nullish(z.unknown());

/** A list that Go may have left unset. */
export function listOf<Item>(item: z.ZodMiniType<Item>): z.ZodMiniType<readonly Item[] | null | undefined> {
  return z.nullish(z.array(item));
}

interface SteamParameters {
  readonly params?: Readonly<Record<string, unknown>>;
  /** Secrets among the parameters. */
  readonly secrets?: readonly string[];
}

/** Calls a method as one user. */
export type CallSteam = <Result>(method: SteamMethod<Result>, parameters: SteamParameters, options: RequestOptions) => Promise<Result>;

export function callSteam(send: Send): CallSteam {
  let count = 0;
  return async ({ name, operation: web }, { params = {}, secrets }, options) => {
    count += 1;
    const body = { id: count, method: `web.${name}`, params: [params] };
    return (await send({ operation: web, body, ...(secrets === undefined ? {} : { secrets }) }, options)).result;
  };
}

/** How Steam takes a session, ends it, and refuses. */
export const steamManners: Pick<Connection, 'authorize' | 'isSignedOut' | 'isRefusal' | 'readError'> = {
  authorize: (session) => ({ cookie: `${sessionCookie}=${session}` }),
  isSignedOut,
  isRefusal: (body) => refusalIn(body) !== undefined,
  readError: readSteamError,
};

/** Which status an ended session gets is not known of all installations: a redirect and a page of sign-in are taken for it too. */
function isSignedOut(seen: Seen, { safe }: Operation<unknown>): boolean {
  if (seen === 'redirect' || seen.status === 401) return true;
  // A page may also come from a proxy that has passed the call on, so that only what may be repeated is.
  if (/^\s*</.test(seen.body)) return safe && seen.status < 300;
  return endedSession.test(refusalIn(seen.body) ?? '');
}

const endedSession = /\bsession\b.*\b(?:expired|ended|invalid|not found)\b|\bnot (?:logged|signed) in\b/i;

/** Steam refuses in prose alone, so its kinds are told apart by their words. What no pattern knows is an `ApiError`. */
const refusals: readonly (readonly [RegExp, typeof ApiError, ApiErrorFacts['code'], string])[] = [
  [/not found|does not exist|no such/i, NotFoundError, 'NOT_FOUND', 'Check the name or id, and that the user may see it.'],
  [/already (?:exists|in use|taken)|duplicate/i, ConflictError, 'CONFLICT', 'Choose another name, or use the one that is there.'],
  [
    /not (?:allowed|permitted|authori[sz]ed)|permission|forbidden|access denied/i,
    PermissionDeniedError,
    'PERMISSION_DENIED',
    'The user may not do this: ask an administrator of Steam. A new token does not help.',
  ],
  [/must be|limit|exceed|invalid|only /i, ApiError, 'BAD_REQUEST', 'Correct the request as the message of Steam says.'],
];

function readSteamError(answer: ErrorAnswer): H2OCloudError {
  const { status, call, requestId, secrets } = answer;
  const prose = refusalIn(answer.body) ?? proseOf(answer.body);
  const serviceMessage = prose === undefined ? undefined : redact(prose, secrets);
  const said = serviceMessage === undefined ? '' : `: ${serviceMessage}`;
  if (status === 401) {
    return new AuthenticationError({
      code: 'AUTH_REJECTED',
      what: `Steam ended the session and refused a new one in ${call} (401)${said}.`,
      fix: 'Look whether Steam trusts the identity provider of the token (`await cloud.describe()`), whether the user has an account there, and sign in again.',
      call,
      requestId,
    });
  }
  if (status === 400 && prose !== undefined && /can't find (?:method|service)/.test(prose)) {
    return new UnsupportedByPlatformError({
      what: `This Steam has no method ${call}${said}.`,
      fix: 'Check the spelling, and the version of Steam: `await user.steam.about()`.',
      call,
      requestId,
    });
  }
  // Whatever an answer with an error status says, its status tells more.
  if (status >= 300 || serviceMessage === undefined) return readApiError(answer, 'Steam', 0);
  const [, ErrorClass, code, fix] = refusals.find(([pattern]) => pattern.test(serviceMessage)) ?? [
    /./,
    ApiError,
    'API_ERROR',
    'Read the message of Steam; an administrator finds more in its log.',
  ];
  return new ErrorClass({ code, status, serviceMessage, what: `Steam refused ${call}${said}.`, fix, call, requestId });
}

/** The text in `error`; it may be any JSON, and stands beside `result` alone. */
function refusalIn(body: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('error' in parsed)) return undefined;
  const { error } = parsed;
  if (error === null || error === undefined || error === '') return undefined;
  return typeof error === 'string' ? error : JSON.stringify(error);
}

/** A short plain text; no page, no JSON. */
function proseOf(body: string): string | undefined {
  const text = body.trim();
  return text === '' || text.length > 300 || /^[<{[]/.test(text) ? undefined : text;
}

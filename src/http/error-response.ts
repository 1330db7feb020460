/**
 * Turns error answers into errors. Reads the error bodies that services answer: google.rpc.Status, OAuth style, problem details, plain `message`.
 * Of a body only the service's own message and code are kept, redacted and bounded.
 */
import { apiError } from '../errors/api-error.js';
import { AuthenticationError } from '../errors/authentication-error.js';
import type { H2OCloudError } from '../errors/base.js';
import { redact } from '../internal/redact.js';
import type { ErrorAnswer } from './operation.js';
import { parseRetryAfter } from './retry.js';

interface ServiceProblem {
  readonly message?: string;
  /** A google.rpc code name or the body's own `error` code. */
  readonly code?: string;
}

/** google.rpc.Code by number. */
const rpcCodes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const longestRefusal = 20_000;

/** The error for an answer in one of the common shapes. */
export function readApiError(answer: ErrorAnswer, service: string, now: number): H2OCloudError {
  const { status, call, requestId } = answer;
  const problem = readProblem(answer.body, answer.secrets);
  const said = problem.message === undefined ? '' : `: ${problem.message}`;
  if (status === 401) {
    return new AuthenticationError({
      code: 'AUTH_REJECTED',
      what: `${service} refused the access token in ${call} (401)${said}.`,
      fix: 'Look whether the token comes from the identity provider that this cloud trusts (`await cloud.describe()`), whether the session has ended, and sign in again.',
      call,
      requestId,
    });
  }
  const retryAfterMs = parseRetryAfter(answer.headers.get('retry-after'), now);
  return apiError({
    status,
    what: `${service} answered ${status} to ${call}${said}.`,
    fix: fixFor(status, problem.code),
    call,
    requestId,
    serviceMessage: problem.message,
    serviceCode: problem.code,
    retryAfterMs,
    retryable: status === 408 || status === 429 || (status >= 500 && status !== 501),
  });
}

/** Whether an answer with a good status is a google.rpc.Status that refuses: its lists would else read as empty ones. */
export function isRefusal(body: string): boolean {
  if (body.length > longestRefusal || !body.includes('"code"')) return false;
  const { code, message, details, ...others } = parseObject(body) ?? {};
  const isStatus = typeof message === 'string' && (details === undefined || Array.isArray(details)) && Object.keys(others).length === 0;
  return isStatus && typeof code === 'number' && code > 0;
}

function fixFor(status: number, code: string | undefined): string {
  if (status === 403)
    return 'The user may not do this: ask the owner of the resource or an administrator for access. A new token does not help.';
  if (status === 404) return 'Check the id, and that the signed-in user may see it: services answer 404 for both.';
  if (code === 'ALREADY_EXISTS') return 'Choose another name or id, or use the one that is there.';
  if (status === 409 || status === 412) return 'Read the resource again and repeat the change on what it is now.';
  if (status === 429) return 'Too many requests: wait, and send fewer at a time.';
  if (status >= 500) return 'The service failed: repeat the call later; if it stays, give the request id to an administrator.';
  return "Correct the request as the service's message says.";
}

/** @param secrets values that were sent with the request: a service may quote them */
function readProblem(body: string, secrets: readonly string[]): ServiceProblem {
  const parsed = parseObject(body);
  if (parsed === undefined) return {};
  const nested = isObject(parsed['error']) ? parsed['error'] : undefined;
  const message = firstText([
    parsed['message'],
    nested?.['message'],
    parsed['detail'],
    parsed['error_description'],
    parsed['title'],
    parsed['error'],
  ]);
  const code = codeOf(parsed['code'] ?? nested?.['code'] ?? nested?.['status'] ?? parsed['error']);
  return {
    ...(message === undefined ? {} : { message: redact(message, secrets) }),
    ...(code === undefined ? {} : { code: redact(code, secrets) }),
  };
}

function codeOf(value: unknown): string | undefined {
  if (typeof value === 'number') return rpcCodes[value];
  return typeof value === 'string' && /^\w{1,60}$/.test(value) ? value : undefined;
}

function firstText(values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value.trim() !== '');
}

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

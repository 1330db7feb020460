/**
 * Reads the error bodies that services answer: google.rpc.Status, OAuth style, problem details, plain `message`.
 * Of a body only the service's own message and code are kept, redacted and bounded.
 */
import { redact } from '../internal/redact.js';

export interface ServiceProblem {
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

/** @param secrets values that were sent with the request: a service may quote them */
export function readProblem(body: string, secrets: readonly string[]): ServiceProblem {
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

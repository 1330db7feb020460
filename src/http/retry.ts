/**
 * Whether a failed attempt is worth another one, and when. Pure: it sees the outcome and the attempt's number, never a clock or a network.
 */

/** How often and how patiently a call is repeated. */
export interface RetryOptions {
  /** How many times a failed attempt is repeated at most; 0 switches repeating off. Default 2. */
  readonly limit?: number | undefined;
  /** The first wait in milliseconds; it doubles with each attempt, and a random part of it is waited. Default 500. */
  readonly baseMs?: number | undefined;
  /** The longest wait in milliseconds, also for `Retry-After`. Default 30,000. */
  readonly maxMs?: number | undefined;
}

export interface RetryPolicy {
  readonly limit: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** Whether the operation may be repeated when it is unknown whether the service has acted. */
  readonly safe: boolean;
}

export type Outcome =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs?: number | undefined }
  /** No complete answer came. `code` is the system's or undici's own, for instance `ECONNRESET`. */
  | { readonly kind: 'network'; readonly code: string | undefined };

export type Decision = { readonly retry: true; readonly afterMs: number } | { readonly retry: false };

const stop: Decision = { retry: false };

/** With these the request was never written, so that repeating it is safe whatever it does. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
const brokenOnTheWay = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

export function retryPolicy(options: RetryOptions | undefined, defaults: RetryOptions | undefined, safe: boolean): RetryPolicy {
  return {
    limit: options?.limit ?? defaults?.limit ?? 2,
    baseMs: options?.baseMs ?? defaults?.baseMs ?? 500,
    maxMs: options?.maxMs ?? defaults?.maxMs ?? 30_000,
    safe,
  };
}

/**
 * @param attempt 1 after the first attempt
 * @param random in [0, 1): the part of the wait that is really waited, so that many clients do not come back at once
 */
export function decideRetry(outcome: Outcome, attempt: number, policy: RetryPolicy, random: () => number): Decision {
  if (attempt > policy.limit || !isWorthRepeating(outcome, policy.safe)) return stop;
  const asked = outcome.kind === 'status' ? outcome.retryAfterMs : undefined;
  const afterMs = asked ?? random() * policy.baseMs * 2 ** (attempt - 1);
  return { retry: true, afterMs: Math.min(afterMs, policy.maxMs) };
}

function isWorthRepeating(outcome: Outcome, safe: boolean): boolean {
  if (outcome.kind === 'network') {
    if (outcome.code === undefined) return false;
    return neverSent.has(outcome.code) || (safe && brokenOnTheWay.has(outcome.code));
  }
  // 429 refuses before acting; after the others a service may have acted.
  if (outcome.status === 429) return true;
  return safe && (outcome.status === 408 || (outcome.status >= 500 && outcome.status !== 501));
}

/**
 * `Retry-After` in milliseconds: whole seconds or an HTTP date, nothing else.
 *
 * @param now wall time in milliseconds
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  if (value === null || value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

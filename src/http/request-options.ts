/**
 * The options that every call of the SDK takes last.
 */
import { amount, checkMembers, durationMs, objectWith, textByName, type Kind } from './given.js';
import type { RetryOptions } from './retry.js';

/** Options of one call. */
export interface RequestOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Total time for the call in milliseconds: tokens, all attempts and the body included. Transfers have none unless it is set;
   * a list has as much for each page.
   */
  readonly timeoutMs?: number | undefined;
  /** For transfers: how long nothing may move, in milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Headers to add; `authorization`, `cookie` and `host` are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly retry?: RetryOptions | undefined;
}

const signal: Kind = {
  name: 'an AbortSignal',
  // Not by its class: test runners bring one of their own.
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'aborted') === 'boolean' &&
    typeof Reflect.get(value, 'addEventListener') === 'function',
};

/** Kinds of the options that waits and deploys have in common with calls. */
export const waitingKinds: Readonly<Record<string, Kind>> = { signal, timeoutMs: durationMs };
export const retryKind: Kind = objectWith({ limit: amount, baseMs: amount, maxMs: amount });

/** @throws {ConfigurationError} an option is of the wrong type */
export function checkRequestOptions(options: unknown): void {
  checkMembers(options, 'The options of a call', { ...waitingKinds, idleTimeoutMs: durationMs, headers: textByName, retry: retryKind });
}

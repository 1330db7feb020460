/**
 * The options that every call of the SDK takes last.
 */
import type { RetryOptions } from './retry.js';

/** Options of one call. */
export interface RequestOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Total time for the call in milliseconds: tokens, all attempts and the body included. Transfers have none unless it is set. */
  readonly timeoutMs?: number | undefined;
  /** For transfers: how long nothing may move, in milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Headers to add; `authorization`, `cookie` and `host` are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly retry?: RetryOptions | undefined;
}

/**
 * What a chain of requests that broke has left at the service.
 */
import { ApiError } from '../../errors/api-error.js';
import { addCreated, type CreatedResource } from '../../errors/base.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { Logger } from '../../internal/logger.js';

/** Clean-up has time of its own: the caller's signal may be what ended the chain. */
export const cleanUp: RequestOptions = { timeoutMs: 15_000 };

/** Whether what was asked for may have been done all the same. */
export function isUnknown(error: unknown): boolean {
  return !(error instanceof ApiError && error.status >= 400 && error.status < 500);
}

/** Names in the error, and to the logger, what could not be removed. */
export function nameLeft(logger: Logger, left: readonly CreatedResource[], error: unknown): void {
  for (const { kind, id } of left) logger.warn('could not remove what a failed call has made', { kind, id });
  addCreated(error, left);
}

/**
 * Engines whose launch went unanswered: they may be there all the same, and the caller could not know.
 */
import { ApiError } from '../errors/api-error.js';
import { addCreated } from '../errors/base.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import type { RequestOptions } from '../http/request-options.js';

/** The caller's signal and deadline may be over by now. */
const afterwards: RequestOptions = { timeoutMs: 10_000, retry: { limit: 1 } };

/** Names in the error of a launch the engine of that name, where there is one that is starting. */
export async function nameLost(
  error: unknown,
  find: (options: RequestOptions) => Promise<{ readonly id: number; readonly status: string }>,
): Promise<void> {
  if (error instanceof ConfigurationError || (error instanceof ApiError && error.status < 500)) return;
  const found = await find(afterwards).catch(() => undefined);
  if (found?.status === 'starting' || found?.status === 'running') addCreated(error, [{ kind: 'engine', id: String(found.id) }]);
}

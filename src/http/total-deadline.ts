/**
 * One deadline over several requests, for calls that need more than one. Without `timeoutMs` each request has its own default.
 */
import { TimeoutError } from '../errors/connection-error.js';
import type { Clock } from '../internal/clock.js';
import { startDeadline } from './deadline.js';
import type { RequestOptions } from './request-options.js';

/** @throws {TimeoutError} the work was not done within `timeoutMs` */
export async function withTotalDeadline<Options extends RequestOptions, Result>(
  clock: Clock,
  call: string,
  options: Options,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  const { timeoutMs, signal } = options;
  if (timeoutMs === undefined) return work(options);
  const deadline = startDeadline(clock, { timeoutMs, signal });
  try {
    return await work({ ...options, timeoutMs: undefined, signal: deadline.signal });
  } catch (error) {
    if (deadline.expired() === undefined || error !== deadline.signal.reason) throw error;
    throw timedOut(call, timeoutMs);
  } finally {
    deadline.dispose();
  }
}

function timedOut(call: string, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'TIMEOUT',
    what: `${call} was not done within ${timeoutMs} ms.`,
    fix: 'Allow it more time with the option `timeoutMs`, or look whether the service is overloaded.',
    call,
    retryable: true,
  });
}

/**
 * One deadline over several requests, for calls that need more than one. Without `timeoutMs` each request has its own default.
 */
import { addCreated, createdBy } from '../errors/base.js';
import { TimeoutError } from '../errors/connection-error.js';
import type { Clock } from '../internal/clock.js';
import { startDeadline } from './deadline.js';
import { checkRequestOptions, type RequestOptions } from './request-options.js';

/** A call of the SDK that takes more than one request. */
export interface WholeCall {
  readonly name: string;
  /** Whether repeating it does no harm. */
  readonly safe: boolean;
}

/**
 * @throws {TimeoutError} the work was not done within `timeoutMs`
 * @throws {ConfigurationError} an option is of the wrong type
 */
export async function withTotalDeadline<Options extends RequestOptions, Result>(
  clock: Clock,
  call: WholeCall,
  options: Options,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  checkRequestOptions(options);
  const { timeoutMs, signal } = options;
  if (timeoutMs === undefined) return work(options);
  const deadline = startDeadline(clock, { timeoutMs, signal });
  try {
    return await work({ ...options, timeoutMs: undefined, signal: deadline.signal });
  } catch (error) {
    if (deadline.expired() === undefined || error !== deadline.signal.reason) throw error;
    const failure = timedOut(call, timeoutMs);
    addCreated(failure, createdBy(error));
    throw failure;
  } finally {
    deadline.dispose();
  }
}

export function timedOut({ name, safe }: WholeCall, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'TIMEOUT',
    what: `${name} was not done within ${timeoutMs} ms.`,
    fix: 'Allow it more time with the option `timeoutMs`, or look whether the service is overloaded.',
    call: name,
    retryable: safe,
  });
}

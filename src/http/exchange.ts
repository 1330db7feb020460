/**
 * Calls whose request is made anew for each attempt and whose bodies are bytes: for services that want each request signed.
 * Deadline, retry, events and errors are those of every call; what is sent and how an answer reads is the service's own business.
 */
import { randomUUID } from 'node:crypto';
import { H2OCloudError } from '../errors/base.js';
import { TimeoutError } from '../errors/connection-error.js';
import { sleep, waitUnlessAborted } from '../internal/clock.js';
import { version } from '../internal/version.js';
import { cookiesIn } from './cookies.js';
import { startDeadline, type Deadline } from './deadline.js';
import { connectionError, readNetworkFailure, type NetworkFailure } from './network-failure.js';
import type { ErrorAnswer } from './operation.js';
import { checkRequestOptions, type RequestOptions } from './request-options.js';
import { decideRetry, parseRetryAfter, retryPolicy, type Outcome } from './retry.js';
import { checkHeaders } from './given-headers.js';
import { defaultIdleTimeoutMs, lowerCased, type SendPorts } from './send.js';

/** A request of one attempt. */
interface PreparedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** Values in it that an error must not quote. */
  readonly secrets: readonly string[];
}

/** A call of a service. */
export interface Exchange<Answer> {
  /** As the service names it; errors, logs and metrics show it. */
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** The path template, for metrics. */
  readonly route: string;
  /** Whether repeating it does no harm. */
  readonly safe: boolean;
  /** Whether it moves data: then silence ends it, and no total time unless the caller sets one. */
  readonly isTransfer?: boolean;
  /** Makes the request of an attempt, with the caller's own headers in it. */
  prepare(extraHeaders: Readonly<Record<string, string>>, signal: AbortSignal): Promise<PreparedRequest>;
  /** Reads a good answer to its end; may be called again for another attempt. Tells `onMoved` when bytes have come. */
  read(response: Response, onMoved: () => void): Promise<Answer>;
  readError(answer: ErrorAnswer): H2OCloudError;
  /** After a refusal: whether a request that is prepared anew may be accepted. Asked once for a call. */
  renew?(answer: ErrorAnswer, signal: AbortSignal): Promise<boolean>;
}

export type SendExchange = <Answer>(exchange: Exchange<Answer>, options?: RequestOptions) => Promise<Answer>;

interface Job<Answer> {
  readonly exchange: Exchange<Answer>;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly deadline: Deadline;
  attempt: number;
  renewed: boolean;
  origin: string;
}

type Result<Answer> =
  | { readonly kind: 'read'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly answer: ErrorAnswer }
  /** The answer had a good status and was none. */
  | { readonly kind: 'unfit'; readonly error: H2OCloudError }
  | { readonly kind: 'failure'; readonly failure: NetworkFailure };

type Failed = Exclude<Result<unknown>, { readonly kind: 'read' }>;

const defaultTimeoutMs = 60_000;
/** Small enough for progress to be seen on a slow line, large enough to cost little on a fast one. */
const sliceBytes = 256 * 1024;

/** @param service the service's name in errors, logs and metrics */
export function createExchange(service: string, ports: SendPorts): SendExchange {
  return async (exchange, options = {}) => {
    checkRequestOptions(options);
    checkHeaders(options.headers);
    const isTransfer = exchange.isTransfer === true;
    const timeoutMs = options.timeoutMs ?? (isTransfer ? undefined : (ports.timeoutMs ?? defaultTimeoutMs));
    const idleTimeoutMs = options.idleTimeoutMs ?? (isTransfer ? defaultIdleTimeoutMs : undefined);
    const deadline = startDeadline(ports.clock, { signal: options.signal, timeoutMs, idleTimeoutMs });
    const requestId = randomUUID();
    const headers = { 'user-agent': `h2o-ai-cloud/${version}`, ...lowerCased(options.headers), 'x-request-id': requestId };
    try {
      return await withRetries(service, ports, { exchange, headers, requestId, deadline, attempt: 0, renewed: false, origin: '' }, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      const expiry = deadline.expired();
      if (expiry === undefined) throw error;
      throw timedOut(service, exchange, requestId, expiry === 'total' ? { timeoutMs } : { idleTimeoutMs });
    } finally {
      deadline.dispose();
    }
  };
}

function timedOut(
  service: string,
  { name, safe }: { readonly name: string; readonly safe: boolean },
  requestId: string,
  limit: { readonly timeoutMs?: number | undefined; readonly idleTimeoutMs?: number | undefined },
): TimeoutError {
  const isTotal = limit.timeoutMs !== undefined;
  return new TimeoutError({
    code: 'TIMEOUT',
    what: isTotal
      ? `${name} of ${service} was not done within ${limit.timeoutMs ?? 0} ms.`
      : `Nothing moved in ${name} of ${service} for ${limit.idleTimeoutMs ?? 0} ms.`,
    fix: `Allow it more time with the option \`${isTotal ? 'timeoutMs' : 'idleTimeoutMs'}\`, or look whether the service is overloaded.`,
    call: name,
    requestId,
    retryable: safe,
  });
}

async function withRetries<Answer>(service: string, ports: SendPorts, job: Job<Answer>, options: RequestOptions): Promise<Answer> {
  const { exchange, deadline } = job;
  const policy = retryPolicy(options.retry, ports.retry, exchange.safe);
  for (;;) {
    job.attempt += 1;
    const result = await renewedOnce(service, ports, job);
    if (result.kind === 'read') return result.answer;
    const error = errorOf(result, service, job);
    const decision = decideRetry(outcomeOf(result, error, ports), job.attempt, policy, ports.random ?? Math.random);
    if (!decision.retry || decision.afterMs >= deadline.remainingMs()) throw error;
    ports.logger.debug('repeating a call', {
      call: exchange.name,
      requestId: job.requestId,
      attempt: job.attempt,
      afterMs: decision.afterMs,
    });
    deadline.touch();
    await sleep(ports.clock, decision.afterMs, deadline.signal);
  }
}

async function renewedOnce<Answer>(service: string, ports: SendPorts, job: Job<Answer>): Promise<Result<Answer>> {
  const first = await attemptOnce(service, ports, job);
  const { exchange, deadline } = job;
  if (first.kind !== 'refused' || job.renewed || exchange.renew === undefined) return first;
  const canRenew = await waitUnlessAborted(exchange.renew(first.answer, deadline.signal), deadline.signal);
  if (!canRenew) return first;
  job.renewed = true;
  return attemptOnce(service, ports, job);
}

async function attemptOnce<Answer>(service: string, ports: SendPorts, job: Job<Answer>): Promise<Result<Answer>> {
  const { exchange, deadline, requestId } = job;
  const { signal, touch } = deadline;
  const prepared = await waitUnlessAborted(exchange.prepare(job.headers, signal), signal);
  job.origin = new URL(prepared.url).origin;
  const start = ports.clock.monotonic();
  const report = (outcome: 'ok' | 'error' | 'aborted', status?: number): void => {
    ports.onCall({
      type: 'call',
      service,
      call: exchange.name,
      method: exchange.method,
      route: exchange.route,
      requestId,
      attempt: job.attempt,
      outcome,
      durationMs: ports.clock.monotonic() - start,
      ...(status === undefined ? {} : { status }),
    });
  };
  let status: number | undefined;
  try {
    touch();
    const { url, headers, body } = prepared;
    const sending = ports.transport({
      url,
      method: exchange.method,
      headers,
      ...(body === undefined || body.byteLength === 0 ? {} : { body: slicesOf(body, touch) }),
      signal,
    });
    // A `fetch` of the user's own may not heed the signal.
    const response = await waitUnlessAborted(sending, signal);
    status = response.status;
    touch();
    if (status >= 300 && status < 400) {
      report('error', status);
      return { kind: 'failure', failure: { kind: 'redirect', code: undefined } };
    }
    if (status >= 400) {
      const text = await waitUnlessAborted(response.text(), signal);
      report('error', status);
      return {
        kind: 'refused',
        answer: {
          status,
          body: text,
          headers: response.headers,
          call: exchange.name,
          requestId,
          secrets: [...prepared.secrets, ...cookiesIn(response.headers)],
        },
      };
    }
    const answer = await waitUnlessAborted(exchange.read(response, touch), signal);
    report('ok', status);
    return { kind: 'read', answer };
  } catch (error) {
    report(signal.aborted ? 'aborted' : 'error', status);
    if (signal.aborted) throw error;
    if (error instanceof H2OCloudError) return { kind: 'unfit', error };
    return { kind: 'failure', failure: readNetworkFailure(error) };
  }
}

function errorOf(result: Failed, service: string, job: Job<unknown>): H2OCloudError {
  if (result.kind === 'unfit') return result.error;
  if (result.kind === 'refused') return job.exchange.readError(result.answer);
  return connectionError(result.failure, { service, origin: job.origin, call: job.exchange.name, requestId: job.requestId });
}

/** A refusal that the service's own reader calls retryable counts as a passing failure, whatever its status. */
function outcomeOf(result: Failed, error: H2OCloudError, { clock }: SendPorts): Outcome {
  if (result.kind === 'failure') return { kind: 'network', code: result.failure.kind === 'network' ? result.failure.code : undefined };
  if (result.kind === 'unfit') return { kind: 'status', status: error.retryable ? 500 : 501 };
  const { status, headers } = result.answer;
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), clock.now());
  return { kind: 'status', status: error.retryable && status < 500 && status !== 429 ? 408 : status, retryAfterMs };
}

/** In slices, so that each tells that bytes move; by reference, since the body must stay for another attempt. */
function slicesOf(body: Uint8Array, onMoved: () => void): ReadableStream<Uint8Array> {
  let start = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        onMoved();
        controller.enqueue(body.subarray(start, start + sliceBytes));
        start += sliceBytes;
        if (start >= body.byteLength) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The way of every call: deadline, token, attempt, 401 replay, retry, and an answer that is checked before anybody sees it.
 * What is retried is decided in retry.ts, how an error body reads in error-response.ts; here they only meet.
 */
import { randomUUID } from 'node:crypto';
import { AuthenticationError } from '../errors/authentication-error.js';
import { H2OCloudError } from '../errors/base.js';
import { invalidParameter } from '../errors/configuration-error.js';
import { TimeoutError } from '../errors/connection-error.js';
import type { CallListener } from '../internal/call-event.js';
import { sleep, waitUnlessAborted, type Clock } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import type { Logger } from '../internal/logger.js';
import { version } from '../internal/version.js';
import { parseAnswer } from './answer.js';
import { cookiesIn } from './cookies.js';
import { startDeadline, type Deadline } from './deadline.js';
import { isRefusal, readApiError } from './error-response.js';
import { connectionError, readNetworkFailure, type NetworkFailure } from './network-failure.js';
import { checkHeaders } from './given-headers.js';
import type { Call, ErrorAnswer, ErrorReader, Operation, Send } from './operation.js';
import { expandPath } from './path.js';
import { checkRequestOptions, type RequestOptions } from './request-options.js';
import { decideRetry, parseRetryAfter, retryPolicy, type Outcome, type RetryOptions } from './retry.js';
import { streamBody } from './stream-body.js';
import type { Transport } from './transport.js';

/** A service as one user reaches it. */
export interface Connection {
  /** The service's name in errors, logs and metrics. */
  readonly service: string;
  /** Where the service is and what its tokens must carry; asked for each call, so it should remember. */
  endpoint(signal: AbortSignal): Promise<{ readonly url: string; readonly scopes: readonly string[] }>;
  /** Absent: calls carry no token. */
  readonly credential?: Credential | undefined;
  /** For services whose error bodies are of their own kind. */
  readonly readError?: ErrorReader;
  /** Headers that the service wants with each call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How a token is sent; as `Authorization: Bearer` without it. */
  readonly authorize?: (token: string) => Readonly<Record<string, string>>;
  /** Whether what came asks for another token, for services that say so otherwise than with 401. */
  readonly isSignedOut?: (seen: Seen, operation: Operation<unknown>) => boolean;
  /** Whether an answer with a good status refuses all the same, for services with refusals of their own kind. */
  readonly isRefusal?: (body: string) => boolean;
}

/** What came in place of a good answer; a redirect is seen and not followed. */
export type Seen = 'redirect' | { readonly status: number; readonly body: string };

/** What a `Send` works with; the same for all services of a cloud. */
export interface SendPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCall: CallListener;
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly random?: () => number;
}

const defaultTimeoutMs = 60_000;
/** How long nothing may move in a transfer. */
export const defaultIdleTimeoutMs = 60_000;

interface Answered {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}
interface Unanswered {
  readonly kind: 'failure';
  readonly failure: NetworkFailure;
}

/** One call on its way. */
interface Job {
  readonly call: Call<unknown>;
  readonly url: string;
  readonly scopes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or a form. */
  readonly body: string | undefined;
  readonly requestId: string;
  readonly deadline: Deadline;
  attempt: number;
  /** A replay after 401 happens once for a call, however often it is retried. */
  replayed: boolean;
  /** Whether bytes of an answer have gone into a sink. */
  delivered: boolean;
  /** What the sink threw: no matter of the network. */
  sinkFailure: { readonly error: unknown } | undefined;
  token: string | undefined;
}

export function createSend(connection: Connection, ports: SendPorts): Send {
  return async (call, options = {}) => {
    checkRequestOptions(options);
    const isTransfer = call.stream !== undefined || call.sink !== undefined;
    const timeoutMs = options.timeoutMs ?? (isTransfer ? undefined : (ports.timeoutMs ?? defaultTimeoutMs));
    const idleTimeoutMs = isTransfer ? (options.idleTimeoutMs ?? defaultIdleTimeoutMs) : options.idleTimeoutMs;
    checkHeaders(options.headers);
    const body = call.json ?? textOf(call);
    const deadline = startDeadline(ports.clock, { signal: options.signal, timeoutMs, idleTimeoutMs });
    const requestId = randomUUID();
    try {
      const endpoint = await waitUnlessAborted(connection.endpoint(deadline.signal), deadline.signal);
      const job: Job = {
        call,
        url: urlOf(endpoint.url, call),
        scopes: endpoint.scopes,
        headers: headersOf(connection, call, options, requestId),
        body,
        requestId,
        deadline,
        attempt: 0,
        replayed: false,
        delivered: false,
        sinkFailure: undefined,
        token: undefined,
      };
      const answer = await withRetries(connection, ports, job, options);
      if ((connection.isRefusal ?? isRefusal)(answer.body)) throw errorOf(answer, connection, ports, job);
      return parseAnswer(call.operation, answer, { service: connection.service, origin: originOf(job.url), requestId });
    } catch (error) {
      options.signal?.throwIfAborted();
      const expiry = deadline.expired();
      if (expiry === undefined) throw error;
      throw new TimeoutError({
        code: 'TIMEOUT',
        what:
          expiry === 'total'
            ? `${call.operation.name} of ${connection.service} was not done within ${timeoutMs ?? 0} ms.`
            : `Nothing moved in ${call.operation.name} of ${connection.service} for ${idleTimeoutMs ?? 0} ms.`,
        fix: `Allow it more time with the option \`${expiry === 'total' ? 'timeoutMs' : 'idleTimeoutMs'}\`, or look whether the service is overloaded.`,
        call: call.operation.name,
        requestId,
        retryable: call.operation.safe,
      });
    } finally {
      deadline.dispose();
    }
  };
}

async function withRetries(connection: Connection, ports: SendPorts, job: Job, options: RequestOptions): Promise<Answered> {
  const { operation, stream } = job.call;
  const policy = retryPolicy(options.retry, ports.retry, operation.safe);
  const canRepeat = stream === undefined || stream.replayable;
  for (;;) {
    job.attempt += 1;
    const result = await replayOnce(connection, ports, job);
    if (result.kind === 'answer' && result.status < 400) return result;
    const isFinal = result.kind === 'answer' && operation.finalStatuses?.includes(result.status) === true;
    const decision =
      canRepeat && !job.delivered && !isFinal
        ? decideRetry(outcomeOf(result, ports.clock), job.attempt, policy, ports.random ?? Math.random)
        : ({ retry: false } as const);
    if (!decision.retry || decision.afterMs >= job.deadline.remainingMs()) throw errorOf(result, connection, ports, job);
    ports.logger.debug('repeating a call', {
      call: operation.name,
      requestId: job.requestId,
      attempt: job.attempt,
      afterMs: decision.afterMs,
    });
    await sleep(ports.clock, decision.afterMs, job.deadline.signal);
  }
}

/** One attempt, and after a 401 one more with a token that is not the refused one. */
async function replayOnce(connection: Connection, ports: SendPorts, job: Job): Promise<Answered | Unanswered> {
  const { credential } = connection;
  const { signal } = job.deadline;
  if (credential !== undefined) {
    job.token = (await waitUnlessAborted(credential.getToken({ scopes: job.scopes, signal }), signal)).value;
  }
  const first = await attemptOnce(connection, ports, job);
  if (credential === undefined || job.token === undefined || job.replayed || !isSignedOut(connection, first, job.call)) return first;
  if (job.call.stream?.replayable === false) return first;
  job.replayed = true;
  const rejected = job.token;
  const renewed = await waitUnlessAborted(credential.getToken({ scopes: job.scopes, signal, rejected }), signal).catch((error: unknown) => {
    // There is no other token: then what the service said tells more than that.
    if (error instanceof AuthenticationError && error.code === 'AUTH_REJECTED') return undefined;
    throw error;
  });
  if (renewed === undefined || renewed.value === rejected) return first;
  job.token = renewed.value;
  return attemptOnce(connection, ports, job);
}

function isSignedOut(connection: Connection, result: Answered | Unanswered, { operation }: Call<unknown>): boolean {
  if (result.kind === 'failure' && result.failure.kind !== 'redirect') return false;
  const seen: Seen = result.kind === 'failure' ? 'redirect' : result;
  if (connection.isSignedOut !== undefined) return connection.isSignedOut(seen, operation);
  return seen !== 'redirect' && seen.status === 401;
}

async function attemptOnce(connection: Connection, ports: SendPorts, job: Job): Promise<Answered | Unanswered> {
  const { call, deadline } = job;
  const authorize = connection.authorize ?? bearer;
  const start = ports.clock.monotonic();
  const report = (outcome: 'ok' | 'error' | 'aborted', status?: number): void => {
    ports.onCall({
      type: 'call',
      service: connection.service,
      call: call.operation.name,
      method: call.operation.method,
      route: call.operation.path,
      requestId: job.requestId,
      attempt: job.attempt,
      outcome,
      durationMs: ports.clock.monotonic() - start,
      ...(status === undefined ? {} : { status }),
    });
  };
  const upload = call.stream === undefined ? undefined : streamBody(call.stream, deadline.touch);
  try {
    const sending = ports.transport({
      url: job.url,
      method: call.operation.method,
      headers: job.token === undefined ? job.headers : { ...job.headers, ...authorize(job.token) },
      body: upload?.body ?? job.body,
      signal: deadline.signal,
      followsSameOrigin: call.operation.followsSameOrigin,
      returnsRedirect: call.operation.readsWhole,
    });
    // A `fetch` of the user's own may not heed the signal.
    const response = await waitUnlessAborted(sending, deadline.signal);
    const body = await waitUnlessAborted(bodyOf(response, job), deadline.signal);
    if (response.status >= 300 && response.status < 400 && call.operation.readsWhole !== true) {
      report('error', response.status);
      return { kind: 'failure', failure: { kind: 'redirect', code: undefined } };
    }
    report(response.status < 400 ? 'ok' : 'error', response.status);
    return { kind: 'answer', status: response.status, headers: response.headers, body };
  } catch (error) {
    report(deadline.signal.aborted ? 'aborted' : 'error');
    const sourceFailure = upload?.failure();
    if (sourceFailure !== undefined) throw sourceFailure.error;
    if (job.sinkFailure !== undefined) throw job.sinkFailure.error;
    if (deadline.signal.aborted || error instanceof H2OCloudError) throw error;
    return { kind: 'failure', failure: readNetworkFailure(error) };
  } finally {
    upload?.close();
  }
}

/** The text of an answer; what goes into a sink leaves none. */
async function bodyOf(response: Response, job: Job): Promise<string> {
  const { sink } = job.call;
  if (sink === undefined || !response.ok || response.body === null) return response.text();
  let broken: { readonly error: unknown } | undefined;
  const { body } = response;
  const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of body) {
        job.delivered = true;
        job.deadline.touch();
        yield chunk;
      }
    } catch (error) {
      broken = { error };
      throw error;
    }
  };
  await sink(chunks()).catch((error: unknown) => {
    if (broken?.error === error) throw error;
    job.sinkFailure = { error };
    throw error;
  });
  return '';
}

function outcomeOf(result: Answered | Unanswered, clock: Clock): Outcome {
  if (result.kind === 'answer') {
    return { kind: 'status', status: result.status, retryAfterMs: parseRetryAfter(result.headers.get('retry-after'), clock.now()) };
  }
  return { kind: 'network', code: result.failure.kind === 'network' ? result.failure.code : undefined };
}

function errorOf(result: Answered | Unanswered, connection: Connection, ports: SendPorts, job: Job): H2OCloudError {
  const call = job.call.operation.name;
  if (result.kind === 'failure') {
    return connectionError(result.failure, { service: connection.service, origin: originOf(job.url), call, requestId: job.requestId });
  }
  const answer: ErrorAnswer = {
    status: result.status,
    body: result.body,
    headers: result.headers,
    call,
    requestId: job.requestId,
    secrets: [...(job.token === undefined ? [] : [job.token]), ...(job.call.secrets ?? []), ...cookiesIn(result.headers)],
  };
  return connection.readError?.(answer) ?? readApiError(answer, connection.service, ports.clock.now());
}

function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}

function textOf(call: Call<unknown>): string | undefined {
  if (call.form !== undefined) return new URLSearchParams(call.form).toString();
  return call.body === undefined ? undefined : asJson(call.body);
}

/** Before anything is sent: a value that is no JSON would look like a broken network. */
function asJson(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch {
    throw invalidParameter(
      'What was passed cannot be written as JSON.',
      'Pass text, numbers, true, false, null, lists and plain objects of these.',
    );
  }
}

function headersOf(connection: Connection, call: Call<unknown>, options: RequestOptions, requestId: string): Record<string, string> {
  return {
    accept: 'application/json',
    'user-agent': `h2o-ai-cloud/${version}`,
    ...connection.headers,
    ...lowerCased(options.headers),
    ...(call.body === undefined && call.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(call.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(call.stream?.contentType === undefined ? {} : { 'content-type': call.stream.contentType }),
    'x-request-id': requestId,
  };
}

/** Two spellings of one name would be sent as one header with both values. */
export function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function urlOf(base: string, call: Call<unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.append(name, String(value));
  }
  const path = base + expandPath(call.operation.path, call.parameters);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

function originOf(url: string): string {
  return new URL(url).origin;
}

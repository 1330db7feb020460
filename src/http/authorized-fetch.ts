/**
 * A `fetch` with a user's token, for services that the package has no client for. Where it may go is decided before it is called.
 * Nothing is retried, since nobody knows what may be repeated; only a request that was refused with 401 is sent once more.
 */
import { randomUUID } from 'node:crypto';
import { AuthenticationError } from '../errors/authentication-error.js';
import { TimeoutError } from '../errors/connection-error.js';
import { waitUnlessAborted } from '../internal/clock.js';
import type { Credential, TokenRequest } from '../internal/credential.js';
import { version } from '../internal/version.js';
import { checkHeaders, unusableHeaders } from './given-headers.js';
import { connectionError, readNetworkFailure } from './network-failure.js';
import type { SendPorts } from './send.js';

/** As `fetch` takes it, but for `redirect` and headers that say who asks. */
export interface AuthorizedRequest extends Omit<RequestInit, 'redirect'> {
  /** Scopes that the token must carry. Default: those of the service that the configuration names at this address, else none. */
  readonly scopes?: readonly string[] | undefined;
  /** Audiences that the token must name. */
  readonly audience?: readonly string[] | undefined;
  /** How long to wait for the beginning of the answer, in milliseconds; its body is the caller's. Default: that of the cloud. */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 60_000;
const service = 'the service';
const call = 'fetch';

export interface AuthorizedFetchPorts extends Pick<SendPorts, 'transport' | 'clock' | 'onCall' | 'timeoutMs'> {
  readonly credential: Credential;
}

/** One request on its way. */
interface Job {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: NonNullable<RequestInit['body']> | undefined;
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/**
 * Sends a request with a user's token. Resolves with any answer, as `fetch` does.
 *
 * @throws {AuthenticationError} no such token can be had
 * @throws {ConnectionError} no answer came; `UNEXPECTED_REDIRECT`: one came that would lead the token elsewhere
 * @throws {TimeoutError} the answer did not begin in time
 */
export async function authorizedFetch(url: URL, request: AuthorizedRequest, ports: AuthorizedFetchPorts): Promise<Response> {
  const { scopes = [], audience = [], timeoutMs = ports.timeoutMs ?? defaultTimeoutMs, method = 'GET' } = request;
  const given = request.signal ?? undefined;
  const tooLate = new AbortController();
  const signal = given === undefined ? tooLate.signal : AbortSignal.any([given, tooLate.signal]);
  const job: Job = {
    url,
    method: method.toUpperCase(),
    headers: headersOf(request),
    body: request.body ?? undefined,
    signal,
    requestId: randomUUID(),
  };
  const cancel = ports.clock.schedule(timeoutMs, () => {
    tooLate.abort();
  });
  try {
    return await sendAndReplay(job, { scopes, audience, signal }, ports);
  } catch (error) {
    given?.throwIfAborted();
    if (tooLate.signal.aborted) throw notInTime(job, timeoutMs);
    throw error;
  } finally {
    cancel();
  }
}

async function sendAndReplay(job: Job, asked: TokenRequest, ports: AuthorizedFetchPorts): Promise<Response> {
  const { value } = await waitUnlessAborted(ports.credential.getToken(asked), job.signal);
  const answer = await attempt(job, { token: value, count: 1 }, ports);
  if (answer.status !== 401 || !isRepeatable(job.body)) return answer;
  const renewed = await waitUnlessAborted(ports.credential.getToken({ ...asked, rejected: value }), job.signal).catch(unlessRejected);
  if (renewed === undefined || renewed.value === value) return answer;
  await answer.body?.cancel();
  return attempt(job, { token: renewed.value, count: 2 }, ports);
}

async function attempt(job: Job, { token, count }: { token: string; count: number }, ports: AuthorizedFetchPorts): Promise<Response> {
  const { url, method, headers, body, signal, requestId } = job;
  const startedAt = ports.clock.monotonic();
  const report = (outcome: 'ok' | 'error' | 'aborted', status?: number): void => {
    const durationMs = ports.clock.monotonic() - startedAt;
    const told = status === undefined ? {} : { status };
    ports.onCall({ type: 'call', service, call, method, route: '', requestId, attempt: count, outcome, durationMs, ...told });
  };
  try {
    const sending = ports.transport({ url: url.href, method, headers: { ...headers, authorization: `Bearer ${token}` }, body, signal });
    const response = await waitUnlessAborted(sending, signal);
    report(response.status < 400 ? 'ok' : 'error', response.status);
    return response;
  } catch (error) {
    report(signal.aborted ? 'aborted' : 'error');
    if (signal.aborted) throw error;
    throw connectionError(readNetworkFailure(error), { service, origin: url.origin, call, requestId });
  }
}

function headersOf({ headers }: AuthorizedRequest): Record<string, string> {
  const read = readHeaders(headers);
  checkHeaders(read);
  return { 'user-agent': `h2o-ai-cloud/${version}`, ...read };
}

function readHeaders(given: RequestInit['headers']): Record<string, string> {
  try {
    return Object.fromEntries(new Headers(given));
  } catch {
    // The error of `Headers` quotes what it refuses.
    throw unusableHeaders();
  }
}

/** A stream is gone once it was sent. */
function isRepeatable(body: Job['body']): boolean {
  return body === undefined || typeof body === 'string' || !(Symbol.asyncIterator in body || body instanceof ReadableStream);
}

function unlessRejected(error: unknown): undefined {
  // There is no other token: then the service's own answer says more.
  if (!(error instanceof AuthenticationError && error.code === 'AUTH_REJECTED')) throw error;
}

function notInTime({ url, requestId }: Job, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'TIMEOUT',
    what: `The answer from ${url.origin} did not begin within ${timeoutMs} ms.`,
    fix: 'Allow it more time with the option `timeoutMs`, or look whether the service is overloaded.',
    call,
    requestId,
  });
}

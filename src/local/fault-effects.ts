/**
 * Faults made felt: what becomes of a request that meets one, whether a socket or a plain `fetch` carries it.
 */
import { sleep } from '../internal/clock.js';
import type { Clock } from '../internal/clock.js';
import type { FaultEffect, Faults } from './faults.js';

export type Fetch = (request: Request) => Promise<Response>;

export interface Carrier {
  readonly fetch: Fetch;
  /** Runs the delays. */
  readonly clock: Clock;
}

/** An answer, and after how many bytes of its body the connection ends, if it does; or no answer. */
export type Outcome = { readonly response: Response; readonly cutAfterBytes?: number } | 'dropped';

/** What becomes of a request that meets this fault, or none. */
export async function outcomeOf(effect: FaultEffect | undefined, request: Request, { fetch, clock }: Carrier): Promise<Outcome> {
  if (effect === undefined) return { response: await fetch(request) };
  if ('status' in effect) return { response: faultAnswer(effect) };
  if ('dropSocket' in effect) return 'dropped';
  if ('delayMs' in effect) {
    await sleep(clock, effect.delayMs, request.signal);
    return { response: await fetch(request) };
  }
  if ('cutBodyAfterBytes' in effect) return { response: await fetch(request), cutAfterBytes: effect.cutBodyAfterBytes };
  if ('dropAnswer' in effect) {
    await fetch(request);
    return 'dropped';
  }
  if ('cutRequestAfterBytes' in effect) {
    await fetchWithHalf(request, effect.cutRequestAfterBytes, fetch);
    return 'dropped';
  }
  return { response: await slowed(effect, request, { fetch, clock }) };
}

/** What the service makes of half a request nobody hears. */
async function fetchWithHalf(request: Request, limit: number, fetch: Fetch): Promise<void> {
  const { body }: { body: ReadableStream<Uint8Array> | null } = request;
  if (body === null) return;
  const half = limited(chunksOf(body), { limit, end: brokenOff, endsAlways: true });
  await fetch(carrying(request, half)).catch(() => undefined);
  // A service that refuses early has not read all that is to arrive.
  await drained(half).catch(() => undefined);
}

type Slowness = Extract<FaultEffect, { stallBodyAfterBytes: number } | { stallRequestAfterBytes: number } | { bytesPerSecond: number }>;

async function slowed(effect: Slowness, request: Request, { fetch, clock }: Carrier): Promise<Response> {
  const { signal } = request;
  if ('stallBodyAfterBytes' in effect) {
    return withAnswerBody(await fetch(request), (body) => limited(body, { limit: effect.stallBodyAfterBytes, end: () => aborted(signal) }));
  }
  if ('stallRequestAfterBytes' in effect) {
    return fetch(
      withBody(request, (body) => limited(body, { limit: effect.stallRequestAfterBytes, end: () => aborted(signal), endsAlways: true })),
    );
  }
  const pace = (body: Body): Body => paced(body, (bytes) => sleep(clock, (bytes / effect.bytesPerSecond) * 1000, signal));
  return withAnswerBody(await fetch(withBody(request, pace)), pace);
}

/**
 * A `fetch` whose requests meet the faults. A dropped connection is an error response (`Response.error()`), a cut body a stream that fails.
 *
 * @param clock runs the delays
 */
export function fetchWithFaults(faults: Faults, clock: Clock, fetch: Fetch): Fetch {
  return async (request) => {
    const effect = faults.take({ method: request.method, path: new URL(request.url).pathname });
    const outcome = await outcomeOf(effect, request, { fetch, clock });
    if (outcome === 'dropped') return Response.error();
    const { response, cutAfterBytes } = outcome;
    return cutAfterBytes === undefined
      ? response
      : withAnswerBody(response, (body) => limited(body, { limit: cutAfterBytes, end: brokenOff }));
  };
}

/** The answer that a fault gives in place of the true one. */
export function faultAnswer({ status, body, headers }: Extract<FaultEffect, { readonly status: number }>): Response {
  const answerHeaders = new Headers(headers);
  if (body === undefined || typeof body === 'string') return new Response(body ?? null, { status, headers: answerHeaders });
  if (!answerHeaders.has('content-type')) answerHeaders.set('content-type', 'application/json');
  return new Response(JSON.stringify(body), { status, headers: answerHeaders });
}

type Body = AsyncIterable<Uint8Array>;
type Reshape = (body: Body) => Body;

// Not cancelled when it is left early: of a body that was cloned, one half alone is never done cancelling.
const chunksOf = (body: ReadableStream<Uint8Array>): Body => body.values({ preventCancel: true });

function withBody(request: Request, reshape: Reshape): Request {
  const { body }: { body: ReadableStream<Uint8Array> | null } = request;
  if (body === null) return request;
  return carrying(request, reshape(chunksOf(body)));
}

const carrying = ({ url, method, headers, signal }: Request, body: Body): Request =>
  new Request(url, { method, headers, signal, body: ReadableStream.from(body), duplex: 'half' });

async function drained(body: Body): Promise<void> {
  const rest = body[Symbol.asyncIterator]();
  while ((await rest.next()).done !== true);
}

function withAnswerBody(response: Response, reshape: Reshape): Response {
  const { body }: { body: ReadableStream<Uint8Array> | null } = response;
  return body === null ? response : new Response(ReadableStream.from(reshape(chunksOf(body))), response);
}

interface Limit {
  /** Bytes that pass. */
  readonly limit: number;
  /** What comes in place of the rest. */
  readonly end: () => Promise<never>;
  /** Whether it also comes after a body that is shorter. */
  readonly endsAlways?: boolean;
}

async function* limited(body: Body, { limit, end, endsAlways = false }: Limit): AsyncGenerator<Uint8Array, void> {
  let left = limit;
  if (left <= 0) await end();
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) break;
  }
  if (left <= 0 || endsAlways) await end();
}

async function* paced(body: Body, wait: (bytes: number) => Promise<void>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) {
    await wait(chunk.byteLength);
    yield chunk;
  }
}

const brokenOff = (): Promise<never> => Promise.reject(new TypeError('terminated'));

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

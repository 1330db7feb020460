/**
 * Faults to order: which request goes wrong, how often, and how. Held in process, never over HTTP.
 * Choosing is pure; two appliers make a choice felt: this file's for plain `fetch`, that of `server.ts` for real sockets.
 */
import { sleep } from '../internal/clock.js';
import type { Clock } from '../internal/clock.js';

/** Which requests a fault is for; what is left out matches everything. */
export interface FaultCondition {
  readonly method?: string;
  /** A string is the end of the path (`/model/score`, `CreateDeployment`), a pattern is looked for anywhere in it. */
  readonly path?: string | RegExp;
  /** The service that the path belongs to, by the name that the local cloud gives it. */
  readonly service?: string;
}

/** What happens in place of the answer, or to it. */
export type FaultEffect =
  /** This answer; a body that is not text is sent as JSON. */
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** The true answer, later. */
  | { readonly delayMs: number }
  /** The connection ends before an answer. */
  | { readonly dropSocket: true }
  /** The true answer breaks off after so many bytes of its body. */
  | { readonly cutBodyAfterBytes: number }
  /** The connection ends when so many bytes of the request's body have arrived, or at its end. */
  | { readonly cutRequestAfterBytes: number };

export interface Fault {
  readonly when?: FaultCondition;
  /** How many matching requests it meets. Default: 1. */
  readonly times?: number;
  /** How many matching requests pass untouched first. Default: 0. */
  readonly skip?: number;
  readonly then: FaultEffect;
}

/** A request that met a fault. */
export interface FaultHit {
  readonly method: string;
  readonly path: string;
  readonly then: FaultEffect;
}

/** Faults of a local cloud. The first one added that matches a request meets it; a request meets one at most. */
export interface Faults {
  /**
   * Orders a fault.
   *
   * @throws {RangeError} `status` is none that an answer can have (200 to 599)
   * @example
   * faults.add({ when: { path: 'CreateDeployment' }, then: { status: 503, headers: { 'retry-after': '1' } } });
   */
  add(fault: Fault): void;
  /** Forgets all faults and hits. */
  clear(): void;
  /** The requests that met a fault, oldest first. */
  readonly hits: readonly FaultHit[];
  /** The fault that this request meets, which counts as met. For what carries requests to a local cloud, not for tests. */
  take(request: { readonly method: string; readonly path: string }): FaultEffect | undefined;
}

/**
 * An empty list of faults.
 *
 * @param serviceOf names the service that a path belongs to, for conditions that ask for one
 */
export function createFaults(serviceOf: (path: string) => string | undefined = () => undefined): Faults {
  const orders: { readonly fault: Fault; skip: number; times: number }[] = [];
  const hits: FaultHit[] = [];
  return {
    hits,
    add(fault) {
      // An answer that cannot be made is refused here, not when a request meets it.
      if ('status' in fault.then) faultAnswer(fault.then);
      orders.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
    },
    clear() {
      orders.length = 0;
      hits.length = 0;
    },
    take({ method, path }) {
      const request = { method, path, service: serviceOf(path) };
      for (const order of orders) {
        if (order.times <= 0 || !matches(order.fault.when ?? {}, request)) continue;
        if (order.skip-- > 0) continue;
        order.times--;
        hits.push({ method, path, then: order.fault.then });
        return order.fault.then;
      }
      return undefined;
    },
  };
}

function matches(
  when: FaultCondition,
  request: { readonly method: string; readonly path: string; readonly service: string | undefined },
): boolean {
  if (when.method !== undefined && when.method.toUpperCase() !== request.method.toUpperCase()) return false;
  if (when.service !== undefined && when.service !== request.service) return false;
  if (when.path === undefined) return true;
  return typeof when.path === 'string' ? request.path.endsWith(when.path) : request.path.search(when.path) >= 0;
}

type Fetch = (request: Request) => Promise<Response>;

/**
 * A `fetch` whose requests meet the faults. A dropped connection is an error response (`Response.error()`), a cut body a stream that fails.
 *
 * @param clock runs the delays
 */
export function fetchWithFaults(faults: Faults, clock: Clock, fetch: Fetch): Fetch {
  return async (request) => {
    const effect = faults.take({ method: request.method, path: new URL(request.url).pathname });
    if (effect === undefined) return fetch(request);
    if ('status' in effect) return faultAnswer(effect);
    if ('delayMs' in effect) {
      await sleep(clock, effect.delayMs, request.signal);
      return fetch(request);
    }
    if ('dropSocket' in effect) return Response.error();
    if ('cutRequestAfterBytes' in effect) {
      await readBytes(request.body, effect.cutRequestAfterBytes);
      return Response.error();
    }
    return withBodyCut(await fetch(request), effect.cutBodyAfterBytes);
  };
}

/** The answer that a fault gives in place of the true one. */
export function faultAnswer({ status, body, headers }: Extract<FaultEffect, { readonly status: number }>): Response {
  const answerHeaders = new Headers(headers);
  if (body === undefined || typeof body === 'string') return new Response(body ?? null, { status, headers: answerHeaders });
  if (!answerHeaders.has('content-type')) answerHeaders.set('content-type', 'application/json');
  return new Response(JSON.stringify(body), { status, headers: answerHeaders });
}

/** Takes `limit` bytes off a body, or all that it has. */
async function readBytes(body: ReadableStream<Uint8Array> | null, limit: number): Promise<void> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  let received = 0;
  while (received < limit) {
    const { done, value } = await reader.read();
    if (done) return;
    received += value.byteLength;
  }
  abandon(reader);
}

/** Not waited for: of a body that was cloned, one half alone is never done cancelling. */
function abandon(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => undefined);
}

/** Reads on demand and fails on the read after the cut, so that what came before it arrives. */
function withBodyCut(response: Response, limit: number): Response {
  const body: ReadableStream<Uint8Array> | null = response.body;
  const reader = body?.getReader();
  if (reader === undefined) return response;
  let left = limit;
  const cut = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (left <= 0) {
          abandon(reader);
          controller.error(new TypeError('terminated'));
          return;
        }
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return;
        }
        controller.enqueue(value.subarray(0, left));
        left -= value.byteLength;
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(cut, response);
}

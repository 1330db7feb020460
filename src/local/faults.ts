/**
 * Faults to order: which request goes wrong, how often, and how. Held in process, never over HTTP.
 * Choosing only; fault-effects.ts makes a choice felt.
 */
import { faultAnswer } from './fault-effects.js';

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
  /** The connection ends before the request is looked at. */
  | { readonly dropSocket: true }
  /** The request is done, and the connection ends before its answer. */
  | { readonly dropAnswer: true }
  /** The true answer breaks off after so many bytes of its body. */
  | { readonly cutBodyAfterBytes: number }
  /** The connection ends when so many bytes of the request's body have arrived, or at its end; a service keeps what it took until then. */
  | { readonly cutRequestAfterBytes: number }
  /** The true answer stops after so many bytes of its body, and the connection stays. */
  | { readonly stallBodyAfterBytes: number }
  /** After so many bytes of the request's body no more are taken, and the connection stays. */
  | { readonly stallRequestAfterBytes: number }
  /** Both bodies go at this speed. */
  | { readonly bytesPerSecond: number };

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

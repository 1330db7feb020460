/**
 * One kind of token (one user, one set of scopes): the token that is held, and the one request under way for the next one.
 * It knows when to ask, and who may share an answer; how to ask is the business of the `load` that it is given.
 */
import { type AccessToken } from '../internal/access-token.js';
import type { TokenUseReport } from '../internal/call-event.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import { freshnessOf, instantOf, type TokenLife } from './freshness.js';
import { refuseReentrancy } from './reentrancy.js';
import { rejectedAgain } from './requirements.js';

export interface TimedToken {
  readonly token: AccessToken;
  readonly life: TokenLife;
}

export interface SlotRules {
  readonly clock: Clock;
  readonly marginMs: number;
  /** Whose refresh the loads are part of, to find a load that waits for itself. */
  readonly owner: object;
  /** Told how each caller got a token; absent when nobody listens. */
  readonly report?: TokenUseReport | undefined;
}

/** Brings the next token. `rejected` is one that a service has refused: it must be another one. */
export type Load = (rejected: string | undefined) => Promise<TimedToken>;

interface SlotRequest {
  readonly signal?: AbortSignal | undefined;
  readonly rejected?: string | undefined;
}

interface Flight {
  readonly token: Promise<AccessToken>;
  /** The token that a service had refused when this flight began. */
  readonly rejected: string | undefined;
}

interface FlightStart {
  readonly sequence: number;
  readonly rejected: string | undefined;
}

/** After a failure nothing is tried behind a caller's back for a while, and for longer after each further one. */
const shortestCoolDownMs = 5_000;
const longestCoolDownMs = 60_000;

/**
 * @param failures in a row, from 1 on
 * @param marginMs how long the token is renewed behind before its end: a short-lived one must be tried more than once in that time
 */
export function coolDownMs(failures: number, marginMs: number): number {
  return Math.min(Math.min(shortestCoolDownMs, marginMs / 4) * 2 ** (failures - 1), longestCoolDownMs);
}

export class TokenSlot {
  #held: TimedToken | undefined;
  #heldSince = 0;
  #started = 0;
  #flight: Flight | undefined;
  /** When the held token came in the place of one that a service had refused. */
  #replacedAt = -Infinity;
  #failures = 0;
  #quietUntil = -Infinity;

  /** The held token while it serves; otherwise the caller waits for the next one. Not async: this is the hot path of every call. */
  get(request: SlotRequest, rules: SlotRules, load: Load): Promise<AccessToken> {
    const { signal, rejected } = request;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const held = this.#held;
    if (held !== undefined && held.token.value !== rejected) {
      const freshness = freshnessOf(held.life, instantOf(rules.clock), rules.marginMs);
      if (freshness === 'refreshBehind') this.#refreshBehind(rules, load);
      if (freshness !== 'expired') {
        rules.report?.('cached', 0);
        return Promise.resolve(held.token);
      }
    }
    const waiting = this.#wait(request, rules, load);
    return rules.report === undefined ? waiting : reported(waiting, request, rules);
  }

  /** The held token while it needs no renewal. */
  fresh({ clock, marginMs }: SlotRules): TimedToken | undefined {
    const held = this.#held;
    return held !== undefined && freshnessOf(held.life, instantOf(clock), marginMs) === 'fresh' ? held : undefined;
  }

  /** Holds a token that came by another way; whether it is newer than the held one is for the caller to know. */
  offer(loaded: TimedToken): void {
    this.#held = loaded;
  }

  /** Forgets the token; a request under way goes on, and what it brings is held again. */
  clear(): void {
    this.#held = undefined;
  }

  async #wait({ signal, rejected }: SlotRequest, rules: SlotRules, load: Load): Promise<AccessToken> {
    refuseReentrancy(rules.owner);
    const isForced = rejected !== undefined && (this.#held === undefined || this.#held.token.value === rejected);
    const flight = this.#flight;
    // A request that began before the refusal may bring a token of the same doomed kind, so a forced one does not join it.
    const isShared = flight !== undefined && (!isForced || flight.rejected === rejected);
    // A service that refuses every token must not make every call a request to the identity provider.
    if (isForced && !isShared && rules.clock.monotonic() - this.#replacedAt < shortestCoolDownMs) throw rejectedAgain();
    const { token } = isShared ? flight : this.#start(rules, load, isForced ? rejected : undefined);
    return waitUnlessAborted(token, signal);
  }

  #refreshBehind(rules: SlotRules, load: Load): void {
    if (this.#flight !== undefined || rules.clock.monotonic() < this.#quietUntil) return;
    this.#start(rules, load, undefined);
  }

  #start(rules: SlotRules, load: Load, rejected: string | undefined): Flight {
    const flight: Flight = { token: this.#fly(load, rules, { sequence: ++this.#started, rejected }), rejected };
    this.#flight = flight;
    const land = (failures: number): void => {
      if (this.#flight === flight) this.#flight = undefined;
      this.#failures = failures;
    };
    flight.token.then(
      () => {
        land(0);
      },
      () => {
        land(this.#failures + 1);
        const marginMs = Math.min(rules.marginMs, (this.#held?.life.lifeMs ?? Infinity) / 2);
        this.#quietUntil = rules.clock.monotonic() + coolDownMs(this.#failures, marginMs);
      },
    );
    return flight;
  }

  async #fly(load: Load, { clock }: SlotRules, { sequence, rejected }: FlightStart): Promise<AccessToken> {
    const loaded = await load(rejected);
    if (loaded.token.value === rejected) throw rejectedAgain();
    // A forced request may overtake the plain one that began before it.
    if (sequence > this.#heldSince) {
      this.#held = loaded;
      this.#heldSince = sequence;
      this.#replacedAt = rejected === undefined ? -Infinity : clock.monotonic();
    }
    return loaded.token;
  }
}

async function reported(waiting: Promise<AccessToken>, { signal }: SlotRequest, { clock, report }: SlotRules): Promise<AccessToken> {
  const startedAt = clock.monotonic();
  try {
    const token = await waiting;
    report?.('waited', clock.monotonic() - startedAt);
    return token;
  } catch (error) {
    report?.(signal?.aborted === true ? 'aborted' : 'failed', clock.monotonic() - startedAt);
    throw error;
  }
}

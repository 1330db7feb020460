/**
 * One kind of token (one user, one set of scopes): the token that is held, and the one request under way for the next one.
 * It knows when to ask, and who may share an answer; how to ask is the business of the `load` that it is given.
 */
import { type AccessToken } from '../internal/access-token.js';
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
}

interface SlotRequest {
  readonly signal?: AbortSignal | undefined;
  readonly rejected?: string | undefined;
}

interface Flight {
  readonly token: Promise<AccessToken>;
  /** The token that a service had refused when this flight began. */
  readonly rejected: string | undefined;
}

/** After a failure behind the caller's back nothing is tried behind it for a while. */
const coolDownMs = 5_000;

export class TokenSlot {
  #held: TimedToken | undefined;
  #heldSince = 0;
  #started = 0;
  #flight: Flight | undefined;
  #quietUntil = -Infinity;

  /** The held token while it serves; otherwise the caller waits for the next one. Not async: this is the hot path of every call. */
  get(request: SlotRequest, rules: SlotRules, load: () => Promise<TimedToken>): Promise<AccessToken> {
    const { signal, rejected } = request;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const held = this.#held;
    if (held !== undefined && held.token.value !== rejected) {
      const freshness = freshnessOf(held.life, instantOf(rules.clock), rules.marginMs);
      if (freshness === 'refreshBehind') this.#refreshBehind(rules, load);
      if (freshness !== 'expired') return Promise.resolve(held.token);
    }
    return this.#wait(request, rules, load);
  }

  /** Holds a token that came by another way; whether it is newer than the held one is for the caller to know. */
  offer(loaded: TimedToken): void {
    this.#held = loaded;
  }

  /** Forgets the token; a request under way goes on, and what it brings is held again. */
  clear(): void {
    this.#held = undefined;
  }

  async #wait({ signal, rejected }: SlotRequest, rules: SlotRules, load: () => Promise<TimedToken>): Promise<AccessToken> {
    refuseReentrancy(rules.owner);
    const isForced = rejected !== undefined && (this.#held === undefined || this.#held.token.value === rejected);
    const flight = this.#flight;
    // A request that began before the refusal may bring a token of the same doomed kind, so a forced one does not join it.
    const isShared = flight !== undefined && (!isForced || flight.rejected === rejected);
    const { token } = isShared ? flight : this.#start(rules, load, isForced ? rejected : undefined);
    return waitUnlessAborted(token, signal);
  }

  #refreshBehind(rules: SlotRules, load: () => Promise<TimedToken>): void {
    if (this.#flight !== undefined || rules.clock.monotonic() < this.#quietUntil) return;
    this.#start(rules, load, undefined);
  }

  #start(rules: SlotRules, load: () => Promise<TimedToken>, rejected: string | undefined): Flight {
    const flight: Flight = { token: this.#fly(++this.#started, load, rejected), rejected };
    this.#flight = flight;
    const land = (): void => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    flight.token.then(land, () => {
      land();
      this.#quietUntil = rules.clock.monotonic() + coolDownMs;
    });
    return flight;
  }

  async #fly(sequence: number, load: () => Promise<TimedToken>, rejected: string | undefined): Promise<AccessToken> {
    const loaded = await load();
    if (loaded.token.value === rejected) throw rejectedAgain();
    // A forced request may overtake the plain one that began before it.
    if (sequence > this.#heldSince) {
      this.#held = loaded;
      this.#heldSince = sequence;
    }
    return loaded.token;
  }
}

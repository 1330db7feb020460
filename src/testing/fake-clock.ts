/**
 * A clock that stands still until a test moves it. It knows timers and nothing of what they are for.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../internal/clock.js';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/**
 * Time for tests.
 *
 * @example
 * const clock = new FakeClock();
 * const cloud = await startLocalCloud({ clock, healthyAfterMs: 60_000 });
 * await clock.advance(60_000); // every deployment is up
 */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #wallAtZero: number;
  readonly #timers = new Set<Timer>();

  /** @param startsAt wall time in milliseconds since the epoch; default: 2030-01-01T00:00Z */
  constructor(startsAt: number = Date.UTC(2030, 0, 1)) {
    this.#wallAtZero = startsAt;
  }

  now(): number {
    return this.#wallAtZero + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { dueAt: this.#elapsedMs + Math.max(delayMs, 0), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /**
   * Lets `ms` milliseconds pass: fires the timers that fall due, in order, and lets promises settle before, between and after them,
   * so that timers set by what a timer woke fire too. Work that waits for a real socket or disk is not waited for.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsedMs + ms;
    await setImmediate();
    for (let timer = this.#nextDue(until); timer !== undefined; timer = this.#nextDue(until)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueAt);
      this.#timers.delete(timer);
      timer.callback();
      await setImmediate();
    }
    this.#elapsedMs = until;
  }

  /** Sets the wall clock forward or (negative) back, as an administrator or a sleeping laptop does; no timer notices. */
  jumpWallTime(ms: number): void {
    this.#wallAtZero += ms;
  }

  #nextDue(until: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= until);
    return due.reduce<Timer | undefined>((first, timer) => (first === undefined || timer.dueAt < first.dueAt ? timer : first), undefined);
  }
}

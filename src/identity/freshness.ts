/**
 * Freshness of access tokens: when to serve one, when to renew it behind the caller's back, when to make the caller wait.
 * Pure: it sees a token's life and the time, never a token, a clock, a network or a store.
 */
import type { Clock } from '../internal/clock.js';

/** One moment on two clocks: the wall clock may jump, and the monotonic one stands still while the machine sleeps. */
export interface Instant {
  readonly wall: number;
  readonly monotonic: number;
}

/** How long a token lives, counted on our own clocks from the moment it was asked for, so that a wrong clock does no harm. */
export interface TokenLife {
  readonly from: Instant;
  readonly lifeMs: number;
}

export type Freshness = 'fresh' | 'refreshBehind' | 'expired';

/** How long before its end a token is renewed, unless an option says otherwise. */
export const defaultMarginMs = 30_000;

export function instantOf(clock: Clock): Instant {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}

/** The longer of the times that have passed on the two clocks. */
export function passedMs(from: Instant, now: Instant): number {
  return Math.max(now.wall - from.wall, now.monotonic - from.monotonic);
}

/**
 * @param marginMs how long before its end a token is renewed; never more than half of the life it was given, or a token that
 *   lives shorter than the margin would be renewed without end
 */
export function freshnessOf(life: TokenLife, now: Instant, marginMs: number): Freshness {
  const leftMs = life.lifeMs - passedMs(life.from, now);
  if (leftMs <= 0) return 'expired';
  return leftMs <= Math.min(marginMs, life.lifeMs / 2) ? 'refreshBehind' : 'fresh';
}

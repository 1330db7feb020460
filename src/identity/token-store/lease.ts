/**
 * A lock that is held for as long as its holder shows that it lives: renewed in time, over soon after its process was killed or
 * held up. Where the lock is, and how it is renewed, is the business of the store.
 */
import type { Clock } from '../../internal/clock.js';
import { instantOf, passedMs, type Instant } from '../freshness.js';

export interface Lease {
  /** Whether nobody else can have taken the lock over yet, as far as this process knows. */
  readonly isHeld: () => boolean;
  /** Ends the renewal. */
  readonly stop: () => void;
}

export interface LeaseRules {
  readonly clock: Clock;
  /** How long a lock outlives its holder's last sign of life. */
  readonly leaseMs: number;
}

/**
 * @param askedAt when the lock was asked for
 * @param renew false when somebody else has the lock by now
 */
export function keepLease({ clock, leaseMs }: LeaseRules, askedAt: Instant, renew: () => Promise<boolean>): Lease {
  let knownAt = askedAt;
  let isOver = false;
  let cancel = (): void => undefined;

  const renewed = async (): Promise<void> => {
    const now = instantOf(clock);
    try {
      if (await renew()) knownAt = now;
      else isOver = true;
    } catch {
      // The store may be back in time for the next try.
    }
    if (!isOver) schedule();
  };
  const schedule = (): void => {
    cancel = clock.schedule(leaseMs / 3, () => void renewed());
  };
  schedule();
  return {
    isHeld: () => !isOver && passedMs(knownAt, instantOf(clock)) < leaseMs,
    stop() {
      isOver = true;
      cancel();
    },
  };
}

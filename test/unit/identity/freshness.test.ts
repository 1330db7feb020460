import { describe, expect, test } from 'vitest';
import { freshnessOf, type Freshness } from '../../../src/identity/freshness.js';

const second = 1000;
const hour = 3600 * second;

/** How a token of `lifeMs` looks when the two clocks have moved by so much since it was asked for. */
function after(lifeMs: number, passed: { wall: number; monotonic: number }, marginMs = 30 * second): Freshness {
  const from = { wall: 1_900_000_000_000, monotonic: 5_000 };
  return freshnessOf({ from, lifeMs }, { wall: from.wall + passed.wall, monotonic: from.monotonic + passed.monotonic }, marginMs);
}

const both = (ms: number): { wall: number; monotonic: number } => ({ wall: ms, monotonic: ms });

describe('a token is renewed in time, and not too often', () => {
  test.each<[string, number, { wall: number; monotonic: number }, Freshness]>([
    ['case 2: just issued', 300 * second, both(0), 'fresh'],
    ['case 3: just outside the margin', 300 * second, both(269 * second), 'fresh'],
    ['case 3: inside the margin', 300 * second, both(270 * second), 'refreshBehind'],
    ['case 3: the last millisecond', 300 * second, both(300 * second - 1), 'refreshBehind'],
    ['case 4: at its end', 300 * second, both(300 * second), 'expired'],
    ['case 4: long over', 300 * second, both(hour), 'expired'],
    ['case 5: a life shorter than the margin is fresh for its first half', 5 * second, both(2.4 * second), 'fresh'],
    ['case 5: and renewed behind in its second', 5 * second, both(2.5 * second), 'refreshBehind'],
    ['case 116: the margin follows a life that shrinks', 40 * second, both(15 * second), 'fresh'],
    ['case 6: a guessed life of 30 s', 30 * second, both(16 * second), 'refreshBehind'],
    ['case 53: no life at all', 0, both(0), 'expired'],
    ['case 50: the wall clock jumps back an hour', 300 * second, { wall: 10 * second - hour, monotonic: 10 * second }, 'fresh'],
    ['case 50: and hides no end', 300 * second, { wall: 300 * second - hour, monotonic: 300 * second }, 'expired'],
    ['case 50: the wall clock jumps forward an hour', 300 * second, { wall: hour, monotonic: second }, 'expired'],
    ['case 51: the machine slept, and the monotonic clock with it', 300 * second, { wall: 600 * second, monotonic: second }, 'expired'],
  ])('%s', (_, lifeMs, passed, expected) => {
    expect(after(lifeMs, passed)).toBe(expected);
  });

  test.each([-86_400, -300, -30, 30, 300, 86_400])('case 49: a client whose clock is wrong by %d s sees the same life', (skewSeconds) => {
    const from = { wall: 1_900_000_000_000 + skewSeconds * second, monotonic: 0 };
    expect(freshnessOf({ from, lifeMs: 60 * second }, { wall: from.wall + 20 * second, monotonic: 20 * second }, 30 * second)).toBe(
      'fresh',
    );
  });

  test('a configured margin of nothing serves a token to its end', () => {
    expect(after(60 * second, both(60 * second - 1), 0)).toBe('fresh');
  });
});

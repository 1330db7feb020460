import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/internal/clock.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('a clock that a test owns', () => {
  it('stands still until it is moved', async () => {
    const clock = new FakeClock(1_000_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_250, 250]);
  });

  it('fires timers in the order in which they fall due, each at its time, those of one time in the order they were set', async () => {
    const clock = new FakeClock(0);
    const fired: string[] = [];
    const set = (name: string, delayMs: number): (() => void) => clock.schedule(delayMs, () => fired.push(`${name} at ${clock.now()}`));
    set('late', 300);
    set('early', 100);
    set('early too', 100);
    set('at once', -5);
    set('later', 301);
    await clock.advance(300);
    expect(fired).toEqual(['at once at 0', 'early at 100', 'early too at 100', 'late at 300']);
    await clock.advance(1);
    expect(fired.at(-1)).toBe('later at 301');
  });

  it('does not fire a timer that was cancelled, be it by another timer', async () => {
    const clock = new FakeClock();
    let fired = false;
    const cancel = clock.schedule(20, () => {
      fired = true;
    });
    clock.schedule(10, cancel);
    await clock.advance(100);
    expect(fired).toBe(false);
  });

  it('goes through a chain of waits in one move', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    const work = (async () => {
      for (let round = 0; round < 3; round++) {
        await Promise.resolve();
        await sleep(clock, 100);
        seen.push(clock.now());
      }
    })();
    await clock.advance(299);
    expect(seen).toEqual([100, 200]);
    await clock.advance(1);
    await work;
    expect(seen).toEqual([100, 200, 300]);
  });

  it('lets a wait begun just before the move count from before it', async () => {
    const clock = new FakeClock(0);
    const work = Promise.resolve().then(() => sleep(clock, 100));
    await clock.advance(100);
    await expect(Promise.race([work.then(() => 'over'), new Promise((resolve) => setImmediate(resolve, 'still waiting'))])).resolves.toBe(
      'over',
    );
  });

  it('may jump its wall time either way, unnoticed by timers', async () => {
    const clock = new FakeClock(1_000_000);
    let fired = false;
    clock.schedule(1000, () => {
      fired = true;
    });
    clock.jumpWallTime(3_600_000);
    expect([clock.now(), clock.monotonic()]).toEqual([4_600_000, 0]);
    clock.jumpWallTime(-7_200_000);
    await clock.advance(999);
    expect([clock.now(), fired]).toEqual([-2_599_001, false]);
    await clock.advance(1);
    expect(fired).toBe(true);
  });
});

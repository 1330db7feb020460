import { expect, it, test } from 'vitest';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { TimeoutError } from '../../../src/errors/connection-error.js';
import { startDeadline } from '../../../src/http/deadline.js';
import { withTotalDeadline } from '../../../src/http/total-deadline.js';
import { sleep } from '../../../src/internal/clock.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** Two requests of six seconds each. */
const twoRequests = (clock: FakeClock, timeoutMs: number | undefined, signal?: AbortSignal): Promise<string> =>
  withTotalDeadline(clock, { name: 'deployments.create', safe: false }, { timeoutMs, signal }, async (within) => {
    await sleep(clock, 6000, within.signal);
    await sleep(clock, 6000, within.signal);
    return 'done';
  });

it('counts over all requests of a call', async () => {
  const clock = new FakeClock();
  const outcome = expect(twoRequests(clock, 10_000)).rejects.toThrow(TimeoutError);
  await clock.advance(10_000);
  await outcome;
});

it('lets a call that is in time be', async () => {
  const clock = new FakeClock();
  const calls = [twoRequests(clock, 13_000), twoRequests(clock, undefined)];
  await clock.advance(20_000);
  expect(await Promise.all(calls)).toEqual(['done', 'done']);
});

it("an abort keeps the caller's reason", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const outcome = expect(twoRequests(clock, 10_000, controller.signal)).rejects.toBe('gone');
  controller.abort('gone');
  await outcome;
});

test.each([0, -1, NaN])('%d ms is no deadline', (timeoutMs) => {
  expect(() => startDeadline(new FakeClock(), { timeoutMs })).toThrow(ConfigurationError);
  expect(() => startDeadline(new FakeClock(), { idleTimeoutMs: timeoutMs })).toThrow(ConfigurationError);
});

it('silence ends a transfer, and movement does not', async () => {
  const clock = new FakeClock();
  const deadline = startDeadline(clock, { idleTimeoutMs: 1000 });
  await clock.advance(900);
  deadline.touch();
  await clock.advance(900);
  expect(deadline.expired()).toBeUndefined();
  await clock.advance(100);
  expect(deadline.expired()).toBe('idle');
  expect(deadline.signal.aborted).toBe(true);
});

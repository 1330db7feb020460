import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/errors/api-error.js';
import { poll, pollDelayMs } from '../../../src/http/poller.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const unavailable = (): ServerError => new ServerError({ code: 'SERVER_ERROR', status: 503, what: 'down', retryable: true });

describe('waiting', () => {
  it('looks at growing intervals, to ten seconds', () => {
    const delays = Array.from({ length: 12 }, (_, index) => pollDelayMs(index + 1, () => 0.5));
    expect(delays.slice(0, 3)).toEqual([500, 750, 1125]);
    expect(delays.at(-1)).toBe(10_000);
    expect(pollDelayMs(30, () => 0)).toBeCloseTo(8000);
    expect(pollDelayMs(30, () => 1)).toBeCloseTo(12_000);
  });

  it('ends with the state that is wanted', async () => {
    const clock = new FakeClock();
    let looks = 0;
    const waiting = poll({
      look: () => Promise.resolve(++looks),
      isDone: (state) => state === 3,
      onDeadline: () => new Error('late'),
      timeoutMs: 60_000,
      clock,
      random: () => 0.5,
    });
    await clock.advance(1250);
    expect(await waiting).toBe(3);
  });

  it('ends at the deadline with the last state', async () => {
    const clock = new FakeClock();
    const waiting = poll({
      look: () => Promise.resolve('busy'),
      isDone: () => false,
      onDeadline: (last) => new Error(`late: ${last ?? ''}`),
      timeoutMs: 5000,
      clock,
    });
    const outcome = expect(waiting).rejects.toThrow('late: busy');
    await clock.advance(5000);
    await outcome;
  });

  it('outlives a few failures of the service in a row, and no more', async () => {
    const clock = new FakeClock();
    const failing = (failures: number): Promise<string> => {
      let left = failures;
      return poll({
        look: () => (left-- > 0 ? Promise.reject(unavailable()) : Promise.resolve('done')),
        isDone: () => true,
        onDeadline: () => new Error('late'),
        timeoutMs: 600_000,
        clock,
      });
    };
    const five = failing(5);
    await clock.advance(100_000);
    expect(await five).toBe('done');
    const six = expect(failing(6)).rejects.toThrow(ServerError);
    await clock.advance(100_000);
    await six;
  });

  it('rejects with the reason of the abort, at once', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const reason = new Error('the user left');
    const waiting = poll({
      look: () => Promise.resolve(0),
      isDone: () => false,
      onDeadline: () => new Error('late'),
      timeoutMs: 60_000,
      clock,
      signal: controller.signal,
    });
    const outcome = expect(waiting).rejects.toBe(reason);
    await clock.advance(100);
    controller.abort(reason);
    await outcome;
  });
});

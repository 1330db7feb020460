/**
 * One read for many callers.
 */
import { describe, expect, it } from 'vitest';
import { sharedRead } from '../../../src/environment/shared-read.js';
import { TestClock } from './world.js';

interface Flight {
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

function controlledRead(): { readonly read: () => Promise<string>; readonly flights: Flight[] } {
  const flights: Flight[] = [];
  return { flights, read: () => new Promise((resolve, reject) => flights.push({ resolve, reject })) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a shared read', () => {
  it('is made once for many callers, and serves until it is too old', async () => {
    const clock = new TestClock();
    const { read, flights } = controlledRead();
    const shared = sharedRead(read, clock, 1000);
    const all = Promise.all([shared(), shared(), shared()]);
    await settle();
    expect(flights).toHaveLength(1);
    flights[0]!.resolve('first');
    expect(await all).toEqual(['first', 'first', 'first']);
    clock.advance(999);
    expect(await shared()).toBe('first');
    clock.advance(1);
    const later = shared();
    await settle();
    flights[1]!.resolve('second');
    expect(await later).toBe('second');
  });

  it('goes on for the others when one caller leaves', async () => {
    const { read, flights } = controlledRead();
    const shared = sharedRead(read, new TestClock(), 1000);
    const leaver = new AbortController();
    const left = shared(leaver.signal);
    const stayed = shared();
    leaver.abort('enough');
    await expect(left).rejects.toBe('enough');
    flights[0]!.resolve('value');
    expect(await stayed).toBe('value');
  });

  it('is kept also when all callers have left', async () => {
    const { read, flights } = controlledRead();
    const shared = sharedRead(read, new TestClock(), 1000);
    const leaver = new AbortController();
    const left = shared(leaver.signal);
    await settle();
    leaver.abort('enough');
    await expect(left).rejects.toBe('enough');
    flights[0]!.resolve('value');
    await settle();
    expect(await shared()).toBe('value');
    expect(flights).toHaveLength(1);
  });

  it('does not start for a caller who has already left', async () => {
    const { read, flights } = controlledRead();
    await expect(sharedRead(read, new TestClock(), 1000)(AbortSignal.abort('gone'))).rejects.toBe('gone');
    await settle();
    expect(flights).toHaveLength(0);
  });

  it('fails for those who waited, and is made anew for the next', async () => {
    const { read, flights } = controlledRead();
    const shared = sharedRead(read, new TestClock(), 1000);
    const both = Promise.allSettled([shared(), shared()]);
    await settle();
    flights[0]!.reject(new Error('down'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = shared();
    await settle();
    flights[1]!.resolve('up');
    expect(await next).toBe('up');
  });

  it('is not stuck after a read that throws at once', async () => {
    let calls = 0;
    const shared = sharedRead(
      () => {
        calls += 1;
        if (calls === 1) throw new Error('at once');
        return Promise.resolve('value');
      },
      new TestClock(),
      1000,
    );
    await expect(shared()).rejects.toThrow('at once');
    expect(await shared()).toBe('value');
  });
});

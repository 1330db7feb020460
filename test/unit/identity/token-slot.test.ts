import { describe, expect, it, test } from 'vitest';
import { AccessToken } from '../../../src/internal/access-token.js';
import { coolDownMs, TokenSlot, type SlotRules, type TimedToken } from '../../../src/identity/token-slot.js';
import { instantOf } from '../../../src/identity/freshness.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { failureOf, until } from './world.js';

const second = 1_000;

/** A slot whose tokens are numbered and live for `lifeMs`; `fail()` breaks the loads until it is called again. */
function startSlot(lifeMs: number): {
  readonly clock: FakeClock;
  readonly loads: () => number;
  readonly fail: (isBroken: boolean) => void;
  readonly get: (rejected?: string) => Promise<AccessToken>;
} {
  const clock = new FakeClock();
  const slot = new TokenSlot();
  const rules: SlotRules = { clock, marginMs: 30 * second, owner: slot };
  let loads = 0;
  let isBroken = false;
  const load = (): Promise<TimedToken> => {
    loads++;
    if (isBroken) return Promise.reject(new Error('broken'));
    return Promise.resolve({ token: new AccessToken(`at-${loads}`), life: { from: instantOf(clock), lifeMs } });
  };
  return {
    clock,
    loads: () => loads,
    fail: (broken) => {
      isBroken = broken;
    },
    get: (rejected) => slot.get({ rejected }, rules, load),
  };
}

describe('after a failure behind the callers’ backs', () => {
  test.each<[string, number, number, number]>([
    ['5 s at first', 1, 30 * second, 5 * second],
    ['longer after each further one', 3, 30 * second, 20 * second],
    ['a minute at most', 20, 30 * second, 60 * second],
    ['a quarter of a short margin', 1, 2_500, 625],
  ])('the next try waits: %s', (_, failures, marginMs, expected) => {
    expect(coolDownMs(failures, marginMs)).toBe(expected);
  });

  it('case 30: a dead provider is asked a few times in a margin, and not for every caller', async () => {
    const { clock, loads, fail, get } = startSlot(300 * second);
    await get();
    fail(true);
    await clock.advance(270 * second);
    for (let passed = 0; passed < 30; passed++) {
      for (let caller = 0; caller < 10; caller++) await get();
      await clock.advance(second);
    }
    expect(loads()).toBe(1 + 3);
    fail(false);
    await get();
    expect(loads()).toBe(1 + 3 + 1);
  });

  it('case 5: a token of 5 s is tried more than once in its margin', async () => {
    const { clock, loads, fail, get } = startSlot(5 * second);
    await get();
    fail(true);
    await clock.advance(2_500);
    for (let passedMs = 0; passedMs < 2_500; passedMs += 100) {
      await get();
      await clock.advance(100);
    }
    expect(loads()).toBe(1 + 3);
  });
});

describe('case 108: a service that refuses every token', () => {
  it('does not make every call a request for a token', async () => {
    const { clock, loads, get } = startSlot(300 * second);
    for (let call = 0; call < 20; call++) {
      const { value } = await get();
      await get(value).catch(() => undefined);
      await clock.advance(100);
    }
    expect(loads()).toBe(2);
    const { value } = await get();
    expect(await failureOf(get(value))).toMatchObject({ code: 'AUTH_REJECTED', retryable: false });
  });

  it('is given another one after a while', async () => {
    const { clock, loads, get } = startSlot(300 * second);
    const first = await get();
    const replaced = await get(first.value);
    await clock.advance(5 * second);
    expect((await get(replaced.value)).value).toBe('at-3');
    expect(loads()).toBe(3);
  });
});

it('a token that needs no renewal is there for others to use', async () => {
  const clock = new FakeClock();
  const slot = new TokenSlot();
  const rules: SlotRules = { clock, marginMs: 30 * second, owner: slot };
  expect(slot.fresh(rules)).toBeUndefined();
  let isLoaded = false;
  const load = (): Promise<TimedToken> =>
    Promise.resolve({ token: new AccessToken('at'), life: { from: instantOf(clock), lifeMs: 300 * second } });
  void slot.get({}, rules, load).then(() => {
    isLoaded = true;
  });
  await until(() => isLoaded);
  expect(slot.fresh(rules)?.token.value).toBe('at');
  await clock.advance(271 * second);
  expect(slot.fresh(rules)).toBeUndefined();
});

import { describe, expect, it, test } from 'vitest';
import { decideRetry, parseRetryAfter, retryPolicy, type Decision, type Outcome } from '../../../src/http/retry.js';

const safe = retryPolicy(undefined, undefined, true);
const unsafe = retryPolicy(undefined, undefined, false);
const stop: Decision = { retry: false };
const again = (afterMs: number): Decision => ({ retry: true, afterMs });

test.each<[string, Outcome, number, Decision]>([
  ['a refused connection never reached the server', { kind: 'network', code: 'ECONNREFUSED' }, 1, again(250)],
  ['the wait doubles', { kind: 'network', code: 'ECONNREFUSED' }, 2, again(500)],
  ['two repeats are enough', { kind: 'network', code: 'ECONNREFUSED' }, 3, stop],
  ['a reset connection', { kind: 'network', code: 'ECONNRESET' }, 1, again(250)],
  ['an unknown failure', { kind: 'network', code: undefined }, 1, stop],
  ['an overloaded server', { kind: 'status', status: 503 }, 1, again(250)],
  ['Retry-After is kept', { kind: 'status', status: 503, retryAfterMs: 7000 }, 1, again(7000)],
  ['Retry-After is capped', { kind: 'status', status: 503, retryAfterMs: 3_600_000 }, 1, again(30_000)],
  ['501 will not change its mind', { kind: 'status', status: 501 }, 1, stop],
  ['a refusal is final', { kind: 'status', status: 400 }, 1, stop],
  ['a timeout of the server', { kind: 'status', status: 408 }, 1, again(250)],
])('a safe operation: %s', (_, outcome, attempt, decision) => {
  expect(decideRetry(outcome, attempt, safe, () => 0.5)).toEqual(decision);
});

test.each<[string, Outcome, Decision]>([
  ['a request that was never sent is sent again', { kind: 'network', code: 'ENOTFOUND' }, again(250)],
  ['a reset connection may have done its work', { kind: 'network', code: 'ECONNRESET' }, stop],
  ['429 refuses before it acts', { kind: 'status', status: 429, retryAfterMs: 1000 }, again(1000)],
  ['503 may come after the work', { kind: 'status', status: 503, retryAfterMs: 1000 }, stop],
  ['500', { kind: 'status', status: 500 }, stop],
])('an operation that must not run twice: %s', (_, outcome, decision) => {
  expect(decideRetry(outcome, 1, unsafe, () => 0.5)).toEqual(decision);
});

describe('the options of a call', () => {
  it('win over those of the client', () => {
    const policy = retryPolicy({ limit: 0 }, { limit: 5, baseMs: 10 }, true);
    expect(policy).toEqual({ limit: 0, baseMs: 10, maxMs: 30_000, safe: true });
    expect(decideRetry({ kind: 'status', status: 503 }, 1, policy, () => 0.5)).toEqual(stop);
  });
});

test.each<[string | null, number | undefined]>([
  ['3', 3000],
  [' 0 ', 0],
  ['Thu, 01 Jan 1970 00:00:10 GMT', 9000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['-3', undefined],
  ['1.5', undefined],
  ['1e9', undefined],
  ['10000000000000', undefined],
  ['soon', undefined],
  ['2030', 2_030_000],
  [null, undefined],
])('Retry-After %j is %j ms', (value, expected) => {
  expect(parseRetryAfter(value, 1000)).toBe(expected);
});

import { expect, test } from 'vitest';
import { progress } from '../../../src/local/mlops/deployments/states.js';

test.each<[string, number, boolean, string, number]>([
  ['waits at first', 0, false, 'PENDING', 0],
  ['still waits', 249, false, 'PENDING', 0],
  ['is prepared', 250, false, 'PREPARING', 250],
  ['is launched', 500, false, 'LAUNCHING', 500],
  ['is not up a moment too early', 999, false, 'LAUNCHING', 500],
  ['is up', 1000, false, 'HEALTHY', 1000],
  ['stays up', 99_999, false, 'HEALTHY', 1000],
  ['is launched, though it will fail', 999, true, 'LAUNCHING', 500],
  ['fails', 1000, true, 'FAILED', 1000],
])('a deployment %s', (_, elapsedMs, fails, state, since) => {
  const revisedAt = 5_000_000;
  expect(progress({ revisedAt, fails }, revisedAt + elapsedMs, 1000)).toEqual({ state, since: revisedAt + since });
});

test('a deployment that needs no time is up at once', () => {
  expect(progress({ revisedAt: 7, fails: false }, 7, 0)).toEqual({ state: 'HEALTHY', since: 7 });
});

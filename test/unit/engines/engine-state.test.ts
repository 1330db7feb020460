import { expect, test } from 'vitest';
import { lookAt, stateOf } from '../../../src/engines/engine-state.js';

test.each([
  ['RUNNING', false, 'RUNNING', 'arrived'],
  ['STARTING', true, 'RUNNING', 'moving'],
  ['CONNECTING', true, 'RUNNING', 'moving'],
  // The service has not begun with the pause.
  ['RUNNING', false, 'PAUSED', 'settled'],
  ['RUNNING', true, 'PAUSED', 'moving'],
  ['PAUSED', false, 'RUNNING', 'settled'],
  ['FAILED', false, 'RUNNING', 'hopeless'],
  // A failed engine that is being resumed.
  ['FAILED', true, 'RUNNING', 'moving'],
  ['DELETING', true, 'RUNNING', 'hopeless'],
  ['TERMINATED', false, 'RUNNING', 'hopeless'],
  ['TERMINATED', false, 'TERMINATED', 'arrived'],
  ['DREAMING', false, 'RUNNING', 'moving'],
])('%s (reconciling: %s) for who waits for %s: %s', (state, reconciling, wanted, verdict) => {
  expect(lookAt({ state, reconciling }, wanted)).toEqual({ status: state, verdict });
});

test.each([
  ['STATE_RUNNING', 'RUNNING'],
  ['STATE_OF_MIND', 'OF_MIND'],
  [null, 'UNSPECIFIED'],
  [undefined, 'UNSPECIFIED'],
])('%s reads as %s', (wire, state) => {
  expect(stateOf(wire)).toBe(state);
});

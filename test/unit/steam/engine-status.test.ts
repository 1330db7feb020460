import { expect, test } from 'vitest';
import { lookAt } from '../../../src/steam/engine-status.js';

test.each([
  ['running', 'running', 'running', 'arrived'],
  ['starting', 'running', 'running', 'moving'],
  ['connecting', 'running', 'running', 'moving'],
  // After a stop, Steam goes on saying that it runs.
  ['running', 'stopped', 'stopped', 'moving'],
  ['running', 'stopped', 'running', 'moving'],
  ['stopped', 'stopped', 'stopped', 'arrived'],
  ['stopped', 'stopped', 'running', 'settled'],
  ['running', 'running', 'stopped', 'settled'],
  ['failed', 'running', 'running', 'hopeless'],
  ['terminating', 'terminated', 'running', 'hopeless'],
  ['terminating', 'terminated', 'terminated', 'moving'],
  ['terminated', 'terminated', 'terminated', 'arrived'],
  ['terminated', 'terminated', 'stopped', 'hopeless'],
  ['dreaming', 'running', 'running', 'moving'],
  ['running', '', 'running', 'arrived'],
])('%s, to be %s, for who waits for %s: %s', (status, targetStatus, wanted, verdict) => {
  expect(lookAt({ status, targetStatus }, wanted)).toMatchObject({ status, targetStatus, verdict });
});

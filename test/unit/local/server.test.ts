import { expect, test } from 'vitest';
import { loopbackHosts } from '../../../src/local/server.js';

test.each([
  [8080, 'localhost:8080', true],
  [8080, 'localhost', false],
  [80, 'localhost:80', true],
  [80, '127.0.0.1', true],
  [80, 'rebound.example', false],
])('on port %d the host %s is taken for this machine: %s', (port, host, isTaken) => {
  expect(loopbackHosts(port).has(host)).toBe(isTaken);
});

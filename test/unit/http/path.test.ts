import { expect, it, test } from 'vitest';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { expandPath } from '../../../src/http/path.js';

test.each([
  ['/v1/{id}/status', { id: 'a b/c?d#e' }, '/v1/a%20b%2Fc%3Fd%23e/status'],
  ['/v2/{+deployment}/status', { deployment: 'workspaces/w 1/deployments/d' }, '/v2/workspaces/w%201/deployments/d/status'],
  ['/v1/{id}', { id: '...' }, '/v1/...'],
  ['/v1/x', {}, '/v1/x'],
])('%s with %j is %s', (template, parameters, expected) => {
  expect(expandPath(template, parameters)).toBe(expected);
});

test.each([{ id: '..' }, { id: '.' }, { id: '' }, {}, Object.create({ id: 'inherited' }) as Record<string, string>])(
  'a parameter cannot leave its segment: %j',
  (parameters) => {
    expect(() => expandPath('/v1/{id}/status', parameters)).toThrow(ConfigurationError);
  },
);

it('a resource name cannot climb', () => {
  expect(() => expandPath('/v2/{+name}', { name: 'workspaces/../secrets' })).toThrow(ConfigurationError);
  expect(() => expandPath('/v2/{+name}', { name: 'workspaces//x' })).toThrow(ConfigurationError);
});

import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { checkedEngineId, engineName, globalName, idFromName, withSuffix, workspaceName } from '../../../src/engines/names.js';

test.each([
  ['credit', 'workspaces/default/daiEngines/credit'],
  ['workspaces/team/daiEngines/credit', 'workspaces/team/daiEngines/credit'],
  [{ id: 'workspaces/default/daiEngines/credit', name: 'ignored' }, 'workspaces/default/daiEngines/credit'],
])('%j names an engine', (reference, name) => {
  expect(engineName(reference, 'daiEngines')).toBe(name);
});

test.each([
  '',
  '..',
  'a/b',
  'workspaces/default/h2oEngines/credit',
  'workspaces/../daiEngines/credit',
  'workspaces/default/daiEngines/credit/x',
  'workspaces/default/daiEngines/',
  'a b',
  '%2e%2e',
  {},
  null,
  undefined,
  7,
])('%j names none', (reference) => {
  expect(() => engineName(reference, 'daiEngines')).toThrow(ConfigurationError);
});

test.each([
  ['Credit Risk', 'credit-risk'],
  ['a_b  c', 'a-b-c'],
  ['Über 9000', 'ber-9000'],
  ['42 is it', 'is-it'],
  ['---', 'fallback'],
  ['', 'fallback'],
  ['日本', 'fallback'],
  ['trailing ', 'trailing'],
  ['x'.repeat(80), 'x'.repeat(58)],
])('the id of %j is %s', (name, id) => {
  expect(idFromName(name, 'fallback')).toBe(id);
});

it('whatever the name, the service takes the id, with a suffix too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), fc.double({ min: 0, max: 0.9999, noNaN: true }), (name, random) => {
      const id = idFromName(name, 'fallback');
      expect(checkedEngineId(id)).toBe(id);
      expect(checkedEngineId(withSuffix(id, random))).toMatch(/-\d{4}$/);
    }),
  );
});

test.each(['Credit', '1st', 'a-', '-a', 'a_b', '', 'x'.repeat(64)])('%j is no id', (id) => {
  expect(() => checkedEngineId(id)).toThrow(ConfigurationError);
});

it('what administrators provide is named by its id or its whole name', () => {
  expect(globalName('small', 'daiEngineProfiles')).toBe('workspaces/global/daiEngineProfiles/small');
  expect(globalName('workspaces/team/daiEngineProfiles/x', 'daiEngineProfiles')).toBe('workspaces/team/daiEngineProfiles/x');
  expect(() => globalName('a/b', 'daiEngineProfiles')).toThrow(ConfigurationError);
});

it('a workspace is named by its id or its whole name', () => {
  expect(workspaceName()).toBe('workspaces/default');
  expect(workspaceName('workspaces/team')).toBe('workspaces/team');
  expect(() => workspaceName('../x')).toThrow(ConfigurationError);
});

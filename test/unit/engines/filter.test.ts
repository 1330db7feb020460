import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { filterText, fitsFilter } from '../../../src/engines/filter.js';
import { matcher } from '../../../src/local/engine-manager/filter.js';

test.each([
  [{}, ''],
  [{ state: 'RUNNING' }, 'state = STATE_RUNNING'],
  [{ name: 'a', creatorName: 'b' }, 'display_name = "a" AND creator_display_name = "b"'],
  [{ name: 'say "hi" \\ bye' }, 'display_name = "say \\"hi\\" \\\\ bye"'],
  [{ name: '" OR state = STATE_PAUSED' }, 'display_name = "\\" OR state = STATE_PAUSED"'],
])('%j is written as %s', (filter, text) => {
  expect(filterText(filter)).toBe(text);
});

test.each(['running', 'A OR B', '', 'A"'])('the state %j is refused', (state) => {
  expect(() => filterText({ state })).toThrow(ConfigurationError);
});

it('whatever the name, exactly that one passes', () => {
  const fields = { display_name: 'displayName' };
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (name, other) => {
      const passes = (candidate: string): boolean =>
        matcher(filterText({ name }), fields)({ displayName: candidate }) &&
        fitsFilter({ state: 'RUNNING', name: candidate, creatorName: '' }, { name });
      expect(passes(name)).toBe(true);
      expect(passes(other)).toBe(other === name);
    }),
  );
});

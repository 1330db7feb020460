import { expect, test } from 'vitest';
import { positionOn } from '../../../src/local/engine-course.js';

const course = { through: ['STARTING', 'CONNECTING'], to: 'RUNNING', startedAt: 1000, takesMs: 100 };

test.each([
  [900, 'STARTING', false, 1000],
  [1000, 'STARTING', false, 1000],
  [1049, 'STARTING', false, 1000],
  [1050, 'CONNECTING', false, 1050],
  [1099, 'CONNECTING', false, 1050],
  [1100, 'RUNNING', true, 1100],
  [9999, 'RUNNING', true, 1100],
])('at %i it is %s', (now, state, isThere, since) => {
  expect(positionOn(course, now)).toEqual({ state, isThere, since });
});

test('without states on the way it is there at once', () => {
  expect(positionOn({ ...course, through: [] }, 1000).state).toBe('RUNNING');
});

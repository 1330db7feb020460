import { afterEach, expect, it } from 'vitest';
import { compact } from '../../../src/mlops/api/rpc.js';

afterEach(() => {
  Reflect.deleteProperty(Object.prototype, 'polluted');
});

it('keeps what is set, also null, false, 0 and the empty text', () => {
  expect(Object.entries(compact({ a: null, b: false, c: 0, d: '', e: undefined }))).toEqual([
    ['a', null],
    ['b', false],
    ['c', 0],
    ['d', ''],
  ]);
});

it('takes nothing from a polluted prototype', () => {
  Reflect.set(Object.prototype, 'polluted', 'by somebody');
  expect(Object.keys(compact({ a: 1 }))).toEqual(['a']);
});

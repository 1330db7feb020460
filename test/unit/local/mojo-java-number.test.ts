import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { parseJavaDouble, printJavaDouble } from '../../../src/local/mojo/java-number.js';

test.each([
  [1.6546619477852492e-6, '1.6546619477852492E-6'],
  [0.9754649001047808, '0.9754649001047808'],
  [1, '1.0'],
  [-12, '-12.0'],
  [0, '0.0'],
  [-0, '-0.0'],
  [0.001, '0.001'],
  [0.000999, '9.99E-4'],
  [1e-5, '1.0E-5'],
  [9_999_999, '9999999.0'],
  [10_000_000, '1.0E7'],
  [123_456_789, '1.23456789E8'],
  [1e22, '1.0E22'],
  [1.7976931348623157e308, '1.7976931348623157E308'],
  [5e-324, '4.9E-324'],
  [-1e-323, '-9.9E-324'],
  [2e23, '2.0E23'],
  [9_999_999.999999998, '9999999.999999998'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
])('%d is printed as %s', (value, text) => {
  expect(printJavaDouble(value)).toBe(text);
});

it('every number reads back as itself', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      expect(parseJavaDouble(printJavaDouble(value))).toBe(value);
    }),
  );
});

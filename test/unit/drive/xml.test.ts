import { expect, it } from 'vitest';
import { elementsOf, escaped, isDocument, textOf } from '../../../src/drive/api/xml.js';

it('text is found by the name of its element, and unescaped', () => {
  expect(textOf('<a><Key>x &amp;lt; &quot;&#252;&#xFC;&quot; &unknown;</Key></a>', 'Key')).toBe('x &lt; "üü" &unknown;');
  expect(textOf('<a></a>', 'Key')).toBeUndefined();
});

it('elements are found in order, and none in a document that breaks off', () => {
  expect(elementsOf('<C>1</C><C>2</C><C>3', 'C')).toEqual(['1', '2']);
  expect(elementsOf('<C>'.repeat(100_000), 'C')).toEqual([]);
});

it('the outermost element tells one answer from another', () => {
  expect(isDocument('<?xml version="1.0"?>\n<Error><Code>x</Code></Error>', 'Error')).toBe(true);
  expect(isDocument('<ListBucketResult xmlns="x"></ListBucketResult>', 'ListBucketResult')).toBe(true);
  expect(isDocument('<html><Error></Error></html>', 'Error')).toBe(false);
  expect(isDocument('', 'Error')).toBe(false);
});

it('what is escaped reads back', () => {
  expect(textOf(`<E>${escaped('"a" & <b>')}</E>`, 'E')).toBe('"a" & <b>');
});

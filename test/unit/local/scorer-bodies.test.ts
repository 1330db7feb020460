import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeJson, parseLoosely, UnreadableJson } from '../../../src/local/scorer/loose-json.js';
import { readMultipart } from '../../../src/local/scorer/multipart.js';

const strictly = { ignoresRest: false };
const bytes = (text: string | Buffer): ArrayBuffer => new Uint8Array(Buffer.from(text)).buffer;

describe('JSON as scorers read it', () => {
  test.each<[string, string, unknown, boolean]>([
    ['is JSON', '{"a":[1,"x"]}', { a: [1, 'x'] }, false],
    ['may have a bare NaN', '{"a":NaN}', { a: 'NaN' }, true],
    ['and Infinity of either sign', '[Infinity,-Infinity]', ['Infinity', '-Infinity'], true],
    ['but the word in a text is text', String.raw`{"a":"NaN \" NaN","b":NaN}`, { a: 'NaN " NaN', b: 'NaN' }, true],
    ['and a text may end in a backslash', String.raw`["\\",NaN]`, ['\\', 'NaN'], true],
  ])('%s', (_, text, value, hasNaN) => {
    expect(parseLoosely(text, strictly)).toEqual({ value, hasNaN });
  });

  it('may be followed by anything, where that does not matter', () => {
    expect(parseLoosely('{"a":"}"} xyz', { ignoresRest: true }).value).toEqual({ a: '}' });
    expect(() => parseLoosely('{"a":"}"} xyz', strictly)).toThrow(UnreadableJson);
  });

  test.each(['', 'no json', '{"a":', '["a', '{"a":NaN', '}', '[NaN]]'])('is not %j', (text) => {
    expect(() => parseLoosely(text, strictly)).toThrow(UnreadableJson);
  });

  it('nests no deeper than the readers go', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(() => parseLoosely(nested(1000), strictly)).not.toThrow();
    expect(() => parseLoosely(nested(1001), strictly)).toThrow(UnreadableJson);
    expect(() => parseLoosely(nested(1_000_000), strictly)).toThrow(UnreadableJson);
  });

  it('whatever the text: it is read, or refused in one way', () => {
    const texts = fc.oneof(
      fc.json(),
      fc.string(),
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'NaN', '-Infinity', ' ', '1') }),
    );
    fc.assert(
      fc.property(texts, fc.boolean(), (text, ignoresRest) => {
        try {
          parseLoosely(text, { ignoresRest });
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableJson);
        }
      }),
    );
  });

  test.each<[string, Buffer]>([
    ['UTF-8', Buffer.from('{"é":1}')],
    ['UTF-8 with a mark', Buffer.from('\ufeff{"é":1}')],
    ['UTF-16', Buffer.from('{"é":1}', 'utf16le')],
    ['UTF-16 with a mark', Buffer.from('\ufeff{"é":1}', 'utf16le')],
    ['UTF-16 the other way round', Buffer.from('{"é":1}', 'utf16le').swap16()],
  ])('may be %s', (_, body) => {
    expect(JSON.parse(decodeJson(bytes(body)))).toEqual({ é: 1 });
  });

  it('is not anything else', () => {
    expect(() => decodeJson(bytes(Buffer.from([0x7b, 0xff, 0xfe])))).toThrow(UnreadableJson);
  });
});

describe('a multipart body', () => {
  const body = (...lines: readonly string[]): ArrayBuffer => bytes(lines.join('\r\n'));
  const head = 'Content-Disposition: form-data; name="a"; filename="c.png"';

  test.each(['multipart/form-data; boundary=B', 'multipart/form-data; charset=utf-8; boundary="B"'])('under %s', (type) => {
    const parts = readMultipart(body('preamble', '--B', head, 'Content-Type: image/png ', '', 'one', '', 'two', '--B--', ''), type);
    expect(parts?.map((part) => ({ ...part, bytes: part.bytes.toString() }))).toEqual([
      { name: 'a', fileName: 'c.png', contentType: 'image/png', bytes: 'one\r\n\r\ntwo' },
    ]);
  });

  test.each<[string, ArrayBuffer, string]>([
    ['without a boundary', body('--B', head, '', 'x', '--B--'), 'multipart/form-data'],
    ['with another one', body('--B', head, '', 'x', '--B--'), 'multipart/form-data; boundary=C'],
    ['without an end', body('--B', head, '', 'x'), 'multipart/form-data; boundary=B'],
    ['with a part without a name', body('--B', 'Content-Disposition: form-data', '', 'x', '--B--'), 'multipart/form-data; boundary=B'],
    ['with a part without a body', body('--B', head, '--B--'), 'multipart/form-data; boundary=B'],
    ['that is empty', body(''), 'multipart/form-data; boundary=B'],
  ])('%s is none', (_, bytesOfBody, type) => {
    expect(readMultipart(bytesOfBody, type)).toBeUndefined();
  });
});

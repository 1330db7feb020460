/**
 * JSON as scorers read it: in any encoding of Unicode, with a bare `NaN`, and, if they like, with anything after its end.
 */

/** Thrown for what is no JSON even so. */
export class UnreadableJson extends Error {
  override readonly name: string = 'UnreadableJson';
  /** What is wrong, in the words of Python's reader, and where; undefined for what is no text at all. */
  readonly fault: { readonly reason: string; readonly position: number } | undefined;

  constructor(fault?: UnreadableJson['fault']) {
    super('The body is no JSON.');
    this.fault = fault;
  }
}

/**
 * The text of a body.
 *
 * @throws {UnreadableJson} its bytes are no Unicode text
 */
export function decodeJson(body: ArrayBuffer): string {
  const [first, second] = new Uint8Array(body, 0, Math.min(2, body.byteLength));
  // JSON begins with a character of ASCII, so a zero beside it, or a byte order mark, gives the encoding away.
  const isBigEndian = first === 0 || (first === 0xfe && second === 0xff);
  const isLittleEndian = second === 0 || (first === 0xff && second === 0xfe);
  const encoding = isBigEndian ? 'utf-16be' : isLittleEndian ? 'utf-16le' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(body);
  } catch {
    throw new UnreadableJson();
  }
}

export interface LooseJson {
  readonly value: unknown;
  /** Whether there was a number that JSON does not have; it became text. */
  readonly hasNaN: boolean;
}

/**
 * The value in a text.
 *
 * @param ignoresRest whether what follows the value is passed over
 * @throws {UnreadableJson} it is no JSON
 */
export function parseLoosely(text: string, { ignoresRest }: { readonly ignoresRest: boolean }): LooseJson {
  const json = readLoosely(text, ignoresRest);
  if (isDeeper(json.value, mostLevels)) throw new UnreadableJson();
  return json;
}

function readLoosely(text: string, ignoresRest: boolean): LooseJson {
  try {
    return { value: parsed(text), hasNaN: false };
  } catch {
    const { value, end, hasNaN } = withoutOddities(text);
    const result = parsed(value);
    const rest = text.slice(end).trimStart();
    if (!ignoresRest && rest !== '') throw new UnreadableJson({ reason: 'Extra data', position: text.length - rest.length });
    return { value: result, hasNaN };
  }
}

/** What the readers of the Java and the Python scorers go down to. */
const mostLevels = 1000;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member: unknown) => isDeeper(member, levels - 1));
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    throw new UnreadableJson({
      reason: message.startsWith('Unterminated string') ? 'Unterminated string starting at' : 'Expecting value',
      position: Number(/at position (\d+)/.exec(message)?.[1] ?? 0),
    });
  }
}

interface Parts {
  readonly value: string;
  /** Where in the text the value ends. */
  readonly end: number;
  readonly hasNaN: boolean;
}

/** The first object or list of a text, with its odd numbers in quotes. */
function withoutOddities(text: string): Parts {
  const oddNumber = /NaN|-?Infinity/y;
  let depth = 0;
  let value = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return { value: value + text.slice(copied, at + 1), end: at + 1, hasNaN: copied > 0 };
    } else {
      oddNumber.lastIndex = at;
      const [odd] = oddNumber.exec(text) ?? [];
      if (odd === undefined) continue;
      value += `${text.slice(copied, at)}"${odd}"`;
      at += odd.length - 1;
      copied = at + 1;
    }
  }
  return { value: value + text.slice(copied), end: text.length, hasNaN: copied > 0 };
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === '"') return at;
  }
  return text.length;
}

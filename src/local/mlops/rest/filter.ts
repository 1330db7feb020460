/**
 * Filter expressions of the REST APIs (AIP-160): `display_name = 'x' AND (create_time > timestamp('…') OR NOT description:'y')`.
 * Pure: text in, a test of entries in their wire shape out.
 */
import type { JsonObject } from '../../json.js';
import { camelCase } from '../message.js';
import { invalidArgument } from '../rpc-error.js';

export type Test = (entry: JsonObject) => boolean;

const tokenPattern = /\s*(?:(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>!=|<=|>=|[=<>:(),-])|(?<word>[^\s"'=<>:!(),]+))/y;

interface Token {
  readonly kind: 'text' | 'sign' | 'word';
  readonly value: string;
}

function tokens(filter: string): readonly Token[] {
  const found: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (filter.slice(tokenPattern.lastIndex).trim() !== '') {
    const groups = tokenPattern.exec(filter)?.groups;
    if (groups === undefined) throw unreadable(filter);
    const { text, sign, word } = groups;
    if (text !== undefined) found.push({ kind: 'text', value: text.slice(1, -1).replace(/\\(.)/gs, '$1') });
    else if (sign !== undefined) found.push({ kind: 'sign', value: sign });
    else found.push({ kind: 'word', value: word ?? '' });
  }
  return found;
}

const unreadable = (filter: string) => invalidArgument(`the filter cannot be read: ${filter}`);

/** The entries' test that a filter expression stands for; an empty one lets everything through. */
export function filterTest(filter: string): Test {
  if (filter.trim() === '') return () => true;
  const reader = new Reader(tokens(filter), () => unreadable(filter));
  const test = reader.alternatives();
  reader.expectEnd();
  return test;
}

/** `OR` binds tighter than `AND`: so AIP-160 has it, unlike most languages. */
class Reader {
  readonly #tokens: readonly Token[];
  readonly #refusal: () => Error;
  #position = 0;

  constructor(all: readonly Token[], refusal: () => Error) {
    this.#tokens = all;
    this.#refusal = refusal;
  }

  /** A whole expression: terms joined by `AND`, or by nothing, each of them alternatives. */
  alternatives(): Test {
    const terms = [this.#disjunction()];
    while (this.#takeWord('AND') || this.#startsTerm()) terms.push(this.#disjunction());
    return (entry) => terms.every((term) => term(entry));
  }

  expectEnd(): void {
    if (this.#position < this.#tokens.length) throw this.#refusal();
  }

  #disjunction(): Test {
    const terms = [this.#negatable()];
    while (this.#takeWord('OR')) terms.push(this.#negatable());
    return (entry) => terms.some((term) => term(entry));
  }

  #negatable(): Test {
    if (this.#takeWord('NOT') || this.#takeSign('-')) {
      const inner = this.#simple();
      return (entry) => !inner(entry);
    }
    return this.#simple();
  }

  #simple(): Test {
    if (!this.#takeSign('(')) return this.#comparison();
    const inner = this.alternatives();
    if (!this.#takeSign(')')) throw this.#refusal();
    return inner;
  }

  #comparison(): Test {
    const field = this.#take('word').value;
    const operator = this.#take('sign').value;
    const value = this.#value();
    const compare = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
    if (compare === undefined) throw this.#refusal();
    return (entry) => valuesAt(entry, field).some((actual) => compare(actual, value)) !== (operator === '!=');
  }

  /** A text or a bare word; `timestamp('…')` stands for its text. */
  #value(): string {
    const token = this.#next();
    if (token === undefined || token.kind === 'sign') throw this.#refusal();
    if (token.kind === 'text' || !this.#takeSign('(')) return token.value;
    const { value } = this.#take('text');
    if (!this.#takeSign(')')) throw this.#refusal();
    return value;
  }

  #startsTerm(): boolean {
    const token = this.#tokens[this.#position];
    return token !== undefined && (token.kind === 'word' || token.value === '(' || token.value === '-');
  }

  #next(): Token | undefined {
    return this.#tokens[this.#position++];
  }

  #take(kind: Token['kind']): Token {
    const token = this.#next();
    if (token?.kind !== kind) throw this.#refusal();
    return token;
  }

  #takeSign(sign: string): boolean {
    return this.#takeIf('sign', sign);
  }

  #takeWord(word: string): boolean {
    return this.#takeIf('word', word);
  }

  #takeIf(kind: Token['kind'], value: string): boolean {
    const token = this.#tokens[this.#position];
    if (token?.kind !== kind || token.value !== value) return false;
    this.#position++;
    return true;
  }
}

const isTime = /^\d{4}-\d\d-\d\dT/;

/** Times by the moment, numbers by their size, everything else as text. */
function order(actual: string, wanted: string): number {
  const [one, other] = isTime.test(wanted) ? [Date.parse(actual), Date.parse(wanted)] : [Number(actual), Number(wanted)];
  if (!Number.isNaN(one) && !Number.isNaN(other) && wanted !== '') return one - other;
  return actual < wanted ? -1 : actual > wanted ? 1 : 0;
}

const operators: Readonly<Record<string, (actual: string, wanted: string) => boolean>> = {
  '=': (actual, wanted) => order(actual, wanted) === 0,
  // Turned round by the caller, so that it holds for a list when no entry of it is equal.
  '!=': (actual, wanted) => order(actual, wanted) === 0,
  '<': (actual, wanted) => order(actual, wanted) < 0,
  '<=': (actual, wanted) => order(actual, wanted) <= 0,
  '>': (actual, wanted) => order(actual, wanted) > 0,
  '>=': (actual, wanted) => order(actual, wanted) >= 0,
  ':': (actual, wanted) => wanted === '*' || actual.includes(wanted),
};

/** The texts that a field such as `annotations.key` has: one, or one for each entry of a list. */
function valuesAt(entry: JsonObject, field: string): readonly string[] {
  const [first = '', ...rest] = field.split('.');
  const name = camelCase(first);
  if (!Object.hasOwn(entry, name)) throw invalidArgument(`the filter names ${field}, which there is not`);
  let value: unknown = entry[name];
  for (const key of rest) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((each) => (typeof each === 'string' ? each : each === undefined || each === null ? '' : JSON.stringify(each)));
}

/** Entries in the order of an `orderBy`, as `create_time desc, display_name`. */
export function ordered(entries: readonly JsonObject[], orderBy: string): readonly JsonObject[] {
  const keys = orderBy
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [field = '', direction = 'asc'] = part.split(/\s+/);
      if (!/^(asc|desc)$/i.test(direction)) throw invalidArgument(`order_by cannot be read: ${part}`);
      return { field, sign: direction.toLowerCase() === 'desc' ? -1 : 1 };
    });
  return [...entries].sort((one, other) => {
    for (const { field, sign } of keys) {
      const difference = sign * order(valuesAt(one, field)[0] ?? '', valuesAt(other, field)[0] ?? '');
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

/**
 * Reads a request the way the Python runtimes do: a framework checks every value against its declared type and lists all that is wrong, each with
 * the way to it. Its two generations differ in what they convert, and in every word.
 */
import { shapleyTypes } from './score-request.js';
import type { ScoreRequest, ShapleyType } from './score-request.js';

/** Pydantic 1 turns numbers into text; 2 refuses them, and quotes what it refuses. */
export type Generation = 1 | 2;

type Location = readonly (string | number)[];

/** One entry of a 422's `detail`. */
export type Complaint = Readonly<Record<string, unknown>>;

type Kind = 'missing' | 'null' | 'list' | 'text' | 'object' | 'boolean' | 'choice';

const choices = shapleyTypes.map((type) => `'${type}'`);

const words: Readonly<Record<Generation, Readonly<Record<Kind, Complaint>>>> = {
  1: {
    missing: { msg: 'field required', type: 'value_error.missing' },
    null: { msg: 'none is not an allowed value', type: 'type_error.none.not_allowed' },
    list: { msg: 'value is not a valid list', type: 'type_error.list' },
    text: { msg: 'str type expected', type: 'type_error.str' },
    object: { msg: 'value is not a valid dict', type: 'type_error.dict' },
    boolean: { msg: 'value could not be parsed to a boolean', type: 'type_error.bool' },
    choice: {
      msg: `value is not a valid enumeration member; permitted: ${choices.join(', ')}`,
      type: 'type_error.enum',
      ctx: { enum_values: shapleyTypes },
    },
  },
  2: {
    missing: { type: 'missing', msg: 'Field required' },
    null: { type: 'none', msg: 'Input should not be null' },
    list: { type: 'list_type', msg: 'Input should be a valid list' },
    text: { type: 'string_type', msg: 'Input should be a valid string' },
    object: { type: 'model_attributes_type', msg: 'Input should be a valid dictionary or object to extract fields from' },
    boolean: { type: 'bool_parsing', msg: 'Input should be a valid boolean, unable to interpret input' },
    choice: {
      type: 'enum',
      msg: `Input should be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`,
      ctx: { expected: `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}` },
    },
  },
};

/** What is wrong with the value at a place. */
export function complaint(generation: Generation, kind: Kind, loc: Location, input: unknown): Complaint {
  const { type, msg, ...context } = words[generation][kind];
  return generation === 1 ? { loc, msg, type, ...context } : { type, loc, msg, input, ...context };
}

export type ReadRequest = { readonly request: ScoreRequest } | { readonly complaints: readonly Complaint[] };

/** Reads the body of a request; a contribution request must say which values it wants. */
export function readPythonRequest(body: unknown, { generation, isContribution }: ReadOptions): ReadRequest {
  const object = bodyObject(body, generation);
  if ('complaints' in object) return object;
  const reader = new Reader(object.members, generation);
  const shapleyFirst = isContribution ? reader.shapleyType({ isRequired: true }) : null;
  const request: ScoreRequest = {
    fields: reader.required('fields', (value, loc) => reader.listOf(value, loc, reader.text)),
    rows: reader.required('rows', (value, loc) => reader.listOf(value, loc, (row, at) => reader.listOf(row, at, reader.text))),
    noFieldNamesInOutput: reader.optional('noFieldNamesInOutput', reader.flag) ?? false,
    predictionIntervals: reader.optional('requestPredictionIntervals', reader.flag) ?? false,
    includeFieldsInOutput: reader.optional('includeFieldsInOutput', (value, loc) => reader.listOf(value, loc, reader.text)),
    idField: reader.optional('idField', reader.text),
    shapley: isContribution ? shapleyFirst : reader.shapleyType({ isRequired: false }),
  };
  return reader.complaints.length > 0 ? { complaints: reader.complaints } : { request };
}

interface ReadOptions {
  readonly generation: Generation;
  readonly isContribution: boolean;
}

type Members = ReadonlyMap<string, unknown>;

function bodyObject(body: unknown, generation: Generation): { readonly members: Members } | { readonly complaints: readonly Complaint[] } {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { members: new Map(Object.entries(body)) };
  if (body === undefined || (body === null && generation === 1)) {
    return { complaints: [complaint(generation, 'missing', ['body'], null)] };
  }
  // The first generation makes an object of an empty list.
  if (generation === 1 && Array.isArray(body) && body.length === 0) return { members: new Map() };
  return { complaints: [complaint(generation, 'object', ['body'], body)] };
}

const yes: readonly unknown[] = [true, 1, '1', 'on', 't', 'true', 'y', 'yes'];
const no: readonly unknown[] = [false, 0, '0', 'off', 'f', 'false', 'n', 'no'];

class Reader {
  readonly complaints: Complaint[] = [];
  readonly #members: Members;
  readonly #generation: Generation;

  constructor(members: Members, generation: Generation) {
    this.#members = members;
    this.#generation = generation;
  }

  required<Value>(name: string, read: (value: unknown, loc: Location) => Value): Value | null {
    if (this.#members.has(name)) return read(this.#members.get(name), ['body', name]);
    return this.#complain('missing', ['body', name], Object.fromEntries(this.#members));
  }

  optional<Value>(name: string, read: (value: unknown, loc: Location) => Value): Value | null {
    const value = this.#members.get(name) ?? null;
    return value === null ? null : read(value, ['body', name]);
  }

  shapleyType({ isRequired }: { readonly isRequired: boolean }): ShapleyType | null {
    const read = (value: unknown, loc: Location): ShapleyType | null =>
      shapleyTypes.find((type) => type === value) ?? this.#complain(this.#orNull('choice', value), loc, value);
    return isRequired ? this.required('requestShapleyValueType', read) : this.optional('requestShapleyValueType', read);
  }

  listOf<Item>(value: unknown, loc: Location, item: (value: unknown, loc: Location) => Item): readonly Item[] | null {
    if (!Array.isArray(value)) return this.#complain(this.#orNull('list', value), loc, value);
    return value.map((entry: unknown, index) => item(entry, [...loc, index]));
  }

  readonly text = (value: unknown, loc: Location): string | null => {
    if (typeof value === 'string') return value;
    if (this.#generation === 1 && typeof value === 'number') return String(value);
    if (this.#generation === 1 && typeof value === 'boolean') return value ? 'True' : 'False';
    return this.#complain(this.#orNull('text', value), loc, value);
  };

  readonly flag = (value: unknown, loc: Location): boolean | null => {
    const plain = typeof value === 'string' ? value.toLowerCase() : value;
    if (yes.includes(plain)) return true;
    return no.includes(plain) ? false : this.#complain('boolean', loc, value);
  };

  #orNull(kind: Kind, value: unknown): Kind {
    return value === null && this.#generation === 1 ? 'null' : kind;
  }

  #complain(kind: Kind, loc: Location, input: unknown): null {
    this.complaints.push(complaint(this.#generation, kind, loc, input));
    return null;
  }
}

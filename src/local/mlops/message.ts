/**
 * Request messages: read as protojson does. Both spellings of a field name are taken, what is absent or null has its zero value, a wrong type is refused.
 */
import { isObject, isTextList, parseJson } from '../json.js';
import type { JsonObject } from '../json.js';
import { invalidArgument } from './rpc-error.js';

/** Fields whose keys are data, not field names. */
const maps = new Set([
  'annotations',
  'environmentVariables',
  'limits',
  'requests',
  'runtimeEnvironmentVariables',
  'runtimeVariables',
  'valueCounts',
  'values',
]);

export const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The same message with every field name in lowerCamel. */
export function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      const name = camelCase(key);
      const isMap = maps.has(name) && isObject(entry);
      return [
        name,
        isMap ? Object.fromEntries(Object.entries(entry).map(([dataKey, data]) => [dataKey, normalised(data)])) : normalised(entry),
      ];
    }),
  );
}

/** The message in the text of a body; an empty one has every field at its zero value. */
export function messageFrom(body: string): JsonObject {
  const message = body.trim() === '' ? {} : normalised(parseJson(body));
  if (!isObject(message)) throw invalidArgument('the body is not a JSON object');
  return message;
}

export function text(message: JsonObject, field: string): string {
  const value = message[field] ?? '';
  if (typeof value !== 'string') throw invalidArgument(`invalid value for string field ${field}`);
  return value;
}

export function flag(message: JsonObject, field: string): boolean {
  const value = message[field] ?? false;
  if (typeof value !== 'boolean') throw invalidArgument(`invalid value for bool field ${field}`);
  return value;
}

/** A whole number, 32 or 64 bits wide: the latter may come as text. */
export function integer(message: JsonObject, field: string, absent = 0): number {
  const value = message[field] ?? absent;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw invalidArgument(`invalid value for integer field ${field}`);
  return number;
}

/** A nested message, or undefined where it is not set. */
export function optionalMessage(message: JsonObject, field: string): JsonObject | undefined {
  const value = message[field] ?? undefined;
  if (value !== undefined && !isObject(value)) throw invalidArgument(`invalid value for message field ${field}`);
  return value;
}

export function nested(message: JsonObject, field: string): JsonObject {
  return optionalMessage(message, field) ?? {};
}

export function texts(message: JsonObject, field: string): readonly string[] {
  const value = message[field] ?? [];
  if (!isTextList(value)) throw invalidArgument(`invalid value for repeated string field ${field}`);
  return value;
}

export function messages(message: JsonObject, field: string): readonly JsonObject[] {
  const value = message[field] ?? [];
  if (!Array.isArray(value) || !value.every(isObject)) throw invalidArgument(`invalid value for repeated message field ${field}`);
  return value;
}

/** The paths of a field mask in lowerCamel; empty for "everything". */
export function maskPaths(message: JsonObject): readonly string[] {
  const paths = text(message, 'updateMask')
    .split(',')
    .map((path) => camelCase(path.trim()));
  return paths.includes('*') ? [] : paths.filter((path) => path !== '');
}

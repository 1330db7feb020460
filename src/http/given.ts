/**
 * Checks what a program without a type checker passes in: an object whose members are of the right kinds. Nothing has been sent yet.
 * Pure. Errors name the member and what it should be, never its value.
 */
import type { ErrorCode } from '../errors/codes.js';
import { invalidParameter } from '../errors/configuration-error.js';

/** A kind of value. */
export interface Kind {
  /** Its name in errors, after "is not". */
  readonly name: string;
  readonly accepts: (value: unknown) => boolean;
}

export const text: Kind = { name: 'text', accepts: (value) => typeof value === 'string' };
export const truth: Kind = { name: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const callback: Kind = { name: 'a function', accepts: (value) => typeof value === 'function' };
export const texts: Kind = { name: 'a list of texts', accepts: (value) => Array.isArray(value) && value.every(text.accepts) };
export const textByName: Kind = {
  name: 'an object with text values',
  accepts: (value) => isObject(value) && !(Symbol.iterator in value) && Object.values(value).every(text.accepts),
};
export const durationMs: Kind = {
  name: 'a positive number of milliseconds',
  accepts: (value) => typeof value === 'number' && value > 0,
};
export const amount: Kind = { name: 'a number from 0 on', accepts: (value) => typeof value === 'number' && value >= 0 };
export const wholeNumber: Kind = {
  name: 'a whole number from 0 on',
  accepts: (value) => Number.isSafeInteger(value) && amount.accepts(value),
};
/** What is checked where it is used. */
export const anything: Kind = { name: 'there', accepts: () => true };

export function orNull(kind: Kind): Kind {
  return { name: `${kind.name}, nor null`, accepts: (value) => value === null || kind.accepts(value) };
}

/** An object with members of these kinds, each of which may be left out. */
export function objectWith(kinds: Readonly<Record<string, Kind>>): Kind {
  return {
    name: `an object with ${Object.entries(kinds)
      .map(([name, kind]) => `${name} (${kind.name})`)
      .join(', ')}`,
    accepts: (value) => isObject(value) && Object.entries(kinds).every(([name, kind]) => isOfKind(value, name, kind)),
  };
}

/** An object with these methods. */
export function objectThatCan(...methods: readonly string[]): Kind {
  return {
    name: `an object with ${methods.join(', ')}`,
    accepts: (value) => isObject(value) && methods.every((method) => typeof memberOf(value, method) === 'function'),
  };
}

/**
 * @param what whose members they are, for errors
 * @throws {ConfigurationError} it is no object, a member is of another kind, or a member throws when it is read
 */
export function checkMembers(
  given: unknown,
  what: string,
  kinds: Readonly<Record<string, Kind>>,
  code: ErrorCode = 'PARAMETER_INVALID',
): void {
  if (!isObject(given))
    throw invalidParameter(`${what}: that is not an object.`, `Pass an object with ${Object.keys(kinds).join(', ')}.`, { code });
  for (const [name, kind] of Object.entries(kinds)) {
    if (isOfKind(given, name, kind)) continue;
    throw invalidParameter(`${what}: \`${name}\` is not ${kind.name}.`, 'Correct it, or leave it out where it is optional.', { code });
  }
}

function isOfKind(given: object, name: string, kind: Kind): boolean {
  try {
    const value: unknown = Reflect.get(given, name);
    return value === undefined || kind.accepts(value);
  } catch {
    return false;
  }
}

/** Whether an object has a member of this name, of its own or of its class; what is on the prototype of all objects is nobody's. */
export function hasMember<Given extends object, Name extends string>(
  given: Given,
  name: Name,
): given is Extract<Given, Readonly<Record<Name, unknown>>> {
  return Object.hasOwn(given, name) || (name in given && !(name in Object.prototype));
}

/** A member of whatever was passed; `undefined` where there is none, or where reading it throws. */
export function memberOf(given: unknown, name: string): unknown {
  try {
    return isObject(given) ? Reflect.get(given, name) : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

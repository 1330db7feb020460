/**
 * How engines of Steam are passed back in: by their number, or as the SDK returned them; of a passed one only the number is read.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { memberOf } from '../http/given.js';

/** An engine of Steam by its number, or any object that has it. */
export type SteamEngineRef = number | { readonly id: number };

/** @throws {ConfigurationError} there is no number in it */
export function engineId(reference: unknown, what: string): number {
  const id: unknown = typeof reference === 'number' ? reference : memberOf(reference, 'id');
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) return id;
  throw invalidParameter(`No ${what} was given: its number is missing.`, `Pass the ${what} as the SDK returned it, or its \`id\`.`);
}

/**
 * An engine by its number or its name.
 *
 * @throws {ConfigurationError} there is neither in it
 */
export function engineQuery(
  reference: unknown,
  what: string,
): { readonly id: number } | { readonly name: string; readonly createdBy?: string | undefined } {
  const name = memberOf(reference, 'name');
  if (memberOf(reference, 'id') !== undefined || typeof name !== 'string' || name.trim() === '') return { id: engineId(reference, what) };
  const createdBy = memberOf(reference, 'createdBy');
  return { name, createdBy: typeof createdBy === 'string' && createdBy !== '' ? createdBy : undefined };
}

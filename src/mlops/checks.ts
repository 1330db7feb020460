/**
 * Checks of parameters that several resources share.
 */
import { invalidParameter } from '../errors/configuration-error.js';

/** @throws {ConfigurationError} the name is missing or blank */
export function checkedName(name: string, what: string): string {
  const given: unknown = name;
  if (typeof given === 'string' && given.trim() !== '') return given;
  throw invalidParameter(`The ${what} has no name.`, `Pass \`name\`: the text under which the ${what} is shown.`);
}

/**
 * Errors of what the program was given: options, environment, parameters. Nothing was sent.
 */
import { H2OCloudError, type ErrorFacts } from './base.js';

/** The configuration or a parameter is missing, malformed or contradicts another; the message says where it was looked for and how to set it. */
export class ConfigurationError extends H2OCloudError {
  static override readonly kind: string = 'ConfigurationError';
  override readonly name: string = 'ConfigurationError';
}

/** The shortest way to refuse a parameter. */
export function invalidParameter(what: string, fix: string, facts: Partial<ErrorFacts> = {}): ConfigurationError {
  return new ConfigurationError({ code: 'PARAMETER_INVALID', what, fix, ...facts });
}

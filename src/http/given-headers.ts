/**
 * Headers that a caller adds to a request: they must be able to stand there, and may not say who asks. Pure.
 */
import { invalidParameter, type ConfigurationError } from '../errors/configuration-error.js';

const refused = new Set(['authorization', 'cookie', 'host']);

/** @throws {ConfigurationError} a header cannot stand in a request, or is one that the SDK sets */
export function checkHeaders(headers: Readonly<Record<string, string>> = {}): void {
  try {
    new Headers(headers);
  } catch {
    throw unusableHeaders();
  }
  for (const name of Object.keys(headers)) {
    if (!refused.has(name.toLowerCase())) continue;
    throw invalidParameter(
      `The option \`headers\` may not set ${name.toLowerCase()}.`,
      'The SDK sets it: choose the user with onBehalfOf() or asCurrentUser(), and the service with `services`.',
    );
  }
}

export function unusableHeaders(): ConfigurationError {
  return invalidParameter(
    'The option `headers` holds a name or a value that cannot stand in a header.',
    'Pass names without spaces, and values in Latin letters without line breaks.',
  );
}

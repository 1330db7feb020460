/**
 * Path templates: `/v2/{deployment}/status`. Each parameter fills one segment and cannot leave it.
 */
import { invalidParameter } from '../errors/configuration-error.js';

/**
 * Fills a template. `{name}` becomes one encoded segment; `{+name}` a resource name of several segments such as `workspaces/w/deployments/d`.
 *
 * @throws {ConfigurationError} a parameter is missing, empty, or has a segment `.` or `..`
 */
export function expandPath(template: string, parameters: Readonly<Record<string, string>> = {}): string {
  return template.replace(/\{(\+?)(\w+)\}/g, (_, several: string, name: string) => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    const segments = several === '' ? [value ?? ''] : (value ?? '').split('/');
    return segments.map((segment) => encodeSegment(segment, name)).join('/');
  });
}

function encodeSegment(segment: string, name: string): string {
  if (segment === '' || segment === '.' || segment === '..') {
    throw invalidParameter(
      `The ${name} of a resource is ${segment === '' ? 'empty' : 'a path segment of dots'}.`,
      'Pass the id that the service gave, or the object that it came in.',
    );
  }
  return encodeURIComponent(segment);
}

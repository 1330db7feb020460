/**
 * What services of named resources have in common (AI Engine Manager, the secure store): paths whose slashes are written as they are or
 * percent-encoded, pages of lists, and refusals as a google.rpc.Status.
 */
import type { JsonObject } from './json.js';

/** The HTTP status that goes with a code. */
const httpStatuses = { 3: 400, 5: 404, 6: 409, 7: 403, 9: 400, 12: 501, 16: 401 } as const;

/** A refusal. */
export class StatusError extends Error {
  readonly code: keyof typeof httpStatuses;

  constructor(code: keyof typeof httpStatuses, message: string) {
    super(message);
    this.code = code;
  }

  toResponse(): Response {
    return Response.json({ code: this.code, message: this.message, details: [] }, { status: httpStatuses[this.code] });
  }
}

/** What the last part of a name may be. */
export const idShape: RegExp = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** One that is not well-formed is left as it is, and names nothing then. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A page of a list as the query asks for it. `nextPageToken` is where the next one begins; on the last page it is there too, and empty. */
export function paged(name: string, entries: readonly JsonObject[], query: URLSearchParams): JsonObject {
  const size = Math.min(Number(query.get('pageSize') ?? 0) || 50, 1000);
  const start = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new StatusError(3, 'invalid page token');
  return { [name]: entries.slice(start, start + size), nextPageToken: start + size < entries.length ? String(start + size) : '' };
}

/**
 * One page out of a list, by tokens in standard base64, which some clients insist on.
 */
import type { JsonObject } from '../json.js';
import { invalidArgument } from './rpc-error.js';

export interface Page {
  readonly page: readonly JsonObject[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

export interface PageRequest {
  readonly pageToken: string;
  readonly pageSize: number;
}

export function pageOf(entries: readonly JsonObject[], { pageToken, pageSize }: PageRequest): Page {
  const start = pageToken === '' ? '0' : Buffer.from(pageToken, 'base64').toString('latin1');
  if (!/^\d{1,9}$/.test(start)) throw invalidArgument('invalid page token');
  if (pageSize < 0) throw invalidArgument('page size must not be negative');
  const end = Number(start) + pageSize;
  const nextPageToken = end < entries.length ? Buffer.from(String(end)).toString('base64') : '';
  return { page: entries.slice(Number(start), end), nextPageToken };
}

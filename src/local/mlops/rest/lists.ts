/**
 * Lists of the REST APIs: filter, order, page, count, by the query.
 */
import type { JsonObject } from '../../json.js';
import { pageOf } from '../page.js';
import { invalidArgument } from '../rpc-error.js';
import { filterTest, ordered } from './filter.js';

export interface ListQuery {
  readonly query: URLSearchParams;
  /** Entries on a page where the query does not say. */
  readonly pageSize: number;
}

/** One page, and the token of the next: empty on the last, where clients go on for as long as there is none. */
export function restListAnswer(name: string, entries: readonly JsonObject[], { query, pageSize }: ListQuery): JsonObject {
  const asked = query.get('pageSize') ?? '0';
  if (!/^-?\d+$/.test(asked)) throw invalidArgument('page_size is not a number');
  const chosen = ordered(restFiltered(entries, query), query.get('orderBy') ?? '');
  const { page, nextPageToken } = pageOf(chosen, { pageToken: query.get('pageToken') ?? '', pageSize: Number(asked) || pageSize });
  return { [name]: page, nextPageToken };
}

export function restFiltered(entries: readonly JsonObject[], query: URLSearchParams): readonly JsonObject[] {
  return entries.filter(filterTest(query.get('filter') ?? ''));
}

/**
 * Lists of the REST APIs: filter, order, page, count, by the query.
 */
import type { JsonObject } from '../../json.js';
import { pageOf } from '../page.js';
import { invalidArgument } from '../rpc-error.js';
import { filterTest, ordered } from './filter.js';

/** What filters can name beyond the fields of an entry. */
type FilterFields = (entry: JsonObject) => JsonObject;

interface ListQuery {
  readonly query: URLSearchParams;
  readonly filterFields?: FilterFields;
  /** Entries on a page where the query does not say. */
  readonly pageSize: number;
}

/** One page, and the token of the next: empty on the last, where clients go on for as long as there is none. */
export function restListAnswer(name: string, entries: readonly JsonObject[], { query, pageSize, filterFields }: ListQuery): JsonObject {
  const asked = query.get('pageSize') ?? '0';
  if (!/^-?\d+$/.test(asked)) throw invalidArgument('page_size is not a number');
  const chosen = ordered(restFiltered(entries, query, filterFields), query.get('orderBy') ?? '');
  const { page, nextPageToken } = pageOf(chosen, { pageToken: query.get('pageToken') ?? '', pageSize: Number(asked) || pageSize });
  return { [name]: page, nextPageToken };
}

export function restFiltered(entries: readonly JsonObject[], query: URLSearchParams, filterFields?: FilterFields): readonly JsonObject[] {
  const test = filterTest(query.get('filter') ?? '');
  return entries.filter((entry) => test({ ...entry, ...filterFields?.(entry) }));
}

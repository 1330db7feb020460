/**
 * What a list may be narrowed by and in which order it comes: the same on all platforms. A platform that can filter and sort does so;
 * what it gives is looked at once more here, so that the answer does not depend on it. Pure.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { memberOf, type Kind } from '../http/given.js';
import { createList, type List } from '../http/pagination.js';

/** Which items of a list. What is left out lets everything pass. */
export interface ListFilter {
  /** Only what has exactly this name, or has the text in its name. Case counts. */
  readonly name?: string | { readonly contains: string } | undefined;
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  /** By the time of creation; without it the platform's own order. */
  readonly order?: 'oldestFirst' | 'newestFirst' | undefined;
}

/** What a filter looks at. */
interface Listed {
  readonly name: string;
  readonly createdAt?: string;
}

const instant: Kind = { name: 'a valid Date', accepts: (value) => value instanceof Date && !Number.isNaN(value.getTime()) };

/** The kinds of a filter's members. */
export const filterKinds: Readonly<Record<string, Kind>> = {
  name: {
    name: 'text, nor an object with contains (text)',
    accepts: (value) => typeof value === 'string' || typeof memberOf(value, 'contains') === 'string',
  },
  createdAfter: instant,
  createdBefore: instant,
  order: { name: "'oldestFirst' or 'newestFirst'", accepts: (value) => value === 'oldestFirst' || value === 'newestFirst' },
};

/** The filter alone, copied out of whatever else a caller's object holds. */
export function filterOf({ name, createdAfter, createdBefore, order }: ListFilter): ListFilter {
  if (createdAfter !== undefined && createdBefore !== undefined && createdAfter >= createdBefore) {
    throw invalidParameter(
      '`createdAfter` is not before `createdBefore`.',
      'Nothing could be in such a list: swap them, or leave one out.',
    );
  }
  return { name, createdAfter, createdBefore, order };
}

export function matches({ name, createdAt }: Listed, filter: ListFilter): boolean {
  const wanted = filter.name;
  if (typeof wanted === 'string' && name !== wanted) return false;
  if (typeof wanted === 'object' && !name.includes(wanted.contains)) return false;
  const { createdAfter, createdBefore } = filter;
  if (createdAfter === undefined && createdBefore === undefined) return true;
  const time = Date.parse(createdAt ?? '');
  return time > (createdAfter?.getTime() ?? -Infinity) && time < (createdBefore?.getTime() ?? Infinity);
}

/** For platforms that do not sort: the whole list is read and sorted. */
export function sorted<Item extends Listed & { readonly id: string }>(list: List<Item>, order: ListFilter['order']): List<Item> {
  if (order === undefined) return list;
  const direction = order === 'oldestFirst' ? 1 : -1;
  return createList({
    call: 'list',
    fetchPage: async () => ({
      items: (await list.toArray()).sort((one, other) => direction * (timeOf(one) - timeOf(other))),
    }),
    key: (item) => item.id,
    removals: () => 0,
  });
}

/** What has no time of creation counts as the oldest. */
function timeOf({ createdAt }: Listed): number {
  const time = Date.parse(createdAt ?? '');
  return Number.isNaN(time) ? 0 : time;
}

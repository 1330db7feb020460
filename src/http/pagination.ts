/**
 * Lazy lists over paged answers: nothing is asked before somebody reads, and reading ends where the service says so.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { amount, checkMembers } from './given.js';

/** One page as an API file returns it. An absent, null or empty `nextPageToken` ends the list: services use all three. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string | null | undefined;
}

export interface ListSource<Item> {
  /** The operation, for errors. */
  readonly call: string;
  fetchPage(pageToken: string | undefined): Promise<Page<Item>>;
  /** What identifies an item over pages. */
  readonly key: (item: Item) => string;
  /** Keeps an item or leaves it out, where the service cannot filter. */
  readonly keeps?: (item: Item) => boolean;
  /**
   * How many items this program has removed so far. Where it grows while a list of several pages is read, later pages may have
   * moved up past the reader, so the list is read again from its start and what was not seen yet is given.
   */
  readonly removals: () => number;
}

/**
 * A lazy list of resources.
 *
 * @example
 * for await (const project of user.mlops.projects.list()) console.log(project.name);
 * const all = await user.mlops.projects.list().toArray();
 * const first = await user.mlops.projects.list({ name: 'demo' }).first();
 */
export interface List<Item> extends AsyncIterable<Item> {
  /** Reads the list into an array, at most `limit` items. */
  toArray(options?: { readonly limit?: number }): Promise<Item[]>;
  /** The first item, or `undefined`; reads no more pages than it needs. */
  first(): Promise<Item | undefined>;
  /** The pages as the service cuts them. */
  pages(): AsyncIterable<readonly Item[]>;
}

export function createList<Item>(source: ListSource<Item>): List<Item> {
  const list: List<Item> = {
    [Symbol.asyncIterator]: () => itemsOf(source),
    pages: () => pagesOf(source),
    async toArray(options = {}) {
      checkMembers(options, 'The options of toArray()', { limit: amount });
      const { limit = Infinity } = options;
      const items: Item[] = [];
      if (limit <= 0) return items;
      for await (const page of freshPagesOf(source)) {
        for (const item of page) items.push(item);
        if (items.length >= limit) break;
      }
      return items.slice(0, limit);
    },
    async first() {
      const [item] = await list.toArray({ limit: 1 });
      return item;
    },
  };
  return list;
}

async function* itemsOf<Item>(source: ListSource<Item>): AsyncGenerator<Item, void, undefined> {
  for await (const page of freshPagesOf(source)) yield* page;
}

/** Pages of what was not seen yet. */
async function* freshPagesOf<Item>(source: ListSource<Item>): AsyncGenerator<readonly Item[], void, undefined> {
  const seen = new Set<string>();
  let removals: number;
  let pages: number;
  const isFresh = (item: Item): boolean => {
    const { size } = seen;
    return seen.add(source.key(item)).size > size;
  };
  do {
    removals = source.removals();
    pages = 0;
    for await (const page of pagesOf(source)) {
      pages += 1;
      yield page.filter(isFresh);
    }
  } while (pages > 1 && source.removals() !== removals);
}

async function* pagesOf<Item>(source: ListSource<Item>): AsyncGenerator<readonly Item[], void, undefined> {
  const asked = new Set<string>();
  let token: string | undefined;
  do {
    const page = await source.fetchPage(token);
    yield source.keeps === undefined ? page.items : page.items.filter(source.keeps);
    token = page.nextPageToken === null || page.nextPageToken === '' ? undefined : page.nextPageToken;
    if (token !== undefined && asked.has(token)) {
      throw new ResponseValidationError({
        code: 'PAGE_TOKEN_REPEATED',
        what: `${source.call} named the same next page twice, so the list would never end.`,
        fix: 'This is a fault of the service: read with `toArray({ limit })`, and tell its administrator.',
        call: source.call,
      });
    }
    if (token !== undefined) asked.add(token);
  } while (token !== undefined);
}

/**
 * A list whose source must be found first: which platform it is may take a request, and a lazy list asks nothing before it is read.
 */
import type { List } from '../http/pagination.js';

export function lazyList<Item>(open: () => Promise<List<Item>>): List<Item> {
  return {
    async *[Symbol.asyncIterator]() {
      yield* await open();
    },
    async *pages() {
      yield* (await open()).pages();
    },
    toArray: async (options) => (await open()).toArray(options),
    first: async () => (await open()).first(),
  };
}

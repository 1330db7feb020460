/**
 * A list whose source must be found first, which may take a request: a lazy list asks nothing before it is read.
 */
import type { List } from './pagination.js';

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

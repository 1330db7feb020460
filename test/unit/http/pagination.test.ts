import { describe, expect, it, test } from 'vitest';
import { createList, type List } from '../../../src/http/pagination.js';
import { ResponseValidationError } from '../../../src/errors/connection-error.js';

/** A service that pages by offset, as the hardest kind does: what is removed moves the rest up. */
function offsetService(
  count: number,
  pageSize: number,
): { readonly list: List<string>; remove(item: string): void; pagesRead(): number; readonly items: string[] } {
  const items = Array.from({ length: count }, (_, index) => `item ${index}`);
  let removals = 0;
  let pages = 0;
  const list = createList<string>({
    call: 'ListItems',
    fetchPage: (token) => {
      pages += 1;
      const start = Number(token ?? 0);
      const end = start + pageSize;
      return Promise.resolve({ items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : null });
    },
    key: (item) => item,
    removals: () => removals,
  });
  return {
    list,
    items,
    pagesRead: () => pages,
    remove(item) {
      items.splice(items.indexOf(item), 1);
      removals += 1;
    },
  };
}

describe('a list', () => {
  it('asks nothing before it is read, and no more pages than it needs', async () => {
    const service = offsetService(10, 3);
    expect(service.pagesRead()).toBe(0);
    expect(await service.list.first()).toBe('item 0');
    expect(service.pagesRead()).toBe(1);
    expect(await service.list.toArray({ limit: 4 })).toHaveLength(4);
    expect(service.pagesRead()).toBe(3);
    expect(await service.list.toArray({ limit: 0 })).toEqual([]);
    expect(service.pagesRead()).toBe(3);
  });

  it('can be read twice, from the start', async () => {
    const { list, items } = offsetService(7, 3);
    expect(await list.toArray()).toEqual(items);
    expect(await list.toArray()).toEqual(items);
  });

  it('gives the pages as the service cuts them', async () => {
    const sizes: number[] = [];
    for await (const page of offsetService(7, 3).list.pages()) sizes.push(page.length);
    expect(sizes).toEqual([3, 3, 1]);
  });

  it('misses nothing when everything it gives is deleted', async () => {
    const service = offsetService(20, 3);
    const seen: string[] = [];
    for await (const item of service.list) {
      seen.push(item);
      service.remove(item);
    }
    expect(new Set(seen).size).toBe(20);
    expect(seen).toHaveLength(20);
    expect(service.items).toEqual([]);
  });

  it('of one page is not read again after a deletion', async () => {
    const service = offsetService(3, 10);
    for await (const item of service.list) service.remove(item);
    expect(service.pagesRead()).toBe(1);
  });
});

test.each([[null], [undefined], ['']])('a next page token of %j ends a list', async (nextPageToken) => {
  const list = createList<string>({
    call: 'L',
    fetchPage: () => Promise.resolve({ items: ['x'], nextPageToken }),
    key: (item) => item,
    removals: () => 0,
  });
  expect(await list.toArray()).toEqual(['x']);
});

it('a repeated page token is an error, not a loop', async () => {
  let pages = 0;
  const list = createList<number>({
    call: 'ListItems',
    fetchPage: () => Promise.resolve({ items: [pages++], nextPageToken: pages % 2 === 0 ? 'a' : 'b' }),
    key: String,
    removals: () => 0,
  });
  await expect(list.toArray()).rejects.toThrow(ResponseValidationError);
  expect(pages).toBe(3);
});

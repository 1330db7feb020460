/**
 * Filter and order of lists in the REST services of platform 1.x, as AIP-160 and AIP-132 have them. Pure.
 */
import type { ListFilter } from '../list-filter.js';

/** The query of a list: `filter` and `orderBy`, each where there is one. */
export function aipQuery(filter: ListFilter): { readonly filter?: string; readonly orderBy?: string } {
  const { name, createdAfter, createdBefore, order } = filter;
  const terms = [
    ...(typeof name === 'string' ? [`display_name = ${quoted(name)}`] : []),
    ...(typeof name === 'object' ? [`display_name:${quoted(name.contains)}`] : []),
    ...(createdAfter === undefined ? [] : [`create_time > timestamp('${createdAfter.toISOString()}')`]),
    ...(createdBefore === undefined ? [] : [`create_time < timestamp('${createdBefore.toISOString()}')`]),
  ];
  return {
    ...(terms.length === 0 ? {} : { filter: terms.join(' AND ') }),
    ...(order === undefined ? {} : { orderBy: order === 'oldestFirst' ? 'create_time' : 'create_time desc' }),
  };
}

/**
 * Text as a string of AIP-160. Where single quotes do, as the official client writes them; text with one in it goes between double
 * quotes, so that a backslash, which parsers of AIP-160 disagree about, is needed only for text that has both or a backslash itself.
 */
export function quoted(text: string): string {
  if (!/['\\]/.test(text)) return `'${text}'`;
  return `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"`;
}

/**
 * Filters and orders of lists (AIP-160, AIP-132), as far as programs use them: comparisons joined by AND, one field to sort by.
 */
import type { JsonObject } from '../json.js';
import { StatusError } from '../resource-service.js';

export type Matches = (engine: JsonObject) => boolean;

const comparison = /^\s*(\w+)\s*(=|!=|>=|<=|>|<)\s*("(?:[^"\\]|\\.)*"|[\w.-]+)\s*/;

/** @param fields from the filter's names to members of an engine */
export function matcher(filter: string, fields: Readonly<Record<string, string>>): Matches {
  const tests: Matches[] = [];
  let rest = filter.trim();
  while (rest !== '') {
    const [whole, field = '', operator = '', literal = ''] = comparison.exec(rest) ?? [];
    const member = fields[field];
    if (whole === undefined || member === undefined) throw new StatusError(3, `invalid filter: ${filter}`);
    tests.push((engine) => compare(engine[member], operator, literal));
    rest = rest.slice(whole.length);
    if (rest === '') break;
    if (!/^AND\s+/.test(rest)) throw new StatusError(3, `invalid filter: ${filter}`);
    rest = rest.replace(/^AND\s+/, '');
  }
  return (engine) => tests.every((test) => test(engine));
}

function compare(value: unknown, operator: string, literal: string): boolean {
  const isText = literal.startsWith('"');
  const wanted = isText ? literal.slice(1, -1).replace(/\\(.)/g, '$1') : literal;
  const text = String(value);
  const isEqual = isText && wanted.includes('*') ? wildcard(wanted).test(text) : text === wanted;
  const [one, other] = [Number(value), Number(wanted)];
  if (operator === '=') return isEqual;
  if (operator === '!=') return !isEqual;
  if (operator === '>') return one > other;
  if (operator === '<') return one < other;
  return operator === '>=' ? one >= other : one <= other;
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

/** Compares two engines as `orderBy` says; the newest first by default. */
export function order(orderBy: string, fields: Readonly<Record<string, string>>): (one: JsonObject, other: JsonObject) => number {
  const [, field = '', direction] = /^(\w+)(?:\s+(asc|desc))?$/.exec(orderBy.trim() === '' ? 'create_time desc' : orderBy.trim()) ?? [];
  const member = fields[field];
  if (member === undefined) throw new StatusError(3, `invalid order by: ${orderBy}`);
  const sign = direction === 'desc' ? -1 : 1;
  return (one, other) => sign * String(one[member]).localeCompare(String(other[member]), 'en', { numeric: true });
}

/**
 * Filter and order of lists in the storage RPC: typed constraints, so that nothing has to be escaped.
 */
import type { ListFilter } from '../list-filter.js';

/** Fields by which a list may be filtered, as storage names them. */
interface FilterFields {
  readonly name: string;
  readonly createdAt: string;
}

/** The parts of a request that filter and sort; a filter holds one clause, and all of its constraints must be met. */
export function storageFilter(filter: ListFilter, fields: FilterFields): Readonly<Record<string, unknown>> {
  const { name, createdAfter, createdBefore, order } = filter;
  const constraints = [
    ...(typeof name === 'string' ? [constraint(fields.name, 'EQUAL_TO', { stringValue: name })] : []),
    ...(typeof name === 'object' ? [constraint(fields.name, 'CONTAINS', { stringValue: name.contains })] : []),
    ...(createdAfter === undefined ? [] : [constraint(fields.createdAt, 'GREATER_THAN', { timestampValue: createdAfter.toISOString() })]),
    ...(createdBefore === undefined ? [] : [constraint(fields.createdAt, 'LESS_THAN', { timestampValue: createdBefore.toISOString() })]),
  ];
  return {
    ...(constraints.length === 0 ? {} : { filter: { query: { clause: [{ propertyConstraint: constraints }] } } }),
    ...(order === undefined ? {} : { sorting: sortingBy(fields.createdAt, order === 'oldestFirst' ? 'ASCENDING' : 'DESCENDING') }),
  };
}

function sortingBy(field: string, order: 'ASCENDING' | 'DESCENDING'): Readonly<Record<string, unknown>> {
  return { property: [{ property: { field }, order }] };
}

function constraint(field: string, operator: string, value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { property: { field }, operator, value };
}

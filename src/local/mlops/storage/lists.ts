/**
 * Lists of the storage RPC: filter, order, page, count. Works on entries in their wire shape, since filters name wire fields.
 */
import { isObject } from '../../json.js';
import type { JsonObject } from '../../json.js';
import { camelCase, integer, messages, nested, text } from '../message.js';
import { pageOf } from '../page.js';
import { invalidArgument } from '../rpc-error.js';

export interface ListRequest {
  readonly message: JsonObject;
  /** Entries on a page where the request does not say. */
  readonly pageSize: number;
}

/** One page of the entries that the request's filter lets through, under `name`, and `paging`: null on the last page. */
export function listAnswer(name: string, entries: readonly JsonObject[], { message, pageSize }: ListRequest): JsonObject {
  const chosen = sorted(filtered(entries, message), nested(message, 'sorting'));
  const paging = nested(message, 'paging');
  const { page, nextPageToken } = pageOf(chosen, {
    pageToken: text(paging, 'pageToken'),
    pageSize: integer(paging, 'pageSize') || pageSize,
  });
  return { [name]: page, paging: nextPageToken === '' ? null : { nextPageToken } };
}

/** How many entries the request's filter lets through. */
export function countAnswer(entries: readonly JsonObject[], message: JsonObject): JsonObject {
  return { count: String(filtered(entries, message).length) };
}

export function filtered(entries: readonly JsonObject[], message: JsonObject): readonly JsonObject[] {
  const clauses = messages(nested(nested(message, 'filter'), 'query'), 'clause');
  if (clauses.length > 1) throw invalidArgument('a filter takes one clause only');
  const [clause = {}] = clauses;
  const tests = [...messages(clause, 'propertyConstraint').map(propertyTest), ...messages(clause, 'tagConstraint').map(tagTest)];
  return entries.filter((entry) => tests.every((test) => test(entry)));
}

type Test = (entry: JsonObject) => boolean;

/** A value that has an order: texts among texts, numbers among numbers, times as milliseconds. */
type Comparable = string | number;

function propertyTest(constraint: JsonObject): Test {
  const field = fieldOf(constraint);
  const operator = text(constraint, 'operator');
  const wanted = [nested(constraint, 'value'), ...messages(constraint, 'values')].map(wantedValue);
  const [value = ''] = wanted;
  const tests: Readonly<Record<string, (actual: Comparable) => boolean>> = {
    EQUAL_TO: (actual) => actual === value,
    NOT_EQUAL_TO: (actual) => actual !== value,
    LESS_THAN: (actual) => actual < value,
    LESS_OR_EQUAL_TO: (actual) => actual <= value,
    GREATER_THAN: (actual) => actual > value,
    GREATER_OR_EQUAL_TO: (actual) => actual >= value,
    CONTAINS: (actual) => String(actual).includes(String(value)),
    ICONTAINS: (actual) => String(actual).toLowerCase().includes(String(value).toLowerCase()),
    IN_LIST: (actual) => wanted.slice(1).includes(actual),
  };
  const test = Object.hasOwn(tests, operator) ? tests[operator] : undefined;
  if (test === undefined) throw invalidArgument(`operator ${operator || 'OPERATOR_UNSPECIFIED'} is not supported`);
  return (entry) => test(comparable(entry, field));
}

function wantedValue(value: JsonObject): Comparable {
  const [[kind, content] = ['', '']] = Object.entries(value);
  if (kind === 'int64Value' || kind === 'doubleValue') return Number(content);
  return comparableOf(content);
}

function tagTest(constraint: JsonObject): Test {
  const tagId = text(constraint, 'tagId');
  const isExcluded = text(constraint, 'inclusion') === 'EXCLUDE';
  return (entry) => messages(entry, 'tag').some((tag) => tag['id'] === tagId) !== isExcluded;
}

function sorted(entries: readonly JsonObject[], sorting: JsonObject): readonly JsonObject[] {
  const properties = messages(sorting, 'property');
  if (properties.length > 1) throw invalidArgument('sorting takes one property only');
  const [property] = properties;
  if (property === undefined) return entries;
  const field = fieldOf(property);
  const direction = text(property, 'order') === 'DESCENDING' ? -1 : 1;
  return [...entries].sort((one, other) => direction * compare(comparable(one, field), comparable(other, field)));
}

const compare = (one: Comparable, other: Comparable): number => (one < other ? -1 : one > other ? 1 : 0);

const fieldOf = (message: JsonObject): string => camelCase(text(nested(message, 'property'), 'field'));

/** What some fields are called in filters and orders, and in messages. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['name', 'displayName'],
  ['versionNumber', 'version'],
  ['lastModifiedTime', 'updatedTime'],
]);

function comparable(entry: JsonObject, field: string): Comparable {
  const name = Object.hasOwn(entry, field) ? field : (otherNames.get(field) ?? field);
  const value = Object.hasOwn(entry, name) ? entry[name] : undefined;
  if (value === undefined || Array.isArray(value) || isObject(value)) throw invalidArgument(`field ${field} cannot be compared`);
  return comparableOf(value);
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

function comparableOf(value: unknown): Comparable {
  if (typeof value === 'number') return value;
  const content = typeof value === 'string' ? value : JSON.stringify(value);
  return time.test(content) ? Date.parse(content) : content;
}

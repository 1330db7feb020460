/**
 * Lists: filter, order, page. Works on entries in their wire shape, since filters name wire fields.
 */
import { isObject } from '../json.js';
import type { JsonObject } from '../json.js';
import { camelCase, integer, messages, nested, text } from './message.js';
import { invalidArgument } from './rpc-error.js';

export interface ListRequest {
  readonly message: JsonObject;
  /** Entries on a page where the request does not say. */
  readonly pageSize: number;
}

/** One page of the entries that the request's filter lets through, under `name`, and `paging`: null on the last page. */
export function listAnswer(name: string, entries: readonly JsonObject[], { message, pageSize }: ListRequest): JsonObject {
  const chosen = sorted(filtered(entries, nested(message, 'filter')), nested(message, 'sorting'));
  const paging = nested(message, 'paging');
  const { page, nextPageToken } = pageOf(chosen, {
    pageToken: text(paging, 'pageToken'),
    pageSize: integer(paging, 'pageSize') || pageSize,
  });
  return { [name]: page, paging: nextPageToken === '' ? null : { nextPageToken } };
}

/** A page as the services with flat `pageSize` and `pageToken` give it: an empty token ends it. */
export function flatListAnswer(name: string, entries: readonly JsonObject[], { message, pageSize }: ListRequest): JsonObject {
  const { page, nextPageToken } = pageOf(entries, {
    pageToken: text(message, 'pageToken'),
    pageSize: integer(message, 'pageSize') || pageSize,
  });
  return { [name]: page, nextPageToken };
}

interface Page {
  readonly page: readonly JsonObject[];
  readonly nextPageToken: string;
}

function pageOf(entries: readonly JsonObject[], { pageToken, pageSize }: { pageToken: string; pageSize: number }): Page {
  const start = pageToken === '' ? '0' : Buffer.from(pageToken, 'base64').toString('latin1');
  if (!/^\d{1,9}$/.test(start)) throw invalidArgument('invalid page token');
  if (pageSize < 0) throw invalidArgument('page size must not be negative');
  const end = Number(start) + pageSize;
  const nextPageToken = end < entries.length ? Buffer.from(String(end)).toString('base64') : '';
  return { page: entries.slice(Number(start), end), nextPageToken };
}

function filtered(entries: readonly JsonObject[], filter: JsonObject): readonly JsonObject[] {
  const clauses = messages(nested(filter, 'query'), 'clause');
  if (clauses.length > 1) throw invalidArgument('a filter takes one clause only');
  const [clause = {}] = clauses;
  const tests = [...messages(clause, 'propertyConstraint').map(propertyTest), ...messages(clause, 'tagConstraint').map(tagTest)];
  return entries.filter((entry) => tests.every((test) => test(entry)));
}

type Test = (entry: JsonObject) => boolean;

function propertyTest(constraint: JsonObject): Test {
  const field = fieldOf(constraint);
  const wanted = nested(constraint, 'value');
  const value = text(wanted, 'stringValue') || text(wanted, 'idValue');
  const tests: Readonly<Record<string, (actual: string) => boolean>> = {
    EQUAL_TO: (actual) => actual === value,
    NOT_EQUAL_TO: (actual) => actual !== value,
    CONTAINS: (actual) => actual.includes(value),
  };
  const operator = text(constraint, 'operator');
  const test = Object.hasOwn(tests, operator) ? tests[operator] : undefined;
  if (test === undefined) throw invalidArgument(`operator ${operator || 'OPERATOR_UNSPECIFIED'} is not supported`);
  return (entry) => test(comparable(entry, field));
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

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const fieldOf = (message: JsonObject): string => camelCase(text(nested(message, 'property'), 'field'));

function comparable(entry: JsonObject, field: string): string {
  const value = Object.hasOwn(entry, field) ? entry[field] : undefined;
  if (value === undefined || Array.isArray(value) || isObject(value)) throw invalidArgument(`field ${field} cannot be compared`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

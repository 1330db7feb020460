/**
 * What the RPC services of MLOps have in common: everything is a POST of JSON, lists are paged by `paging`, unset fields come as null.
 * Wire format: H2O MLOps 0.6x to 1.2, `/storage` and `/deployer`.
 */
import * as z from 'zod/mini';
import { ResponseValidationError } from '../../errors/connection-error.js';
import type { Page } from '../../http/pagination.js';
import { operation, type Operation } from '../../http/operation.js';

interface RpcDeclaration<Answer> {
  /** For instance `ai.h2o.storage.ProjectService`. */
  readonly service: string;
  readonly method: string;
  readonly mount: '/storage' | '/deployer' | '/ingest';
  /** Reads may be repeated, and so may writes that set something to a value; creates may not. */
  readonly safe: boolean;
  readonly answer: z.ZodMiniType<Answer>;
}

export function rpc<Answer>({ service, method, mount, safe, answer }: RpcDeclaration<Answer>): Operation<Answer> {
  return operation({ name: method, method: 'POST', path: `${mount}/${service}/${method}`, safe, answer });
}

/** Text that may be unset: absent, null or empty. */
export const text: z.ZodMiniType<string | null | undefined> = z.nullish(z.string());

/** A list that may be unset. */
export function listOf<Item>(item: z.ZodMiniType<Item>): z.ZodMiniType<readonly Item[] | null | undefined> {
  return z.nullish(z.array(item));
}

export interface WirePaging {
  readonly nextPageToken?: string | null | undefined;
}

export const PagingSchema: z.ZodMiniType<WirePaging | null | undefined> = z.nullish(z.looseObject({ nextPageToken: text }));

/** What deletions answer: an empty message, or no content. */
export const NothingSchema: z.ZodMiniType = z.nullish(z.looseObject({}));

export function toPage<Wire, Item>(
  wire: readonly Wire[] | null | undefined,
  paging: WirePaging | null | undefined,
  map: (item: Wire) => Item,
): Page<Item> {
  return { items: (wire ?? []).map(map), nextPageToken: paging?.nextPageToken };
}

/** The part of a request body that asks for a page. */
export function pageRequest(pageToken: string | undefined): { readonly paging?: { readonly pageToken: string } } {
  return pageToken === undefined ? {} : { paging: { pageToken } };
}

/**
 * A resource as it was answered, if it is the one that was asked for: an answer to another question must not pass for it.
 *
 * @throws {ResponseValidationError} it is another one
 */
export function theOne<Wire extends { readonly id: string }>(wire: Wire, id: string, call: string): Wire {
  if (wire.id.toLowerCase() === id.toLowerCase()) return wire;
  throw new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `The platform answered ${call} with another resource than the one that was asked for.`,
    fix: 'A proxy or cache on the way may mix up answers: repeat the call, and tell the administrator of the platform.',
    call,
  });
}

/** `undefined` for what is unset. */
export function known(value: string | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : value;
}

type Compact<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

/** An object without the members that are undefined, as `exactOptionalPropertyTypes` wants it. */
export function compact<Members extends object>(members: Members): Compact<Members> {
  const kept: Compact<Members> = {};
  // Added and not taken away: an object that has lost a member is slow from then on, and lists have thousands.
  for (const name of Object.keys(members)) {
    const value: unknown = Reflect.get(members, name);
    if (value !== undefined) Reflect.set(kept, name, value);
  }
  return kept;
}

/** A message as it goes back to a service: what is unset is left out, never sent as null. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

interface NameChanges {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
}

/** A new name and description as storage takes them; null clears. An empty mask must not be sent: it means every field. */
export function changesOf(params: NameChanges): { readonly fields: Readonly<Record<string, string>>; readonly mask: string } {
  const fields: Record<string, string> = {};
  if (params.name !== undefined) fields['displayName'] = params.name;
  if (params.description !== undefined) fields['description'] = params.description ?? '';
  return { fields, mask: Object.keys(fields).join(',') };
}

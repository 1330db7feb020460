/**
 * The engines of one kind on the wire: paths and calls. The kinds differ in the names of their members, and in which verbs they have.
 * Wire format: h2o-engine-manager 1.10, `/v1/workspaces/…`.
 */
import * as z from 'zod/mini';
import { ApiError } from '../../errors/api-error.js';
import { addCreated } from '../../errors/base.js';
import { operation, type Operation, type Send } from '../../http/operation.js';
import { createList, type List, type Page } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { EngineLogs, EngineProfile, EngineVersion } from '../engine.js';
import type { Collection } from '../names.js';
import { toProfile, toVersion } from './mapping.js';
import { anyAnswer, EngineSchema, memberIn, pageIn, ProfileSchema, text, VersionSchema, type WireEngine } from './wire.js';

/** Where the engines of a kind are, and the member that an answer holds one in. */
export interface KindOnTheWire {
  readonly collection: Collection;
  readonly member: 'daiEngine' | 'h2oEngine' | 'notebookEngine';
}

/** What a list asks for; unset is the service's choice. */
export interface ListQuery {
  readonly filter?: string | undefined;
  readonly orderBy?: string | undefined;
}

/** Fields of an engine that is made or changed. */
export interface EngineFields {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Secrets among them. */
  readonly secrets: readonly string[];
}

export interface KindApi<Engine> {
  list(workspace: string, query: ListQuery & { readonly keeps?: (engine: Engine) => boolean }, options: RequestOptions): List<Engine>;
  get(name: string, options: RequestOptions): Promise<Engine>;
  create(workspace: string, id: string, engine: EngineFields, options: RequestOptions): Promise<Engine>;
  update(name: string, mask: string, engine: EngineFields, options: RequestOptions): Promise<Engine>;
  act(name: string, verb: 'pause' | 'resume' | 'terminate', options: RequestOptions): Promise<void>;
  resizeStorage(name: string, storageBytes: number, options: RequestOptions): Promise<void>;
  delete(name: string, options: RequestOptions): Promise<void>;
  logs(name: string, options: RequestOptions): Promise<EngineLogs>;
  /** The profiles that the user may use. */
  profiles(options: RequestOptions): List<EngineProfile>;
  versions(options: RequestOptions): List<EngineVersion>;
}

const LogsSchema = memberIn('logs', z.looseObject({ contentType: text, data: text }));

/** How a page of one call becomes a page of the vocabulary. */
interface Listing<Wire, Item> {
  readonly call: Operation<Page<Wire>>;
  readonly map: (wire: Wire) => Item;
  readonly keeps?: ((item: Item) => boolean) | undefined;
}

export function kindApi<Engine extends { readonly id: string }>(
  send: Send,
  kind: KindOnTheWire,
  map: (wire: WireEngine) => Engine,
): KindApi<Engine> {
  const calls = callsOf(kind);
  let removed = 0;
  const listed = <Wire, Item extends { readonly id: string }>(
    listing: Listing<Wire, Item>,
    parent: string,
    query: ListQuery,
    options: RequestOptions,
  ): List<Item> =>
    createList({
      call: listing.call.name,
      fetchPage: async (pageToken) => {
        const page = await send({ operation: listing.call, parameters: { parent }, query: { ...query, pageToken } }, options);
        return { items: page.items.map(listing.map), nextPageToken: page.nextPageToken };
      },
      key: ({ id }) => id,
      ...(listing.keeps === undefined ? {} : { keeps: listing.keeps }),
      removals: () => removed,
    });
  const get: KindApi<Engine>['get'] = async (engine, options) => map(await send({ operation: calls.get, parameters: { engine } }, options));

  return {
    list: (workspace, { keeps, ...query }, options) => listed({ call: calls.list, map, keeps }, workspace, query, options),
    get,
    create: async (parent, id, { fields: body, secrets }, options) => {
      const query = { [`${kind.member}Id`]: id };
      try {
        return map(await send({ operation: calls.create, parameters: { parent }, query, body, secrets }, options));
      } catch (error) {
        await nameLost(error, `${parent}/${kind.collection}/${id}`, get);
        throw error;
      }
    },
    update: async (engine, updateMask, { fields: body, secrets }, options) =>
      map(await send({ operation: calls.update, parameters: { engine }, query: { updateMask }, body, secrets }, options)),
    act: async (engine, verb, options) => {
      await send({ operation: calls[verb], parameters: { engine }, body: {} }, options);
    },
    resizeStorage: async (engine, storageBytes, options) => {
      await send({ operation: calls.resize, parameters: { engine }, body: { newStorageBytes: String(storageBytes) } }, options);
    },
    delete: async (engine, options) => {
      await send({ operation: calls.delete, parameters: { engine } }, options);
      removed += 1;
    },
    logs: async (engine, options) => {
      const { contentType, data } = await send({ operation: calls.logs, parameters: { engine }, body: {} }, options);
      return { contentType: contentType ?? 'text/plain', data: new Uint8Array(Buffer.from(data ?? '', 'base64')) };
    },
    profiles: (options) => listed({ call: calls.profiles, map: toProfile }, 'workspaces/global', {}, options),
    versions: (options) => listed({ call: calls.versions, map: toVersion }, 'workspaces/global', {}, options),
  };
}

function callsOf({ collection, member }: KindOnTheWire) {
  const title = `${member.charAt(0).toUpperCase()}${member.slice(1)}`;
  const one = memberIn(member, EngineSchema);
  const all = `/v1/{+parent}/${collection}`;
  const engine = '/v1/{+engine}';
  const read = { method: 'GET', safe: true } as const;
  // They set a state or a size, so that doing it once more does no harm.
  const set = { method: 'POST', safe: true, answer: anyAnswer } as const;
  return {
    list: operation({ ...read, name: `List${title}s`, path: all, answer: pageIn(collection, EngineSchema) }),
    get: operation({ ...read, name: `Get${title}`, path: engine, answer: one }),
    create: operation({ name: `Create${title}`, method: 'POST', path: all, safe: false, answer: one }),
    update: operation({ name: `Update${title}`, method: 'PATCH', path: engine, safe: true, answer: one }),
    delete: operation({ name: `Delete${title}`, method: 'DELETE', path: engine, safe: false, answer: anyAnswer }),
    pause: operation({ ...set, name: `Pause${title}`, path: `${engine}:pause` }),
    resume: operation({ ...set, name: `Resume${title}`, path: `${engine}:resume` }),
    terminate: operation({ ...set, name: `Terminate${title}`, path: `${engine}:terminate` }),
    resize: operation({ ...set, name: `Resize${title}Storage`, path: `${engine}:resizeStorage` }),
    logs: operation({ name: `Download${title}Logs`, method: 'POST', path: `${engine}:downloadLogs`, safe: true, answer: LogsSchema }),
    profiles: operation({
      ...read,
      name: `List${title}Profiles`,
      path: `/v1/{+parent}/${member}Profiles:listAssigned`,
      answer: pageIn(`${member}Profiles`, ProfileSchema),
    }),
    versions: operation({
      ...read,
      name: `List${title}Versions`,
      path: `/v1/{+parent}/${member}Versions`,
      answer: pageIn(`${member}Versions`, VersionSchema),
    }),
  };
}

/** A creation without an answer may have made the engine all the same: where it is there, the error names it. */
async function nameLost(error: unknown, name: string, get: KindApi<unknown>['get']): Promise<void> {
  if (error instanceof ApiError && error.status < 500) return;
  const found = await get(name, { timeoutMs: 10_000, retry: { limit: 1 } }).catch(() => undefined);
  if (found !== undefined) addCreated(error, [{ kind: 'engine', id: name }]);
}

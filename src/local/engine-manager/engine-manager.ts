/**
 * AI Engine Manager at `/engine-manager`, and the engines that it starts at `/engines`.
 * Its clients write the slashes of resource names as they are or percent-encoded, so paths are matched here and not by the router.
 */
import { Hono } from 'hono';
import type { Clock } from '../../internal/clock.js';
import type { Access, Caller } from '../access.js';
import { positionOn } from '../engine-course.js';
import { engineEndpoint, unauthorized } from '../engine-endpoint.js';
import { isObject, parseJson, type JsonObject } from '../json.js';
import { decodedPath, idShape, paged, StatusError } from '../resource-service.js';
import { catalogued, profiles, versions, type EngineMember } from './catalogue.js';
import { anyEngineMessage, checkedFields, engineMessage, ManagedEngines, type ManagedEngine } from './engines.js';
import { matcher, order } from './filter.js';

export const engineManagerPath = '/engine-manager';
export const enginesPath = '/engines';

export interface EngineManagerContext {
  readonly origin: string;
  readonly clock: Clock;
  readonly access: Access;
  /** How long an engine takes to start. */
  readonly readyAfterMs: number;
}

interface Call {
  readonly caller: Caller;
  readonly method: string;
  /** Without the prefix, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly now: number;
}

const members: Readonly<Record<string, EngineMember>> = { daiEngines: 'daiEngine', h2oEngines: 'h2oEngine' };

/** From the names in filters and orders to members of an engine. */
const listFields: Readonly<Record<string, string>> = {
  name: 'name',
  uid: 'uid',
  state: 'state',
  creator: 'creator',
  creator_display_name: 'creatorDisplayName',
  display_name: 'displayName',
  reconciling: 'reconciling',
  create_time: 'createTime',
  update_time: 'updateTime',
  cpu: 'cpu',
  gpu: 'gpu',
  memory_bytes: 'memoryBytes',
  storage_bytes: 'storageBytes',
  node_count: 'nodeCount',
  dai_engine_id: 'id',
  h2o_engine_id: 'id',
  engine_id: 'id',
  version: 'version',
};

export function engineManager(context: EngineManagerContext): { readonly manager: Hono; readonly engines: Hono } {
  const engines = new ManagedEngines(context.readyAfterMs);
  const address = `${context.origin}${enginesPath}`;
  const manager = new Hono();
  manager.onError((error) => {
    if (error instanceof StatusError) return error.toResponse();
    throw error;
  });
  manager.all('*', async ({ req }) => {
    const url = new URL(req.url);
    const path = decodedPath(url.pathname.slice(engineManagerPath.length)).replace(/^\/+/, '');
    if (path === 'version') return Response.json({ version: 'v1.10.0', gitCommit: '0000000' });
    const caller = await context.access.caller(req.header('authorization'));
    if (caller === undefined) throw new StatusError(16, 'token is not valid');
    const parsed = parseJson(await req.text());
    const body = isObject(parsed) ? parsed : {};
    const call = { caller, method: req.method, path, query: url.searchParams, body, now: context.clock.now() };
    return Response.json(answer(engines, address, call));
  });

  const behind = new Hono();
  behind.all('*', async ({ req }) => {
    const path = decodedPath(new URL(req.url).pathname.slice(enginesPath.length + 1));
    const [, name = '', rest = ''] = /^(workspaces\/[^/]+\/(?:daiEngines|h2oEngines)\/[^/]+)(.*)$/.exec(path) ?? [];
    const caller = await context.access.caller(req.header('authorization'));
    const now = context.clock.now();
    // Some of an engine is open to everybody; whose it is matters only behind that.
    const engine = caller === undefined ? engines.findOfAnybody(name, now) : engines.find(caller.subject, name, now);
    if (engine === undefined) return caller === undefined ? unauthorized() : new Response('Not found\n', { status: 404 });
    return engineEndpoint(facts(engine, now), { mayEnter: caller !== undefined }, rest, req.raw);
  });
  return { manager, engines: behind };
}

function answer(engines: ManagedEngines, address: string, call: Call): JsonObject {
  const { path, method } = call;
  const [, catalogue, catalogueMember, catalogueKind, catalogueId] =
    /^v1\/(workspaces\/global\/(daiEngine|h2oEngine)(Profiles|Versions)(?:\/([^/:]+))?(?::listAssigned)?)$/.exec(path) ?? [];
  if (catalogue !== undefined && method === 'GET') {
    return fromCatalogue(catalogueMember === 'daiEngine' ? 'daiEngine' : 'h2oEngine', catalogueKind ?? '', catalogueId, call);
  }
  const [, sizing] = /^v1\/h2oEngines:calculateH2OEngineSize(Raw|Compressed)Dataset$/.exec(path) ?? [];
  if (sizing !== undefined && method === 'POST') return { h2oEngineSize: sized(call.body) };
  const [, workspace, collection] = /^v1\/(workspaces\/[^/]+)\/(daiEngines|h2oEngines|notebookEngines|engines)$/.exec(path) ?? [];
  if (workspace !== undefined && collection !== undefined) {
    ownWorkspace(workspace);
    if (method === 'GET') return list(engines, address, call, { workspace, collection });
    if (method === 'POST') return create(engines, address, call, { workspace, collection });
  }
  const [, name, kind, verb = ''] =
    /^v1\/(workspaces\/[^/]+\/(daiEngines|h2oEngines|notebookEngines)\/[^/:]+)(?::(\w+))?$/.exec(path) ?? [];
  if (name !== undefined && kind !== undefined) return one(engines, address, call, { name, verb });
  throw new StatusError(5, 'Not Found');
}

function fromCatalogue(member: EngineMember, kind: string, id: string | undefined, call: Call): JsonObject {
  const entries = kind === 'Profiles' ? profiles[member] : versions[member];
  if (id === undefined) return paged(`${member}${kind}`, entries, call.query);
  const entry = catalogued(entries, `workspaces/global/${member}${kind}/${id}`);
  if (entry === undefined) throw new StatusError(5, `workspaces/global/${member}${kind}/${id} not found`);
  return { [`${member}${kind.slice(0, -1)}`]: entry };
}

function list(
  engines: ManagedEngines,
  address: string,
  { caller, query, now }: Call,
  { workspace, collection }: { readonly workspace: string; readonly collection: string },
): JsonObject {
  const member = members[collection];
  const messages = engines
    .of(caller.subject, workspace, now)
    .filter((engine) => collection === 'engines' || engine.member === member)
    .map((engine) => (member === undefined ? anyEngineMessage : engineMessage)(engine, address, now));
  const fits = matcher(query.get('filter') ?? '', listFields);
  const found = messages
    .filter((message) => fits({ ...message, id: shortName(message['name']) }))
    .sort(order(query.get('orderBy') ?? '', listFields));
  return { ...paged(collection, found, query), totalSize: found.length };
}

function create(
  engines: ManagedEngines,
  address: string,
  { caller, query, body, now }: Call,
  { workspace, collection }: { readonly workspace: string; readonly collection: string },
): JsonObject {
  const member = members[collection];
  if (member === undefined) throw new StatusError(12, 'the local cloud starts no engines of this kind');
  const id = query.get(`${member}Id`) ?? '';
  if (!idShape.test(id)) throw new StatusError(3, `validation error: ${member}Id '${id}' must match ${idShape.source}`);
  const name = `${workspace}/${collection}/${id}`;
  if (engines.find(caller.subject, name, now) !== undefined) throw new StatusError(6, `${name} already exists`);
  const engine = engines.make(member, caller, name, body, now);
  if (!isTrue(query.get('validateOnly'))) engines.keep(engine);
  return { [member]: engineMessage(engine, address, now) };
}

function one(
  engines: ManagedEngines,
  address: string,
  call: Call,
  { name, verb }: { readonly name: string; readonly verb: string },
): JsonObject {
  const { caller, method, query, body, now } = call;
  const engine = engines.find(caller.subject, name, now);
  if (engine === undefined) {
    if (method === 'DELETE' && isTrue(query.get('allowMissing'))) return {};
    throw new StatusError(5, `engine ${name} not found`);
  }
  const shown = (): JsonObject => ({ [engine.member]: engineMessage(engine, address, now) });
  if (method === 'GET' && verb === '') return shown();
  if (method === 'PATCH' && verb === '') {
    update(engine, query.get('updateMask') ?? '*', body, now);
    return shown();
  }
  if (method === 'DELETE' && verb === '') {
    engines.send(engine, ['STATE_DELETING'], 'gone', now);
    return shown();
  }
  if (method !== 'POST') throw new StatusError(12, 'Method Not Allowed');
  if (verb === 'downloadLogs')
    return { logs: { contentType: 'text/plain', data: Buffer.from('engine log\n').toString('base64'), extensions: [] } };
  if (!act(engines, engine, verb, body, now)) throw new StatusError(5, 'Not Found');
  return shown();
}

function act(engines: ManagedEngines, engine: ManagedEngine, verb: string, body: JsonObject, now: number): boolean {
  const { state } = positionOn(engine.course, now);
  const isDai = engine.member === 'daiEngine';
  if (isDai && verb === 'pause') {
    if (state !== 'STATE_RUNNING') throw new StatusError(9, `cannot pause an engine in ${state}`);
    engines.send(engine, ['STATE_PAUSING'], 'STATE_PAUSED', now);
  } else if (isDai && verb === 'resume') {
    if (state !== 'STATE_PAUSED' && state !== 'STATE_FAILED') throw new StatusError(9, `cannot resume an engine in ${state}`);
    engines.send(engine, ['STATE_STARTING', 'STATE_CONNECTING'], 'STATE_RUNNING', now);
  } else if (!isDai && verb === 'terminate') {
    engines.send(engine, ['STATE_TERMINATING'], 'STATE_TERMINATED', now);
  } else if (isDai && verb === 'resizeStorage') {
    if (Number(body['newStorageBytes']) <= Number(engine.fields['storageBytes'])) throw new StatusError(3, 'storage can only grow');
    engine.fields = checkedFields(engine.member, { ...engine.fields, storageBytes: body['newStorageBytes'] });
  } else {
    return false;
  }
  return true;
}

function update(engine: ManagedEngine, mask: string, body: JsonObject, now: number): void {
  const fields = { ...engine.fields };
  const names = mask === '*' ? Object.keys(fields) : mask.split(',').map(camelCase);
  for (const name of names) {
    if (!(name in fields)) throw new StatusError(3, `invalid update mask: ${mask}`);
    Object.assign(fields, { [name]: body[name] ?? null });
  }
  engine.fields = checkedFields(engine.member, fields);
  engine.updatedAt = now;
}

/** Enough memory for four times the data, over as few nodes as hold it. */
function sized(body: JsonObject): JsonObject {
  const limits = isObject(body['limits']) ? body['limits'] : {};
  const limit = (name: string, otherwise: number): number => Number(limits[name] ?? otherwise);
  const bytes =
    body['datasetSizeBytes'] === undefined
      ? Number(body['rowsCount']) * Number(body['columnsCount']) * 8
      : Number(body['datasetSizeBytes']);
  const largest = limit('memoryBytesPerNodeMax', Number.MAX_SAFE_INTEGER);
  const nodes = Math.min(Math.max(limit('nodeCountMin', 1), Math.ceil((bytes * 4) / largest)), limit('nodeCountMax', 1000));
  const memory = Math.min(largest, Math.max(limit('memoryBytesPerNodeMin', 1), Math.ceil((bytes * 4) / nodes)));
  return { nodeCount: String(nodes), memoryBytes: String(memory) };
}

/** `default` stands for the caller's own workspace; into those of others the local cloud lets nobody. */
function ownWorkspace(workspace: string): void {
  if (workspace !== 'workspaces/default') throw new StatusError(7, `permission denied in ${workspace}`);
}

function facts(engine: ManagedEngine, now: number): Parameters<typeof engineEndpoint>[0] {
  const { member, name, fields, course } = engine;
  return {
    kind: member === 'daiEngine' ? 'driverlessai' : 'h2o3',
    name: shortName(name),
    version: shortName(fields[`${member}Version`]),
    nodeCount: Number(fields['nodeCount'] ?? 1),
    isRunning: positionOn(course, now).state === 'STATE_RUNNING',
  };
}

function shortName(name: unknown): string {
  const text = String(name);
  return text.slice(text.lastIndexOf('/') + 1);
}

/** Python writes truth with a capital letter. */
function isTrue(value: string | null): boolean {
  return value?.toLowerCase() === 'true';
}

function camelCase(path: string): string {
  return path.trim().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

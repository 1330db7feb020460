/**
 * The secure store at the origin's root: secrets in workspaces, each with its versions. Clients of platform 1.2 look for it while they
 * connect. A user's secrets are seen by that user alone. Its clients write the slashes of names as they are or percent-encoded.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { Clock } from '../internal/clock.js';
import type { Access, Caller } from './access.js';
import { isObject, parseJson, type JsonObject } from './json.js';
import { decodedPath, idShape, paged, StatusError } from './resource-service.js';

export interface SecureStoreContext {
  readonly clock: Clock;
  readonly access: Access;
}

interface Secret {
  readonly name: string;
  readonly message: JsonObject;
  readonly versions: Version[];
  /** When it was deleted, in milliseconds since the epoch. */
  deletedAt: number | undefined;
}

interface Version {
  readonly message: JsonObject & { readonly name: string };
  /** In base64, as it came. */
  readonly value: string;
}

interface Call {
  readonly caller: Caller;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly now: number;
}

/** The secrets of one user, by name. */
type Secrets = Map<string, Secret>;

const purgeAfterMs = 30 * 24 * 3_600_000;
const largestValueBytes = 64 * 1024;

/** Whether a path of the origin is the secure store's. */
export const isSecureStorePath = (path: string): boolean => path === '/version' || path.startsWith('/v1/');

export function secureStore({ clock, access }: SecureStoreContext): Hono {
  const ofUsers = new Map<string, Secrets>();
  const app = new Hono();
  app.onError((error) => {
    if (error instanceof StatusError) return error.toResponse();
    throw error;
  });
  app.get('/version', (context) => context.json({ version: 'local' }));
  app.all('*', async ({ req }) => {
    const { pathname, searchParams: query } = new URL(req.url);
    const caller = await access.caller(req.header('authorization'));
    if (caller === undefined) throw new StatusError(16, 'token is not valid');
    const parsed = parseJson(await req.text());
    const owner = `${caller.issuer} ${caller.subject}`;
    const secrets: Secrets = ofUsers.get(owner) ?? new Map<string, Secret>();
    ofUsers.set(owner, secrets);
    const call = { caller, method: req.method, query, body: isObject(parsed) ? parsed : {}, now: clock.now() };
    return Response.json(answer(secrets, decodedPath(pathname).slice('/v1/'.length), call));
  });
  return app;
}

function answer(secrets: Secrets, path: string, call: Call): JsonObject {
  const [, parent, id, rest = ''] = /^(workspaces\/[^/]+)\/secrets(?:\/([^/:]+)(.*))?$/.exec(path) ?? [];
  if (parent === undefined) throw new StatusError(5, 'Not Found');
  if (id === undefined) {
    if (call.method === 'POST') return { secret: create(secrets, parent, call) };
    if (call.method === 'GET') return list(secrets, parent, call);
    throw new StatusError(5, 'Not Found');
  }
  const secret = secrets.get(`${parent}/secrets/${id}`);
  if (secret === undefined) throw new StatusError(5, `${parent}/secrets/${id} not found`);
  if (rest === '' || rest === ':undelete') return { secret: changed(secret, rest, call) };
  if (rest === '/versions') return ofVersions(secret, call);
  const [, version, verb] = /^\/versions\/([^/:]+)(:revealValue)?$/.exec(rest) ?? [];
  if (version === undefined) throw new StatusError(5, 'Not Found');
  return oneVersion(secret, version, verb !== undefined, call);
}

function create(secrets: Secrets, parent: string, { caller, query, body, now }: Call): JsonObject {
  const given = query.get('secretId') ?? '';
  const id = given === '' ? `secret-${randomUUID()}` : given;
  if (!idShape.test(id)) throw new StatusError(3, 'secret_id must be lower-case letters, digits and dashes');
  const name = `${parent}/secrets/${id}`;
  if (secrets.has(name)) throw new StatusError(6, `${name} already exists`);
  const { displayName = '', annotations = {} } = body;
  const created = { creator: `users/${caller.subject}`, createTime: new Date(now).toISOString(), uid: randomUUID() };
  const secret: Secret = { name, message: { name, displayName, annotations, ...created }, versions: [], deletedAt: undefined };
  secrets.set(name, secret);
  return toMessage(secret);
}

function list(secrets: Secrets, parent: string, { query }: Call): JsonObject {
  const showsDeleted = query.get('showDeleted')?.toLowerCase() === 'true';
  const found = [...secrets.values()].filter(({ name, deletedAt }) => {
    return name.startsWith(`${parent}/secrets/`) && (showsDeleted || deletedAt === undefined);
  });
  return paged('secrets', found.map(toMessage), query);
}

function changed(secret: Secret, verb: string, { method, now }: Call): JsonObject {
  if (verb === ':undelete' && method === 'POST') secret.deletedAt = undefined;
  else if (verb === '' && method === 'DELETE') secret.deletedAt ??= now;
  else if (verb !== '' || method !== 'GET') throw new StatusError(5, 'Not Found');
  return toMessage(secret);
}

function ofVersions(secret: Secret, { caller, method, query, body, now }: Call): JsonObject {
  const { versions, name } = secret;
  if (method === 'GET') return paged('secretVersions', versions.map(({ message }) => message).reverse(), query);
  if (method !== 'POST') throw new StatusError(5, 'Not Found');
  if (secret.deletedAt !== undefined) throw new StatusError(9, `${name} is deleted`);
  const { value } = body;
  if (typeof value !== 'string') throw new StatusError(3, 'value must be base64');
  if (Buffer.byteLength(value, 'base64') > largestValueBytes) throw new StatusError(3, 'value must have at most 64 KiB');
  const uid = randomUUID();
  const message = {
    name: `${name}/versions/${uid}`,
    value: '',
    creator: `users/${caller.subject}`,
    createTime: new Date(now).toISOString(),
    uid,
  };
  versions.push({ message, value });
  return { secretVersion: message };
}

function oneVersion(secret: Secret, id: string, reveals: boolean, { method }: Call): JsonObject {
  const found = id === 'latest' ? secret.versions.at(-1) : secret.versions.find(({ message }) => message['uid'] === id);
  if (found === undefined || method !== 'GET') throw new StatusError(5, `${secret.name}/versions/${id} not found`);
  if (!reveals) return { secretVersion: found.message };
  if (secret.deletedAt !== undefined) throw new StatusError(9, `${secret.name} is deleted`);
  return { name: found.message.name, value: found.value };
}

function toMessage({ message, deletedAt }: Secret): JsonObject {
  if (deletedAt === undefined) return { ...message, state: 'STATE_ACTIVE' };
  const times = { deleteTime: new Date(deletedAt).toISOString(), purgeTime: new Date(deletedAt + purgeAfterMs).toISOString() };
  return { ...message, state: 'STATE_DELETED', deleter: message['creator'], ...times };
}

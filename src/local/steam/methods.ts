/**
 * The methods of Steam, each a function from named parameters to a result. Refusals are prose, as Steam words them.
 */
import { positionOn } from '../engine-course.js';
import { isObject, type JsonObject } from '../json.js';
import { configMeta, driverlessVersions, h2oVersions, outOfRange, profiles } from './catalogue.js';
import { engineMessage, type SteamEngine, type SteamEngines } from './engines.js';
import type { SteamSession } from './sessions.js';

/** A refusal. */
export class Refusal extends Error {}

/** What a method works with. */
export interface MethodContext {
  readonly session: SteamSession;
  readonly engines: SteamEngines;
  /** Path that Steam is mounted at. */
  readonly prefix: string;
  readonly now: number;
}

export type Method = (context: MethodContext, params: JsonObject) => JsonObject;

type Kind = SteamEngine['kind'];

const words = { driverlessai: 'instance', h2o3: 'cluster' } as const;

function named(context: MethodContext, kind: Kind, name: unknown, createdBy?: unknown): SteamEngine {
  const engine = context.engines
    .of(context.session.caller.subject, kind, context.now)
    .find((candidate) => candidate.name === name && (createdBy === undefined || candidate.createdBy === createdBy));
  if (engine === undefined) throw new Refusal(`${words[kind]} '${String(name)}' not found`);
  return engine;
}

function numbered(context: MethodContext, kind: Kind, id: unknown): SteamEngine {
  const engine = context.engines.byId(context.session.caller.subject, kind, id);
  if (engine === undefined) throw new Refusal(`${words[kind]} with id ${String(id)} not found`);
  return engine;
}

const message = (context: MethodContext, engine: SteamEngine): JsonObject => engineMessage(engine, context.prefix, context.now);
const isIn = (context: MethodContext, { course }: SteamEngine, state: string): boolean => positionOn(course, context.now).state === state;

function checkedName(context: MethodContext, kind: Kind, name: unknown): void {
  if (typeof name !== 'string' || name === '') throw new Refusal(`${words[kind]} name must be set`);
  const isTaken = context.engines
    .of(context.session.caller.subject, kind, context.now)
    .some((engine) => engine.name === name && !isIn(context, engine, 'terminated'));
  if (isTaken) throw new Refusal(`${words[kind]} with name '${name}' already exists`);
}

function launch(context: MethodContext, kind: Kind, params: JsonObject): SteamEngine {
  const parameters = isObject(params['parameters']) ? params['parameters'] : {};
  const type = kind === 'h2o3' ? 'h2o_kubernetes' : 'driverless_kubernetes';
  const versions = kind === 'h2o3' ? h2oVersions : driverlessVersions;
  checkedName(context, kind, parameters['name']);
  if (!profiles.some((profile) => profile['name'] === parameters['profile_name'] && profile['profile_type'] === type))
    throw new Refusal(`profile '${String(parameters['profile_name'])}' not found`);
  if (!versions.some(({ version }) => version === parameters['version']))
    throw new Refusal(`version '${String(parameters['version'])}' not found`);
  const problem = outOfRange(type, parameters);
  if (problem !== undefined) throw new Refusal(problem);
  const { caller, token } = context.session;
  return context.engines.launch(
    { kind, ownerId: caller.subject, createdBy: caller.username, parameters, hasPassword: kind === 'driverlessai' && token === undefined },
    context.now,
  );
}

function start(context: MethodContext, params: JsonObject): JsonObject {
  const engine = numbered(context, 'driverlessai', params['instance_id']);
  if (!isIn(context, engine, 'stopped') && !isIn(context, engine, 'failed')) throw new Refusal('only stopped instances can be started');
  const given = isObject(params['parameters']) ? params['parameters'] : {};
  const problem = outOfRange('driverless_kubernetes', given);
  if (problem !== undefined) throw new Refusal(problem);
  context.engines.change(engine, { parameters: { ...engine.parameters, ...given } });
  context.engines.send(engine, { through: ['starting'], to: 'running' }, context.now, 'started');
  return {};
}

function stop(context: MethodContext, engine: SteamEngine): JsonObject {
  // A cluster is said to run until it has stopped: only its target tells.
  const through = engine.kind === 'h2o3' ? ['running'] : ['stopping'];
  if (engine.course.to !== 'stopped') context.engines.send(engine, { through, to: 'stopped' }, context.now, 'stopped by user');
  return {};
}

function fail(context: MethodContext, engine: SteamEngine): JsonObject {
  context.engines.send(engine, { through: [], to: 'failed' }, context.now, 'marked as failed by user');
  return {};
}

function terminate(context: MethodContext, params: JsonObject): JsonObject {
  const engine = numbered(context, 'driverlessai', params['instance_id']);
  if (!isIn(context, engine, 'stopped') && !isIn(context, engine, 'failed')) throw new Refusal('only stopped instances can be terminated');
  context.engines.send(engine, { through: ['terminating'], to: 'terminated' }, context.now, 'terminated');
  return {};
}

function rename(context: MethodContext, params: JsonObject): JsonObject {
  const engine = numbered(context, 'driverlessai', params['instance_id']);
  checkedName(context, 'driverlessai', params['name']);
  context.engines.change(engine, { name: String(params['name']) });
  return {};
}

function upgrade(context: MethodContext, params: JsonObject): JsonObject {
  const engine = numbered(context, 'driverlessai', params['instance_id']);
  if (isIn(context, engine, 'running')) throw new Refusal('only stopped instances can be upgraded');
  context.engines.change(engine, { version: String(params['version']) });
  return {};
}

/** About four times the data, as much as H2O-3 needs to work with it. */
function estimate(_: MethodContext, params: JsonObject): JsonObject {
  const given = isObject(params['parameters']) ? params['parameters'] : {};
  const { dataset_size_gb: size, rows, cols } = given;
  const gigabytes =
    typeof size === 'number' ? size : typeof rows === 'number' && typeof cols === 'number' ? (rows * cols * 8) / 2 ** 30 : 0;
  return { cluster_memory: { total_memory_gb: Math.ceil(gigabytes * 4), extra_mem_percent: 0 } };
}

function events(context: MethodContext, params: JsonObject): JsonObject {
  const kind: Kind = params['entity_type'] === 'h2o-kubernetes-cluster' ? 'h2o3' : 'driverlessai';
  const engine = numbered(context, kind, params['entity_id']);
  return {
    events: engine.events.map(({ level, message: text, at }) => ({
      entity_type: params['entity_type'],
      entity_id: engine.id,
      level,
      message: text,
      created_at: Math.floor(at / 1000),
    })),
  };
}

function profileNamed(name: unknown): JsonObject {
  const profile = profiles.find((candidate) => candidate['name'] === name);
  if (profile === undefined) throw new Refusal(`profile '${String(name)}' not found`);
  return { profile };
}

function profileNumbered(id: unknown): JsonObject {
  const profile = profiles.find((candidate) => candidate['id'] === id);
  if (profile === undefined) throw new Refusal(`profile with id ${String(id)} not found`);
  return { profile };
}

/** The token that signed in, for as long as it lives: without a refresh token Steam cannot renew it. */
function tokenProvider({ session }: MethodContext): JsonObject {
  const { token } = session;
  const text = { refresh_token: '', client_id: '', client_secret: '', token_endpoint_url: '', token_introspection_url: '' };
  if (token === undefined) return { provider: { ...text, enabled: false, access_token: '', expires_at: 0 } };
  return { provider: { ...text, enabled: true, client_id: 'steam', access_token: token.value, expires_at: token.expiresAtSeconds } };
}

const listed = (context: MethodContext, kind: Kind): readonly JsonObject[] =>
  context.engines.of(context.session.caller.subject, kind, context.now).map((engine) => message(context, engine));

/** By name, without `web.`. */
export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['PingServer', () => ({ output: '1.9.18' })],
  ['GetConfigMeta', () => ({ meta: configMeta })],
  ['GetProfiles', () => ({ profiles })],
  ['GetProfile', (_, { profile_id: id }) => profileNumbered(id)],
  ['GetProfileByName', (_, { name }) => profileNamed(name)],
  ['GetDriverlessEngines', () => ({ engines: driverlessVersions })],
  ['GetH2oKubernetesEngines', () => ({ engines: h2oVersions })],
  ['GetDriverlessInstances', (context) => ({ instances: listed(context, 'driverlessai') })],
  ['GetDriverlessInstance', (context, { name }) => ({ instance: message(context, named(context, 'driverlessai', name)) })],
  [
    'GetDriverlessInstanceCreatedBy',
    (context, { name, created_by: by }) => ({ instance: message(context, named(context, 'driverlessai', name, by)) }),
  ],
  ['GetDriverlessInstanceByID', (context, { id }) => ({ instance: message(context, numbered(context, 'driverlessai', id)) })],
  ['LaunchDriverlessInstance', (context, params) => ({ instance_id: launch(context, 'driverlessai', params).id })],
  ['StartDriverlessInstance', start],
  ['StopDriverlessInstance', (context, { instance_id: id }) => stop(context, numbered(context, 'driverlessai', id))],
  ['FailDriverlessInstance', (context, { instance_id: id }) => fail(context, numbered(context, 'driverlessai', id))],
  ['TerminateDriverlessInstance', terminate],
  ['SetDriverlessInstanceName', rename],
  ['UpgradeDriverlessInstance', upgrade],
  ['GetH2oKubernetesClusters', (context) => ({ cluster: listed(context, 'h2o3') })],
  ['GetH2oKubernetesClusterById', (context, { cluster_id: id }) => ({ cluster: message(context, numbered(context, 'h2o3', id)) })],
  ['GetH2oKubernetesClusterByName', (context, { cluster_name: name }) => ({ cluster: message(context, named(context, 'h2o3', name)) })],
  [
    'GetH2oKubernetesClusterByNameCreatedBy',
    (context, { cluster_name: name, created_by: by }) => ({ cluster: message(context, named(context, 'h2o3', name, by)) }),
  ],
  ['GetEstimatedClusterMemory', estimate],
  ['LaunchH2oKubernetesCluster', (context, params) => ({ cluster: message(context, launch(context, 'h2o3', params)) })],
  ['StopH2oKubernetesClusterById', (context, { cluster_id: id }) => stop(context, numbered(context, 'h2o3', id))],
  ['FailH2oKubernetesClusterById', (context, { cluster_id: id }) => fail(context, numbered(context, 'h2o3', id))],
  [
    'DeleteH2oKubernetesClusterById',
    (context, { cluster_id: id }) => {
      context.engines.remove(numbered(context, 'h2o3', id));
      return {};
    },
  ],
  ['GetOidcTokenProvider', tokenProvider],
  ['GetEvents', events],
]);

/**
 * Driverless AI instances on the wire.
 * Wire format: Enterprise Steam 1.9, `…DriverlessInstance…`.
 */
import * as z from 'zod/mini';
import type { RequestOptions } from '../../http/request-options.js';
import { redact } from '../../internal/redact.js';
import { Secret } from '../../internal/secret.js';
import type { SteamInstance, SteamInstanceQuery } from '../instances.js';
import { engineMembers, number, text, timeMember } from './engines.js';
import { anyResult, listOf, steamMethod, type CallSteam } from './rpc.js';

const InstanceSchema = z.looseObject({
  ...engineMembers,
  cpu_count: number,
  gpu_count: number,
  memory_gb: number,
  storage_gb: number,
  max_idle_seconds: number,
  max_uptime_seconds: number,
  timeout_seconds: number,
  current_idle_seconds: number,
  current_uptime_seconds: number,
  authentication: text,
  password: text,
  config_toml: text,
  created_at: number,
  started_at: number,
  created_by: text,
  stop_reason: text,
  pod_latest_event: z.optional(z.unknown()),
  service_latest_event: z.optional(z.unknown()),
  pvc_latest_event: z.optional(z.unknown()),
});
const OneInstance = z.looseObject({ instance: InstanceSchema });

const list = steamMethod('GetDriverlessInstances', { safe: true, result: z.looseObject({ instances: listOf(InstanceSchema) }) });
const byId = steamMethod('GetDriverlessInstanceByID', { safe: true, result: OneInstance });
const byName = steamMethod('GetDriverlessInstance', { safe: true, result: OneInstance });
const byNameAndCreator = steamMethod('GetDriverlessInstanceCreatedBy', { safe: true, result: OneInstance });
const launch = steamMethod('LaunchDriverlessInstance', { safe: false, result: z.looseObject({ instance_id: z.number() }) });
const start = steamMethod('StartDriverlessInstance', { safe: true, result: anyResult });
const stop = steamMethod('StopDriverlessInstance', { safe: true, result: anyResult });
const terminate = steamMethod('TerminateDriverlessInstance', { safe: false, result: anyResult });
const rename = steamMethod('SetDriverlessInstanceName', { safe: true, result: anyResult });

/** What a launch and a start tell Steam; every number is there. */
export interface InstanceOrder {
  readonly name: string;
  readonly profile: string;
  readonly version: string;
  readonly cpuCount: number;
  readonly gpuCount: number;
  readonly memoryGb: number;
  readonly storageGb: number;
  readonly maxIdleHours: number;
  readonly maxUptimeHours: number;
  readonly timeoutSeconds: number;
  readonly configToml?: string | undefined;
}

export interface InstancesApi {
  list(options: RequestOptions): Promise<readonly SteamInstance[]>;
  get(query: SteamInstanceQuery, options: RequestOptions): Promise<SteamInstance>;
  /** @returns the id of the new instance */
  launch(order: InstanceOrder & { readonly volumes?: string | undefined }, options: RequestOptions): Promise<number>;
  start(id: number, order: InstanceOrder, options: RequestOptions): Promise<void>;
  stop(id: number, options: RequestOptions): Promise<void>;
  terminate(id: number, options: RequestOptions): Promise<void>;
  rename(id: number, name: string, options: RequestOptions): Promise<void>;
}

export const instancesApi = (call: CallSteam): InstancesApi => ({
  list: async (options) => ((await call(list, {}, options)).instances ?? []).map(toInstance),
  get: async (query, options) => {
    if ('id' in query) return toInstance((await call(byId, { params: { id: query.id } }, options)).instance);
    const { name, createdBy } = query;
    const answer =
      createdBy === undefined
        ? await call(byName, { params: { name } }, options)
        : await call(byNameAndCreator, { params: { name, created_by: createdBy } }, options);
    return toInstance(answer.instance);
  },
  launch: async ({ volumes, ...order }, options) => {
    const parameters = { ...fromOrder(order), config_toml: order.configToml ?? null, volumes: volumes ?? null };
    return (await call(launch, { params: { parameters }, secrets: secretsOf(order) }, options)).instance_id;
  },
  start: async (id, order, options) => {
    const parameters = { ...fromOrder(order), config_toml: order.configToml ?? '' };
    await call(start, { params: { instance_id: id, parameters }, secrets: secretsOf(order) }, options);
  },
  stop: async (id, options) => {
    await call(stop, { params: { instance_id: id } }, options);
  },
  terminate: async (id, options) => {
    await call(terminate, { params: { instance_id: id } }, options);
  },
  rename: async (id, name, options) => {
    await call(rename, { params: { instance_id: id, name } }, options);
  },
});

function fromOrder(order: InstanceOrder): Readonly<Record<string, unknown>> {
  return {
    name: order.name,
    profile_name: order.profile,
    version: order.version,
    cpu_count: order.cpuCount,
    gpu_count: order.gpuCount,
    memory_gb: order.memoryGb,
    storage_gb: order.storageGb,
    timeout_seconds: order.timeoutSeconds,
    max_idle_hours: order.maxIdleHours,
    max_uptime_hours: order.maxUptimeHours,
  };
}

/** A configuration may hold passwords, line by line. */
function secretsOf({ configToml = '' }: InstanceOrder): readonly string[] {
  return configToml.split(/[\r\n]+/).filter((line) => line.trim().length > 3);
}

function toInstance(wire: z.infer<typeof InstanceSchema>): SteamInstance {
  const events = [wire.pod_latest_event, wire.service_latest_event, wire.pvc_latest_event].flatMap(eventText);
  return {
    kind: 'driverlessai',
    id: wire.id,
    name: wire.name,
    status: wire.status,
    targetStatus: wire.target_status ?? '',
    version: wire.version ?? '',
    profile: wire.profile_name ?? '',
    createdBy: wire.created_by ?? '',
    cpuCount: wire.cpu_count ?? 0,
    gpuCount: wire.gpu_count ?? 0,
    memoryGb: wire.memory_gb ?? 0,
    storageGb: wire.storage_gb ?? 0,
    maxIdleMs: (wire.max_idle_seconds ?? 0) * 1000,
    maxUptimeMs: (wire.max_uptime_seconds ?? 0) * 1000,
    timeoutMs: (wire.timeout_seconds ?? 0) * 1000,
    idleMs: (wire.current_idle_seconds ?? 0) * 1000,
    uptimeMs: (wire.current_uptime_seconds ?? 0) * 1000,
    authentication: wire.authentication ?? '',
    ...(isSet(wire.password) ? { password: new Secret(wire.password) } : {}),
    ...(isSet(wire.config_toml) ? { configToml: new Secret(wire.config_toml) } : {}),
    ...(isSet(wire.stop_reason) ? { stopReason: redact(wire.stop_reason) } : {}),
    latestEvents: events,
    ...timeMember('createdAt', wire.created_at),
    ...timeMember('startedAt', wire.started_at),
  };
}

function isSet(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== '';
}

function eventText(event: unknown): readonly string[] {
  if (event === null || event === undefined || event === '') return [];
  return [redact(typeof event === 'string' ? event : JSON.stringify(event))];
}

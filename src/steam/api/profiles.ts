/**
 * Profiles and versions on the wire.
 * Wire format: Enterprise Steam 1.9, `GetProfiles`, `GetProfileByName`, `GetDriverlessEngines`, `GetH2oKubernetesEngines`.
 */
import * as z from 'zod/mini';
import type { RequestOptions } from '../../http/request-options.js';
import type { EngineKind } from '../../running-engine/connection.js';
import {
  byVersion,
  profileTypes,
  type LimitedValue,
  type SteamLimit,
  type SteamLimits,
  type SteamProfile,
  type SteamVersion,
} from '../profiles.js';
import { listOf, steamMethod, type CallSteam } from './rpc.js';

const flag = z.nullish(z.boolean());
const number = z.nullish(z.number());
const LimitSchema = z.looseObject({ min: number, is_min_set: flag, max: number, is_max_set: flag, initial: number, is_initial_set: flag });
const LimitsSchema = z.nullish(
  z.looseObject({
    node_count: z.nullish(LimitSchema),
    cpu_count: z.nullish(LimitSchema),
    gpu_count: z.nullish(LimitSchema),
    memory_gb: z.nullish(LimitSchema),
    storage_gb: z.nullish(LimitSchema),
    max_idle_hours: z.nullish(LimitSchema),
    max_uptime_hours: z.nullish(LimitSchema),
    timeout_seconds: z.nullish(LimitSchema),
  }),
);
const ProfileSchema = z.looseObject({
  id: z.number(),
  name: z.string(),
  profile_type: z.string(),
  cluster_limit: number,
  driverless_kubernetes: LimitsSchema,
  h2o_kubernetes: LimitsSchema,
});
const VersionSchema = z.looseObject({ version: z.string(), experimental: flag });
const VersionsSchema = z.looseObject({ engines: listOf(VersionSchema) });

const getProfiles = steamMethod('GetProfiles', { safe: true, result: z.looseObject({ profiles: listOf(ProfileSchema) }) });
const getProfileByName = steamMethod('GetProfileByName', { safe: true, result: z.looseObject({ profile: ProfileSchema }) });
const getVersions = {
  driverlessai: steamMethod('GetDriverlessEngines', { safe: true, result: VersionsSchema }),
  h2o3: steamMethod('GetH2oKubernetesEngines', { safe: true, result: VersionsSchema }),
};

export interface ProfilesApi {
  list(options: RequestOptions): Promise<readonly SteamProfile[]>;
  get(name: string, options: RequestOptions): Promise<SteamProfile>;
  /** The newest first. */
  versions(kind: EngineKind, options: RequestOptions): Promise<readonly SteamVersion[]>;
}

export const profilesApi = (call: CallSteam): ProfilesApi => ({
  list: async (options) => ((await call(getProfiles, {}, options)).profiles ?? []).map(toProfile),
  get: async (name, options) => toProfile((await call(getProfileByName, { params: { name } }, options)).profile),
  versions: async (kind, options) =>
    ((await call(getVersions[kind], {}, options)).engines ?? [])
      .map(({ version, experimental }) => ({ kind, version, experimental: experimental ?? false }))
      .sort(byVersion),
});

function toProfile(wire: z.infer<typeof ProfileSchema>): SteamProfile {
  const { id, name, profile_type: type, cluster_limit: engineLimit } = wire;
  const limits =
    type === profileTypes.driverlessai ? wire.driverless_kubernetes : type === profileTypes.h2o3 ? wire.h2o_kubernetes : undefined;
  return { id, name, type, ...(isLimit(engineLimit) ? { engineLimit } : {}), limits: toLimits(limits) };
}

const limitNames: readonly (readonly [ours: LimitedValue, theirs: string])[] = [
  ['nodeCount', 'node_count'],
  ['cpuCount', 'cpu_count'],
  ['gpuCount', 'gpu_count'],
  ['memoryGb', 'memory_gb'],
  ['storageGb', 'storage_gb'],
  ['maxIdleHours', 'max_idle_hours'],
  ['maxUptimeHours', 'max_uptime_hours'],
  ['timeoutSeconds', 'timeout_seconds'],
];

function toLimits(wire: z.infer<typeof LimitsSchema>): SteamLimits {
  const limits: Partial<Record<LimitedValue, SteamLimit>> = {};
  for (const [ours, theirs] of limitNames) {
    const parsed = LimitSchema.safeParse(wire?.[theirs]);
    if (parsed.success) limits[ours] = toLimit(parsed.data);
  }
  return limits;
}

function toLimit({ min, max, initial, ...set }: z.infer<typeof LimitSchema>): SteamLimit {
  return {
    ...(isLimit(min) && set.is_min_set !== false ? { min } : {}),
    ...(isLimit(max) && set.is_max_set !== false ? { max } : {}),
    ...(isLimit(initial) && set.is_initial_set !== false ? { initial } : {}),
  };
}

/** Steam writes -1 where there is no limit. */
function isLimit(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && value >= 0;
}

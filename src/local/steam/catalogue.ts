/**
 * What an administrator of Steam has set up: profiles and versions. Data.
 */
import type { JsonObject } from '../json.js';

/** Lowest, highest and suggested value. */
type Range = readonly [min: number, max: number, initial: number];

let valueId = 0;

const value = ([min, max, initial]: Range): JsonObject => ({
  id: ++valueId,
  min,
  is_min_set: true,
  max,
  is_max_set: true,
  initial,
  is_initial_set: true,
  profile_max: -1,
  is_profile_max_set: true,
});

const values = (ranges: Readonly<Record<string, Range>>): JsonObject =>
  Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, value(range)]));

const rangesByType: Readonly<Record<string, Readonly<Record<string, Range>>>> = {
  driverless_kubernetes: {
    cpu_count: [1, 16, 4],
    gpu_count: [0, 1, 0],
    memory_gb: [1, 64, 16],
    storage_gb: [10, 128, 64],
    max_uptime_hours: [1, 24, 8],
    max_idle_hours: [1, 8, 2],
    timeout_seconds: [60, 3600, 1800],
  },
  h2o_kubernetes: {
    node_count: [1, 6, 2],
    cpu_count: [1, 8, 1],
    gpu_count: [0, 0, 0],
    memory_gb: [1, 16, 4],
    max_uptime_hours: [1, 24, 12],
    max_idle_hours: [1, 24, 4],
    timeout_seconds: [60, 3600, 600],
  },
};

const profile = (id: number, name: string, type: string): JsonObject => ({
  id,
  name,
  created_at: 1_650_000_000,
  user_groups: '*',
  cluster_limit: 5,
  profile_type: type,
  sparkling_internal: null,
  sparkling_external: null,
  h2o: null,
  driverless_kubernetes: null,
  h2o_kubernetes: null,
  [type]: { id: 10 + id, ...values(rangesByType[type] ?? {}) },
});

export const profiles: readonly JsonObject[] = [
  profile(1, 'default-driverless-kubernetes', 'driverless_kubernetes'),
  profile(2, 'default-h2o-kubernetes', 'h2o_kubernetes'),
];

/** What is wrong with the numbers of a launch, in Steam's words; `undefined` when nothing is. */
export function outOfRange(type: string, parameters: JsonObject): string | undefined {
  for (const [name, [min, max]] of Object.entries(rangesByType[type] ?? {})) {
    const given = parameters[name];
    if (typeof given !== 'number' || given < min || given > max) return `${name} must be between ${min} and ${max}`;
  }
  return undefined;
}

export const driverlessVersions: readonly JsonObject[] = [
  { version: '1.10.7.5', major: 1, minor: 10, patch: 7, fix: 5, experimental: false },
  { version: '1.11.0', major: 1, minor: 11, patch: 0, fix: 0, experimental: false },
];

export const h2oVersions: readonly JsonObject[] = ['3.44.0.3', '3.46.0.2'].map((version) => ({
  version,
  image: `h2oai/h2o-open-source-k8s:${version}`,
  image_pull_policy: 'IfNotPresent',
  image_pull_secret: '',
  created_at: 1_650_000_000,
  experimental: false,
}));

export const configMeta: JsonObject = {
  version: '1.9.18',
  build: '1.9.18',
  built: 'Mon Jan 5 10:00:00 UTC 2026',
  restart_pending: false,
  support_email: 'support@cloud.example',
  license_valid: true,
  is_hadoop_enabled: false,
  is_kubernetes_enabled: true,
  is_h2o_enabled: true,
  is_h2o_running: true,
  is_sparkling_enabled: false,
  is_sparkling_running: false,
  is_driverless_enabled: true,
  is_driverless_running: true,
  is_h2o_engine_uploaded: false,
  is_h2o_kubernetes_engine_uploaded: true,
  is_sparkling_engine_uploaded: false,
  is_driverless_engine_uploaded: true,
  driverless_backend_type: 'kubernetes',
  is_minio_enabled: false,
  h2o_backend_type: 'kubernetes',
  inside_cluster: true,
  deprecation_mode: false,
};

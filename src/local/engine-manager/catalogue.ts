/**
 * What an administrator of AI Engine Manager has set up: profiles and versions, by the kind of engine. Data.
 */
import type { JsonObject } from '../json.js';

export type EngineMember = 'daiEngine' | 'h2oEngine';

const times = { createTime: '2026-01-05T10:00:00Z', updateTime: '2026-01-05T10:00:00Z' };
const admin = {
  ...times,
  creator: 'users/admin',
  updater: 'users/admin',
  creatorDisplayName: 'admin',
  updaterDisplayName: 'admin',
};

const amounts = (min: number, max: number, suggested: number): JsonObject => ({
  min: String(min),
  max: String(max),
  default: String(suggested),
  cumulativeMax: null,
});
const durations = (min: number, max: number, suggested: number): JsonObject => ({
  min: `${min}s`,
  max: `${max}s`,
  default: `${suggested}s`,
});
const gibibyte = 2 ** 30;

const commonProfile: JsonObject = {
  ...admin,
  displayName: 'Small',
  priority: 1,
  enabled: true,
  assignedOidcRolesEnabled: false,
  assignedOidcRoles: [],
  yamlPodTemplateSpec: '',
  yamlGpuTolerations: '',
  gpuResourceName: 'nvidia.com/gpu',
  cpuConstraint: amounts(1, 16, 4),
  gpuConstraint: amounts(0, 1, 0),
  memoryBytesConstraint: amounts(2 * gibibyte, 64 * gibibyte, 8 * gibibyte),
  maxIdleDurationConstraint: durations(60, 86_400, 3600),
  maxRunningDurationConstraint: durations(60, 604_800, 43_200),
};

export const profiles: Readonly<Record<EngineMember, readonly JsonObject[]>> = {
  daiEngine: [
    {
      ...commonProfile,
      name: 'workspaces/global/daiEngineProfiles/small',
      storageBytesConstraint: amounts(8 * gibibyte, 256 * gibibyte, 64 * gibibyte),
      configurationOverride: {},
      baseConfiguration: {},
      configEditability: 'CONFIG_EDITABILITY_FULL',
      tritonEnabled: false,
      dataDirectoryStorageClass: '',
    },
  ],
  h2oEngine: [
    {
      ...commonProfile,
      name: 'workspaces/global/h2oEngineProfiles/small',
      nodeCountConstraint: amounts(1, 8, 1),
      javaClasspath: '',
      javaOptions: '',
      h2oOptions: '',
    },
  ],
};

const version = (member: EngineMember, number: string, aliases: readonly string[] = []): JsonObject => ({
  ...admin,
  name: `workspaces/global/${member}Versions/${number}`,
  deprecated: false,
  aliases,
  image: `img:${number}`,
  imagePullPolicy: 'IMAGE_PULL_POLICY_UNSPECIFIED',
  imagePullSecrets: [],
});

export const versions: Readonly<Record<EngineMember, readonly JsonObject[]>> = {
  daiEngine: [version('daiEngine', '1.11.1.1', ['latest']), version('daiEngine', '1.10.7.5')],
  h2oEngine: [version('h2oEngine', '3.46.0.2', ['latest'])],
};

/** A profile or version by its resource name; versions by an alias too. */
export function catalogued(entries: readonly JsonObject[], name: unknown): JsonObject | undefined {
  const text = typeof name === 'string' ? name : '';
  const short = text.slice(text.lastIndexOf('/') + 1);
  return entries.find((entry) => entry['name'] === text || (Array.isArray(entry['aliases']) && entry['aliases'].includes(short)));
}

/**
 * Profiles and versions of Steam: what an administrator lets users start, and within which limits.
 */
import type { EngineKind } from '../running-engine/connection.js';

/** What a value of a profile may be. Absent: no limit. */
export interface SteamLimit {
  readonly min?: number;
  readonly max?: number;
  /** What Steam suggests, and a launch takes where nothing is given. */
  readonly initial?: number;
}

/** The values that a profile limits. */
export type SteamLimits = Readonly<Partial<Record<LimitedValue, SteamLimit>>>;

export type LimitedValue =
  'nodeCount' | 'cpuCount' | 'gpuCount' | 'memoryGb' | 'storageGb' | 'maxIdleHours' | 'maxUptimeHours' | 'timeoutSeconds';

/** A profile of Steam. */
export interface SteamProfile {
  readonly id: number;
  readonly name: string;
  /** What it is for: `driverless_kubernetes`, `h2o_kubernetes`, or another one. */
  readonly type: string;
  /** How many engines of it a user may have; absent where Steam does not say. */
  readonly engineLimit?: number;
  /** The limits of engines on Kubernetes; empty for profiles of another type. */
  readonly limits: SteamLimits;
}

/** A version that can be launched. */
export interface SteamVersion {
  readonly kind: EngineKind;
  readonly version: string;
  readonly experimental: boolean;
}

/** The type of profile that an engine on Kubernetes needs. */
export const profileTypes: Readonly<Record<EngineKind, string>> = { driverlessai: 'driverless_kubernetes', h2o3: 'h2o_kubernetes' };

/** The newest first, by their numbers. */
export function byVersion(one: { readonly version: string }, other: { readonly version: string }): number {
  return other.version.localeCompare(one.version, 'en', { numeric: true });
}

/**
 * An engine of AI Engine Manager, what is common to all kinds: its facts, and what passes for one. Plain data, but for secrets.
 */
import type { Secret } from '../internal/secret.js';
import type { EngineState } from './engine-state.js';

/** What every engine has. */
export interface EngineFacts {
  /** Its resource name, for instance `workspaces/default/daiEngines/credit`. */
  readonly id: string;
  /** For instance `default`. */
  readonly workspace: string;
  /** The name that people see. */
  readonly name: string;
  readonly state: EngineState;
  /** Whether it is on its way to another state. */
  readonly reconciling: boolean;
  /** For instance `1.11.1.1`. */
  readonly version: string;
  /** Resource name of its profile. */
  readonly profile: string;
  /** Resource name of who created it. */
  readonly creator: string;
  readonly creatorName: string;
  readonly cpuCount: number;
  readonly gpuCount: number;
  readonly memoryBytes: number;
  /** Without use for so long, it is paused or ended. */
  readonly maxIdleMs?: number;
  /** After so long it is paused or ended. */
  readonly maxRunningMs?: number;
  readonly idleMs?: number;
  readonly runningMs?: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Where its page is, for a browser. */
  readonly loginUrl?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly updatedAt?: string;
}

/** A Driverless AI engine as it was read. */
export interface DriverlessAiEngine extends EngineFacts {
  readonly kind: 'driverlessai';
  /** Where its API is. */
  readonly apiUrl?: string;
  readonly storageBytes: number;
  readonly storageResizing: boolean;
  readonly upgradeAvailable: boolean;
  /** Settings of Driverless AI; they may hold passwords. */
  readonly config: Readonly<Record<string, Secret>>;
}

/** An H2O-3 engine as it was read. CPU, GPU and memory are of each node. */
export interface H2o3Engine extends EngineFacts {
  readonly kind: 'h2o3';
  /** Where its API is. */
  readonly apiUrl?: string;
  readonly nodeCount: number;
}

/** An engine in a list of all kinds, or a notebook. */
export interface AnyEngine extends EngineFacts {
  readonly kind: 'driverlessai' | 'h2o3' | 'notebook' | (string & {});
}

/** What a value of a profile may be. Absent: no limit. */
export interface EngineLimit {
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

/** A profile that the user may use. */
export interface EngineProfile {
  /** Resource name. */
  readonly id: string;
  readonly name: string;
  readonly cpuCount: EngineLimit;
  readonly gpuCount: EngineLimit;
  readonly memoryBytes: EngineLimit;
  readonly storageBytes: EngineLimit;
  readonly nodeCount: EngineLimit;
}

/** A version that an engine may have. */
export interface EngineVersion {
  /** Resource name. */
  readonly id: string;
  readonly version: string;
  readonly deprecated: boolean;
  /** Other names of it, for instance `latest`. */
  readonly aliases: readonly string[];
}

export interface EngineLogs {
  readonly contentType: string;
  readonly data: Uint8Array;
}

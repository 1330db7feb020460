/**
 * The port through which a running engine is found or started; Steam and AI Engine Manager each bring an adapter.
 */
import type { RequestOptions } from '../http/request-options.js';
import type { EngineConnection, EngineKind } from './connection.js';
import type { EngineWaitOptions } from './wait.js';

/** What an engine must be, and what it gets when it has to be made; unset is the service's choice. */
export interface EngineOrder {
  readonly kind: EngineKind;
  /** Only an engine of this name serves, and a new one gets it. */
  readonly name?: string | undefined;
  /** Only an engine of this version serves, and a new one gets it. */
  readonly version?: string | undefined;
  readonly profile?: string | undefined;
  /** For H2O-3. */
  readonly nodeCount?: number | undefined;
  /** Of each node. */
  readonly cpuCount?: number | undefined;
  /** Of each node. */
  readonly gpuCount?: number | undefined;
  /** Of each node. */
  readonly memoryGb?: number | undefined;
  /** For Driverless AI. */
  readonly storageGb?: number | undefined;
  /** After so many hours without use it is stopped. */
  readonly maxIdleHours?: number | undefined;
  /** After so many hours it is stopped. */
  readonly maxUptimeHours?: number | undefined;
}

/** An engine that a service has. */
export interface FoundEngine {
  /** As the service wants it back. */
  readonly ref: string | number;
  readonly name: string;
  readonly version: string;
  /** `running`; `starting`: it will run without being asked; `resting`: it can be started; `gone`: it serves no more. */
  readonly phase: 'running' | 'starting' | 'resting' | 'gone';
}

/** The engines of one kind in one service. */
export interface EngineSource {
  /** The user's engines, the newest version first. */
  find(order: EngineOrder, options: RequestOptions): Promise<readonly FoundEngine[]>;
  /**
   * Makes an engine.
   *
   * @param how.isSecond the first attempt met another engine of that name or id, which does not serve
   * @throws {ConflictError} the name or the id is taken
   */
  create(order: EngineOrder, how: { readonly isSecond: boolean }, options: RequestOptions): Promise<string | number>;
  /** Waits first until one that is on its way to rest is there. */
  start(ref: string | number, options: EngineWaitOptions): Promise<void>;
  waitUntilRunning(ref: string | number, options: EngineWaitOptions): Promise<unknown>;
  connection(ref: string | number, options: RequestOptions): Promise<EngineConnection>;
}

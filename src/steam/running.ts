/**
 * What Driverless AI instances and H2O-3 clusters of Steam have in common: which of them run, and waiting for one.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { EngineError } from '../errors/engine-error.js';
import { checkMembers, text } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import type { EngineKind } from '../running-engine/connection.js';
import { waitForEngine, type EngineWaitOptions } from '../running-engine/wait.js';
import type { SteamApi } from './api/steam-api.js';
import { lookAt, type SteamStatus } from './engine-status.js';

/** What the resources of Steam work with. */
export interface SteamResourcePorts {
  /** Loads Steam's API, once. */
  api(): Promise<SteamApi>;
  readonly clock: Clock;
}

/** What `findRunning()` looks for. */
export interface SteamRunningQuery {
  readonly version?: string | undefined;
  readonly name?: string | undefined;
  /** Login name of who launched it. */
  readonly createdBy?: string | undefined;
}

interface SteamEngine {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly createdBy: string;
  readonly status: SteamStatus;
  readonly targetStatus: SteamStatus;
}

/** @throws {ConfigurationError} the query makes no sense; nothing was asked */
export async function findRunning<Engine extends SteamEngine>(
  query: SteamRunningQuery,
  list: () => Promise<readonly Engine[]>,
): Promise<readonly Engine[]> {
  checkMembers(query, 'What findRunning() looks for', { version: text, name: text, createdBy: text });
  return (await list()).filter((engine) => isRunning(engine) && fits(engine, query)).sort(newest);
}

/** Which engine is waited for, and how it is read. */
interface Awaited<Engine> {
  readonly kind: EngineKind;
  readonly id: number;
  /** For errors. */
  readonly label: string;
  readonly read: (api: SteamApi, options: RequestOptions) => Promise<Engine>;
  /** Why it is not where it should be, as far as the engine itself says. */
  readonly stopReason?: (engine: Engine) => string | undefined;
}

export async function waitUntil<Engine extends SteamEngine>(
  ports: SteamResourcePorts,
  { kind, id, label, read, stopReason }: Awaited<Engine>,
  status: SteamStatus,
  options: EngineWaitOptions,
): Promise<Engine> {
  checkMembers({ status }, 'waitUntil()', { status: text });
  const api = await ports.api();
  return waitForEngine(
    {
      engine: label,
      wanted: status,
      clock: ports.clock,
      read: (remainingMs) => read(api, { signal: options.signal, timeoutMs: Math.min(remainingMs, 60_000) }),
      look: (seen) => lookAt({ status: seen.status, targetStatus: seen.targetStatus, stopReason: stopReason?.(seen) }, status),
      events: () => api.events({ kind, id }, { timeoutMs: 10_000, retry: { limit: 0 } }),
    },
    options,
  );
}

/** @throws {ConfigurationError} an engine without a name */
export function checkName(name: unknown, what: string): void {
  if (typeof name === 'string' && name.trim() !== '') return;
  throw invalidParameter(`The ${what} has no name.`, 'Pass `name`: the text under which Steam shows it.');
}

export function isRunning({ status, targetStatus }: Pick<SteamEngine, 'status' | 'targetStatus'>): boolean {
  return status === 'running' && (targetStatus === 'running' || targetStatus === '');
}

export function fits(engine: Pick<SteamEngine, 'version' | 'name' | 'createdBy'>, query: SteamRunningQuery): boolean {
  const { version = engine.version, name = engine.name, createdBy = engine.createdBy } = query;
  return engine.version === version && engine.name === name && engine.createdBy === createdBy;
}

export function newest(one: Pick<SteamEngine, 'version' | 'id'>, other: Pick<SteamEngine, 'version' | 'id'>): number {
  return other.version.localeCompare(one.version, 'en', { numeric: true }) || other.id - one.id;
}

export function notRunning(engine: string, { status, targetStatus }: Pick<SteamEngine, 'status' | 'targetStatus'>): EngineError {
  return new EngineError({
    code: 'ENGINE_NOT_RUNNING',
    engine,
    what: `${engine} does not run: it is ${status}, to be ${targetStatus}.`,
    fix: "Start it where it is stopped, and wait with waitUntil(engine, 'running').",
    call: 'connection',
    retryable: true,
  });
}

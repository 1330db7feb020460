/**
 * Driverless AI instances of Steam.
 */
import { addCreated } from '../errors/base.js';
import { checkMembers, text, wholeNumber, type Kind } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import type { Secret } from '../internal/secret.js';
import { EngineConnection } from '../running-engine/connection.js';
import type { EngineWaitOptions } from '../running-engine/wait.js';
import type { InstanceOrder } from './api/instances.js';
import type { SteamApi } from './api/steam-api.js';
import { chooseProfile, chooseVersion } from './choices.js';
import type { SteamStatus } from './engine-status.js';
import { launchValues } from './launch.js';
import { nameLost } from './lost.js';
import { engineId, engineQuery, type SteamEngineRef } from './references.js';
import { checkName, findRunning, isRunning, notRunning, waitUntil, type SteamResourcePorts, type SteamRunningQuery } from './running.js';

/** A Driverless AI instance as it was read. */
export interface SteamInstance {
  readonly kind: 'driverlessai';
  readonly id: number;
  readonly name: string;
  readonly status: SteamStatus;
  /** Where Steam wants it to be. */
  readonly targetStatus: SteamStatus;
  readonly version: string;
  /** Name of its profile. */
  readonly profile: string;
  /** The login name of who launched it. */
  readonly createdBy: string;
  readonly cpuCount: number;
  readonly gpuCount: number;
  readonly memoryGb: number;
  readonly storageGb: number;
  readonly maxIdleMs: number;
  readonly maxUptimeMs: number;
  /** How long a start may take. */
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly uptimeMs: number;
  /** `oidc`, or `local`: with the password. */
  readonly authentication: string;
  readonly password?: Secret;
  readonly configToml?: Secret;
  /** Why Steam stopped it. */
  readonly stopReason?: string;
  /** What Kubernetes last said of its pod, service and volume. */
  readonly latestEvents: readonly string[];
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339. */
  readonly startedAt?: string;
}

/** An instance by its number, or by its name: among the user's own, or of the user who created it. */
export type SteamInstanceQuery = { readonly id: number } | { readonly name: string; readonly createdBy?: string | undefined };

/** What a launch may set; what is unset is as the profile suggests. */
interface InstanceValues {
  readonly cpuCount?: number | undefined;
  readonly gpuCount?: number | undefined;
  readonly memoryGb?: number | undefined;
  readonly storageGb?: number | undefined;
  /** After so many hours without use it is stopped. */
  readonly maxIdleHours?: number | undefined;
  /** After so many hours it is stopped. */
  readonly maxUptimeHours?: number | undefined;
  /** How long the start may take. */
  readonly timeoutSeconds?: number | undefined;
  readonly configToml?: string | undefined;
}

export interface SteamInstanceLaunchParams extends InstanceValues {
  readonly name: string;
  /** Default: the newest that is not experimental. */
  readonly version?: string | undefined;
  /** Name of the profile. Default: `default-driverless-kubernetes`, else the first for Driverless AI on Kubernetes. */
  readonly profile?: string | undefined;
  readonly volumes?: string | undefined;
}

/** What a start may change. */
export type SteamInstanceStartParams = InstanceValues;

const what = 'Driverless AI instance';
const hourMs = 3_600_000;
const valueKinds: Readonly<Record<string, Kind>> = {
  cpuCount: wholeNumber,
  gpuCount: wholeNumber,
  memoryGb: wholeNumber,
  storageGb: wholeNumber,
  maxIdleHours: wholeNumber,
  maxUptimeHours: wholeNumber,
  timeoutSeconds: wholeNumber,
  configToml: text,
};

export class DriverlessInstances {
  readonly #ports: SteamResourcePorts;

  /** @internal */
  constructor(ports: SteamResourcePorts) {
    this.#ports = ports;
  }

  /**
   * All instances that Steam shows the user; an administrator may see those of others.
   *
   * @example
   * const instances = await user.steam.driverlessai.list();
   */
  async list(options: RequestOptions = {}): Promise<readonly SteamInstance[]> {
    return (await this.#ports.api()).instances.list(options);
  }

  /**
   * Reads an instance, by its number or by its name.
   *
   * @throws {NotFoundError} there is none
   * @example
   * const instance = await user.steam.driverlessai.get({ name: 'credit' });
   */
  async get(instance: SteamEngineRef | SteamInstanceQuery, options: RequestOptions = {}): Promise<SteamInstance> {
    const query = engineQuery(instance, what);
    return (await this.#ports.api()).instances.get(query, options);
  }

  /**
   * Instances that run and are meant to, the newest version first.
   *
   * @example
   * const [running] = await user.steam.driverlessai.findRunning({ version: '1.11.0' });
   */
  async findRunning(query: SteamRunningQuery = {}, options: RequestOptions = {}): Promise<readonly SteamInstance[]> {
    return findRunning(query, () => this.list(options));
  }

  /**
   * Launches an instance, and returns when Steam has accepted it; {@link waitUntil} waits for the rest.
   *
   * @throws {ConfigurationError} a value is outside of the profile's limits, or there is no profile or version; nothing was launched
   * @throws {ConflictError} there is one of this name
   * @throws {ApiError} Steam refused, with its prose
   * @example
   * const instance = await user.steam.driverlessai.launch({ name: 'credit', maxIdleHours: 1 });
   * await user.steam.driverlessai.waitUntil(instance, 'running');
   */
  async launch(params: SteamInstanceLaunchParams, options: RequestOptions = {}): Promise<SteamInstance> {
    checkMembers(params, `A new ${what}`, { ...valueKinds, name: text, version: text, profile: text, volumes: text });
    checkName(params.name, what);
    const { instances, profiles } = await this.#ports.api();
    return withTotalDeadline(this.#ports.clock, { name: 'driverlessai.launch', safe: false }, options, async (within) => {
      const profile = await chooseProfile(profiles, 'driverlessai', params.profile, within);
      const version = params.version ?? (await chooseVersion(profiles, 'driverlessai', within));
      const value = launchValues(profile, params);
      const order: InstanceOrder = {
        name: params.name,
        profile: profile.name,
        version,
        cpuCount: value('cpuCount'),
        gpuCount: value('gpuCount'),
        memoryGb: value('memoryGb'),
        storageGb: value('storageGb'),
        maxIdleHours: value('maxIdleHours'),
        maxUptimeHours: value('maxUptimeHours'),
        timeoutSeconds: value('timeoutSeconds'),
        configToml: params.configToml,
      };
      const id = await instances.launch({ ...order, volumes: params.volumes }, within).catch(async (error: unknown) => {
        await nameLost(error, (afterwards) => instances.get({ name: order.name }, afterwards));
        throw error;
      });
      try {
        return await instances.get({ id }, within);
      } catch (error) {
        addCreated(error, [{ kind: 'engine', id: String(id) }]);
        throw error;
      }
    });
  }

  /**
   * Starts a stopped instance, with what it had or with other values.
   *
   * @throws {ConfigurationError} a value is outside of the profile's limits
   * @example
   * await user.steam.driverlessai.start(instance, { memoryGb: 32 });
   */
  async start(instance: SteamEngineRef, params: SteamInstanceStartParams = {}, options: RequestOptions = {}): Promise<void> {
    const id = engineId(instance, what);
    checkMembers(params, `Values of a ${what}`, valueKinds);
    const { instances, profiles } = await this.#ports.api();
    await withTotalDeadline(this.#ports.clock, { name: 'driverlessai.start', safe: false }, options, async (within) => {
      const before = await instances.get({ id }, within);
      if (Object.values(params).some((value) => value !== undefined)) {
        const value = launchValues(await profiles.get(before.profile, within), params);
        for (const name of limitedNames) if (params[name] !== undefined) value(name);
      }
      const order: InstanceOrder = {
        name: before.name,
        profile: before.profile,
        version: before.version,
        cpuCount: params.cpuCount ?? before.cpuCount,
        gpuCount: params.gpuCount ?? before.gpuCount,
        memoryGb: params.memoryGb ?? before.memoryGb,
        storageGb: params.storageGb ?? before.storageGb,
        maxIdleHours: params.maxIdleHours ?? Math.floor(before.maxIdleMs / hourMs),
        maxUptimeHours: params.maxUptimeHours ?? Math.floor(before.maxUptimeMs / hourMs),
        timeoutSeconds: params.timeoutSeconds ?? Math.floor(before.timeoutMs / 1000),
        configToml: params.configToml ?? before.configToml?.reveal(),
      };
      await instances.start(id, order, within);
    });
  }

  /**
   * Asks Steam to stop an instance; it keeps its data.
   *
   * @example
   * await user.steam.driverlessai.stop(instance);
   * await user.steam.driverlessai.waitUntil(instance, 'stopped');
   */
  async stop(instance: SteamEngineRef, options: RequestOptions = {}): Promise<void> {
    const id = engineId(instance, what);
    await (await this.#ports.api()).instances.stop(id, options);
  }

  /**
   * Deletes a stopped instance with its data. For a while it stays readable, as `terminated`.
   *
   * @throws {ApiError} it is not stopped
   * @example
   * await user.steam.driverlessai.delete(instance);
   */
  async delete(instance: SteamEngineRef, options: RequestOptions = {}): Promise<void> {
    const id = engineId(instance, what);
    await (await this.#ports.api()).instances.terminate(id, options);
  }

  /**
   * Gives an instance another name.
   *
   * @example
   * await user.steam.driverlessai.rename(instance, 'credit-2');
   */
  async rename(instance: SteamEngineRef, name: string, options: RequestOptions = {}): Promise<void> {
    const id = engineId(instance, what);
    checkName(name, what);
    await (await this.#ports.api()).instances.rename(id, name, options);
  }

  /**
   * Waits until an instance has a status and is meant to have it, looking at growing intervals of half a second to ten seconds.
   *
   * @throws {EngineError} ENGINE_FAILED: it cannot get there, with stop reason and events; ENGINE_WAIT_TIMEOUT
   * @throws {NotFoundError} it is gone
   * @example
   * await user.steam.driverlessai.waitUntil(instance, 'running', { onProgress: ({ status }) => console.error(status) });
   */
  async waitUntil(instance: SteamEngineRef, status: SteamStatus, options: EngineWaitOptions = {}): Promise<SteamInstance> {
    const id = engineId(instance, what);
    const read = (api: SteamApi, each: RequestOptions): Promise<SteamInstance> => api.instances.get({ id }, each);
    return waitUntil(this.#ports, { kind: 'driverlessai', id, label: label(id), read, stopReason: reasonOf }, status, options);
  }

  /**
   * The way to a running instance: through Steam, with the token that Steam keeps for the user and renews, and never with Steam's session.
   *
   * @throws {EngineError} ENGINE_NOT_RUNNING
   * @example
   * const { url, headers } = await user.steam.driverlessai.connection(instance);
   */
  async connection(instance: SteamEngineRef, options: RequestOptions = {}): Promise<EngineConnection> {
    const id = engineId(instance, what);
    const api = await this.#ports.api();
    const seen = await api.instances.get({ id }, options);
    if (!isRunning(seen)) throw notRunning(label(id), seen);
    return new EngineConnection({
      kind: 'driverlessai',
      engine: label(id),
      name: seen.name,
      version: seen.version,
      url: `${await api.baseUrl()}/proxy/driverless/${id}`,
      access: (refused) => api.instanceAccess(seen, refused),
    });
  }
}

const limitedNames = ['cpuCount', 'gpuCount', 'memoryGb', 'storageGb', 'maxIdleHours', 'maxUptimeHours', 'timeoutSeconds'] as const;

function label(id: number): string {
  return `${what} ${id}`;
}

function reasonOf({ stopReason = '', latestEvents }: SteamInstance): string | undefined {
  const reasons = [stopReason, ...latestEvents].filter((part) => part !== '');
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

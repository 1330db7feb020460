/**
 * H2O-3 clusters of Steam on Kubernetes.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { amount, checkMembers, objectWith, text, truth, wholeNumber } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { EngineConnection } from '../running-engine/connection.js';
import type { EngineWaitOptions } from '../running-engine/wait.js';
import type { SteamApi } from './api/steam-api.js';
import { chooseProfile, chooseVersion } from './choices.js';
import type { SteamStatus } from './engine-status.js';
import { launchValues, sizeForMemory } from './launch.js';
import { nameLost } from './lost.js';
import { engineId, engineQuery, type SteamEngineRef } from './references.js';
import { checkName, findRunning, isRunning, notRunning, waitUntil, type SteamResourcePorts, type SteamRunningQuery } from './running.js';

/** An H2O-3 cluster as it was read. */
export interface SteamCluster {
  readonly kind: 'h2o3';
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
  readonly nodeCount: number;
  /** Of each node. */
  readonly cpuCount: number;
  /** Of each node. */
  readonly gpuCount: number;
  /** Of each node. */
  readonly memoryGb: number;
  readonly maxIdleMs: number;
  readonly maxUptimeMs: number;
  /** How long a start may take. */
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly uptimeMs: number;
  /** Path of its API on Steam's host. */
  readonly contextPath: string;
  /** RFC 3339. */
  readonly createdAt?: string;
}

/** A cluster by its number, or by its name: among the user's own, or of the user who created it. */
export type SteamClusterQuery = { readonly id: number } | { readonly name: string; readonly createdBy?: string | undefined };

/** A data set that a cluster must hold: by its size uncompressed, or by its measure. */
export type Dataset = ({ readonly sizeGb: number } | { readonly rows: number; readonly columns: number }) & {
  readonly usesXgBoost?: boolean | undefined;
};

export interface SteamClusterLaunchParams {
  readonly name: string;
  /** Default: the newest that is not experimental. */
  readonly version?: string | undefined;
  /** Name of the profile. Default: `default-h2o-kubernetes`, else the first for H2O on Kubernetes. */
  readonly profile?: string | undefined;
  /** Steam estimates the memory that it needs, and nodes and memory follow from that where they are not given. */
  readonly dataset?: Dataset | undefined;
  readonly nodeCount?: number | undefined;
  /** Of each node. */
  readonly cpuCount?: number | undefined;
  /** Of each node. */
  readonly gpuCount?: number | undefined;
  /** Of each node. */
  readonly memoryGb?: number | undefined;
  /** After so many hours without use it is stopped. */
  readonly maxIdleHours?: number | undefined;
  /** After so many hours it is stopped. */
  readonly maxUptimeHours?: number | undefined;
  /** How long the start may take. */
  readonly timeoutSeconds?: number | undefined;
  readonly volumes?: string | undefined;
}

const what = 'H2O-3 cluster';
const datasetKinds = { sizeGb: amount, rows: wholeNumber, columns: wholeNumber, usesXgBoost: truth };
const launchKinds = {
  name: text,
  version: text,
  profile: text,
  dataset: objectWith(datasetKinds),
  nodeCount: wholeNumber,
  cpuCount: wholeNumber,
  gpuCount: wholeNumber,
  memoryGb: wholeNumber,
  maxIdleHours: wholeNumber,
  maxUptimeHours: wholeNumber,
  timeoutSeconds: wholeNumber,
  volumes: text,
};

export class H2oClusters {
  readonly #ports: SteamResourcePorts;

  /** @internal */
  constructor(ports: SteamResourcePorts) {
    this.#ports = ports;
  }

  /**
   * All clusters that Steam shows the user; an administrator may see those of others.
   *
   * @example
   * const clusters = await user.steam.h2o3.list();
   */
  async list(options: RequestOptions = {}): Promise<readonly SteamCluster[]> {
    return (await this.#ports.api()).clusters.list(options);
  }

  /**
   * Reads a cluster, by its number or by its name.
   *
   * @throws {NotFoundError} there is none
   * @example
   * const cluster = await user.steam.h2o3.get({ name: 'credit' });
   */
  async get(cluster: SteamEngineRef | SteamClusterQuery, options: RequestOptions = {}): Promise<SteamCluster> {
    const query = engineQuery(cluster, what);
    return (await this.#ports.api()).clusters.get(query, options);
  }

  /**
   * Clusters that run and are meant to, the newest version first.
   *
   * @example
   * const [running] = await user.steam.h2o3.findRunning({ name: 'credit' });
   */
  async findRunning(query: SteamRunningQuery = {}, options: RequestOptions = {}): Promise<readonly SteamCluster[]> {
    return findRunning(query, () => this.list(options));
  }

  /**
   * Launches a cluster, and returns when Steam has accepted it; {@link waitUntil} waits for the rest.
   *
   * @throws {ConfigurationError} a value is outside of the profile's limits, or there is no profile or version; nothing was launched
   * @throws {ConflictError} there is one of this name
   * @throws {ApiError} Steam refused, with its prose
   * @example
   * const cluster = await user.steam.h2o3.launch({ name: 'credit', dataset: { sizeGb: 2 } });
   * await user.steam.h2o3.waitUntil(cluster, 'running');
   */
  async launch(params: SteamClusterLaunchParams, options: RequestOptions = {}): Promise<SteamCluster> {
    checkMembers(params, `A new ${what}`, launchKinds);
    checkName(params.name, what);
    const { clusters, profiles } = await this.#ports.api();
    return withTotalDeadline(this.#ports.clock, { name: 'h2o3.launch', safe: false }, options, async (within) => {
      const profile = await chooseProfile(profiles, 'h2o3', params.profile, within);
      const version = params.version ?? (await chooseVersion(profiles, 'h2o3', within));
      const estimatedMemoryGb = params.dataset === undefined ? 0 : await clusters.estimateMemory(params.dataset, within);
      const size = sizeForMemory(estimatedMemoryGb, profile.limits);
      const value = launchValues(profile, {
        ...params,
        nodeCount: params.nodeCount ?? size.nodeCount,
        memoryGb: params.memoryGb ?? size.memoryGb,
      });
      const order = {
        name: params.name,
        profile: profile.name,
        version,
        nodeCount: value('nodeCount'),
        cpuCount: value('cpuCount'),
        gpuCount: value('gpuCount'),
        memoryGb: value('memoryGb'),
        maxIdleHours: value('maxIdleHours'),
        maxUptimeHours: value('maxUptimeHours'),
        timeoutSeconds: value('timeoutSeconds'),
        estimatedMemoryGb,
        volumes: params.volumes,
      };
      return clusters.launch(order, within).catch(async (error: unknown) => {
        await nameLost(error, (afterwards) => clusters.get({ name: order.name }, afterwards));
        throw error;
      });
    });
  }

  /**
   * How much memory Steam thinks a data set needs, in gigabytes of all nodes together.
   *
   * @example
   * const totalGb = await user.steam.h2o3.estimateMemory({ rows: 1_000_000, columns: 40 });
   */
  async estimateMemory(dataset: Dataset, options: RequestOptions = {}): Promise<number> {
    checkMembers(dataset, 'A data set', datasetKinds);
    return (await this.#ports.api()).clusters.estimateMemory(dataset, options);
  }

  /**
   * Asks Steam to stop a cluster. What it holds in memory is lost.
   *
   * @example
   * await user.steam.h2o3.stop(cluster);
   */
  async stop(cluster: SteamEngineRef, options: RequestOptions = {}): Promise<void> {
    const id = engineId(cluster, what);
    await (await this.#ports.api()).clusters.stop(id, options);
  }

  /**
   * Deletes a cluster, also one that runs.
   *
   * @throws {NotFoundError} there is none
   * @example
   * await user.steam.h2o3.delete(cluster);
   */
  async delete(cluster: SteamEngineRef, options: RequestOptions = {}): Promise<void> {
    const id = engineId(cluster, what);
    await (await this.#ports.api()).clusters.delete(id, options);
  }

  /**
   * Waits until a cluster has a status and is meant to have it, looking at growing intervals of half a second to ten seconds.
   *
   * @throws {EngineError} ENGINE_FAILED: it cannot get there, with events; ENGINE_WAIT_TIMEOUT
   * @throws {NotFoundError} it is gone
   * @example
   * await user.steam.h2o3.waitUntil(cluster, 'running', { timeoutMs: 600_000 });
   */
  async waitUntil(cluster: SteamEngineRef, status: SteamStatus, options: EngineWaitOptions = {}): Promise<SteamCluster> {
    const id = engineId(cluster, what);
    const read = (api: SteamApi, each: RequestOptions): Promise<SteamCluster> => api.clusters.get({ id }, each);
    return waitUntil(this.#ports, { kind: 'h2o3', id, label: `${what} ${id}`, read }, status, options);
  }

  /**
   * The way to a running cluster: through Steam, with Steam's session, which is all that guards it.
   *
   * @throws {EngineError} ENGINE_NOT_RUNNING
   * @example
   * const connection = await user.steam.h2o3.connection(cluster);
   * const answer = await fetch(`${connection.url}/3/Cloud`, { headers: await connection.headers(), redirect: 'error' });
   */
  async connection(cluster: SteamEngineRef, options: RequestOptions = {}): Promise<EngineConnection> {
    const id = engineId(cluster, what);
    const api = await this.#ports.api();
    const seen = await api.clusters.get({ id }, options);
    if (!isRunning(seen)) throw notRunning(`${what} ${id}`, seen);
    return new EngineConnection({
      kind: 'h2o3',
      engine: `${what} ${id}`,
      name: seen.name,
      version: seen.version,
      url: onTheHostOf(await api.baseUrl(), seen.contextPath),
      access: (refused) => api.sessionHeaders(refused),
    });
  }
}

/** The session goes there, so the path that Steam names must not lead to another host. */
function onTheHostOf(baseUrl: string, contextPath: string): string {
  const { origin } = new URL(baseUrl);
  const path = contextPath.replace(/\/+$/, '');
  if (/^\/[^/\\]/.test(path) && URL.canParse(origin + path) && new URL(origin + path).origin === origin) return origin + path;
  throw new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: 'Steam named no path for the cluster, or one that leads away from its host.',
    fix: 'This is a fault of Steam: tell its administrator.',
    call: 'connection',
  });
}

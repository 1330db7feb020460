/**
 * H2O-3 clusters on Kubernetes on the wire.
 * Wire format: Enterprise Steam 1.9, `…H2oKubernetesCluster…`.
 */
import * as z from 'zod/mini';
import type { RequestOptions } from '../../http/request-options.js';
import type { Dataset, SteamCluster, SteamClusterQuery } from '../clusters.js';
import { engineMembers, number, text, timeMember } from './engines.js';
import { anyResult, listOf, steamMethod, type CallSteam } from './rpc.js';

const hourMs = 3_600_000;

const ClusterSchema = z.looseObject({
  ...engineMembers,
  node_count: number,
  cpu_count: number,
  gpu_count: number,
  memory_gb: number,
  max_idle_hours: number,
  max_uptime_hours: number,
  timeout_seconds: number,
  current_idle_millis: number,
  current_uptime_millis: number,
  context_path: text,
  created_at: number,
  created_by: text,
});
const OneCluster = z.looseObject({ cluster: ClusterSchema });

// The key is singular, and holds the list.
const list = steamMethod('GetH2oKubernetesClusters', { safe: true, result: z.looseObject({ cluster: listOf(ClusterSchema) }) });
const byId = steamMethod('GetH2oKubernetesClusterById', { safe: true, result: OneCluster });
const byName = steamMethod('GetH2oKubernetesClusterByName', { safe: true, result: OneCluster });
const byNameAndCreator = steamMethod('GetH2oKubernetesClusterByNameCreatedBy', { safe: true, result: OneCluster });
const launch = steamMethod('LaunchH2oKubernetesCluster', { safe: false, result: OneCluster });
const stop = steamMethod('StopH2oKubernetesClusterById', { safe: true, result: anyResult });
const remove = steamMethod('DeleteH2oKubernetesClusterById', { safe: false, result: anyResult });
const estimate = steamMethod('GetEstimatedClusterMemory', {
  safe: true,
  result: z.looseObject({ cluster_memory: z.looseObject({ total_memory_gb: z.number() }) }),
});

/** What a launch tells Steam; every number is there. */
interface ClusterOrder {
  readonly name: string;
  readonly profile: string;
  readonly version: string;
  readonly nodeCount: number;
  readonly cpuCount: number;
  readonly gpuCount: number;
  readonly memoryGb: number;
  readonly maxIdleHours: number;
  readonly maxUptimeHours: number;
  readonly timeoutSeconds: number;
  readonly estimatedMemoryGb: number;
  readonly volumes?: string | undefined;
}

export interface ClustersApi {
  list(options: RequestOptions): Promise<readonly SteamCluster[]>;
  get(query: SteamClusterQuery, options: RequestOptions): Promise<SteamCluster>;
  launch(order: ClusterOrder, options: RequestOptions): Promise<SteamCluster>;
  stop(id: number, options: RequestOptions): Promise<void>;
  delete(id: number, options: RequestOptions): Promise<void>;
  /** @returns gigabytes of all nodes together; 0 when Steam does not say */
  estimateMemory(dataset: Dataset, options: RequestOptions): Promise<number>;
}

export const clustersApi = (call: CallSteam): ClustersApi => ({
  list: async (options) => ((await call(list, {}, options)).cluster ?? []).map(toCluster),
  get: async (query, options) => {
    if ('id' in query) return toCluster((await call(byId, { params: { cluster_id: query.id } }, options)).cluster);
    const { name, createdBy } = query;
    const answer =
      createdBy === undefined
        ? await call(byName, { params: { cluster_name: name } }, options)
        : await call(byNameAndCreator, { params: { cluster_name: name, created_by: createdBy } }, options);
    return toCluster(answer.cluster);
  },
  launch: async (order, options) => toCluster((await call(launch, { params: { parameters: fromOrder(order) } }, options)).cluster),
  stop: async (id, options) => {
    await call(stop, { params: { cluster_id: id } }, options);
  },
  delete: async (id, options) => {
    await call(remove, { params: { cluster_id: id } }, options);
  },
  estimateMemory: async (dataset, options) => {
    const parameters = {
      dataset_size_gb: 'sizeGb' in dataset ? dataset.sizeGb : null,
      rows: 'rows' in dataset ? dataset.rows : null,
      cols: 'columns' in dataset ? dataset.columns : null,
      using_x_g_boost: dataset.usesXgBoost ?? false,
    };
    return (await call(estimate, { params: { parameters } }, options)).cluster_memory.total_memory_gb;
  },
});

function fromOrder(order: ClusterOrder): Readonly<Record<string, unknown>> {
  return {
    name: order.name,
    profile_name: order.profile,
    version: order.version,
    node_count: order.nodeCount,
    cpu_count: order.cpuCount,
    gpu_count: order.gpuCount,
    memory_gb: order.memoryGb,
    max_idle_hours: order.maxIdleHours,
    max_uptime_hours: order.maxUptimeHours,
    timeout_seconds: order.timeoutSeconds,
    rec_memory: order.estimatedMemoryGb,
    volumes: order.volumes ?? '',
  };
}

function toCluster(wire: z.infer<typeof ClusterSchema>): SteamCluster {
  return {
    kind: 'h2o3',
    id: wire.id,
    name: wire.name,
    status: wire.status,
    targetStatus: wire.target_status ?? '',
    version: wire.version ?? '',
    profile: wire.profile_name ?? '',
    createdBy: wire.created_by ?? '',
    nodeCount: wire.node_count ?? 0,
    cpuCount: wire.cpu_count ?? 0,
    gpuCount: wire.gpu_count ?? 0,
    memoryGb: wire.memory_gb ?? 0,
    maxIdleMs: (wire.max_idle_hours ?? 0) * hourMs,
    maxUptimeMs: (wire.max_uptime_hours ?? 0) * hourMs,
    timeoutMs: (wire.timeout_seconds ?? 0) * 1000,
    idleMs: wire.current_idle_millis ?? 0,
    uptimeMs: wire.current_uptime_millis ?? 0,
    contextPath: wire.context_path ?? '',
    ...timeMember('createdAt', wire.created_at),
  };
}

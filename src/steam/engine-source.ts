/**
 * The user's engines in Steam, for who asks for a running one.
 */
import type { EngineKind } from '../running-engine/connection.js';
import type { EngineSource, FoundEngine } from '../running-engine/source.js';
import type { SteamInstance } from './instances.js';
import { fits, newest } from './running.js';
import type { SteamCluster } from './clusters.js';
import type { Steam } from './steam.js';

/** Steam shows administrators the engines of others, so those that somebody else has launched are left out where names are known. */
export type IsMine = (createdBy: string) => boolean;

/** @param isMine asked once for each search */
export function steamEngineSource(
  steam: Steam,
  kind: EngineKind,
  isMine: () => Promise<IsMine>,
  random: () => number = Math.random,
): EngineSource {
  const { driverlessai, h2o3 } = steam;
  return {
    find: async ({ name, version }, options) => {
      const mine = await isMine();
      const engines: readonly (SteamInstance | SteamCluster)[] = await (kind === 'h2o3' ? h2o3.list(options) : driverlessai.list(options));
      return engines
        .filter((engine) => mine(engine.createdBy) && fits(engine, { name, version }))
        .sort(newest)
        .map((engine) => ({ ref: engine.id, name: engine.name, version: engine.version, phase: phaseOf(engine) }));
    },
    create: async ({ storageGb, nodeCount, ...order }, { isSecond }, options) => {
      const name = order.name ?? `sdk-${kind}${isSecond ? `-${Math.floor(random() * 100_000)}` : ''}`;
      const values = { ...order, name };
      const engine = await (kind === 'h2o3'
        ? h2o3.launch({ ...values, nodeCount }, options)
        : driverlessai.launch({ ...values, storageGb }, options));
      return engine.id;
    },
    start: async (ref, { onProgress, ...options }) => {
      const id = Number(ref);
      const { status } = await driverlessai.get(id, options);
      if (status !== 'stopped') await driverlessai.waitUntil(id, 'stopped', { ...options, onProgress });
      await driverlessai.start(id, {}, options);
    },
    waitUntilRunning: (ref, options) =>
      kind === 'h2o3' ? h2o3.waitUntil(Number(ref), 'running', options) : driverlessai.waitUntil(Number(ref), 'running', options),
    connection: (ref, options) => (kind === 'h2o3' ? h2o3.connection(Number(ref), options) : driverlessai.connection(Number(ref), options)),
  };
}

/** What is to be stopped still may say that it runs. A stopped cluster has lost what it held, and Steam cannot start it again. */
function phaseOf({ kind, status, targetStatus }: SteamInstance | SteamCluster): FoundEngine['phase'] {
  if (targetStatus === 'running' || targetStatus === '') {
    if (status === 'running') return 'running';
    if (['starting', 'connecting'].includes(status)) return 'starting';
  }
  return kind === 'driverlessai' && status !== 'failed' && targetStatus === 'stopped' ? 'resting' : 'gone';
}

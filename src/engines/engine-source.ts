/**
 * The user's engines in AI Engine Manager, for who asks for a running one.
 */
import type { EngineKind } from '../running-engine/connection.js';
import type { EngineOrder, EngineSource, FoundEngine } from '../running-engine/source.js';
import type { DriverlessAiEngine, H2o3Engine } from './engine.js';
import type { EngineValues } from './engine-collection.js';
import type { Engines } from './engines.js';
import { idFromName } from './names.js';

const gibibyte = 2 ** 30;
const hourMs = 3_600_000;

export function enginesSource({ driverlessai, h2o3 }: Engines, kind: EngineKind): EngineSource {
  const collection = kind === 'h2o3' ? h2o3 : driverlessai;
  return {
    find: async ({ name, version }, options) => {
      const engines: readonly (DriverlessAiEngine | H2o3Engine)[] = await collection.list({ name }, options).toArray();
      return engines
        .filter((engine) => version === undefined || engine.version === version)
        .map((engine) => ({ ref: engine.id, name: engine.name, version: engine.version, phase: phaseOf(engine) }))
        .sort((one, other) => other.version.localeCompare(one.version, 'en', { numeric: true }));
    },
    create: async ({ nodeCount, storageGb, ...order }, { isSecond }, options) => {
      const name = order.name ?? `sdk-${kind}`;
      // Its id follows from its name, so that two programs which ask for it at once do not both make one.
      const id = isSecond ? undefined : idFromName(name, `sdk-${kind}`);
      const values = { ...valuesOf({ ...order, name }), id, profile: order.profile, version: order.version };
      const engine = await (kind === 'h2o3'
        ? h2o3.create({ ...values, nodeCount }, options)
        : driverlessai.create({ ...values, storageBytes: storageGb === undefined ? undefined : storageGb * gibibyte }, options));
      return engine.id;
    },
    start: async (ref, { onProgress, ...options }) => {
      const id = String(ref);
      const { state } = await driverlessai.get(id, options);
      if (state === 'PAUSING') await driverlessai.waitUntil(id, 'PAUSED', { ...options, onProgress });
      await driverlessai.resume(id, options);
    },
    waitUntilRunning: (ref, options) => collection.waitUntil(String(ref), 'RUNNING', options),
    connection: (ref, options) => collection.connection(String(ref), options),
  };
}

function valuesOf({ name, cpuCount, gpuCount, memoryGb, maxIdleHours, maxUptimeHours }: EngineOrder): EngineValues {
  return {
    name,
    cpuCount,
    gpuCount,
    memoryBytes: memoryGb === undefined ? undefined : memoryGb * gibibyte,
    maxIdleMs: maxIdleHours === undefined ? undefined : maxIdleHours * hourMs,
    maxRunningMs: maxUptimeHours === undefined ? undefined : maxUptimeHours * hourMs,
  };
}

function phaseOf({ kind, state }: DriverlessAiEngine | H2o3Engine): FoundEngine['phase'] {
  if (state === 'RUNNING') return 'running';
  if (state === 'STARTING' || state === 'CONNECTING') return 'starting';
  return kind === 'driverlessai' && (state === 'PAUSED' || state === 'PAUSING') ? 'resting' : 'gone';
}

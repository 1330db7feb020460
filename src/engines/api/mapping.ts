/**
 * From messages of AI Engine Manager to the vocabulary, and back.
 */
import type { AnyEngine, DriverlessAiEngine, EngineFacts, EngineLimit, EngineProfile, EngineVersion, H2o3Engine } from '../engine.js';
import { stateOf } from '../engine-state.js';
import { shortName } from '../names.js';
import { present, toMilliseconds, toNumber, toSecrets, type WireEngine, type WireProfile, type WireVersion } from './wire.js';

function toFacts(wire: WireEngine): EngineFacts {
  return {
    id: wire.name,
    workspace: wire.name.split('/')[1] ?? '',
    name: wire.displayName ?? '',
    state: stateOf(wire.state),
    reconciling: wire.reconciling ?? false,
    version: wire.version ?? shortName(wire.daiEngineVersion ?? wire.h2oEngineVersion ?? ''),
    profile: wire.profile ?? '',
    creator: wire.creator ?? '',
    creatorName: wire.creatorDisplayName ?? '',
    cpuCount: toNumber(wire.cpu) ?? 0,
    gpuCount: toNumber(wire.gpu) ?? 0,
    memoryBytes: toNumber(wire.memoryBytes) ?? 0,
    annotations: wire.annotations ?? {},
    ...present({
      maxIdleMs: toMilliseconds(wire.maxIdleDuration),
      maxRunningMs: toMilliseconds(wire.maxRunningDuration),
      idleMs: toMilliseconds(wire.currentIdleDuration),
      runningMs: toMilliseconds(wire.currentRunningDuration),
      loginUrl: wire.loginUrl,
      createdAt: wire.createTime,
      updatedAt: wire.updateTime,
    }),
  };
}

export function toDriverlessAiEngine(wire: WireEngine): DriverlessAiEngine {
  return {
    kind: 'driverlessai',
    ...toFacts(wire),
    storageBytes: toNumber(wire.storageBytes) ?? 0,
    storageResizing: wire.storageResizing ?? false,
    upgradeAvailable: wire.upgradeAvailable ?? false,
    config: toSecrets(wire.config),
    ...present({ apiUrl: wire.apiUrl }),
  };
}

export function toH2o3Engine(wire: WireEngine): H2o3Engine {
  return { kind: 'h2o3', ...toFacts(wire), nodeCount: toNumber(wire.nodeCount) ?? 0, ...present({ apiUrl: wire.apiUrl }) };
}

const kindsByType: Readonly<Record<string, string>> = {
  TYPE_DRIVERLESS_AI: 'driverlessai',
  TYPE_H2O: 'h2o3',
  TYPE_NOTEBOOK: 'notebook',
};

/** @param kind where the message does not say it */
export function toAnyEngine(wire: WireEngine, kind = 'unknown'): AnyEngine {
  const { type } = wire;
  return { kind: type === null || type === undefined ? kind : (kindsByType[type] ?? type), ...toFacts(wire) };
}

export function toProfile(wire: WireProfile): EngineProfile {
  return {
    id: wire.name,
    name: wire.displayName ?? '',
    cpuCount: toLimit(wire.cpuConstraint),
    gpuCount: toLimit(wire.gpuConstraint),
    memoryBytes: toLimit(wire.memoryBytesConstraint),
    storageBytes: toLimit(wire.storageBytesConstraint),
    nodeCount: toLimit(wire.nodeCountConstraint),
  };
}

function toLimit(wire: WireProfile['cpuConstraint']): EngineLimit {
  return present({ min: toNumber(wire?.min), max: toNumber(wire?.max), default: toNumber(wire?.default) });
}

export function toVersion({ name, deprecated, aliases }: WireVersion): EngineVersion {
  return { id: name, version: shortName(name), deprecated: deprecated ?? false, aliases: aliases ?? [] };
}

/**
 * The engines that a local AI Engine Manager keeps, each of one user: what was asked of them, and where they are by now.
 */
import { randomUUID } from 'node:crypto';
import type { Caller } from '../access.js';
import { positionOn, type Course } from '../engine-course.js';
import { isObject, type JsonObject } from '../json.js';
import { catalogued, profiles, versions, type EngineMember } from './catalogue.js';
import { StatusError } from '../resource-service.js';

export interface ManagedEngine {
  readonly member: EngineMember;
  readonly ownerId: string;
  readonly ownerName: string;
  readonly name: string;
  readonly uid: string;
  readonly createdAt: number;
  updatedAt: number;
  resumedAt: number;
  /** Fields as given or as the profile says. */
  fields: JsonObject;
  course: Course;
}

/** How long a deleted engine is still there, as a part of the time that a start takes. */
const partOfStart = 0.5;

export class ManagedEngines {
  readonly #engines = new Map<string, ManagedEngine>();
  readonly #readyAfterMs: number;

  constructor(readyAfterMs: number) {
    this.#readyAfterMs = readyAfterMs;
  }

  /** @returns an engine that is not kept yet */
  make(member: EngineMember, caller: Caller, name: string, fields: JsonObject, now: number): ManagedEngine {
    return {
      member,
      ownerId: caller.subject,
      ownerName: caller.username,
      name,
      uid: randomUUID(),
      createdAt: now,
      updatedAt: now,
      resumedAt: now,
      fields: checkedFields(member, fields),
      course: { through: ['STATE_STARTING', 'STATE_CONNECTING'], to: 'STATE_RUNNING', startedAt: now, takesMs: this.#readyAfterMs },
    };
  }

  keep(engine: ManagedEngine): void {
    this.#engines.set(keyOf(engine.ownerId, engine.name), engine);
  }

  find(ownerId: string, name: string, now: number): ManagedEngine | undefined {
    const engine = this.#engines.get(keyOf(ownerId, name));
    if (engine === undefined || positionOn(engine.course, now).state !== 'gone') return engine;
    this.#engines.delete(keyOf(ownerId, name));
    return undefined;
  }

  findOfAnybody(name: string, now: number): ManagedEngine | undefined {
    const engine = [...this.#engines.values()].find((candidate) => candidate.name === name);
    return engine === undefined ? undefined : this.find(engine.ownerId, name, now);
  }

  of(ownerId: string, workspace: string, now: number): readonly ManagedEngine[] {
    return [...this.#engines.values()].filter(
      (engine) =>
        engine.ownerId === ownerId && engine.name.startsWith(`${workspace}/`) && this.find(ownerId, engine.name, now) !== undefined,
    );
  }

  /** Sends an engine on its way. */
  send(engine: ManagedEngine, through: readonly string[], to: string, now: number): void {
    const takesMs = to === 'STATE_RUNNING' ? this.#readyAfterMs : this.#readyAfterMs * partOfStart;
    engine.course = { through, to, startedAt: now, takesMs };
    engine.updatedAt = now;
    if (to === 'STATE_RUNNING') engine.resumedAt = now;
  }
}

const keyOf = (ownerId: string, name: string): string => JSON.stringify([ownerId, name]);

const constraints: readonly (readonly [field: string, constraint: string, isText: boolean])[] = [
  ['cpu', 'cpuConstraint', false],
  ['gpu', 'gpuConstraint', false],
  ['nodeCount', 'nodeCountConstraint', false],
  ['memoryBytes', 'memoryBytesConstraint', true],
  ['storageBytes', 'storageBytesConstraint', true],
];

/** The fields of an engine, those that are unset as the profile says. */
export function checkedFields(member: EngineMember, fields: JsonObject): JsonObject {
  const profile = catalogued(profiles[member], fields['profile']);
  if (profile === undefined) throw new StatusError(3, `validation error: profile ${String(fields['profile'])} not found`);
  const version = catalogued(versions[member], fields[`${member}Version`]);
  if (version === undefined) throw new StatusError(3, `validation error: version ${String(fields[`${member}Version`])} not found`);
  const filled: Record<string, unknown> = {};
  for (const [field, name, isText] of constraints) {
    const constraint = profile[name];
    if (!isObject(constraint)) continue;
    const value = Number(fields[field] ?? constraint['default']);
    if (!Number.isFinite(value) || value < Number(constraint['min']) || value > Number(constraint['max']))
      throw new StatusError(3, `validation error: ${field} must be between ${String(constraint['min'])} and ${String(constraint['max'])}`);
    filled[field] = isText ? String(value) : value;
  }
  return {
    ...filled,
    maxIdleDuration: fields['maxIdleDuration'] ?? suggested(profile['maxIdleDurationConstraint']),
    maxRunningDuration: fields['maxRunningDuration'] ?? suggested(profile['maxRunningDurationConstraint']),
    profile: profile['name'],
    [`${member}Version`]: version['name'],
    displayName: fields['displayName'] ?? '',
    annotations: fields['annotations'] ?? {},
    config: fields['config'] ?? {},
  };
}

function suggested(constraint: unknown): unknown {
  return isObject(constraint) ? constraint['default'] : undefined;
}

/** An engine as AI Engine Manager shows it. */
export function engineMessage(engine: ManagedEngine, address: string, now: number): JsonObject {
  const { member, fields, course } = engine;
  const { state, isThere } = positionOn(course, now);
  const { config, ...common } = fields;
  const message = {
    ...common,
    name: engine.name,
    uid: engine.uid,
    creator: `users/${engine.ownerId}`,
    creatorDisplayName: engine.ownerName,
    profileInfo: catalogued(profiles[member], fields['profile']) ?? null,
    [`${member}VersionInfo`]: catalogued(versions[member], fields[`${member}Version`]) ?? null,
    state,
    reconciling: !isThere,
    createTime: new Date(engine.createdAt).toISOString(),
    updateTime: new Date(engine.updatedAt).toISOString(),
    apiUrl: `${address}/${engine.name}`,
    loginUrl: `${address}/${engine.name}/oidc/login`,
  };
  if (member === 'h2oEngine') return message;
  return {
    ...message,
    config,
    resumeTime: new Date(engine.resumedAt).toISOString(),
    upgradeAvailable: false,
    storageResizing: false,
    dataDirectoryStorageClass: '',
  };
}

const onlyInItsOwnList = new Set(['apiUrl', 'profileInfo', 'config']);

/** An engine in the list of all kinds. */
export function anyEngineMessage(engine: ManagedEngine, address: string, now: number): JsonObject {
  const message = engineMessage(engine, address, now);
  const version = String(message[`${engine.member}Version`]);
  return {
    ...Object.fromEntries(Object.entries(message).filter(([name]) => !onlyInItsOwnList.has(name))),
    type: engine.member === 'daiEngine' ? 'TYPE_DRIVERLESS_AI' : 'TYPE_H2O',
    version: version.slice(version.lastIndexOf('/') + 1),
    upgradeAvailable: false,
    storageResizing: false,
    deprecatedVersion: false,
    deletedVersion: false,
    visitable: true,
  };
}

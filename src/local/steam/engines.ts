/**
 * The engines that a local Steam keeps, each of one user: what was asked of them, and where they are by now.
 */
import { randomBytes } from 'node:crypto';
import { positionOn, type Course } from '../engine-course.js';
import type { JsonObject } from '../json.js';

interface StoredEngine {
  readonly id: number;
  readonly kind: 'driverlessai' | 'h2o3';
  /** Subject of who launched it. */
  readonly ownerId: string;
  readonly createdBy: string;
  readonly createdAt: number;
  /** Of Driverless AI that is not guarded by OpenID Connect. */
  readonly password: string;
  name: string;
  parameters: JsonObject;
  version: string;
  course: Course;
  startedAt: number;
  stopReason: string;
  readonly events: { readonly level: string; readonly message: string; readonly at: number }[];
}

export type SteamEngine = Readonly<StoredEngine>;

/** How long a terminated instance stays in lists. */
const lingersMs = 20_000;

export interface NewEngine {
  readonly kind: SteamEngine['kind'];
  readonly ownerId: string;
  readonly createdBy: string;
  readonly parameters: JsonObject;
  readonly hasPassword: boolean;
}

export class SteamEngines {
  readonly #engines = new Map<number, StoredEngine>();
  readonly #readyAfterMs: number;
  #lastId = 3200;

  constructor(readyAfterMs: number) {
    this.#readyAfterMs = readyAfterMs;
  }

  launch({ parameters, hasPassword, ...owner }: NewEngine, now: number): SteamEngine {
    this.#lastId += 1;
    const engine: StoredEngine = {
      ...owner,
      id: this.#lastId,
      name: String(parameters['name']),
      version: String(parameters['version']),
      parameters,
      password: hasPassword ? randomBytes(12).toString('base64url') : '',
      createdAt: now,
      startedAt: now + this.#readyAfterMs,
      stopReason: '',
      course: { through: ['starting'], to: 'running', startedAt: now, takesMs: this.#readyAfterMs },
      events: [{ level: 'info', message: 'launched', at: now }],
    };
    this.#engines.set(engine.id, engine);
    return engine;
  }

  /** The engines of a user, those left out that are gone. */
  of(ownerId: string, kind: SteamEngine['kind'], now: number): readonly SteamEngine[] {
    return [...this.#engines.values()].filter(
      (engine) => engine.ownerId === ownerId && engine.kind === kind && !this.#hasLeft(engine, now),
    );
  }

  /** Terminated ones stay readable by their number. */
  byId(ownerId: string, kind: SteamEngine['kind'], id: unknown): SteamEngine | undefined {
    const engine = typeof id === 'number' ? this.#engines.get(id) : undefined;
    return engine?.ownerId === ownerId && engine.kind === kind ? engine : undefined;
  }

  /** Whoever asks: what may be seen of it is the caller's business. */
  anyById(kind: SteamEngine['kind'], id: number): SteamEngine | undefined {
    const engine = this.#engines.get(id);
    return engine?.kind === kind ? engine : undefined;
  }

  /** Sends an engine on its way. */
  send(engine: SteamEngine, course: Pick<Course, 'through' | 'to'>, now: number, event: string): void {
    const stored = this.#engines.get(engine.id);
    if (stored === undefined) return;
    const takesMs = course.to === 'running' ? this.#readyAfterMs : this.#readyAfterMs / 2;
    stored.course = { ...course, startedAt: now, takesMs };
    if (course.to === 'running') stored.startedAt = now + takesMs;
    stored.events.push({ level: course.to === 'failed' ? 'error' : 'info', message: event, at: now });
    stored.stopReason = course.to === 'running' ? '' : event;
  }

  change(engine: SteamEngine, changes: Partial<Pick<StoredEngine, 'name' | 'version' | 'parameters'>>): void {
    const stored = this.#engines.get(engine.id);
    if (stored !== undefined) Object.assign(stored, changes);
  }

  remove(engine: SteamEngine): void {
    this.#engines.delete(engine.id);
  }

  #hasLeft(engine: StoredEngine, now: number): boolean {
    const { state, since } = positionOn(engine.course, now);
    return state === 'terminated' && now - since > lingersMs;
  }
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
const hourSeconds = 3600;

/** An engine as Steam shows it. */
export function engineMessage(engine: SteamEngine, prefix: string, now: number): JsonObject {
  const { state } = positionOn(engine.course, now);
  const uptime = state === 'running' ? now - engine.startedAt : 0;
  const { parameters } = engine;
  const common = {
    id: engine.id,
    profile_name: parameters['profile_name'],
    name: engine.name,
    status: state,
    target_status: engine.course.to,
    version: engine.version,
    cpu_count: parameters['cpu_count'],
    gpu_count: parameters['gpu_count'],
    memory_gb: parameters['memory_gb'],
    timeout_seconds: parameters['timeout_seconds'],
    created_at: seconds(engine.createdAt),
    created_by: engine.createdBy,
    volumes: parameters['volumes'] ?? '',
  };
  if (engine.kind === 'h2o3') {
    return {
      ...common,
      node_count: parameters['node_count'],
      max_idle_hours: parameters['max_idle_hours'],
      max_uptime_hours: parameters['max_uptime_hours'],
      context_path: `${prefix}/proxy/h2o-k8s/${engine.id}`,
      current_uptime_millis: uptime,
      current_idle_millis: uptime,
    };
  }
  return {
    ...common,
    turbine_id: '',
    backend_type: '',
    instance_type: 'singlenode',
    master_id: -1,
    storage_gb: parameters['storage_gb'],
    max_idle_seconds: Number(parameters['max_idle_hours']) * hourSeconds,
    max_uptime_seconds: Number(parameters['max_uptime_hours']) * hourSeconds,
    address: now >= engine.startedAt ? 'http://10.1.212.19:12345' : '',
    authentication: engine.password === '' ? 'oidc' : 'local',
    password: engine.password,
    started_at: now >= engine.startedAt ? seconds(engine.startedAt) : 0,
    pod_latest_event: null,
    service_latest_event: null,
    pvc_latest_event: null,
    stop_reason: engine.stopReason,
    config_toml: parameters['config_toml'] ?? '',
    current_uptime_seconds: seconds(uptime),
    current_idle_seconds: seconds(uptime),
  };
}

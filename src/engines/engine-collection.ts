/**
 * What the engines of both kinds have in common: they are listed, read, waited for, entered and deleted.
 */
import { ConfigurationError, invalidParameter } from '../errors/configuration-error.js';
import { ConflictError, NotFoundError } from '../errors/api-error.js';
import { EngineError } from '../errors/engine-error.js';
import { amount, checkMembers, text, textByName, wholeNumber, type Kind } from '../http/given.js';
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import { EngineConnection, type EngineKind } from '../running-engine/connection.js';
import { waitForEngine, type EngineWaitOptions } from '../running-engine/wait.js';
import { isTrusted, type ScorerTrust } from '../scoring/trusted-origin.js';
import type { EngineManagerApi } from './api/engine-manager.js';
import type { EngineFields, KindApi } from './api/engines.js';
import type { DriverlessAiEngine, EngineLogs, EngineProfile, EngineVersion, H2o3Engine } from './engine.js';
import { lookAt, type EngineState } from './engine-state.js';
import { filterText, fitsFilter, type EngineFilter } from './filter.js';
import {
  checkedEngineId,
  engineName,
  globalName,
  idFromName,
  withSuffix,
  workspaceName,
  type Collection,
  type EngineRef,
} from './names.js';

export interface EngineListParams extends EngineFilter {
  /** Default: the user's own, `default`. */
  readonly workspace?: string | undefined;
  /** For instance `create_time desc`, which is the default. */
  readonly orderBy?: string | undefined;
}

/** What `findRunning` looks for. */
export interface RunningEngineQuery {
  readonly version?: string | undefined;
  readonly name?: string | undefined;
  readonly workspace?: string | undefined;
}

/** What both kinds take when they are made. What is unset is the profile's choice. */
export interface EngineValues {
  /** The name that people see. */
  readonly name?: string | undefined;
  readonly cpuCount?: number | undefined;
  readonly gpuCount?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Without use for so long, it is paused or ended; counted in whole seconds. */
  readonly maxIdleMs?: number | undefined;
  /** After so long it is paused or ended; counted in whole seconds. */
  readonly maxRunningMs?: number | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface EnginePlace {
  /** Default: made from the name, and another one where that is taken. */
  readonly id?: string | undefined;
  /** Default: the user's own, `default`. */
  readonly workspace?: string | undefined;
  /** Id or resource name. Default: the first that the user may use. */
  readonly profile?: string | undefined;
  /** A version, an alias such as `latest`, or a resource name. Default: the first that is not deprecated. */
  readonly version?: string | undefined;
}

/** What the resources of AI Engine Manager work with. */
export interface EngineResourcePorts {
  /** Loads the API, once. */
  api(): Promise<EngineManagerApi>;
  readonly clock: Clock;
  readonly credential: Credential;
  /** Scopes that a token for the service needs. */
  scopes(): Promise<readonly string[]>;
  /** Where the user's token may go. */
  trust(): Promise<ScorerTrust>;
  readonly random: () => number;
}

interface CollectionFacts {
  readonly kind: EngineKind;
  readonly collection: Collection;
  /** Prefix of the collections of profiles and versions. */
  readonly member: string;
  readonly fallbackId: string;
}

export const valueKinds: Readonly<Record<string, Kind>> = {
  name: text,
  cpuCount: wholeNumber,
  gpuCount: wholeNumber,
  memoryBytes: wholeNumber,
  maxIdleMs: amount,
  maxRunningMs: amount,
  annotations: textByName,
};
export const placeKinds: Readonly<Record<string, Kind>> = { id: text, workspace: text, profile: text, version: text };
export const listKinds: Readonly<Record<string, Kind>> = { state: text, name: text, creatorName: text, workspace: text, orderBy: text };
const mostIds = 5;

export abstract class EngineCollection<Engine extends DriverlessAiEngine | H2o3Engine> {
  /** @internal */
  protected readonly ports: EngineResourcePorts;
  readonly #facts: CollectionFacts;
  readonly #pick: (api: EngineManagerApi) => KindApi<Engine>;

  /** @internal */
  protected constructor(ports: EngineResourcePorts, facts: CollectionFacts, pick: (api: EngineManagerApi) => KindApi<Engine>) {
    this.ports = ports;
    this.#facts = facts;
    this.#pick = pick;
  }

  /**
   * Engines of a workspace; those of others too where the user may see them.
   *
   * @throws {ConfigurationError} a parameter is of the wrong type
   * @example
   * for await (const engine of user.engines.driverlessai.list({ state: 'RUNNING' })) console.log(engine.name);
   */
  list(params: EngineListParams = {}, options: RequestOptions = {}): List<Engine> {
    checkMembers(params, 'What a list of engines looks for', listKinds);
    const { workspace, orderBy, ...filter } = params;
    const parent = workspaceName(workspace);
    const written = filterText(filter);
    const query = { filter: written === '' ? undefined : written, orderBy, keeps: (engine: Engine) => fitsFilter(engine, filter) };
    return lazyList(async () => (await this.api()).list(parent, query, options));
  }

  /**
   * Reads an engine.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const { state } = await user.engines.driverlessai.get('credit');
   */
  async get(engine: EngineRef, options: RequestOptions = {}): Promise<Engine> {
    const name = this.nameOf(engine);
    return (await this.api()).get(name, options);
  }

  /**
   * Engines that run, the newest version first.
   *
   * @example
   * const [running] = await user.engines.h2o3.findRunning({ version: '3.46.0.2' });
   */
  async findRunning(query: RunningEngineQuery = {}, options: RequestOptions = {}): Promise<readonly Engine[]> {
    checkMembers(query, 'What findRunning() looks for', { version: text, name: text, workspace: text });
    const { version, name, workspace } = query;
    const running = await this.list({ state: 'RUNNING', name, workspace }, options).toArray();
    return running.filter((engine) => version === undefined || engine.version === version).sort(newest);
  }

  /**
   * Deletes an engine with its data. It is gone when {@link waitUntilDeleted} says so.
   *
   * @throws {NotFoundError} there is none
   * @example
   * await user.engines.driverlessai.delete(engine);
   */
  async delete(engine: EngineRef, options: RequestOptions = {}): Promise<void> {
    const name = this.nameOf(engine);
    await (await this.api()).delete(name, options);
  }

  /**
   * What the engine has logged.
   *
   * @example
   * const { data } = await user.engines.h2o3.logs(engine);
   */
  async logs(engine: EngineRef, options: RequestOptions = {}): Promise<EngineLogs> {
    const name = this.nameOf(engine);
    return (await this.api()).logs(name, options);
  }

  /**
   * The profiles that the user may use.
   *
   * @example
   * const profiles = await user.engines.driverlessai.profiles().toArray();
   */
  profiles(options: RequestOptions = {}): List<EngineProfile> {
    return lazyList(async () => (await this.api()).profiles(options));
  }

  /**
   * The versions that an engine may have.
   *
   * @example
   * const versions = await user.engines.h2o3.versions().toArray();
   */
  versions(options: RequestOptions = {}): List<EngineVersion> {
    return lazyList(async () => (await this.api()).versions(options));
  }

  /**
   * Waits until an engine has a state, looking at growing intervals of half a second to ten seconds. A state in which it only has not
   * begun to move ends no wait.
   *
   * @throws {EngineError} ENGINE_FAILED: it cannot get there; ENGINE_WAIT_TIMEOUT
   * @throws {NotFoundError} it is gone
   * @example
   * await user.engines.driverlessai.waitUntil(engine, 'RUNNING', { onProgress: ({ status }) => console.error(status) });
   */
  async waitUntil(engine: EngineRef, state: EngineState, options: EngineWaitOptions = {}): Promise<Engine> {
    const name = this.nameOf(engine);
    checkMembers({ state }, 'waitUntil()', { state: text });
    const api = await this.api();
    return waitForEngine(
      {
        engine: name,
        wanted: state,
        clock: this.ports.clock,
        read: (remainingMs) => api.get(name, { signal: options.signal, timeoutMs: Math.min(remainingMs, 60_000) }),
        look: (seen) => lookAt(seen, state),
      },
      options,
    );
  }

  /**
   * Waits until a deleted engine is gone.
   *
   * @throws {EngineError} ENGINE_FAILED: nobody is deleting it; ENGINE_WAIT_TIMEOUT
   * @example
   * await user.engines.driverlessai.delete(engine);
   * await user.engines.driverlessai.waitUntilDeleted(engine);
   */
  async waitUntilDeleted(engine: EngineRef, options: EngineWaitOptions = {}): Promise<void> {
    const name = this.nameOf(engine);
    const api = await this.api();
    await waitForEngine(
      {
        engine: name,
        wanted: 'deleted',
        clock: this.ports.clock,
        read: async (remainingMs) => {
          try {
            return (await api.get(name, { signal: options.signal, timeoutMs: Math.min(remainingMs, 60_000) })).state;
          } catch (error) {
            if (error instanceof NotFoundError) return 'deleted';
            throw error;
          }
        },
        look: (status) => ({ status, verdict: status === 'deleted' ? 'arrived' : status === 'DELETING' ? 'moving' : 'settled' }),
      },
      options,
    );
  }

  /**
   * The way to a running engine: its API, with the user's own token, fresh for each request.
   *
   * @throws {EngineError} ENGINE_NOT_RUNNING
   * @throws {ConfigurationError} ORIGIN_NOT_TRUSTED: its address is not under the configured cloud
   * @example
   * const connection = await user.engines.driverlessai.connection(engine);
   * const answer = await fetch(`${connection.url}/serverversion`, { headers: await connection.headers(), redirect: 'error' });
   */
  async connection(engine: EngineRef, options: RequestOptions = {}): Promise<EngineConnection> {
    const seen = await this.get(engine, options);
    if (seen.state !== 'RUNNING' || seen.apiUrl === undefined) throw notRunning(seen);
    checkAddress(seen.apiUrl, await this.ports.trust());
    const { credential } = this.ports;
    return new EngineConnection({
      kind: this.#facts.kind,
      engine: seen.id,
      name: seen.name,
      version: seen.version,
      url: seen.apiUrl.replace(/\/+$/, ''),
      access: async (refused) => {
        const rejected = refused?.headers['authorization']?.slice('Bearer '.length);
        const token = await credential.getToken({ scopes: await this.ports.scopes(), ...(rejected === undefined ? {} : { rejected }) });
        return { headers: { authorization: `Bearer ${token.value}` }, expiresAt: token.expiresAt };
      },
    });
  }

  /** @internal */
  protected nameOf(engine: EngineRef): string {
    return engineName(engine, this.#facts.collection);
  }

  /** @internal */
  protected async api(): Promise<KindApi<Engine>> {
    return this.#pick(await this.ports.api());
  }

  /** Profile and version as the service wants them. @internal */
  protected async choices(place: EnginePlace, options: RequestOptions): Promise<{ readonly profile: string; readonly version: string }> {
    const { member } = this.#facts;
    const profile =
      place.profile === undefined ? (await this.profileOf(undefined, options)).id : globalName(place.profile, `${member}Profiles`);
    const version =
      place.version === undefined
        ? (await this.versions(options).toArray()).find(({ deprecated }) => !deprecated)?.id
        : globalName(place.version, `${member}Versions`);
    if (version === undefined) throw nothingToChoose('version');
    return { profile, version };
  }

  /** A profile by its id or resource name, or the first that the user may use. @internal */
  protected async profileOf(wanted: string | undefined, options: RequestOptions): Promise<EngineProfile> {
    const name = wanted === undefined ? undefined : globalName(wanted, `${this.#facts.member}Profiles`);
    for await (const profile of this.profiles(options)) if (name === undefined || profile.id === name) return profile;
    throw nothingToChoose('such profile');
  }

  /** Creates under the id that was given, or else under one made from the name, and another where that is taken. @internal */
  protected async createAs(
    place: EnginePlace & { readonly name?: string | undefined },
    engine: EngineFields,
    options: RequestOptions,
  ): Promise<Engine> {
    const api = await this.api();
    const parent = workspaceName(place.workspace);
    if (place.id !== undefined) return api.create(parent, place.id, engine, options);
    const id = idFromName(place.name ?? '', this.#facts.fallbackId);
    for (let attempt = 1; ; attempt++) {
      try {
        return await api.create(parent, attempt === 1 ? id : withSuffix(id, this.ports.random()), engine, options);
      } catch (error) {
        if (attempt >= mostIds || !isTaken(error)) throw error;
      }
    }
  }

  /** @internal */
  protected checkPlace(place: EnginePlace): void {
    if (place.id !== undefined) checkedEngineId(place.id);
    workspaceName(place.workspace);
  }
}

/** 409 also says that something else is under way, which another id does not change. */
function isTaken(error: unknown): boolean {
  return error instanceof ConflictError && (error.serviceCode === undefined || error.serviceCode === 'ALREADY_EXISTS');
}

function newest(
  one: { readonly version: string; readonly createdAt?: string },
  other: { readonly version: string; readonly createdAt?: string },
): number {
  const byVersion = other.version.localeCompare(one.version, 'en', { numeric: true });
  return byVersion === 0 ? (other.createdAt ?? '').localeCompare(one.createdAt ?? '') : byVersion;
}

function notRunning({ id, state }: DriverlessAiEngine | H2o3Engine): EngineError {
  return new EngineError({
    code: 'ENGINE_NOT_RUNNING',
    engine: id,
    what: `${id} does not run, or has no address yet: it is ${state}.`,
    fix: "Resume it where it is paused, and wait with waitUntil(engine, 'RUNNING').",
    call: 'connection',
    retryable: true,
  });
}

/** The address comes from an answer, and the user's token goes there. */
function checkAddress(address: string, trust: ScorerTrust): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && isTrusted(url, trust)) return;
  const origin = url === undefined ? 'that address' : url.origin;
  throw new ConfigurationError({
    code: 'ORIGIN_NOT_TRUSTED',
    what: `No token goes to the engine at ${origin}: it is not under the configured cloud, not beside its AI Engine Manager, or not https.`,
    fix: `If the engine really is there, name it: new H2OCloud({ trustedOrigins: ['${origin}'] }).`,
  });
}

function nothingToChoose(what: string): ConfigurationError {
  return invalidParameter(`AI Engine Manager has no ${what} that this user may use.`, 'Ask an administrator for one, or name it.');
}

/**
 * Enterprise Steam as one user sees it.
 */
import type { EngineEvent } from '../errors/engine-error.js';
import { anything, checkMembers, text, truth, type Kind } from '../http/given.js';
import { invalidParameter } from '../errors/configuration-error.js';
import type { RequestOptions } from '../http/request-options.js';
import { printAs } from '../internal/print-as.js';
import { Secret } from '../internal/secret.js';
import type { EngineKind } from '../running-engine/connection.js';
import type { SteamAbout, SteamApi, SteamApiPorts } from './api/steam-api.js';
import { H2oClusters } from './clusters.js';
import { DriverlessInstances } from './instances.js';
import type { SteamProfile, SteamVersion } from './profiles.js';
import { engineId } from './references.js';

export interface SteamCallOptions extends RequestOptions {
  /** Whether the method may be repeated where it is unknown whether Steam has acted. Default: no. */
  readonly repeatable?: boolean | undefined;
}

/**
 * Enterprise Steam on behalf of one user: signed in with the user's access token when the first call needs it, and again when Steam has
 * ended the session.
 *
 * @example
 * const instance = await user.steam.driverlessai.launch({ name: 'credit' });
 * await user.steam.driverlessai.waitUntil(instance, 'running');
 */
export class Steam {
  /** Driverless AI instances. */
  readonly driverlessai: DriverlessInstances;
  /** H2O-3 clusters on Kubernetes. */
  readonly h2o3: H2oClusters;
  readonly #ports: SteamApiPorts;
  readonly #api: () => Promise<SteamApi>;

  static {
    printAs(Steam.prototype, () => 'Steam {}');
  }

  /** @internal */
  constructor(ports: SteamApiPorts) {
    let loading: Promise<SteamApi> | undefined;
    const api = (): Promise<SteamApi> => (loading ??= import('./api/steam-api.js').then(({ steamApi }) => steamApi(ports)));
    this.#ports = ports;
    this.#api = api;
    this.driverlessai = new DriverlessInstances({ api, clock: ports.clock });
    this.h2o3 = new H2oClusters({ api, clock: ports.clock });
  }

  /**
   * Which Steam this is, and what it has.
   *
   * @example
   * const { version } = await user.steam.about();
   */
  async about(options: RequestOptions = {}): Promise<SteamAbout> {
    return (await this.#api()).about(options);
  }

  /**
   * The profiles that the user may launch with, and their limits.
   *
   * @example
   * const profiles = await user.steam.profiles();
   */
  async profiles(options: RequestOptions = {}): Promise<readonly SteamProfile[]> {
    return (await this.#api()).profiles.list(options);
  }

  /**
   * The versions that can be launched, the newest first.
   *
   * @example
   * const [newest] = await user.steam.versions('h2o3');
   */
  async versions(kind: EngineKind, options: RequestOptions = {}): Promise<readonly SteamVersion[]> {
    return (await this.#api()).profiles.versions(checkedKind(kind), options);
  }

  /**
   * What Steam noted about an engine, oldest first.
   *
   * @example
   * const events = await user.steam.events(instance);
   */
  async events(engine: { readonly kind: EngineKind; readonly id: number }, options: RequestOptions = {}): Promise<readonly EngineEvent[]> {
    const id = engineId(engine, 'engine');
    return (await this.#api()).events({ kind: checkedKind(engine.kind), id }, options);
  }

  /**
   * Calls a method of Steam that this SDK has no name for, and gives its result as it came.
   *
   * @param method without `web.`, for instance `GetStorageConfig`
   * @throws {UnsupportedByPlatformError} this Steam has no such method
   * @throws {ApiError} Steam refused, with its prose
   * @example
   * const usage = await user.steam.call('GetProfileUsage', { profile_id: 1 }, { repeatable: true });
   */
  async call(method: string, params: Readonly<Record<string, unknown>> = {}, options: SteamCallOptions = {}): Promise<unknown> {
    checkMembers({ method, params }, 'call()', { method: text, params: namedParameters });
    if (!/^\w+$/.test(method))
      throw invalidParameter('The method of Steam is not a name.', 'Pass it without `web.`, for instance GetConfigMeta.');
    checkMembers(options, 'The options of call()', { repeatable: truth });
    const { repeatable = false, ...request } = options;
    return (await this.#api()).call(method, params, { safe: repeatable }, request);
  }

  /**
   * The same Steam, signed in with a refresh token. Steam then keeps that token and can renew what it hands to engines; but where refresh
   * tokens are good once only, Steam and the program would take them from each other: give it one that nobody else uses.
   *
   * @example
   * const steam = user.steam.signedInWith({ refreshToken });
   */
  signedInWith(token: { readonly refreshToken: string | Secret }): Steam {
    checkMembers(token, 'The token of signedInWith()', { refreshToken: anything });
    const { refreshToken } = token;
    const value: unknown = refreshToken instanceof Secret ? refreshToken.reveal() : refreshToken;
    if (typeof value !== 'string' || value === '')
      throw invalidParameter('No refresh token was given.', 'Pass { refreshToken }, as text or as a Secret.');
    return new Steam({ ...this.#ports, refreshToken: value });
  }

  toJSON(): Record<string, never> {
    return {};
  }
}

const namedParameters: Kind = {
  name: 'an object with the named parameters',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function checkedKind(kind: unknown): EngineKind {
  if (kind === 'driverlessai' || kind === 'h2o3') return kind;
  throw invalidParameter('The kind of engine is unknown.', "Pass 'driverlessai' or 'h2o3'.");
}

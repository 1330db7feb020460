/**
 * Steam as one user calls it. Loaded with the first call, so that a program that never calls Steam does not pay for it.
 */
import * as z from 'zod/mini';
import { createSend, type SendPorts } from '../../http/send.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { EngineEvent } from '../../errors/engine-error.js';
import type { EngineAccess } from '../../running-engine/connection.js';
import type { AccessToken } from '../../internal/access-token.js';
import type { SteamInstance } from '../instances.js';
import { SteamSession, type SessionPorts } from '../session.js';
import { clustersApi, type ClustersApi } from './clusters.js';
import { readEvents } from './engines.js';
import { instancesApi, type InstancesApi } from './instances.js';
import { profilesApi, type ProfilesApi } from './profiles.js';
import { anyResult, callSteam, steamManners, steamMethod } from './rpc.js';
import { readSignInError, sessionCookie, signInHeaders, signInToSteam } from './sign-in.js';
import { readInstanceError, readProviderToken, signInToInstance } from './token-provider.js';

export interface SteamApiPorts extends Omit<SessionPorts, 'endpoint'>, SendPorts {
  endpoint(signal?: AbortSignal): Promise<{ readonly url: string; readonly scopes: readonly string[] }>;
}

/** Facts of an installation. */
export interface SteamAbout {
  readonly version: string;
  readonly runsOnKubernetes: boolean;
  readonly hasDriverlessAi: boolean;
  readonly hasH2o3: boolean;
}

export interface SteamApi {
  readonly profiles: ProfilesApi;
  readonly instances: InstancesApi;
  readonly clusters: ClustersApi;
  about(options: RequestOptions): Promise<SteamAbout>;
  events(engine: { readonly kind: 'driverlessai' | 'h2o3'; readonly id: number }, options: RequestOptions): Promise<readonly EngineEvent[]>;
  /** Any method, by its name. */
  call(
    method: string,
    params: Readonly<Record<string, unknown>>,
    how: { readonly safe: boolean },
    options: RequestOptions,
  ): Promise<unknown>;
  /** The session as a header. @param refused one that must not come again */
  sessionHeaders(refused: EngineAccess | undefined): Promise<EngineAccess>;
  /** The way in to an instance, without Steam's own session. */
  instanceAccess(instance: SteamInstance, refused: EngineAccess | undefined): Promise<EngineAccess>;
  /** Where Steam is. */
  baseUrl(): Promise<string>;
}

const flag = z.nullish(z.boolean());
const about = steamMethod('GetConfigMeta', {
  safe: true,
  result: z.looseObject({
    meta: z.looseObject({ version: z.string(), is_kubernetes_enabled: flag, is_driverless_enabled: flag, is_h2o_enabled: flag }),
  }),
});
/** What is left of a token's life must be enough for the request that it is for. */
const marginMs = 10_000;

export function steamApi(ports: SteamApiPorts): SteamApi {
  const { clock } = ports;
  const endpoint = (signal?: AbortSignal): ReturnType<SteamApiPorts['endpoint']> => ports.endpoint(signal);
  const signIn = createSend({ service: 'Steam', endpoint, headers: signInHeaders, readError: readSignInError }, ports);
  const session = new SteamSession({ ...ports, endpoint: () => ports.endpoint() }, (token) =>
    signInToSteam(signIn, token, () => clock.now()),
  );
  const call = callSteam(createSend({ service: 'Steam', endpoint, credential: session, ...steamManners }, ports));
  const baseUrl = async (): Promise<string> => (await ports.endpoint()).url;

  const sessionToken = (refused: EngineAccess | undefined): Promise<AccessToken> => {
    const rejected = refused?.headers['cookie']?.slice(sessionCookie.length + 1);
    return session.getToken(rejected === undefined ? {} : { rejected });
  };
  const isGood = ({ expiresAt, headers }: EngineAccess, refused: EngineAccess | undefined): boolean =>
    headers['authorization'] !== refused?.headers['authorization'] && (expiresAt === undefined || expiresAt > clock.now() + marginMs);
  /** Steam keeps the token that signed in, and may not be able to renew it: then another sign-in gives it a fresh one. */
  const providerAccess = async (refused: EngineAccess | undefined): Promise<EngineAccess | undefined> => {
    const { value: rejected } = await session.getToken({});
    const first = await readProviderToken(call, {});
    if (first === undefined || isGood(first, refused)) return first;
    await session.getToken({ rejected });
    return readProviderToken(call, {});
  };

  return {
    profiles: profilesApi(call),
    instances: instancesApi(call),
    clusters: clustersApi(call),
    about: async (options) => {
      const { meta } = await call(about, {}, options);
      return {
        version: meta.version,
        runsOnKubernetes: meta.is_kubernetes_enabled ?? false,
        hasDriverlessAi: meta.is_driverless_enabled ?? false,
        hasH2o3: meta.is_h2o_enabled ?? false,
      };
    },
    events: (engine, options) => readEvents(call, engine, options),
    call: (method, params, { safe }, options) =>
      call(steamMethod(method, { safe, result: anyResult }), { params, secrets: secretsIn(params) }, options),
    sessionHeaders: async (refused) => {
      const { value, expiresAt } = await sessionToken(refused);
      return { headers: { cookie: `${sessionCookie}=${value}` }, expiresAt };
    },
    instanceAccess: async (instance, refused) => {
      const access = await providerAccess(refused);
      if (access !== undefined) return access;
      const url = `${await baseUrl()}/proxy/driverless/${instance.id}`;
      const toInstance = createSend(
        { service: 'Driverless AI', endpoint: () => Promise.resolve({ url, scopes: [] }), readError: readInstanceError },
        ports,
      );
      return signInToInstance(toInstance, instance);
    },
    baseUrl,
  };
}

/** Texts under names that speak of secrets, at any depth. */
function secretsIn(value: unknown, isSecret = false): readonly string[] {
  if (typeof value === 'string') return isSecret ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    secretsIn(member, isSecret || /token|secret|password|passphrase|credential|config_toml/i.test(name)),
  );
}

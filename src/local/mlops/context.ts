/**
 * What every API of the gateway shares: its surroundings, and the shape of a method.
 */
import type { Clock } from '../../internal/clock.js';
import type { JsonObject } from '../json.js';
import type { State } from '../state.js';
import type { Api, PlatformName } from './platforms.js';
import type { PresignedUrls } from './storage/presigned-urls.js';
import type { Actor } from './visible.js';

export type SecurityKind = 'none' | 'passphrase' | 'hashed-passphrase' | 'oidc' | 'api-key';

export interface GatewayContext {
  readonly origin: string;
  readonly state: State;
  readonly clock: Clock;
  /** The platform that this cloud is restricted to, if it is to one. */
  readonly platform: PlatformName | undefined;
  /** Whether this cloud has an API. */
  readonly serves: (api: Api) => boolean;
  /** Entries on a page of a list. */
  readonly pageSize: number;
  readonly healthyAfterMs: number;
  /** How long the inspection of a model takes where nobody waits for it. */
  readonly ingestedAfterMs: number;
  /** The kinds of protection that the administrator has switched on. */
  readonly securityOptions: readonly SecurityKind[];
  readonly presignedUrls: PresignedUrls;
  /** What all artifacts together may measure. */
  readonly artifactStoreBytes: number;
}

type Method = (message: JsonObject, user: Actor) => JsonObject;

/** Methods by their path below the gateway, `<mount>/<service>/<method>`. */
export type Methods = Readonly<Record<string, Method>>;

/** Methods of one service, under the full path of each. */
export function service(path: string, methods: Methods): Methods {
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [`${path}/${name}`, method]));
}

/** A time on the wire. */
export const timestamp = (at: number): string => new Date(at).toISOString();

/** A time on the wire that may not have come. */
export const optionalTimestamp = (at: number | undefined): string | null => (at === undefined ? null : timestamp(at));

/**
 * The options that say which cloud this is and where its parts are: the configuration half of the options of `H2OCloud`.
 * Types only; `check-options.ts` checks them.
 */

import type { ClientAuthenticationMethod } from './client-proof.js';

/** A generation of the MLOps platform. */
export type MlopsPlatformName = '0.69' | '1.0' | '1.2';

/**
 * Where the address of a service comes from: the URL itself, the name of a variable (or of the one that, with `_FILE` after its name,
 * names a file), the path of a file, or a URL with the permission to use plain http.
 */
export type ServiceSource = string | ServiceFromVariable | ServiceFromFile | ServiceAtUrl;

/** The address stands in a variable, or in the file that the variable `<NAME>_FILE` names. */
export interface ServiceFromVariable {
  readonly env: string;
}

/** The address stands in a file. */
export interface ServiceFromFile {
  readonly file: string;
}

/** The address itself. */
export interface ServiceAtUrl {
  readonly url: string;
  /** Lets plain http go to another machine. Tokens then travel unencrypted. */
  readonly allowInsecure?: boolean | undefined;
}

/** MLOps in its parts. */
export interface MlopsSources {
  readonly gateway: ServiceSource;
  readonly authz?: ServiceSource | undefined;
  readonly secureStore?: ServiceSource | undefined;
}

/** Drive in its parts. */
export interface DriveSources {
  readonly sts: ServiceSource;
  readonly user?: ServiceSource | undefined;
  readonly workspace?: ServiceSource | undefined;
}

/** Where the services are; what is absent is looked up in the environment and in the discovery service. */
export interface ServicesOptions {
  readonly mlops?: ServiceSource | MlopsSources | undefined;
  readonly steam?: ServiceSource | undefined;
  /** One address stands for all parts: storage for users and workspaces there, the token service at `/sts/` below it. */
  readonly drive?: ServiceSource | DriveSources | undefined;
  readonly engines?: ServiceSource | undefined;
  readonly hopsworks?: ServiceSource | undefined;
}

/** The identity provider and the app's own client there. */
export interface OidcOptions {
  /** The issuer; not together with `tokenEndpoint`. */
  readonly issuer?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /**
   * How the client authenticates. Default: `private_key_jwt` with a `privateKey`, else `client_secret_post` with a `clientSecret`.
   * For `tls_client_auth` the option `fetch` must present the client's certificate.
   */
  readonly clientAuthentication?: ClientAuthenticationMethod | undefined;
  /** The private key for `private_key_jwt`, in PEM and without a passphrase: RSA, P-256, P-384, P-521 or Ed25519. */
  readonly privateKey?: string | undefined;
  /** The name under which the identity provider knows the key (`kid`). */
  readonly keyId?: string | undefined;
  /** Lets plain http go to an identity provider on another machine. Tokens and secrets then travel unencrypted. */
  readonly allowInsecure?: boolean | undefined;
}

/** A key of the Wave server or of the app. */
export interface WaveKey {
  readonly id: string;
  readonly secret: string;
}

/** The Wave server that the app belongs to. */
export interface WaveOptions {
  readonly address?: string | undefined;
  /** The server's key, for calls to Wave. */
  readonly accessKey?: WaveKey | undefined;
  /** The app's key, with which Wave calls the app. */
  readonly appKey?: WaveKey | undefined;
}

/** How the roles of a user are read from the access token. */
export interface RolesOptions {
  /** Dotted path of the claim; `realm_access.roles` by default. */
  readonly claim?: string | undefined;
  /** Role of administrators; `admin` by default. */
  readonly admin?: string | undefined;
  /** Role of users with full access; without one everybody has it. */
  readonly fullAccess?: string | undefined;
}

/** Which cloud this is. All members are optional; an `undefined` or empty one counts as absent and is looked up. */
export interface EnvironmentOptions {
  /** URL of the cloud; not together with `discovery`. */
  readonly environment?: string | undefined;
  /** URL of the discovery service itself. */
  readonly discovery?: string | undefined;
  readonly services?: ServicesOptions | undefined;
  readonly oidc?: OidcOptions | undefined;
  readonly wave?: WaveOptions | undefined;
  readonly roles?: RolesOptions | undefined;
  /** The platform, where it cannot be inferred. */
  readonly mlopsPlatform?: MlopsPlatformName | undefined;
  /** Origins beside the cloud's own where a scorer may receive the user's token. */
  readonly trustedScorerOrigins?: readonly string[] | undefined;
  /** Origins of other services where `user.fetch()` may send the user's token. */
  readonly trustedOrigins?: readonly string[] | undefined;
  /** The variables to read instead of `process.env`; copied at construction. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What the tests of this folder share: an app of one client, behind a proxy that counts, and its users. */
import { inject } from 'vitest';
import { H2OCloud, type AccessToken, type H2OCloudOptions, type User } from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { KeycloakAdmin, signIn, type SignedIn, type SignInOptions } from '../lab/keycloak.js';
import { ProviderProxy, type TokenCall } from '../lab/provider-proxy.js';

export type Realm = 'hac' | 'hac-norotate';

export interface AppOptions {
  /** Default `wave-app`. */
  readonly client?: string;
  /** Default: the client's; `undefined` for a public one. */
  readonly secret?: string | undefined;
  /** Default `hac`, in which a refresh token is good once. */
  readonly realm?: Realm;
  /** The proxy of another app, and with it the issuer. */
  readonly proxy?: ProviderProxy;
  readonly oidc?: H2OCloudOptions['oidc'];
  readonly sdk?: H2OCloudOptions;
}

export interface App extends AsyncDisposable {
  readonly proxy: ProviderProxy;
  readonly issuer: string;
  readonly admin: KeycloakAdmin;
  readonly clock: FakeClock;
  readonly cloud: H2OCloud;
  /** Another process, as far as the identity provider can tell: it shares nothing with `cloud` but the client. */
  readonly signIn: (options?: SignInOptions) => Promise<SignedIn>;
  /** A user with a new session and its refresh token. */
  readonly user: (options?: SignInOptions) => Promise<User>;
  /** The token calls of the SDK, as the proxy saw them. */
  readonly calls: () => readonly TokenCall[];
}

export const publicClient: AppOptions = { client: 'hac-platform-public', secret: undefined };

/** Time stands still for the SDK until a test moves it; for Keycloak it goes on. */
export async function startApp(options: AppOptions = {}): Promise<App> {
  const { client = 'wave-app', realm = 'hac', oidc, sdk } = options;
  const secret = 'secret' in options ? options.secret : `${client}-secret`;
  const proxy = options.proxy ?? (await ProviderProxy.start(inject('keycloak').url));
  const issuer = `${proxy.url}/realms/${realm}`;
  const clock = new FakeClock(Date.now());
  const cloud = new H2OCloud({ env: {}, oidc: { issuer, clientId: client, clientSecret: secret, ...oidc }, clock, ...sdk });
  const signInHere = (more: SignInOptions = {}): Promise<SignedIn> => signIn(issuer, { client, secret, ...more });
  return {
    proxy,
    issuer,
    admin: new KeycloakAdmin(issuer),
    clock,
    cloud,
    signIn: signInHere,
    user: async (more) => cloud.onBehalfOf({ refreshToken: (await signInHere(more)).refreshToken }),
    calls: () => proxy.tokenCalls.filter(({ grant }) => grant !== 'password'),
    [Symbol.asyncDispose]: () => (options.proxy === undefined ? proxy.stop() : Promise.resolve()),
  };
}

/** What Keycloak itself says of a token; 401 for one that it does not take. */
export async function userinfo(issuer: string, token: AccessToken): Promise<{ readonly status: number; readonly username: unknown }> {
  const response = await fetch(`${issuer}/protocol/openid-connect/userinfo`, { headers: { authorization: `Bearer ${token.value}` } });
  const body: unknown = response.ok ? await response.json() : undefined;
  const username: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'preferred_username') : undefined;
  return { status: response.status, username };
}

let made = 0;

/** A user whom no other test knows. */
export async function newUser({ admin }: App): Promise<string> {
  const name = `user-${process.pid}-${++made}`;
  await admin.createUser(name);
  return name;
}

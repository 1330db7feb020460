/**
 * A whole cloud in memory: identity provider, discovery, MLOps gateway and scorers behind one `fetch`.
 * It listens on nothing: a server or a request handler carries the requests to it, so the same code serves a port and a test without one.
 */
import type { Hono } from 'hono';
import { systemClock } from '../internal/clock.js';
import type { Clock } from '../internal/clock.js';
import { createAccess } from './access.js';
import { discovery } from './discovery.js';
import type { DiscoveredService } from './discovery.js';
import { drive, drivePath, stsPath } from './drive/drive.js';
import { engineManager, engineManagerPath, enginesPath } from './engine-manager/engine-manager.js';
import { createFaults } from './faults.js';
import type { Faults } from './faults.js';
import { identityProvider } from './identity-provider.js';
import { Identity } from './identity/identity.js';
import type { Account, Client } from './identity/realm.js';
import { requestedScopes } from './identity/scopes.js';
import { profileOf } from './identity/tokens.js';
import { authzGateway, authzPath } from './mlops/authz/gateway.js';
import type { GatewayContext, SecurityKind } from './mlops/context.js';
import { gateway, gatewayPath } from './mlops/gateway.js';
import { apisOf } from './mlops/platforms.js';
import type { Api, PlatformName } from './mlops/platforms.js';
import { artifactStore } from './mlops/storage/artifact-store.js';
import { artifactStorePath, presignedUrls } from './mlops/storage/presigned-urls.js';
import { createRecorder } from './recorder.js';
import type { RecordedRequest, ServiceName } from './recorder.js';
import type { ScorerContract, ScorerSpelling } from './scorer/contract.js';
import { scorerApp } from './scorer/scorer.js';
import { scorerHost } from './scorer-host.js';
import { isSecureStorePath, secureStore } from './secure-store.js';
import { signInsOf } from './sign-ins.js';
import { State } from './state.js';
import { steam, steamPath } from './steam/steam.js';

export type { RecordedRequest, ServiceName } from './recorder.js';
export type { SecurityKind } from './mlops/context.js';
export type { PlatformName } from './mlops/platforms.js';
export type { ScorerContract, ScorerSpelling } from './scorer/contract.js';

export interface LocalCloudOptions {
  /** The origin that it is reached at, as `http://127.0.0.1:8080`. */
  readonly origin: string;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** The only platform whose APIs it serves. Default: those of all platforms at once. */
  readonly platform?: PlatformName | undefined;
  /** How long an access token lives; fractions are allowed. Default: 300. */
  readonly accessTokenSeconds?: number | undefined;
  /** Whether a refresh token is good once only, and its reuse ends the session. Default: false. */
  readonly rotateRefreshTokens?: boolean | undefined;
  /** Issuers whose tokens the services accept beside the cloud's own. */
  readonly trustIssuers?: readonly string[] | undefined;
  /** How long a deployment, or an engine, takes to come up. Default: 1000. */
  readonly healthyAfterMs?: number | undefined;
  /** How long the inspection of an uploaded model takes on platform 1.2. Default: 100. */
  readonly ingestedAfterMs?: number | undefined;
  /** What all artifacts together may measure; the store is full then. Default: no limit. */
  readonly artifactStoreBytes?: number | undefined;
  /** The kinds of protection that deployments may have. Default: all. */
  readonly securityOptions?: readonly SecurityKind[] | undefined;
  /** Whose scorers the deployments' behave like. Default: `java`, H2O's scorer of MOJOs. */
  readonly scorerContract?: ScorerContract | undefined;
  /**
   * Has scorers name the labels of classes and the group of contributions, in one of the two spellings that have been published. Default:
   * neither is there, as real scorers of these models leave them out.
   */
  readonly scorerSpelling?: ScorerSpelling | undefined;
  /** Entries on a page of the gateway's lists, where a request does not say. Default: 100. */
  readonly pageSize?: number | undefined;
  /**
   * Drive: keys on a page of a list (default 1000), how long the keys of a session live, in seconds (default: as long as is asked), and
   * what a part of an upload must measure at least (default 5 MiB).
   */
  readonly drive?: { readonly pageSize?: number; readonly sessionSeconds?: number; readonly smallestPartBytes?: number } | undefined;
  /** What there is beside MLOps and the scorers. Default: all. */
  readonly services?: readonly OptionalService[] | undefined;
  /** How the discovery service differs from a present one. */
  readonly discovery?: { readonly pageSize?: number; readonly links?: boolean; readonly components?: boolean } | undefined;
}

/** A service that a cloud may lack. */
export type OptionalService = 'steam' | 'engines';

export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface IssueTokensOptions {
  /** The client that signs the user in. Default: `hac-platform-public`. */
  readonly client?: string;
  /** The scopes it asks for. Default: `openid`. */
  readonly scopes?: readonly string[];
}

export interface LocalUser extends IssuedTokens {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly string[];
}

/** An app that the identity provider knows, and how it proves that it is the one. */
export interface LocalClient {
  readonly clientId: string;
  readonly clientSecret?: string;
  /** PEM (PKCS #8), for assertions that are signed by ES256. */
  readonly privateKey?: string;
}

/** How to reach a local cloud, and as whom. */
export interface LocalCloudDescription {
  readonly cloudUrl: string;
  /** The variables that the cloud's own clients read. */
  readonly env: Readonly<Record<string, string>>;
  readonly issuer: string;
  readonly gatewayUrl: string;
  /** Drive's storage; its token service is at `sts/` below it. */
  readonly driveUrl: string;
  /** Absent where the cloud has no Steam. */
  readonly steamUrl?: string;
  /** AI Engine Manager; absent where the cloud has none. */
  readonly enginesUrl?: string;
  readonly users: readonly LocalUser[];
  readonly clients: readonly LocalClient[];
}

export interface LocalCloud {
  readonly origin: string;
  /** Answers a request, whatever service it is for. */
  fetch(request: Request): Promise<Response>;
  /** Held here, applied by what carries the requests. */
  readonly faults: Faults;
  /** What was asked so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /**
   * Signs a user in and gives out the tokens, each time a session of its own.
   *
   * @throws {Error} there is no such user or client, or the client may not ask for such a scope
   */
  issueTokens(username: string, options?: IssueTokensOptions): Promise<IssuedTokens>;
  /** How to reach this cloud, with fresh tokens for every user. */
  describe(): Promise<LocalCloudDescription>;
  /** Ends all sessions of a user, as an administrator can. */
  stopUserSession(username: string): void;
  /** Locks a user out; sessions stay, but none of their tokens is good. */
  disableUser(username: string): void;
}

const mounts: readonly (readonly [string, ServiceName])[] = [
  [gatewayPath, 'mlops-api'],
  [authzPath, 'authz-gateway'],
  [artifactStorePath, 'artifact-store'],
  [drivePath, 'drive'],
  [steamPath, 'steam'],
  [engineManagerPath, 'engine-manager'],
  [enginesPath, 'engine'],
];

/** The service that a path of the cloud belongs to. */
export function serviceAt(path: string): ServiceName {
  if (path.startsWith('/auth/')) return 'idp';
  const mounted = mounts.find(([mount]) => path === mount || path.startsWith(`${mount}/`));
  if (mounted !== undefined) return mounted[1];
  if (isSecureStorePath(path)) return 'secure-store';
  return /^\/[^/]+\/(model\/|readyz$)/.test(path) ? 'scorer' : 'cloud';
}

const allSecurityOptions: readonly SecurityKind[] = ['none', 'passphrase', 'hashed-passphrase', 'oidc', 'api-key'];

/**
 * A cloud of its own, empty but for its users `alice` and `bob`.
 *
 * @example
 * const cloud = createLocalCloud({ origin: 'http://127.0.0.1:8080' });
 * const answer = await cloud.fetch(new Request('http://127.0.0.1:8080/.ai.h2o.cloud.discovery/v1/environment'));
 */
export function createLocalCloud(options: LocalCloudOptions): LocalCloud {
  const clock = options.clock ?? systemClock;
  const origin = options.origin.replace(/\/+$/, '');
  const gatewayUrl = `${origin}${gatewayPath}`;
  const identity = new Identity({
    origin,
    clock,
    accessTokenSeconds: options.accessTokenSeconds ?? 300,
    rotateRefreshTokens: options.rotateRefreshTokens ?? false,
  });
  const serves = (api: Api): boolean => options.platform === undefined || apisOf[options.platform].includes(api);
  const access = createAccess({ identity, trustIssuers: options.trustIssuers ?? [] });
  const context: GatewayContext = {
    origin,
    state: stateWith(identity),
    clock,
    platform: options.platform,
    serves,
    presignedUrls: presignedUrls(origin),
    artifactStoreBytes: options.artifactStoreBytes ?? Infinity,
    ingestedAfterMs: options.ingestedAfterMs ?? 100,
    pageSize: options.pageSize ?? 100,
    healthyAfterMs: options.healthyAfterMs ?? 1000,
    securityOptions: options.securityOptions ?? allSecurityOptions,
  };
  const has = (service: OptionalService): boolean => options.services?.includes(service) ?? true;
  const readyAfterMs = context.healthyAfterMs;
  const { manager, engines } = engineManager({ origin, clock, access, readyAfterMs });
  const services: Readonly<Partial<Record<ServiceName, Hono>>> = {
    idp: identityProvider(identity),
    cloud: discovery({
      ...options.discovery,
      origin,
      issuer: identity.issuer,
      services: [...discovered(origin, serves), ...(has('engines') ? [discoveredEngines(origin)] : [])],
    }),
    'mlops-api': gateway(context, access),
    'authz-gateway': authzGateway(context, access),
    'artifact-store': artifactStore(context),
    'secure-store': secureStore({ clock, access }),
    scorer: scorerApp(
      scorerHost({ ...context, scorerContract: options.scorerContract ?? 'java', scorerSpelling: options.scorerSpelling }, access),
    ),
    drive: drive({ ...options.drive, access, clock }),
    ...(has('steam') ? { steam: steam({ clock, signIns: signInsOf(identity), access, readyAfterMs }) } : {}),
    ...(has('engines') ? { 'engine-manager': manager, engine: engines } : {}),
  };
  const recorder = createRecorder();
  const users = accountsOf(identity);

  return {
    origin,
    faults: createFaults(serviceAt),
    requests: recorder.requests,
    fetch(request) {
      const service = serviceAt(new URL(request.url).pathname);
      return recorder.record(
        service,
        request,
        async (recorded) => services[service]?.fetch(recorded) ?? new Response('Not Found', { status: 404 }),
      );
    },
    issueTokens: (username, { client = 'hac-platform-public', scopes = ['openid'] } = {}) =>
      issuedTokens(identity, users.account(username), { client: users.client(client), scopes }),
    describe: () =>
      description(identity, {
        origin,
        gatewayUrl,
        ...(has('steam') ? { steamUrl: `${origin}${steamPath}` } : {}),
        driveUrl: origin + drivePath,
        ...(has('engines') ? { enginesUrl: `${origin}${engineManagerPath}` } : {}),
      }),
    stopUserSession(username) {
      identity.sessions.endAllOf(users.account(username));
    },
    disableUser(username) {
      users.account(username).enabled = false;
    },
  };
}

function describedClients({ realm, clientKeys }: Identity): Promise<readonly LocalClient[]> {
  return Promise.all(
    [...realm.clients.values()].map(async ({ id: clientId, secret: clientSecret, signsAssertions }) => {
      if (signsAssertions) return { clientId, privateKey: (await clientKeys.of(clientId)).privateKey };
      return clientSecret === undefined ? { clientId } : { clientId, clientSecret };
    }),
  );
}

/** A state in which every account of the identity provider is a user, whether it has called or not. */
function stateWith(identity: Identity): State {
  const state = new State();
  for (const account of identity.realm.accounts.values()) {
    const { email, name } = profileOf(account);
    const { id: subject, username } = account;
    state.user({ issuer: identity.issuer, subject, username, displayName: String(name), email: String(email) }, identity.now());
  }
  return state;
}

/** The services that a platform registers: by them clients tell the platforms apart. */
function discovered(origin: string, serves: (api: Api) => boolean): readonly DiscoveredService[] {
  const service = (key: string, displayName: string, uri: string): DiscoveredService => ({ key, displayName, uri, oauth2Scope: '' });
  return [
    service('mlops-api', 'MLOps API', `${origin}${gatewayPath}`),
    ...(serves('authz') ? [service('authz-gateway', 'Authorization gateway', `${origin}${authzPath}`)] : []),
    ...(serves('secure-store') ? [service('secure-store', 'Secure store', origin)] : []),
    service('drive-sts', "Drive's token service", `${origin}${stsPath}`),
    service('userdrive', 'Drive of users', `${origin}${drivePath}`),
    service('workspacedrive', 'Drive of workspaces', `${origin}${drivePath}`),
  ];
}

/** With a slash at its end: the official client resolves the address of the version against it. */
const discoveredEngines = (origin: string): DiscoveredService => ({
  key: 'engine-manager',
  displayName: 'AI Engine Manager',
  uri: `${origin}${engineManagerPath}/`,
  oauth2Scope: '',
});

interface Accounts {
  account(username: string): Account;
  client(id: string): Client;
}

const accountsOf = ({ realm }: Identity): Accounts => ({
  account(username) {
    const account = realm.accounts.get(username);
    if (account === undefined)
      throw new Error(`The local cloud has no user "${username}". It has: ${[...realm.accounts.keys()].join(', ')}.`);
    return account;
  },
  client(id) {
    const client = realm.clients.get(id);
    if (client === undefined) throw new Error(`The local cloud has no client "${id}". It has: ${[...realm.clients.keys()].join(', ')}.`);
    return client;
  },
});

async function issuedTokens(
  identity: Identity,
  account: Account,
  params: { readonly client: Client; readonly scopes: readonly string[] },
): Promise<IssuedTokens> {
  const { client } = params;
  const { session, refreshToken } = identity.signIn(
    account,
    client,
    requestedScopes(client, params.scopes.length === 0 ? undefined : params.scopes.join(' ')),
  );
  const accessToken = await identity.accessToken({ session, client, scopes: refreshToken.scopes, mark: 'ro' });
  return { accessToken, refreshToken: refreshToken.value };
}

async function description(
  identity: Identity,
  { origin, ...urls }: { origin: string } & Pick<LocalCloudDescription, 'gatewayUrl' | 'steamUrl' | 'driveUrl' | 'enginesUrl'>,
): Promise<LocalCloudDescription> {
  const client = accountsOf(identity).client('hac-platform-public');
  const users: LocalUser[] = [];
  for (const account of identity.realm.accounts.values()) {
    const { username, password = '', roles } = account;
    users.push({ username, password, roles, ...(await issuedTokens(identity, account, { client, scopes: ['openid'] })) });
  }
  // As on a real cloud the platform token is an offline one: it is still good when the program runs again next week.
  const platform = await issuedTokens(identity, accountsOf(identity).account('alice'), { client, scopes: ['openid', 'offline_access'] });
  const env = {
    H2O_CLOUD_ENVIRONMENT: origin,
    H2O_CLOUD_CLIENT_PLATFORM_TOKEN: platform.refreshToken,
    H2O_DRIVE_ENDPOINT: urls.driveUrl,
    H2O_DRIVE_STS_ENDPOINT: origin + stsPath,
    // Discovery does not know Steam.
    ...(urls.steamUrl === undefined ? {} : { H2O_WAVE_ML_STEAM_ADDRESS: urls.steamUrl }),
  };
  return { cloudUrl: origin, env, issuer: identity.issuer, ...urls, users, clients: await describedClients(identity) };
}

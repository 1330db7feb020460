/**
 * One user of the cloud: the services, called with this user's tokens.
 */
import { userClaims, type UserClaims } from './access/claims.js';
import { Drive } from './drive/drive.js';
import { AuthenticationError } from './errors/authentication-error.js';
import { ConfigurationError, invalidParameter } from './errors/configuration-error.js';
import { enginesSource } from './engines/engine-source.js';
import { Engines } from './engines/engines.js';
import type { CloudEnvironment } from './environment/cloud-environment.js';
import type { UserCredential } from './credentials.js';
import type { TokenRequest } from './internal/credential.js';
import { missingEndpoint, type ServiceEndpoint } from './environment/endpoints.js';
import { scopesAt } from './environment/trusted-origins.js';
import { authorizedFetch, type AuthorizedRequest } from './http/authorized-fetch.js';
import { checkMembers, durationMs, texts, truth } from './http/given.js';
import { waitingKinds } from './http/request-options.js';
import { createSend, type Connection, type SendPorts } from './http/send.js';
import type { Transport } from './http/transport.js';
import type { AccessToken } from './internal/access-token.js';
import { waitUnlessAborted, type Clock } from './internal/clock.js';
import type { Logger } from './internal/logger.js';
import { printAs } from './internal/print-as.js';
import { artifactStoreError, checkSignedAddress } from './mlops/artifact-store.js';
import { Mlops } from './mlops/mlops.js';
import type { PlatformFindings } from './mlops/platform-detection.js';
import type { EngineConnection } from './running-engine/connection.js';
import { checkEngineOrder, findOrStart } from './running-engine/find-or-start.js';
import type { EngineOrder } from './running-engine/source.js';
import type { EngineWaitOptions } from './running-engine/wait.js';
import { checkScorer, mayHaveMoved, openScorer, type ScorerOptions, type ScorerTarget } from './scoring/open-scorer.js';
import { Scorer, type PredictionLike, type RowLike } from './scoring/scorer.js';
import type { ScoredRow } from './scoring/row-reader.js';
import type { Row } from './scoring/row-writer.js';
import type { ScorerTrust } from './scoring/trusted-origin.js';
import { steamEngineSource, type IsMine } from './steam/engine-source.js';
import type { SteamSessions } from './steam/session.js';
import { Steam } from './steam/steam.js';

export interface UserPorts extends SendPorts {
  /** A leaner way, for scorers. */
  readonly scoringTransport: Transport;
  readonly environment: CloudEnvironment;
  readonly credential: UserCredential;
  /** The sessions in Steam of all users of the cloud, each under its own token. */
  readonly steamSessions: SteamSessions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The options of {@link User.signOut}. */
export interface SignOutOptions {
  /** Whether to end the session at the identity provider too, where the user was made of a refresh token. Default: false. */
  readonly revoke?: boolean | undefined;
}

/** What a token must be good for. */
export interface AccessTokenOptions {
  readonly scopes?: readonly string[] | undefined;
  /** Audiences that the token must name; they can be had by exchange only. */
  readonly audience?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

const anyToken: TokenRequest = {};
const accessTokenKinds = { ...waitingKinds, scopes: texts, audience: texts };

/** Options of {@link User.engine}. */
export interface EngineOptions extends EngineWaitOptions {
  /** Which service to ask. Default: AI Engine Manager, else Steam. */
  readonly through?: 'engines' | 'steam' | undefined;
}

/**
 * A user, as `cloud.onBehalfOf()` and `cloud.asCurrentUser()` give it. It holds the user's credential and prints without it.
 *
 * @example
 * const user = cloud.asCurrentUser();
 * const projects = await user.mlops.projects.list().toArray();
 */
export class User {
  /** H2O MLOps as this user. */
  readonly mlops: Mlops;
  /** H2O Drive, the user's storage. */
  readonly drive: Drive;
  /** Enterprise Steam as this user, for clouds that have it. */
  readonly steam: Steam;
  /** AI Engine Manager as this user, for clouds that have it. */
  readonly engines: Engines;
  readonly #ports: UserPorts;

  static {
    printAs(User.prototype, () => 'User {}');
  }

  /** @internal */
  constructor(ports: UserPorts) {
    this.#ports = ports;
    const { environment, credential, clock, logger } = ports;
    const service = (name: 'mlops' | 'mlopsAuthz'): Connection['endpoint'] => {
      return (signal) => environment.service(name, { signal });
    };
    this.mlops = new Mlops({
      gateway: createSend({ service: 'MLOps', endpoint: service('mlops'), credential }, ports),
      authz: createSend({ service: 'the authorization service of MLOps', endpoint: service('mlopsAuthz'), credential }, ports),
      presigned: (url, headers = {}) => createSend(artifactStore(environment, url, headers), ports),
      clock,
      logger,
      findings: () => platformFindings(environment),
    });
    this.drive = new Drive({
      ...ports,
      // An object of gigabytes is thousands of requests.
      transport: ports.scoringTransport,
      service: (name, options) => environment.service(name, options),
      instance: () => environment.instance(),
    });
    this.steam = new Steam({ ...ports, sessions: ports.steamSessions, endpoint: (signal) => environment.service('steam', { signal }) });
    const enginesEndpoint = (signal?: AbortSignal): Promise<ServiceEndpoint> => environment.service('engines', { signal });
    this.engines = new Engines({
      send: createSend({ service: 'AI Engine Manager', endpoint: enginesEndpoint, credential }, ports),
      clock,
      credential,
      scopes: async () => (await enginesEndpoint()).scopes,
      trust: () => trustOf(environment, 'engines'),
      random: ports.random ?? Math.random,
    });
  }

  /**
   * The scorer of a deployment, or the one at an address. Where it is and what guards it is asked of the platform as this user,
   * when the first call needs it.
   *
   * @param options the passphrase or API key, where one guards the deployment
   * @throws {ConfigurationError} the target is nothing that can be scored
   * @example
   * const [row] = await user.scorer(deployment).scoreRows([{ LIMIT_BAL: 750000, AGE: 54, PAY_1: 0 }]);
   */
  scorer<Input extends RowLike<Input> = Row, Prediction extends PredictionLike<Prediction> = ScoredRow>(
    target: ScorerTarget,
    options: ScorerOptions = {},
  ): Scorer<Input, Prediction> {
    checkScorer(target, options);
    const trust = (): Promise<ScorerTrust> => trustOf(this.#ports.environment, 'mlops');
    const ports = { ...this.#ports, transport: this.#ports.scoringTransport, locator: this.mlops.scorerLocator, trust };
    return new Scorer<Input, Prediction>({ clock: ports.clock, mayHaveMoved, open: (how) => openScorer(ports, target, options, how) });
  }

  /**
   * The way to a running engine of the user, through AI Engine Manager or Steam, whichever the cloud has: one that runs, else one that is
   * starting, else a paused one that is started, else a new one. One of AI Engine Manager that is just being paused is started when it is
   * paused. An engine that it has made goes on when the wait fails, and is named in the error's `created`.
   *
   * @param order what it must be (`kind`, `name`, `version`), and what a new one gets
   * @param options `timeoutMs` for all of it, fifteen minutes by default
   * @throws {EngineError} the engine failed, or does not run in time
   * @throws {ConfigurationError} the order makes no sense, or the cloud has neither service
   * @example
   * const engine = await user.engine({ kind: 'h2o3' }, { onProgress: ({ status }) => console.error(status) });
   * const answer = await fetch(`${engine.url}/3/Cloud`, { headers: await engine.headers(), redirect: 'error' });
   */
  async engine(order: EngineOrder, options: EngineOptions = {}): Promise<EngineConnection> {
    checkEngineOrder(order, options);
    const { through, ...wait } = options;
    const service = through ?? (await engineService(this.#ports.environment, wait));
    const source =
      service === 'engines'
        ? enginesSource(this.engines, order.kind)
        : steamEngineSource(this.steam, order.kind, () => this.#isMine(), this.#ports.random);
    return findOrStart(this.#ports.clock, source, order, wait);
  }

  /** Steam knows users by a login name, which is one of their names in the token. Where the token tells none, whatever Steam shows counts. */
  async #isMine(): Promise<IsMine> {
    const claims = await this.claims().catch((error: unknown) => {
      if (error instanceof AuthenticationError && error.code === 'CREDENTIAL_FAILED') return undefined;
      throw error;
    });
    if (claims === undefined) return () => true;
    const { subject, username, email } = claims;
    const names = [subject, username, email].flatMap((name) => name?.toLowerCase() ?? []);
    return (createdBy) => names.includes(createdBy.toLowerCase());
  }

  /**
   * An access token of the user, fresh and with the scopes that were asked for.
   *
   * @throws {SignInRequiredError} the user must sign in again
   * @throws {ScopeNotGrantedError} the token cannot have those scopes
   * @example
   * const { value, expiresAt } = await user.accessToken({ scopes: ['ai.h2o.storage'] });
   */
  accessToken(options?: AccessTokenOptions): Promise<AccessToken> {
    // An app that calls other services asks for each request, so a token that is there should cost little more than a look-up.
    return options === undefined ? this.#ports.credential.getToken(anyToken) : this.#accessToken(options);
  }

  /**
   * Calls another service with the user's token: one of the cloud's, or one at an origin in `trustedOrigins`. As `fetch`, but a redirect
   * is an error, since the token must not follow it, and a request that was refused with 401 is sent once more with a newer token.
   * The body of the answer is the caller's: `signal` ends it, `timeoutMs` counts until it begins.
   *
   * @param init as for `fetch`, with `scopes`, `audience` (what the token must be good for) and `timeoutMs`
   * @throws {ConfigurationError} ORIGIN_NOT_TRUSTED: the configuration does not name the origin; nothing was sent
   * @throws {AuthenticationError} no such token can be had
   * @throws {ConnectionError} no answer came, or a redirect
   * @example
   * const answer = await user.fetch('https://documents.cloud.example.com/api/list', { scopes: ['ai.h2o.storage'] });
   */
  async fetch(url: string | URL, init: AuthorizedRequest = {}): Promise<Response> {
    const target = checkedTarget(url, init);
    const { environment } = this.#ports;
    const known = await scopesAt(target, environment, { signal: init.signal ?? undefined });
    return authorizedFetch(target, { ...init, scopes: init.scopes ?? known }, this.#ports);
  }

  /**
   * Ends what this program holds of the user's sign-in: calls under way get no more tokens, and reject with `SESSION_ENDED`.
   * The session of a Wave user is remembered, and its later events are refused. Access tokens that services have are good until their end.
   *
   * @returns `isRevoked`: whether the session was ended at the identity provider
   * @throws {ConnectionError} with `revoke`: the identity provider could not be reached; here the user is signed out all the same
   * @example
   * if (event.kind === 'logout') await cloud.onBehalfOf(event).signOut();
   */
  async signOut(options: SignOutOptions = {}): Promise<{ readonly isRevoked: boolean }> {
    checkMembers(options, 'The options of signOut()', { revoke: truth });
    return { isRevoked: await this.#ports.credential.signOut({ revoke: options.revoke ?? false }) };
  }

  /**
   * Who the user is, and their roles, as the access token says. For display and convenience: only the services decide what a user may do.
   *
   * @throws {AuthenticationError} there is no token, or it does not say who the user is
   * @example
   * const { username, category } = await user.claims();
   */
  async claims(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<UserClaims> {
    return userClaims(await this.accessToken(options), this.#ports.environment.roles());
  }

  toJSON(): Record<string, never> {
    return {};
  }

  async #accessToken(options: AccessTokenOptions): Promise<AccessToken> {
    checkMembers(options, 'The options of accessToken()', accessTokenKinds);
    const { scopes = [], audience, signal } = options;
    return waitUnlessAborted(this.#ports.credential.getToken({ scopes, signal, ...(audience === undefined ? {} : { audience }) }), signal);
  }
}

/** @throws {ConfigurationError} it is no address that a token may go to, or an option is of the wrong type; nothing was sent */
function checkedTarget(url: string | URL, init: AuthorizedRequest): URL {
  checkMembers(init, 'The options of fetch()', { scopes: texts, audience: texts, timeoutMs: durationMs });
  const target = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol) || target.username !== '' || target.password !== '') {
    throw invalidParameter('user.fetch() was given no address that a token may go to.', 'Pass a whole https URL without a user in it.');
  }
  if ('redirect' in init && init.redirect !== 'error') {
    throw invalidParameter('user.fetch() follows no redirects: the token must not go where they lead.', 'Leave `redirect` out.');
  }
  return target;
}

/** Where the user's token may go when the answer of a service names an address. */
async function trustOf(environment: CloudEnvironment, service: 'mlops' | 'engines'): Promise<ScorerTrust> {
  // Neither must be there: a scorer may be named by its address alone.
  const cloudUrl = await environment.cloudUrl().catch(unlessConfigured);
  const gateway = await environment.findService(service).catch(unlessConfigured);
  return {
    cloudUrl,
    gatewayUrl: gateway?.url,
    trustedOrigins: service === 'mlops' ? environment.trustedScorerOrigins : environment.trustedOrigins,
    allowInsecure: gateway?.allowInsecure ?? false,
  };
}

/** What is not configured is not there; a discovery service that cannot be reached is another matter. */
function unlessConfigured(error: unknown): undefined {
  if (!(error instanceof ConfigurationError)) throw error;
}

/** The successor first. */
async function engineService(environment: CloudEnvironment, { signal }: EngineWaitOptions): Promise<'engines' | 'steam'> {
  for (const name of ['engines', 'steam'] as const) if ((await environment.findService(name, { signal })) !== undefined) return name;
  throw missingEndpoint('engines', ['option services.engines', 'discovery service engine-manager', 'option services.steam (for Steam)']);
}

/** What tells which platform MLOps is. A discovery service that fails decides nothing, so its error is the answer. */
async function platformFindings(environment: CloudEnvironment): Promise<PlatformFindings> {
  const given = environment.mlopsPlatform;
  if (given !== undefined) return { given, discovery: undefined, authz: undefined, secureStore: undefined };
  const authz = await environment.findService('mlopsAuthz');
  const secureStore = await environment.findService('mlopsSecureStore');
  const discovery = await environment.discovery();
  return { given, discovery: discovery?.url, authz: authz?.origin, secureStore: secureStore?.origin };
}

/** Where the gateway has signed an address: no token goes there. */
function artifactStore(environment: CloudEnvironment, url: string, headers: Readonly<Record<string, string>>): Connection {
  return {
    service: 'the artifact store',
    headers,
    readError: artifactStoreError,
    endpoint: async (signal) => {
      checkSignedAddress(url, await environment.service('mlops', { signal }));
      return { url, scopes: [] };
    },
  };
}

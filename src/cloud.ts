/**
 * The cloud as a program sees it: configuration, and users in whose name it is called. Only wiring: what is wired stands in the folders.
 */
import { ConfigurationError } from './errors/configuration-error.js';
import { CloudEnvironment } from './environment/cloud-environment.js';
import type { CloudDescription } from './environment/describe.js';
import type { EnvironmentOptions } from './environment/options.js';
import { jsonReader } from './http/get-json.js';
import { callback, checkMembers, durationMs, memberOf, objectThatCan, type Kind } from './http/given.js';
import { retryKind, waitingKinds } from './http/request-options.js';
import type { RetryOptions } from './http/retry.js';
import type { SendPorts } from './http/send.js';
import { fetchTransport } from './http/fetch-transport.js';
import { kyTransport, type FetchFunction, type Transport } from './http/transport.js';
import { fencedListener, type CallListener } from './internal/call-event.js';
import { AgedMap } from './internal/aged-map.js';
import { systemClock, type Clock } from './internal/clock.js';
import { fencedLogger, silentLogger, type Logger } from './internal/logger.js';
import { printAs } from './internal/print-as.js';
import { Credentials, type OnBehalfOf, type TokenStoreOption, type UserCredential } from './credentials.js';
import { SharedTokenStore } from './identity/token-store/shared-token-store.js';
import type { SteamSessions } from './steam/session.js';
import { User } from './user.js';

/** Options of {@link H2OCloud}. All are optional; an `undefined` one counts as absent, and what is absent is looked up. */
export interface H2OCloudOptions extends EnvironmentOptions {
  /**
   * Where refresh tokens of `asCurrentUser()` that the identity provider has replaced are kept: under `~/.h2oai` (`file`, the default),
   * so that a script can run twice, or for the life of the process only (`memory`). A store made by `fileTokenStore()` or
   * `redisTokenStore()` is for the users of `onBehalfOf({ refreshToken })` too, and shared by all processes that have it.
   */
  readonly tokenStore?: TokenStoreOption | undefined;
  /** A `fetch` of your own, for a proxy or a private certificate authority; called as `(url, init)`, for tokens too. */
  readonly fetch?: FetchFunction | undefined;
  /** Receives what happens, without secrets; `console` serves. Silent by default. */
  readonly logger?: Logger | undefined;
  /** Receives an event for each call and each token request, for metrics. */
  readonly onCall?: CallListener | undefined;
  /** Total time of a call in milliseconds, unless the call says otherwise. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** For tests: the time. */
  readonly clock?: Clock | undefined;
}

/** How long users with the same token find the session in Steam that one of them has made. Their tokens seldom live longer. */
const steamSessionMs = 600_000;

const ownKinds: Readonly<Record<string, Kind>> = {
  tokenStore: {
    name: "'file', 'memory', an object with directory (text), or what fileTokenStore() or redisTokenStore() made",
    accepts: (value) =>
      value === 'file' || value === 'memory' || value instanceof SharedTokenStore || typeof memberOf(value, 'directory') === 'string',
  },
  fetch: callback,
  logger: objectThatCan('debug', 'info', 'warn', 'error'),
  onCall: callback,
  timeoutMs: durationMs,
  retry: retryKind,
  clock: objectThatCan('now', 'monotonic', 'schedule'),
};

/**
 * An H2O AI Cloud. Making one copies the environment variables and checks the options; nothing is read or sent before it is needed.
 *
 * @example
 * const cloud = new H2OCloud({ environment: 'https://cloud.example.com' });
 * const user = cloud.asCurrentUser();
 * console.log(await user.mlops.projects.list().toArray());
 */
export class H2OCloud {
  readonly #environment: CloudEnvironment;
  readonly #sendPorts: SendPorts;
  readonly #scoringTransport: Transport;
  readonly #credentials: Credentials;
  readonly #steamSessions: SteamSessions;
  #isClosed = false;

  static {
    printAs(H2OCloud.prototype, () => 'H2OCloud {}');
  }

  /** @throws {ConfigurationError} an option is unknown, malformed, or contradicts another */
  constructor(options: H2OCloudOptions = {}) {
    checkMembers(options, 'The options of H2OCloud', ownKinds, 'CONFIGURATION_INVALID');
    const clock = options.clock ?? systemClock;
    const logger = fencedLogger(options.logger ?? silentLogger);
    const onCall = fencedListener(options.onCall);
    const { fetch, timeoutMs, retry, tokenStore } = options;
    this.#sendPorts = { transport: kyTransport(fetch), clock, logger, onCall, timeoutMs, retry };
    this.#scoringTransport = fetchTransport(fetch);
    this.#environment = new CloudEnvironment(options, {
      getJson: jsonReader('discovery', this.#sendPorts),
      clock,
      logger,
      otherOptions: Object.keys(ownKinds),
    });
    this.#steamSessions = new AgedMap(clock, steamSessionMs);
    this.#credentials = new Credentials({ environment: this.#environment, clock, logger, onCall, fetch, tokenStore: tokenStore ?? 'file' });
  }

  /**
   * A user by a token of theirs. No request is sent.
   *
   * @param source a request of Wave, or an event of `serveWaveApp`: its access token while it lives; `{ accessToken }`: the same; `{ refreshToken, onRotate? }`: refreshed with the app's own client (`oidc.clientId`),
   * or the platform's; `{ credential }`: anything with `getToken`, or a function that returns a token
   * @throws {ConfigurationError} the source is none of these
   * @example
   * const user = cloud.onBehalfOf({ refreshToken, onRotate: (rotated) => saveSession(rotated) });
   */
  onBehalfOf(source: OnBehalfOf): User {
    return this.#user(this.#credentials.for(source));
  }

  /**
   * The user who runs this program: the platform token of the environment (`H2O_CLOUD_CLIENT_PLATFORM_TOKEN`) or of the CLI's file.
   * No request is sent before the first call.
   *
   * @example
   * const user = cloud.asCurrentUser();
   */
  asCurrentUser(): User {
    return this.#user(this.#credentials.currentUser());
  }

  /**
   * The app itself, by the service account of its own confidential client (`oidc.clientId` with a secret or key): for work that no user
   * has asked for. No request is sent before the first call.
   *
   * @example
   * const projects = await cloud.asApp().mlops.projects.list().toArray();
   */
  asApp(): User {
    return this.#user(this.#credentials.appItself());
  }

  /**
   * Looks up what every program needs, so that a wrong configuration fails at the start and not at the first call.
   *
   * @throws {ConfigurationError} the cloud, its MLOps or its identity provider is nowhere
   * @throws {ConnectionError} the discovery service cannot be reached
   * @example
   * await cloud.ready();
   */
  async ready(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkMembers(options, 'The options of ready()', waitingKinds);
    await this.#environment.service('mlops', options);
    await this.#environment.identityProvider(options);
  }

  /**
   * Every endpoint and setting, and where each comes from or was looked for; without secrets. Never rejects for what is missing.
   *
   * @example
   * console.log(JSON.stringify(await cloud.describe(), null, 2));
   */
  async describe(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<CloudDescription> {
    checkMembers(options, 'The options of describe()', waitingKinds);
    return this.#environment.describe(options);
  }

  /** Ends the use of this cloud: no more users are handed out. Calls under way go on. */
  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #user(credential: UserCredential): User {
    if (this.#isClosed) {
      throw new ConfigurationError({
        code: 'CLIENT_CLOSED',
        what: 'This H2OCloud has been closed.',
        fix: 'Make a new one, or close it later.',
      });
    }
    return new User({
      ...this.#sendPorts,
      scoringTransport: this.#scoringTransport,
      environment: this.#environment,
      credential,
      steamSessions: this.#steamSessions,
    });
  }
}

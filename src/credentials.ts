/**
 * From what a program has of a user to a credential: which client and which identity provider it belongs to is looked up when
 * the first token is needed.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationError } from './errors/authentication-error.js';
import { invalidParameter, type ConfigurationError } from './errors/configuration-error.js';
import type { CloudEnvironment } from './environment/cloud-environment.js';
import { callback, checkMembers, hasMember, memberOf, type Kind } from './http/given.js';
import type { FetchFunction } from './http/transport.js';
import { clientCredentialsCredential } from './identity/client-credentials.js';
import { EndableCredential } from './identity/endable.js';
import { functionTokenCredential, type TokenFunction } from './identity/function-token.js';
import type { RefreshTokenOptions } from './identity/refresh-token.js';
import { signedOut } from './identity/sign-in-required.js';
import { staticTokenCredential } from './identity/static-token.js';
import { tokenExchangeCredential } from './identity/token-exchange.js';
import { fitsIntoHeader } from './identity/token-answer.js';
import { memoryTokenStore } from './identity/token-store/memory.js';
import { partsOfStore, SharedTokenStore } from './identity/token-store/shared-token-store.js';
import { waveServerOf } from './identity/wave/app-settings.js';
import { readWaveHeaders, type WaveRequest } from './identity/wave/headers.js';
import { WaveSessions } from './identity/wave/sessions.js';
import { AccessToken } from './internal/access-token.js';
import type { CallListener } from './internal/call-event.js';
import { waitUnlessAborted, type Clock } from './internal/clock.js';
import type { Credential, TokenRequest } from './internal/credential.js';
import type { Logger } from './internal/logger.js';
import { OidcClients } from './oidc-clients.js';

/**
 * Where replaced refresh tokens are kept. Those of `asCurrentUser()`: under `~/.h2oai`, nowhere beyond the process, or in a directory of
 * your own. A store made by `fileTokenStore()` or `redisTokenStore()` keeps those of `onBehalfOf({ refreshToken })` too, for all
 * processes that share it.
 */
export type TokenStoreOption = 'file' | 'memory' | { readonly directory: string } | SharedTokenStore;

/** Where a credential of a refresh token stores, and how. */
type StoreSettings = Pick<RefreshTokenOptions, 'store' | 'encryptionKeys' | 'ifUnavailable'>;

/** A user, by what a program has of them. */
export type OnBehalfOf =
  /** A request of Wave, or an event of `serveWaveApp`. */
  | WaveRequest
  | { readonly accessToken: string | AccessToken }
  | {
      readonly refreshToken: string;
      /** Told each newer refresh token, so that it can be kept; what it throws is dropped. */
      readonly onRotate?: ((refreshToken: string) => void | Promise<void>) | undefined;
    }
  | { readonly credential: Credential | TokenFunction };

export interface CredentialPorts {
  readonly environment: CloudEnvironment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCall: CallListener;
  readonly fetch: FetchFunction | undefined;
  readonly tokenStore: TokenStoreOption;
}

/** The credential of one user, and the end of it. */
export interface UserCredential extends Credential {
  /**
   * Ends what this process holds of the user's sign-in: nobody gets a token of it any more, also not who waits for one.
   *
   * @param options `revoke`: end the session at the identity provider too, where the credential owns it
   * @returns whether the session was ended at the identity provider
   */
  signOut(options: { readonly revoke: boolean }): Promise<boolean>;
}

/** The credentials of one cloud's users. */
export class Credentials {
  readonly #ports: CredentialPorts;
  readonly #clients: OidcClients;
  /** An app that makes a user for each request still knows the token that an earlier one was rotated to. */
  readonly #rotated: StoreSettings;
  /** The app's own store, opened once. */
  #shared: Promise<StoreSettings> | undefined;
  #waveSessions: WaveSessions | undefined;

  constructor(ports: CredentialPorts) {
    this.#ports = ports;
    this.#clients = new OidcClients(ports);
    this.#rotated = { store: memoryTokenStore(ports.clock) };
  }

  /**
   * @throws {ConfigurationError} the source is of no kind that is known
   * @throws {AuthenticationError} code `CREDENTIAL_FAILED`: the request does not carry the key with which Wave calls the app
   */
  for(source: OnBehalfOf): UserCredential {
    const given: unknown = source;
    if (typeof given !== 'object' || given === null) throw unknownSource();
    // First: a framework may have hung anything else on a request.
    if (hasMember(source, 'headers')) return this.#ofWave(source);
    checkMembers(given, 'onBehalfOf()', { accessToken: tokenKind, onRotate: callback });
    if ('accessToken' in given && given.accessToken === undefined) throw unknownSource();
    if (hasMember(source, 'accessToken')) return endable(this.#exchanging(staticTokenCredential(source.accessToken, this.#ports.clock)));
    if (hasMember(source, 'refreshToken')) return endable(this.#exchanging(this.#ofRefreshToken(source.refreshToken, source.onRotate)));
    if (!hasMember(source, 'credential')) throw unknownSource();
    return endable(this.#exchanging(this.#ofUser(source.credential)));
  }

  currentUser(): UserCredential {
    const { environment, clock, logger, onCall } = this.#ports;
    return endable(
      lazyCredential(async () => {
        const user = await environment.currentUser();
        const client = await this.#clients.ofCurrentUser(user);
        const stored = (await this.#sharedStore()) ?? (await this.#ownStore());
        return ofRefreshToken({ client, refreshToken: user.refreshToken.reveal(), clock, logger, onCall, ...stored });
      }),
    );
  }

  /** The app itself, by the service account of its own client. */
  appItself(): UserCredential {
    const { clock, onCall } = this.#ports;
    return endable(clientCredentialsCredential({ client: () => this.#clients.ofAppItself(), clock, onCall }));
  }

  /** An app with a confidential client can exchange its users' tokens for ones with the scopes that a service needs. */
  #exchanging(source: Credential): Credential {
    if (!this.#clients.canExchange) return source;
    const { clock, onCall } = this.#ports;
    return tokenExchangeCredential({ source, clock, onCall, client: () => this.#clients.ofApp() });
  }

  #ofWave(request: WaveRequest): UserCredential {
    const headers = readWaveHeaders(request, this.#ports.environment.wave().appKey);
    const sessions = (this.#waveSessions ??= this.#newWaveSessions());
    const user = endable(sessions.credentialOf(headers));
    return {
      getToken: (asked) => user.getToken(asked),
      signOut: (options) => {
        // Wave owns the session at the identity provider, and has ended it already where the user has signed out there.
        sessions.signOut(headers);
        return user.signOut(options);
      },
    };
  }

  #newWaveSessions(): WaveSessions {
    const { clock, environment, onCall } = this.#ports;
    const { url, accessKey } = waveServerOf(environment.wave());
    return new WaveSessions({
      clock,
      onCall,
      ask: async (sessionId) => {
        const { askWave } = await import('./identity/wave/ask-wave.js');
        return askWave({ url, accessKey, clock, onCall }, sessionId);
      },
      exchanging: (source) => this.#exchanging(source),
    });
  }

  #ofUser(credential: Credential | TokenFunction): Credential {
    if (typeof credential === 'function') return functionTokenCredential(credential, this.#ports);
    if (typeof memberOf(credential, 'getToken') === 'function') return checkedCredential(credential);
    throw unknownSource();
  }

  #ofRefreshToken(refreshToken: string, onRotate: ((refreshToken: string) => void | Promise<void>) | undefined): Credential {
    const given: unknown = refreshToken;
    if (typeof given !== 'string' || given.trim() === '') {
      throw invalidParameter('The refresh token is empty.', 'Pass `{ refreshToken }` as the identity provider gave it.');
    }
    const { clock, logger, onCall } = this.#ports;
    return lazyCredential(async () => {
      const client = await this.#clients.ofApp();
      const stored = (await this.#sharedStore()) ?? this.#rotated;
      return ofRefreshToken({ client, refreshToken, clock, logger, onCall, onRotate, ...stored });
    });
  }

  /** The store that the app has given for all its users. */
  async #sharedStore(): Promise<StoreSettings | undefined> {
    const { tokenStore, clock } = this.#ports;
    if (!(tokenStore instanceof SharedTokenStore)) return undefined;
    const { open, ...settings } = partsOfStore(tokenStore);
    this.#shared ??= open(clock).then((store) => ({ store, ...settings }));
    return this.#shared;
  }

  /** The store of the user who runs the program. */
  async #ownStore(): Promise<StoreSettings> {
    const { tokenStore, clock, logger } = this.#ports;
    if (tokenStore === 'memory') return this.#rotated;
    const { fileTokenStoreIn } = await import('./identity/token-store/file.js');
    if (typeof tokenStore === 'object' && 'directory' in tokenStore) {
      return { store: fileTokenStoreIn({ directory: tokenStore.directory, clock }) };
    }
    try {
      return { store: fileTokenStoreIn({ directory: join(homedir(), '.h2oai', 'tokens'), clock }) };
    } catch {
      logger.warn('This user has no home directory, so a replaced refresh token is kept for the life of the process only.');
      return this.#rotated;
    }
  }
}

function endable(source: Credential): UserCredential {
  const credential = new EndableCredential(source);
  return {
    getToken: (request) => credential.getToken(request),
    signOut: async (options) => {
      credential.end(signedOut());
      return (await source.forget?.(options)) ?? false;
    },
  };
}

/** Loaded when it is needed: many programs bring access tokens, and need nothing of this. */
async function ofRefreshToken(options: RefreshTokenOptions): Promise<Credential> {
  const { refreshTokenCredential } = await import('./identity/refresh-token.js');
  return refreshTokenCredential(options);
}

/** A credential that is made when the first token is asked for; what fails is tried anew by the next caller. */
function lazyCredential(make: () => Promise<Credential>): Credential {
  let making: Promise<Credential> | undefined;
  let made: Credential | undefined;
  const open = async (): Promise<Credential> => {
    try {
      made = await make();
      return made;
    } finally {
      making = undefined;
    }
  };
  return {
    getToken: (request: TokenRequest) => {
      if (made !== undefined) return made.getToken(request);
      making ??= open();
      return waitUnlessAborted(making, request.signal).then((credential) => credential.getToken(request));
    },
    forget: async (options) => {
      making ??= made === undefined ? open() : undefined;
      return (await (made ?? (await making))?.forget?.(options)) ?? false;
    },
  };
}

const tokenKind: Kind = {
  name: 'a token as text, or an AccessToken',
  accepts: (value) => typeof value === 'string' || typeof memberOf(value, 'value') === 'string',
};

/** A credential of the user's own, whose tokens must not reach a header unchecked. */
function checkedCredential(credential: Credential): Credential {
  return {
    getToken: async (request) => {
      const given: unknown = await credential.getToken(request);
      const value = memberOf(given, 'value');
      if (typeof value !== 'string' || !fitsIntoHeader(value)) {
        throw new AuthenticationError({
          code: 'CREDENTIAL_FAILED',
          what: 'The credential gave no token that can be used.',
          fix: 'Its getToken() must resolve with an AccessToken: new AccessToken(value, { expiresAt, scopes }).',
        });
      }
      const [expiresAt, scopes] = [memberOf(given, 'expiresAt'), memberOf(given, 'scopes')];
      return new AccessToken(value, {
        expiresAt: typeof expiresAt === 'number' ? expiresAt : undefined,
        scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [],
      });
    },
  };
}

function unknownSource(): ConfigurationError {
  return invalidParameter(
    'onBehalfOf() was given nothing that says who the user is.',
    'Pass the request of Wave, { accessToken }, { refreshToken, onRotate } or { credential }, where a credential has getToken() or is a function that returns a token.',
  );
}

/**
 * Requests to an OpenID Connect provider. The only file that imports openid-client, and only when a request is made, so that an
 * app that needs none does not load it. What the library says about failures is ignored: the guard knows what really happened.
 */
import type { webcrypto } from 'node:crypto';
import type * as OpenId from 'openid-client';
import type { ClientProof } from '../environment/client-proof.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import { startDeadline } from '../http/deadline.js';
import { decideRetry, parseRetryAfter, type Decision } from '../http/retry.js';
import type { FetchFunction } from '../http/transport.js';
import { fencedListener, type CallListener, type TokenEvent } from '../internal/call-event.js';
import { sleep, type Clock } from '../internal/clock.js';
import { redact } from '../internal/redact.js';
import type { Secret } from '../internal/secret.js';
import { instantOf } from './freshness.js';
import { guardFetch, type GuardedFetch, type JsonObject, type WireOutcome } from './guarded-fetch.js';
import { ownMember, readJwtClaims } from './jwt-claims.js';
import { signingKey } from './private-key.js';
import { checkedIssuer, checkedTokenEndpoint, isSameIssuer } from './provider-addresses.js';
import { providerError, type ProviderCall } from './provider-failure.js';
import { readMetadata, type ProviderMetadata } from './provider-metadata.js';
import { remembered } from './remembered.js';
import { refreshScopes, scopeList } from './requirements.js';
import { readTokenAnswer, type TokenAnswer } from './token-answer.js';

type OpenIdClient = typeof OpenId;
type Configuration = InstanceType<OpenIdClient['Configuration']>;

export interface OidcClientSettings {
  /** The issuer, whose metadata names the token endpoint. */
  readonly issuer?: string | undefined;
  /** The token endpoint itself; nothing is looked up then. */
  readonly tokenEndpoint?: string | undefined;
  readonly clientId: string;
  /** What the client authenticates with; a public client has nothing. */
  readonly proof?: ClientProof | undefined;
  /** Plain http to another machine was explicitly allowed. */
  readonly allowInsecure: boolean;
  readonly fetch?: FetchFunction | undefined;
  readonly clock: Clock;
  /** For one token, all attempts together. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Where a user gets a new refresh token; see `signInHintOf`. */
  readonly signInHint?: string | undefined;
  readonly onCall?: CallListener | undefined;
}

interface RefreshOptions {
  readonly scopes: readonly string[];
  /** Gets a rotated refresh token as soon as it is here, before the rest of the answer is looked at. Must not reject. */
  readonly keepRotated: (refreshToken: string) => void | Promise<void>;
  /** Called before each attempt; what it throws ends the request before the refresh token is spent. */
  readonly beforeSend?: (() => void) | undefined;
}

interface ExchangeOptions {
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
}

/** A client of one provider. */
export interface OidcClient {
  /** Names the provider: its issuer, or its token endpoint. */
  readonly provider: string;
  readonly clientId: string;
  readonly signInHint: string | undefined;
  /**
   * Spends a refresh token.
   *
   * @throws {SignInRequiredError} the refresh token was refused
   * @throws {ScopeNotGrantedError} the provider does not know a scope, or not for this client
   * @throws {AuthenticationError} the client was refused, or the provider failed
   * @throws {ConnectionError} the provider could not be reached, or not in time
   * @throws {ResponseValidationError} the answer cannot be used; a rotated refresh token in it was kept all the same
   */
  refresh(refreshToken: string, options: RefreshOptions): Promise<TokenAnswer>;
  /**
   * Exchanges an access token for one with other scopes or audiences (RFC 8693). Spends nothing.
   *
   * @throws {SignInRequiredError} code `SESSION_EXPIRED`: the token is over, revoked, or not one of this provider
   * @throws {TokenExchangeError} code `EXCHANGE_NOT_ALLOWED`: this client may not exchange it, or not for that audience
   * @throws {ScopeNotGrantedError} the provider does not know a scope, or not for this client
   */
  exchange(subjectToken: string, options: ExchangeOptions): Promise<TokenAnswer>;
  /**
   * Signs the client itself in, with its client credentials and no user.
   *
   * @throws {ScopeNotGrantedError} the provider does not know a scope, or not for this client
   * @throws {AuthenticationError} the client was refused, or has no service account
   */
  signInItself(options: { readonly scopes: readonly string[] }): Promise<TokenAnswer>;
  /**
   * Revokes a refresh token, which ends its session. Access tokens are not for this: revoking one that was ever exchanged would end
   * the whole session of its client.
   *
   * @returns false where the provider has no way to revoke tokens
   * @throws {AuthenticationError} the client was refused, or the provider failed
   * @throws {ConnectionError} the provider could not be reached, or not in time
   */
  revoke(refreshToken: string): Promise<boolean>;
}

/** One request as the library makes it, through a guarded fetch. */
interface WireRequest {
  readonly call: ProviderCall;
  readonly send: (guard: GuardedFetch) => Promise<unknown>;
  readonly admit: (json: JsonObject) => JsonObject | Promise<JsonObject>;
  readonly beforeSend?: (() => void) | undefined;
}

interface Grant {
  readonly event: TokenEvent['grant'];
  readonly scopes: readonly string[];
  /** The token that is spent or exchanged. */
  readonly spent?: string;
  readonly keepRotated?: (refreshToken: string) => void | Promise<void>;
  readonly beforeSend?: (() => void) | undefined;
  readonly send: (openid: OpenIdClient, configuration: Configuration, parameters: Record<string, string>) => Promise<unknown>;
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const defaultTimeoutMs = 30_000;
const metadataAgeMs = 3_600_000;
/** How far back an assertion begins, and how long it is good: a strict provider refuses one that begins in its future. */
const assertionLeadSeconds = 60;
const assertionLifeSeconds = 300;
const retryBaseMs = 250;
const longestRetryWaitMs = 10_000;

/**
 * A client of the provider at an issuer or at a token endpoint. Sends nothing yet.
 *
 * @throws {ConfigurationError} no address is given, or tokens must not go there
 */
export function createOidcClient(settings: OidcClientSettings): OidcClient {
  return new Client(settings);
}

class Client implements OidcClient {
  readonly provider: string;
  readonly clientId: string;
  readonly signInHint: string | undefined;
  readonly #settings: OidcClientSettings;
  #key: Promise<webcrypto.CryptoKey> | undefined;
  readonly #metadata: () => Promise<ProviderMetadata>;
  readonly #report: CallListener;

  constructor(settings: OidcClientSettings) {
    const { issuer, tokenEndpoint, allowInsecure } = settings;
    this.#settings = settings;
    this.#report = fencedListener(settings.onCall);
    this.clientId = settings.clientId;
    this.signInHint = settings.signInHint;
    if (tokenEndpoint !== undefined) {
      this.provider = checkedTokenEndpoint(tokenEndpoint, allowInsecure);
      const metadata = { issuer: new URL(this.provider).origin, token_endpoint: this.provider };
      this.#metadata = () => Promise.resolve(metadata);
      return;
    }
    if (issuer === undefined) throw noProvider();
    const checked = checkedIssuer(issuer, allowInsecure);
    this.provider = checked;
    this.#metadata = remembered(settings.clock, metadataAgeMs, () => this.#discover(checked));
  }

  refresh(refreshToken: string, { scopes, keepRotated, beforeSend }: RefreshOptions): Promise<TokenAnswer> {
    return this.#grant({
      event: 'refresh_token',
      scopes: refreshScopes(refreshToken, scopes),
      spent: refreshToken,
      keepRotated,
      beforeSend,
      send: (openid, configuration, parameters) => openid.refreshTokenGrant(configuration, refreshToken, parameters),
    });
  }

  exchange(subjectToken: string, { scopes, audience }: ExchangeOptions): Promise<TokenAnswer> {
    return this.#grant({
      event: 'token_exchange',
      // Without it Keycloak takes the ID token from the login session, and signing out then fails.
      scopes: ['openid', ...scopes],
      spent: subjectToken,
      send: (openid, configuration, parameters) => {
        const form = new URLSearchParams({
          ...parameters,
          subject_token: subjectToken,
          subject_token_type: accessTokenType,
          requested_token_type: accessTokenType,
        });
        for (const name of audience) form.append('audience', name);
        return openid.genericGrantRequest(configuration, 'urn:ietf:params:oauth:grant-type:token-exchange', form);
      },
    });
  }

  signInItself({ scopes }: { readonly scopes: readonly string[] }): Promise<TokenAnswer> {
    return this.#grant({
      event: 'client_credentials',
      scopes,
      send: (openid, configuration, parameters) => openid.clientCredentialsGrant(configuration, parameters),
    });
  }

  async revoke(refreshToken: string): Promise<boolean> {
    const openid = await import('openid-client');
    const metadata = await this.#metadata();
    const { revocation_endpoint: endpoint } = metadata;
    if (endpoint === undefined) return false;
    const authentication = await this.#authentication(openid, metadata);
    await this.#exchange({
      call: this.#call(new URL(endpoint).origin, [], [refreshToken]),
      send: (guard) =>
        openid.tokenRevocation(this.#configuration(openid, metadata, authentication, guard), refreshToken, {
          token_type_hint: 'refresh_token',
        }),
      admit: (answer) => answer,
    });
    return true;
  }

  async #grant(grant: Grant): Promise<TokenAnswer> {
    const { clock } = this.#settings;
    const startedAt = clock.monotonic();
    const report = (outcome: TokenEvent['outcome']): void => {
      this.#report({ type: 'token', grant: grant.event, outcome, durationMs: clock.monotonic() - startedAt });
    };
    try {
      const answer = await this.#requestToken(grant);
      report('ok');
      return answer;
    } catch (error) {
      report('error');
      throw error;
    }
  }

  async #requestToken(grant: Grant): Promise<TokenAnswer> {
    const openid = await import('openid-client');
    const metadata = await this.#metadata();
    const scopes = scopeList(grant.scopes);
    const call = {
      ...this.#call(new URL(metadata.token_endpoint).origin, scopes, grant.spent === undefined ? [] : [grant.spent]),
      issuer: this.#settings.tokenEndpoint === undefined ? metadata.issuer : undefined,
      tokenIssuer: grant.spent === undefined ? undefined : readJwtClaims(grant.spent)?.issuer,
      isExchange: grant.event === 'token_exchange',
    };
    const authentication = await this.#authentication(openid, metadata);
    let at = instantOf(this.#settings.clock);
    const json = await this.#exchange({
      call,
      beforeSend: grant.beforeSend,
      send: (guard) => {
        at = instantOf(this.#settings.clock);
        const configuration = this.#configuration(openid, metadata, authentication, guard);
        return grant.send(openid, configuration, scopes.length === 0 ? {} : { scope: scopes.join(' ') });
      },
      admit: async (answer) => {
        const rotated = ownMember(answer, 'refresh_token');
        if (typeof rotated === 'string' && rotated !== '') await grant.keepRotated?.(rotated);
        // The library would check it against our clock and refuse the whole answer; nobody here needs it.
        return without(answer, 'id_token');
      },
    });
    return readTokenAnswer(json, { origin: call.origin, scopes, at });
  }

  async #discover(issuer: string): Promise<ProviderMetadata> {
    const openid = await import('openid-client');
    const { allowInsecure, proof } = this.#settings;
    const server = new URL(issuer);
    let found: ProviderMetadata | undefined;
    await this.#exchange({
      call: { ...this.#call(server.origin, [], []), isDiscovery: true },
      send: (guard) =>
        openid.discovery(server, this.clientId, undefined, openid.None(), {
          [openid.customFetch]: guard.fetch,
          ...(isPlain(issuer) ? { execute: [allowInsecureRequests(openid)] } : {}),
        }),
      admit: (metadata) => {
        if (!isSameIssuer(ownMember(metadata, 'issuer'), issuer)) throw otherIssuer(ownMember(metadata, 'issuer'), issuer);
        found = readMetadata(metadata, { issuer, allowInsecure, usesCertificate: proof?.method === 'tls_client_auth' });
        return { ...found, issuer: server.href };
      },
    });
    if (found === undefined) throw noProvider();
    return found;
  }

  /** Sends a request until it is answered or not worth another attempt. Resolves with what was admitted of the answer. */
  async #exchange(request: WireRequest): Promise<JsonObject> {
    const { clock, fetch, timeoutMs = defaultTimeoutMs } = this.#settings;
    const deadline = startDeadline(clock, { timeoutMs });
    try {
      for (let attempt = 1; ; attempt++) {
        request.beforeSend?.();
        const guard = guardFetch({ fetch, signal: deadline.signal, admit: request.admit });
        const outcome = await outcomeOf(request, guard);
        if (outcome?.kind === 'success') return outcome.json;
        const decision = decide(outcome, attempt, clock);
        if (!decision.retry || decision.afterMs >= deadline.remainingMs()) throw providerError(outcome, request.call);
        await sleep(clock, decision.afterMs);
      }
    } finally {
      deadline.dispose();
    }
  }

  async #authentication(openid: OpenIdClient, metadata: ProviderMetadata): Promise<OpenId.ClientAuth> {
    const { proof, clock } = this.#settings;
    if (proof === undefined) return openid.None();
    if (proof.method === 'tls_client_auth') return openid.TlsClientAuth();
    if (proof.method !== 'private_key_jwt') {
      const { method, secret } = proof;
      return method === 'client_secret_basic' ? openid.ClientSecretBasic(secret.reveal()) : openid.ClientSecretPost(secret.reveal());
    }
    const key = await this.#signingKey(proof.privateKey);
    return openid.PrivateKeyJwt(proof.keyId === undefined ? key : { key, kid: proof.keyId }, {
      [openid.modifyAssertion]: (_, payload) => {
        const now = Math.floor(clock.now() / 1000);
        Object.assign(payload, { iat: now - assertionLeadSeconds, nbf: now - assertionLeadSeconds, exp: now + assertionLifeSeconds });
        // Without metadata nobody knows the issuer, and providers take the endpoint in its place.
        if (this.#settings.issuer === undefined) Object.assign(payload, { aud: metadata.token_endpoint });
      },
    });
  }

  #signingKey(privateKey: Secret): Promise<webcrypto.CryptoKey> {
    return (this.#key ??= signingKey(privateKey));
  }

  #configuration(openid: OpenIdClient, metadata: ProviderMetadata, authentication: OpenId.ClientAuth, guard: GuardedFetch): Configuration {
    const configuration = new openid.Configuration({ ...metadata }, this.clientId, undefined, authentication);
    configuration[openid.customFetch] = guard.fetch;
    // Whether plain http is right here was decided with the addresses.
    if (isPlain(metadata.token_endpoint) || isPlain(metadata.revocation_endpoint)) allowInsecureRequests(openid)(configuration);
    return configuration;
  }

  #call(origin: string, scopes: readonly string[], spent: readonly string[]): ProviderCall {
    const { proof } = this.#settings;
    const secrets = proof !== undefined && 'secret' in proof ? [...spent, proof.secret.reveal()] : spent;
    return { origin, clientId: this.clientId, scopes, secrets, signInHint: this.signInHint };
  }
}

type Success = { readonly kind: 'success'; readonly json: JsonObject };

async function outcomeOf(request: WireRequest, guard: GuardedFetch): Promise<Success | WireOutcome | undefined> {
  try {
    await request.send(guard);
  } catch {
    return guard.outcome();
  }
  const outcome = guard.outcome();
  // A revocation may be answered with nothing.
  return outcome?.kind === 'answer' ? { kind: 'success', json: outcome.json ?? {} } : outcome;
}

/** Refreshing is repeated where the token was surely not spent; once only where nobody can know. */
function decide(outcome: WireOutcome | undefined, attempt: number, clock: Clock): Decision {
  const policy = { limit: 2, baseMs: retryBaseMs, maxMs: longestRetryWaitMs };
  if (outcome?.kind === 'network') {
    if (outcome.failure.kind !== 'network') return { retry: false };
    return decideRetry({ kind: 'network', code: outcome.failure.code }, attempt, { ...policy, safe: attempt === 1 }, Math.random);
  }
  if (outcome?.kind !== 'answer') return { retry: false };
  const { status } = outcome;
  const retryAfterMs = parseRetryAfter(outcome.retryAfter, clock.now());
  return decideRetry({ kind: 'status', status, retryAfterMs }, attempt, { ...policy, safe: status === 503 }, Math.random);
}

function without(json: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([key]) => key !== name));
}

function isPlain(url: string | undefined): boolean {
  return url !== undefined && new URL(url).protocol === 'http:';
}

function allowInsecureRequests(openid: OpenIdClient): OpenIdClient['allowInsecureRequests'] {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated by its author only to be noticed
  return openid.allowInsecureRequests;
}

function noProvider(): ConfigurationError {
  return new ConfigurationError({
    code: 'CONFIGURATION_MISSING',
    what: 'No identity provider is known.',
    fix: 'Set `oidc.issuer` or `oidc.tokenEndpoint`, or let the SDK discover the cloud with `environment`.',
  });
}

function otherIssuer(named: unknown, issuer: string): ConfigurationError {
  const other = typeof named === 'string' && URL.canParse(named) ? redact(new URL(named).origin + new URL(named).pathname) : 'none';
  return new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: `The metadata of ${issuer} are those of another issuer (${other}).`,
    fix: 'Set `oidc.issuer` to exactly the issuer that the metadata name, also in the case of its letters; `localhost` and `127.0.0.1` are two issuers.',
  });
}

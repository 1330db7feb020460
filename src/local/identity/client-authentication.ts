/**
 * How a client proves that it is the one it says: its secret in the form or by HTTP Basic, or an assertion that it signed (RFC 7523).
 */
import { compactVerify, decodeJwt } from 'jose';
import type { CryptoKey } from 'jose';
import type { ClientKeys } from './client-keys.js';
import { OAuthError } from './oauth-error.js';
import type { Client, Realm } from './realm.js';

export interface Credentials {
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

export interface AuthenticatorOptions {
  readonly realm: Realm;
  readonly keys: ClientKeys;
  /** What an assertion may be meant for: the issuer, and its token endpoint. */
  readonly audiences: readonly string[];
  readonly now: () => number;
}

const failure = 'Invalid client or Invalid client credentials';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** How far the clock of a client may be ahead. */
const allowedSkewMs = 15_000;

const invalidClient = (description: string, status = 400): OAuthError => new OAuthError('invalid_client', description, status);

export class ClientAuthenticator {
  readonly #options: AuthenticatorOptions;
  /** Assertions are good once. */
  readonly #usedAssertions = new Set<string>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  async client({ authorization, form }: Credentials): Promise<Client> {
    const assertion = form.get('client_assertion');
    if (assertion !== null) return this.#byAssertion(assertion, form.get('client_assertion_type'));
    const [scheme, encoded] = (authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'basic' || encoded === undefined)
      return this.#bySecret(form.get('client_id') ?? undefined, form.get('client_secret') ?? undefined);
    const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
    return this.#bySecret(formDecoded(id), formDecoded(secret));
  }

  #known(id: string | undefined): Client {
    const client = this.#options.realm.clients.get(id ?? '');
    if (client === undefined) throw invalidClient(failure, 401);
    return client;
  }

  /** A secret sent for a public client is ignored. */
  #bySecret(id: string | undefined, secret: string | undefined): Client {
    const client = this.#known(id);
    if (client.signsAssertions || (client.secret !== undefined && client.secret !== secret))
      throw new OAuthError('unauthorized_client', failure, 401);
    return client;
  }

  async #byAssertion(assertion: string, type: string | null): Promise<Client> {
    const claims = claimsOf(assertion);
    if (type !== assertionType || claims === undefined) throw invalidClient(failure, 401);
    const client = this.#known(claims.sub);
    const key = await this.#keyOf(client);
    const verified = await compactVerify(assertion, key).catch(() => undefined);
    if (verified === undefined || claims.iss !== client.id) throw invalidClient('Client authentication with signed JWT failed');
    this.#check(claims);
    return client;
  }

  async #keyOf(client: Client): Promise<CryptoKey | Uint8Array> {
    if (client.signsAssertions) return (await this.#options.keys.of(client.id)).publicKey;
    if (client.secret === undefined) throw invalidClient(failure, 401);
    return new TextEncoder().encode(client.secret);
  }

  #check({ exp, iat, nbf, aud, jti }: AssertionClaims): void {
    const now = this.#options.now();
    const isEarly = [iat, nbf].some((from) => from !== undefined && from * 1000 > now + allowedSkewMs);
    if (exp === undefined || exp * 1000 <= now || isEarly) throw invalidClient('Token is not active');
    if (Array.isArray(aud) && aud.length > 1) throw invalidClient('Multiple audiences not allowed');
    if (!this.#options.audiences.includes(String(aud))) throw invalidClient('Invalid token audience');
    if (jti === undefined) throw invalidClient('Missing ID on the token');
    if (this.#usedAssertions.has(jti)) throw invalidClient('Token reuse detected');
    this.#usedAssertions.add(jti);
  }
}

type AssertionClaims = ReturnType<typeof decodeJwt>;

function claimsOf(assertion: string): AssertionClaims | undefined {
  try {
    return decodeJwt(assertion);
  } catch {
    return undefined;
  }
}

/** The halves of Basic credentials are form-encoded (RFC 6749). */
function formDecoded(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (new URLSearchParams(`v=${value.replaceAll('&', '%26')}`).get('v') ?? undefined);
}

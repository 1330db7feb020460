/**
 * The signed tokens: their claims, their signature, and whether a token is still good by the injected clock.
 */
import { randomUUID } from 'node:crypto';
import { SignJWT, compactVerify, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { isObject, parseJson } from '../json.js';
import type { JsonObject } from '../json.js';
import { audienceScopes, rolesScope } from './realm.js';
import type { Client } from './realm.js';
import type { Session } from './sessions.js';

/** How a token came to be, as the mark in its `jti` tells: password, refresh, exchange, client credentials, device. */
export type GrantMark = 'ro' | 'rt' | 'te' | 'cc' | 'dg';

export interface TokenRequest {
  readonly session: Session;
  readonly client: Client;
  readonly scopes: readonly string[];
  readonly mark: GrantMark;
  /** Narrows the audiences that the scopes bring. */
  readonly audiences?: readonly string[];
  readonly now: number;
  readonly lifeSeconds: number;
}

interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly id: string;
  readonly jwk: JWK;
}

/** One for all clouds of a process: a test that wants a fresh cloud should not wait for another RSA key. Tokens are told apart by issuer and session. */
let sharedKey: Promise<SigningKey> | undefined;

function signingKey(): Promise<SigningKey> {
  sharedKey ??= createKey();
  return sharedKey;
}

async function createKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const id = randomUUID();
  return { privateKey, publicKey, id, jwk: { ...(await exportJWK(publicKey)), kid: id, alg: 'RS256', use: 'sig' } };
}

/** The audiences that these scopes put into a token. */
export function audiencesOf(scopes: readonly string[]): readonly string[] {
  return scopes.flatMap((scope) => audienceScopes[scope] ?? []);
}

export class Tokens {
  readonly #issuer: string;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  async jwks(): Promise<{ keys: readonly JWK[] }> {
    return { keys: [(await signingKey()).jwk] };
  }

  accessToken(request: TokenRequest): Promise<string> {
    const { session, client, scopes } = request;
    const audiences = request.audiences ?? audiencesOf(scopes);
    const prefix = `${session.isOffline ? 'of' : 'on'}rt${request.mark}`;
    return this.#sign({
      ...this.#commonClaims(request, 'Bearer'),
      jti: `${prefix}:${randomUUID()}`,
      azp: client.id,
      ...(audiences.length === 0 ? {} : { aud: audiences.length === 1 ? audiences[0] : audiences }),
      realm_access: { roles: ['offline_access', ...session.account.roles] },
      scope: scopes.join(' '),
    });
  }

  idToken(request: TokenRequest): Promise<string> {
    const { client } = request;
    return this.#sign({ ...this.#commonClaims(request, 'ID'), jti: randomUUID(), azp: client.id, aud: client.id });
  }

  /** The claims of a token that this provider signed, expired or not; undefined for anything else. */
  async read(token: string): Promise<JsonObject | undefined> {
    const { publicKey } = await signingKey();
    const verified = await compactVerify(token, publicKey, { algorithms: ['RS256'] }).catch(() => undefined);
    if (verified === undefined) return undefined;
    const claims = parseJson(new TextDecoder().decode(verified.payload));
    return isObject(claims) && claims['iss'] === this.#issuer ? claims : undefined;
  }

  #commonClaims({ session, scopes, now, lifeSeconds }: TokenRequest, type: 'Bearer' | 'ID'): JsonObject {
    const { account } = session;
    return {
      // Not rounded: a token that is to live 0.4 s has to end on time.
      exp: now / 1000 + lifeSeconds,
      iat: Math.floor(now / 1000),
      auth_time: Math.floor(session.startedAt / 1000),
      iss: this.#issuer,
      sub: account.id,
      typ: type,
      sid: session.id,
      acr: '1',
      ...profileOf(account),
      ...rolesOf(account, scopes),
    };
  }

  async #sign(claims: JsonObject): Promise<string> {
    const key = await signingKey();
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.id }).sign(key.privateKey);
  }
}

/** By the clock given, to the millisecond. */
export function isUnexpired(claims: JsonObject, now: number): boolean {
  return typeof claims['exp'] === 'number' && now < claims['exp'] * 1000;
}

/** A claim of its own for the roles, where a scope asks for it. */
export const rolesOf = ({ roles }: Session['account'], scopes: readonly string[]): JsonObject =>
  scopes.includes(rolesScope) ? { roles: ['offline_access', ...roles] } : {};

/** What the provider tells of an account, in tokens and at its userinfo endpoint. */
export function profileOf(account: Session['account']): JsonObject {
  if (account.password === undefined) return { preferred_username: account.username, email_verified: false };
  return {
    email_verified: true,
    name: `${account.firstName} ${account.lastName}`,
    preferred_username: account.username,
    given_name: account.firstName,
    family_name: account.lastName,
    email: `${account.username}@example.com`,
  };
}

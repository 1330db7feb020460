/**
 * What a token endpoint answered, checked more strictly than openid-client does: the token must fit into a header, its type
 * must be Bearer, and its life must be a number of seconds. Pure.
 */
import { AccessToken } from '../internal/access-token.js';
import type { TokenLife, Instant } from './freshness.js';
import type { JsonObject } from './guarded-fetch.js';
import { ownMember, readJwtClaims, type JwtClaims } from './jwt-claims.js';
import { invalidAnswer } from './provider-failure.js';
import { scopeList } from './requirements.js';

/** A token that a provider has issued. Its refresh token is not here: it was handed over before anything was checked. */
export interface TokenAnswer {
  readonly token: AccessToken;
  readonly life: TokenLife;
  /** Absent for an opaque token. */
  readonly claims: JwtClaims | undefined;
}

interface Asked {
  readonly origin: string;
  readonly scopes: readonly string[];
  /** When the request was sent: a token cannot be older than that. */
  readonly at: Instant;
}

const longestToken = 65_536;
const longestLifeMs = 24 * 3_600_000;
/** For a token that tells nothing of its life. */
const guessedLifeMs = 30_000;

/** Whether a token can stand in a header. Anything else must not get near one: the error of `Headers` quotes what it refuses. */
export function fitsIntoHeader(token: string): boolean {
  return token.length <= longestToken && /^[\x21-\x7e]+$/.test(token);
}

/** @throws {ResponseValidationError} the answer is not one that can be used */
export function readTokenAnswer(json: JsonObject, asked: Asked): TokenAnswer {
  const value = ownMember(json, 'access_token');
  if (typeof value !== 'string' || !fitsIntoHeader(value)) throw invalidAnswer(asked.origin, 'has no usable access token');
  const type = ownMember(json, 'token_type');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    throw invalidAnswer(asked.origin, 'has a token of another type than Bearer');
  const given = lifeGiven(ownMember(json, 'expires_in'));
  if (given === 'invalid') throw invalidAnswer(asked.origin, 'has no usable `expires_in`');
  const scope = ownMember(json, 'scope');
  if (scope !== undefined && typeof scope !== 'string') throw invalidAnswer(asked.origin, 'has no usable `scope`');

  const claims = readJwtClaims(value);
  const lifeMs = given ?? lifeClaimed(claims, asked.at);
  const expiresAt = lifeMs === undefined ? undefined : asked.at.wall + lifeMs;
  // The claim counts first: Keycloak's answer overstates the scope of an offline session's narrowed token.
  const scopes = scopeList(claims?.scopes ?? scope ?? asked.scopes);
  return { token: new AccessToken(value, { expiresAt, scopes }), life: { from: asked.at, lifeMs: lifeMs ?? guessedLifeMs }, claims };
}

function lifeGiven(expiresIn: unknown): number | undefined | 'invalid' {
  if (expiresIn === undefined) return undefined;
  const isNumeric = typeof expiresIn === 'string' && /^\d{1,15}(\.\d+)?$/.test(expiresIn);
  const seconds = isNumeric ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== 'number' || !(seconds >= 0)) return 'invalid';
  return Math.min(seconds * 1000, longestLifeMs);
}

/** The life that a JWT claims, between two readings of the issuer's clock where it gives both. */
function lifeClaimed(claims: JwtClaims | undefined, at: Instant): number | undefined {
  if (claims?.expiresAt === undefined) return undefined;
  return Math.min(Math.max(claims.expiresAt - (claims.issuedAt ?? at.wall), 0), longestLifeMs);
}

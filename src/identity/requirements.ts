/**
 * What a token was asked to be good for, and whether it is. Scopes are compared as "asked is part of granted": more always comes back.
 */
import { AuthenticationError, ScopeNotGrantedError, TokenExchangeError } from '../errors/authentication-error.js';
import type { AccessToken } from '../internal/access-token.js';
import { redact } from '../internal/redact.js';
import { readJwtClaims } from './jwt-claims.js';

const scopeShape = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;
const mostScopes = 200;

/** The scopes of a list or of a text with spaces: each once, in their order. What cannot be a scope is dropped. */
export function scopeList(scopes: string | readonly string[] | undefined): readonly string[] {
  if (scopes === undefined) return [];
  const words = typeof scopes === 'string' ? scopes.split(' ') : scopes.flatMap((scope) => scope.split(' '));
  return [...new Set(words)].filter((word) => scopeShape.test(word)).slice(0, mostScopes);
}

/** The name of a set of scopes: the same for any order and any repetition. */
export function scopeKey(scopes: readonly string[]): string {
  return [...scopeList(scopes)].sort().join(' ');
}

/**
 * The scopes to ask of a refresh. Without `offline_access` among them Keycloak turns an offline refresh token into an access token of a
 * browser's session, which is not there: userinfo, introspection and exchange refuse it.
 */
export function refreshScopes(refreshToken: string, scopes: readonly string[]): readonly string[] {
  const isOffline = readJwtClaims(refreshToken)?.payload['typ'] === 'Offline';
  return isOffline && scopeList(scopes).length > 0 ? [...scopes, 'offline_access'] : scopes;
}

/** @throws {ScopeNotGrantedError} the token lacks a scope that was asked */
export function requireScopes(granted: readonly string[], asked: readonly string[], fix: string): void {
  const missing = scopeList(asked).filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  const has = granted.length === 0 ? '' : ` (it has ${redact(granted.join(' '))})`;
  throw new ScopeNotGrantedError({ what: `The token lacks ${redact(missing.join(' '))}${has}.`, fix, missing, granted });
}

/** How a client gets a scope that it was not granted. */
export function scopeFix(clientId: string): string {
  return `Ask an administrator to make the missing scopes default scopes of the client "${redact(clientId)}", or give the SDK the client's secret so that it can exchange the token.`;
}

/** @throws {TokenExchangeError} the token does not name an audience that was asked, and this credential cannot get another one */
export function requireAudience(token: AccessToken, asked: readonly string[] | undefined): void {
  if (asked === undefined || asked.length === 0) return;
  const named = readJwtClaims(token.value)?.audience ?? [];
  const missing = asked.filter((audience) => !named.includes(audience));
  if (missing.length === 0) return;
  throw new TokenExchangeError({
    code: 'EXCHANGE_NOT_ALLOWED',
    what: `The token does not name the audience ${redact(missing.join(' '))}, and it can only be had by exchanging the token.`,
    fix: "Give the SDK the client's secret so that it can exchange the token.",
  });
}

export function rejectedAgain(): AuthenticationError {
  return new AuthenticationError({
    code: 'AUTH_REJECTED',
    what: 'A service refused the token with 401, and there is no other one: a new one would be the same.',
    fix: 'Sign in again; if that does not help, the service and the identity provider do not belong together.',
  });
}

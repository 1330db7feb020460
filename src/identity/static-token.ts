/**
 * A credential that is one given access token. It cannot be renewed: when it is over or refused, the user has to bring another one.
 */
import { SignInRequiredError } from '../errors/authentication-error.js';
import { invalidParameter } from '../errors/configuration-error.js';
import { AccessToken } from '../internal/access-token.js';
import type { Clock } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import { readJwtClaims } from './jwt-claims.js';
import { rejectedAgain, requireAudience, requireScopes } from './requirements.js';
import { fitsIntoHeader } from './token-answer.js';

/**
 * A credential of a fixed token; its end and its scopes are read from the token where it is a JWT.
 *
 * @throws {ConfigurationError} the text cannot be a token
 * @example
 * const credential = staticTokenCredential(accessToken, systemClock);
 */
export function staticTokenCredential(given: string | AccessToken, clock: Clock): Credential {
  const value = typeof given === 'string' ? given : given.value;
  if (!fitsIntoHeader(value)) {
    throw invalidParameter(
      'The access token is empty, too long, or has characters that no token has.',
      'Pass the token alone, without `Bearer` and line breaks.',
    );
  }
  const claims = readJwtClaims(value);
  const told = typeof given === 'string' ? undefined : given;
  const expiresAt = told?.expiresAt ?? claims?.expiresAt;
  const scopes = claims?.scopes ?? (told === undefined || told.scopes.length === 0 ? undefined : told.scopes);
  const token = new AccessToken(value, { expiresAt, ...(scopes === undefined ? {} : { scopes }) });

  return {
    async getToken({ scopes: asked, audience, signal, rejected }) {
      signal?.throwIfAborted();
      if (expiresAt !== undefined && clock.now() >= expiresAt) throw expired();
      if (rejected === value) throw rejectedAgain();
      if (asked !== undefined && scopes !== undefined)
        requireScopes(scopes, asked, 'Pass a token that has them, or a refresh token, with which the SDK asks for them.');
      requireAudience(token, audience);
      return Promise.resolve(token);
    },
  };
}

function expired(): SignInRequiredError {
  return new SignInRequiredError({
    code: 'SESSION_EXPIRED',
    what: 'The access token has expired, and a fixed token cannot be renewed.',
    fix: 'Pass a new one; a refresh token or a function would let the SDK renew it.',
  });
}

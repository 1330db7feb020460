/**
 * Errors of identity: no token can be had, or the one there is was refused.
 */
import { H2OCloudError, type ErrorFacts } from './base.js';

/** No usable token can be had, or a service refused the token. */
export class AuthenticationError extends H2OCloudError {
  static override readonly kind: string = 'AuthenticationError';
  override readonly name: string = 'AuthenticationError';
}

/** The user must sign in again: the session or the refresh token is missing, ended, spent or refused. */
export class SignInRequiredError extends AuthenticationError {
  static override readonly kind: string = 'SignInRequiredError';
  override readonly name: string = 'SignInRequiredError';
}

/** The token exchange was refused. */
export class TokenExchangeError extends AuthenticationError {
  static override readonly kind: string = 'TokenExchangeError';
  override readonly name: string = 'TokenExchangeError';
  /** What the identity provider said, cleaned and shortened; absent where it was not asked. */
  readonly providerMessage: string | undefined;

  constructor(facts: ErrorFacts & { readonly providerMessage?: string | undefined }) {
    super(facts);
    this.providerMessage = facts.providerMessage;
  }
}

/** The token that was granted lacks scopes that the call needs. */
export class ScopeNotGrantedError extends AuthenticationError {
  static override readonly kind: string = 'ScopeNotGrantedError';
  override readonly name: string = 'ScopeNotGrantedError';
  /** The scopes that are missing. */
  readonly missing: readonly string[];
  /** The scopes that were granted. */
  readonly granted: readonly string[];

  constructor(facts: Omit<ErrorFacts, 'code'> & { readonly missing: readonly string[]; readonly granted: readonly string[] }) {
    super({ ...facts, code: 'SCOPE_NOT_GRANTED' });
    this.missing = facts.missing;
    this.granted = facts.granted;
  }
}

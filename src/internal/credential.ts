/**
 * The port behind which every source of tokens stands. Services ask it for a token; where that token comes from is its business.
 */
import type { AccessToken } from './access-token.js';

/** What a token must be good for. */
export interface TokenRequest {
  /** Scopes that the token must carry; none asked means any token serves. */
  readonly scopes?: readonly string[];
  /** Audiences that the token must name. */
  readonly audience?: readonly string[];
  /** Ends the wait of this caller; a request already under way goes on for the others. */
  readonly signal?: AbortSignal | undefined;
  /** A token that a service has just refused with 401: never returned again, but a newer one that is already there serves. */
  readonly rejected?: string;
}

/** A source of access tokens. */
export interface Credential {
  /**
   * A token that is fresh and carries what was asked.
   *
   * @throws {AuthenticationError} no such token can be had; its subclasses say why
   */
  getToken(request: TokenRequest): Promise<AccessToken>;
  /**
   * The user has signed out: what is held or on its way is dropped, and nothing is renewed any more, here and wherever the token store
   * is shared. Where it is missing there is nothing to forget.
   *
   * @param options `revoke`: end the session at the identity provider too, where it is the credential's own
   * @returns whether the session was ended at the identity provider
   */
  forget?(options: { readonly revoke: boolean }): Promise<boolean>;
}

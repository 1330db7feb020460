/**
 * A credential that can be ended: from then on it gives no token, also not to those who wait for one.
 */
import type { AuthenticationError } from '../errors/authentication-error.js';
import type { AccessToken } from '../internal/access-token.js';
import type { Credential, TokenRequest } from '../internal/credential.js';

export class EndableCredential implements Credential {
  readonly #source: Credential;
  #ended: AuthenticationError | undefined;

  constructor(source: Credential) {
    this.#source = source;
  }

  /** @param reason what everybody gets who asks for a token, or waits for one */
  end(reason: AuthenticationError): void {
    this.#ended ??= reason;
  }

  // Not async: most calls of the SDK end here with a token that is there.
  getToken(request: TokenRequest): Promise<AccessToken> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#source.getToken(request).then(this.#unlessEnded);
  }

  readonly #unlessEnded = (token: AccessToken): AccessToken => {
    if (this.#ended !== undefined) throw this.#ended;
    return token;
  };
}

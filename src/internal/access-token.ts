/**
 * An access token with what is known about it. Prints without its value.
 */
import { printAs } from './print-as.js';
import { redacted } from './redact.js';

/** What is known of an access token beside its value. */
export interface AccessTokenFacts {
  /** When it expires, in milliseconds since the epoch; absent when nobody said. */
  readonly expiresAt?: number | undefined;
  /** The scopes it was granted, as far as known. */
  readonly scopes?: readonly string[];
}

/** An access token. `value` is readable, but neither printed, serialised nor cloned. */
export class AccessToken {
  readonly #value: string;
  /** When it expires, in milliseconds since the epoch; `undefined` when nobody said. */
  readonly expiresAt: number | undefined;
  /** The scopes it was granted, as far as known. */
  readonly scopes: readonly string[];

  static {
    printAs(AccessToken.prototype, (token) => {
      const expiry = token.expiresAt === undefined ? 'expiry unknown' : `expires ${new Date(token.expiresAt).toISOString()}`;
      return `AccessToken { ${redacted}, ${expiry}, scopes: ${token.scopes.join(' ')} }`;
    });
  }

  constructor(value: string, facts: AccessTokenFacts = {}) {
    this.#value = value;
    this.expiresAt = facts.expiresAt;
    this.scopes = facts.scopes ?? [];
  }

  /** The token itself, for an `Authorization: Bearer` header. */
  get value(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): { readonly value: string; readonly expiresAt: number | undefined; readonly scopes: readonly string[] } {
    return { value: redacted, expiresAt: this.expiresAt, scopes: this.scopes };
  }
}

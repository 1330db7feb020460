/**
 * A URL that opens an object for whoever has it. Prints without itself, as an access token does.
 */
import { printAs } from '../internal/print-as.js';
import { redacted } from '../internal/redact.js';

/** A URL from which anybody may read one object until it expires. `url` is readable, but neither printed nor serialised. */
export class PresignedUrl {
  readonly #url: string;
  /** When it stops working, in milliseconds since the epoch: never later than the session that signed it. */
  readonly expiresAt: number;

  static {
    printAs(PresignedUrl.prototype, (presigned) => `PresignedUrl { ${redacted}, expires ${new Date(presigned.expiresAt).toISOString()} }`);
  }

  /** @internal */
  constructor(url: string, expiresAt: number) {
    this.#url = url;
    this.expiresAt = expiresAt;
  }

  /** The URL itself, for a link or another program. */
  get url(): string {
    return this.#url;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): { readonly url: string; readonly expiresAt: number } {
    return { url: redacted, expiresAt: this.expiresAt };
  }
}

/**
 * A value that must be asked for: whatever prints, serialises or clones it shows `[redacted]`.
 */
import { printAs } from './print-as.js';
import { redacted } from './redact.js';

/**
 * A secret string, for instance an API key or a passphrase that a service returned.
 *
 * @example
 * const security = deployment.security[0];
 * if (security?.type === 'passphrase') send(security.passphrase?.reveal());
 */
export class Secret {
  readonly #value: string;

  static {
    printAs(Secret.prototype, () => redacted);
  }

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }
}

/**
 * The environment variables as they were when the cloud was constructed. The only place that touches `process.env`, and never at import.
 */
import { ConfigurationError } from '../errors/configuration-error.js';

/** A copy of the environment variables: trimmed, and an empty one counts as unset. Prints nothing of its content. */
export class EnvSnapshot {
  readonly #values: ReadonlyMap<string, string>;

  /**
   * @param env the variables to copy; `process.env` when absent
   * @throws {ConfigurationError} a value is not a string
   */
  constructor(env: Readonly<Record<string, unknown>> = process.env) {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(env)) {
      const text = textOf(name, value);
      if (text !== '') values.set(name, text);
    }
    this.#values = values;
  }

  /** The trimmed value of a variable; `undefined` when it is unset or empty. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }
}

function textOf(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value.trim();
  throw new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: `The option env.${name} is not a string.`,
    fix: 'The option env takes names of variables with string values, as process.env has them.',
  });
}

/**
 * A bounded map whose entries count only for a while: what a service said lately, so that it need not be asked again at once.
 */
import type { Clock } from './clock.js';

export class AgedMap<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly at: number }>();
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #limit: number;

  constructor(clock: Clock, maxAgeMs: number, limit = 1000) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonic() - entry.at < this.#maxAgeMs) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, at: this.#clock.monotonic() });
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}

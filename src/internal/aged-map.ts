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

  /** Counts as new again, also where the key was there; what is too old is dropped on the way. */
  set(key: string, value: Value): void {
    const now = this.#clock.monotonic();
    this.#entries.delete(key);
    this.#entries.set(key, { value, at: now });
    for (const [oldest, { at }] of this.#entries) {
      if (this.#entries.size <= this.#limit && now - at < this.#maxAgeMs) return;
      this.#entries.delete(oldest);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}

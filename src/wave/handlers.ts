/**
 * The handlers of an app's events while they run: they are started, never waited for by Wave, and their failures end in the log.
 */
import type { WaveHeaders } from '../identity/wave/headers.js';
import { sleep, type Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import { redact } from '../internal/redact.js';
import type { WaveEvent } from './event.js';

/** What an app does about an event. */
export type WaveHandler = (event: WaveEvent) => void | Promise<void>;

/** The handlers that have been started and have not come to their end. */
export class RunningHandlers {
  readonly #handle: WaveHandler;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #running = new Set<Promise<void>>();

  constructor(handle: WaveHandler, logger: Logger, clock: Clock) {
    this.#handle = handle;
    this.#logger = logger;
    this.#clock = clock;
  }

  start(event: WaveEvent): void {
    const work = this.#run(event).finally(() => {
      this.#running.delete(work);
    });
    this.#running.add(work);
  }

  /** Resolves when all have ended, or the time is up. */
  async finished(timeoutMs: number): Promise<void> {
    const enough = new AbortController();
    const timeUp = sleep(this.#clock, timeoutMs, enough.signal).catch(() => undefined);
    await Promise.race([timeUp, Promise.all(this.#running)]);
    enough.abort();
    if (this.#running.size > 0)
      this.#logger.warn('Handlers of the Wave app still run; they are left alone.', { count: this.#running.size });
  }

  async #run(event: WaveEvent): Promise<void> {
    try {
      await this.#handle(event);
    } catch (error) {
      this.#logger.error('A handler of the Wave app failed.', { kind: event.kind, error: describeThrown(error, event.headers) });
    }
  }
}

/** What was thrown, fit for a log: anybody may have thrown it, with anything in it. */
export function describeThrown(error: unknown, headers?: WaveHeaders): string {
  const secrets = [headers?.accessToken?.value, headers?.sessionId?.reveal(), headers?.clientId?.reveal()];
  const known = secrets.filter((secret) => secret !== undefined);
  return error instanceof Error ? redact(`${error.name}: ${error.message}`, known) : 'something that is not an Error was thrown';
}

/**
 * The session of one user with Drive: temporary keys, got with the user's access token when the first request needs them, and again
 * before they end. One request for all who wait; who leaves does not end it for the others.
 */
import type { SendExchange } from '../http/exchange.js';
import { freshnessOf, instantOf, type TokenLife } from '../identity/freshness.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import type { Logger } from '../internal/logger.js';
import { assumeRole, type GrantedKeys } from './api/sts.js';
import type { SessionKeys } from './api/signature.js';

export interface SessionPorts {
  readonly send: SendExchange;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the token service is, and what a token for it must carry. */
  endpoint(signal?: AbortSignal): Promise<{ readonly url: string; readonly scopes: readonly string[] }>;
}

/** Keys and the service's time, to sign a request with. */
export interface CurrentKeys {
  readonly keys: SessionKeys;
  /** By the clock of the service, in milliseconds. */
  readonly now: number;
  /** By the clock of the service, in milliseconds. */
  readonly expiresAt: number;
}

interface Granted extends TokenLife {
  readonly keys: GrantedKeys;
}

/** How long before their end keys are renewed: a large part may take minutes, and must not outlive the keys that it was signed with. */
const marginMs = 15 * 60_000;
/** Signatures are refused when they are so much too old or too new. */
const tolerableSkewMs = 15 * 60_000;

export class DriveSession {
  readonly #ports: SessionPorts;
  #granted: Granted | undefined;
  #pending: Promise<Granted> | undefined;
  /** How far the service's clock is ahead; known once it has complained. */
  #aheadMs = 0;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  async current(signal?: AbortSignal): Promise<CurrentKeys> {
    const granted = this.#granted;
    if (granted === undefined) return this.#at(await this.#renewed(signal));
    const freshness = freshnessOf(granted, instantOf(this.#ports.clock), marginMs);
    if (freshness === 'expired') return this.#at(await this.#renewed(signal));
    if (freshness === 'refreshBehind') {
      this.#renewed().catch((error: unknown) => {
        // The old keys serve on; when they end, the call that then needs new ones says why there are none.
        this.#ports.logger.warn("The keys of a user's Drive session could not be renewed yet.", {
          error: error instanceof Error ? error.name : 'unknown',
        });
      });
    }
    return this.#at(granted);
  }

  /** Keys that live for so long if they can: where present ones do not, and have lived for a good part of their time, new ones. */
  async keysFor(lifeMs: number, signal?: AbortSignal): Promise<CurrentKeys> {
    const current = await this.current(signal);
    const granted = this.#granted;
    const leftMs = current.expiresAt - current.now;
    if (granted === undefined || leftMs >= lifeMs || leftMs > granted.lifeMs / 2) return current;
    return this.#at(await this.#renewed(signal));
  }

  /** New keys in place of refused ones. `false`: the refused ones are the newest that can be had. */
  async replace(refused: SessionKeys, signal?: AbortSignal): Promise<boolean> {
    if (this.#granted?.keys.accessKeyId === refused.accessKeyId) await this.#renewed(signal);
    return this.#granted?.keys.accessKeyId !== refused.accessKeyId;
  }

  /** Believes the service's clock, which it answers with when it finds ours wrong. `false`: it says nothing new. */
  setTime(date: string | null): boolean {
    const aheadMs = Date.parse(date ?? '') - this.#ports.clock.now();
    if (Number.isNaN(aheadMs) || Math.abs(aheadMs - this.#aheadMs) < tolerableSkewMs / 2) return false;
    this.#aheadMs = aheadMs;
    this.#ports.logger.warn('The clock of this machine differs from that of Drive; requests are signed with the time of Drive.', {
      aheadMs: Math.round(aheadMs),
    });
    return true;
  }

  /** Whether the present keys were asked for so long ago. */
  isOlderThan(ageMs: number): boolean {
    return this.#granted !== undefined && this.#ports.clock.monotonic() - this.#granted.from.monotonic > ageMs;
  }

  #at({ keys }: Granted): CurrentKeys {
    return { keys, now: this.#ports.clock.now() + this.#aheadMs, expiresAt: keys.expiresAt };
  }

  #renewed(signal?: AbortSignal): Promise<Granted> {
    this.#pending ??= this.#grant().finally(() => {
      this.#pending = undefined;
    });
    return waitUnlessAborted(this.#pending, signal);
  }

  async #grant(): Promise<Granted> {
    const { clock, send, credential } = this.#ports;
    const { url, scopes } = await this.#ports.endpoint();
    const from = instantOf(clock);
    let token: string | undefined;
    const exchange = assumeRole(
      url,
      `h2o-ai-cloud-${Math.floor(clock.now() / 1000)}`,
      async () => {
        token ??= (await credential.getToken({ scopes })).value;
        return token;
      },
      async (signal) => {
        const rejected = token ?? '';
        // That there is no other token is said by what the service answers.
        const renewed = await credential.getToken({ scopes, signal, rejected }).catch(() => undefined);
        token = renewed?.value ?? token;
        return token !== rejected;
      },
    );
    const keys = await send(exchange);
    // The life is counted on our own clocks from the moment it was asked for, so that a wrong clock does no harm.
    const lifeMs = Math.max(keys.expiresAt - (keys.answeredAt ?? from.wall), 0);
    this.#granted = { keys, from, lifeMs };
    return this.#granted;
  }
}

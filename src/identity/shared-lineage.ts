/**
 * A lineage as those who share a token store see it: one process at a time spends the refresh token, the others adopt what it stored.
 * Whoever dies or is held up over it costs the others one more request at most, as far as the identity provider lets them.
 */
import { H2OCloudError } from '../errors/base.js';
import { ConnectionError } from '../errors/connection-error.js';
import type { Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import { freshnessOf, instantOf } from './freshness.js';
import { readJwtClaims } from './jwt-claims.js';
import type { Lineage } from './lineage.js';
import { scopeKey } from './requirements.js';
import { isRefusalCode, lostWithItsHolder, refusedBefore, signedOut } from './sign-in-required.js';
import { aliasToJson, lineageToJson, readStored, withToken, type StoredAlias, type StoredLineage } from './token-store/record.js';
import type { Sealer } from './token-store/sealing.js';
import type { StoreEntry, StoredText, TokenStore } from './token-store/token-store.js';
import { storeBusy, StoreBusyError } from './token-store/unavailable.js';
import type { TimedToken } from './token-slot.js';

export interface SharedLineageOptions {
  readonly lineage: Lineage;
  /** The token under which the lineage is looked up: its first one, or one that the app was told later. */
  readonly refreshToken: string;
  readonly store: TokenStore;
  /** Seals what is stored under a token. */
  readonly sealerOf: (refreshToken: string) => Sealer;
  /** When the store cannot be used: to fail, or to refresh without telling the others. */
  readonly ifUnavailable: 'fail' | 'local';
  readonly clock: Clock;
  readonly marginMs: number;
  readonly logger: Logger;
  readonly signInHint: string | undefined;
}

/** What is to be had. */
export interface Wanted {
  readonly scopes: readonly string[];
  /** A token that a service has refused. */
  readonly rejected: string | undefined;
}

/** What the lineage has to do at two moments of a request to the identity provider. */
export interface SpendHooks {
  /** Throws when the token must not be spent any more. */
  readonly beforeSend: () => void;
  /** Stores a rotated token before anything else happens. Does not reject. */
  readonly keepRotated: (rotated: string) => Promise<void>;
}

export type Spend = (hooks?: SpendHooks) => Promise<TimedToken>;

interface FailedSpend {
  readonly entry: StoreEntry;
  readonly record: StoredLineage;
  /** Somebody before was about to spend the same token, and was not heard of again. */
  readonly wasRefreshing: boolean;
}

/** Somebody else has taken over: what is stored has to be looked at again. */
class TakenOver extends Error {}

const mostAttempts = 4;
const longestRecordMs = 30 * 24 * 3_600_000;

export class SharedLineage {
  readonly #options: SharedLineageOptions;
  #sealer: Sealer | undefined;
  #origin: string;

  constructor(options: SharedLineageOptions) {
    this.#options = options;
    this.#origin = options.refreshToken;
  }

  /**
   * A token that somebody has stored, while it needs no renewal; otherwise what `spend` brings, which is stored for the others.
   *
   * @throws {AuthenticationError} `STORE_UNAVAILABLE`, or what `spend` throws
   */
  async load(wanted: Wanted, spend: Spend): Promise<TimedToken> {
    const { ifUnavailable, logger } = this.#options;
    try {
      for (let attempt = 1; attempt <= mostAttempts; attempt++) {
        const loaded = await this.#loadOnce(wanted, spend);
        if (loaded !== undefined) return loaded;
      }
      throw storeBusy({ name: 'The token store', fix: '' });
    } catch (error) {
      const isDown = error instanceof H2OCloudError && error.code === 'STORE_UNAVAILABLE' && !(error instanceof StoreBusyError);
      if (!isDown || ifUnavailable === 'fail') throw error;
      logger.warn('The token store cannot be used; a refresh token is spent without telling the processes that share it.');
      return spend();
    }
  }

  /** Lets the lineage be found by a token that the app is about to be told. Does not reject. */
  async announce(refreshToken: string): Promise<void> {
    const { store, sealerOf, clock, logger } = this.#options;
    try {
      await this.#resolve();
      if (refreshToken === this.#origin) return;
      const { key, seal } = sealerOf(refreshToken);
      await store.put(key, seal(aliasToJson({ origin: this.#origin })), recordLifeMs(refreshToken, clock));
    } catch {
      logger.warn('A rotated refresh token could not be announced to the processes that share the token store.');
    }
  }

  /**
   * Tells all who share the store that the user has signed out. It waits for nobody: whoever is renewing the token finds it replaced.
   *
   * @returns the newest refresh token that was stored
   * @throws {AuthenticationError} `STORE_UNAVAILABLE`
   */
  async end(): Promise<string | undefined> {
    const { store, clock, refreshToken } = this.#options;
    const { key, seal } = await this.#resolve();
    const newest = this.#open(await store.read(key));
    const ended = lineageToJson({ refreshToken: '', isRefreshing: false, tokens: [] }, instantOf(clock));
    await store.put(key, seal(ended), recordLifeMs(refreshToken, clock));
    return newest?.refreshToken;
  }

  /** Undefined when somebody has taken over, so that it has to be looked at again. */
  async #loadOnce(wanted: Wanted, spend: Spend): Promise<TimedToken | undefined> {
    const { store, lineage } = this.#options;
    const { key } = await this.#resolve();
    const found = this.#adopt(this.#open(await store.read(key)), wanted);
    if (found !== undefined) return found;
    if (lineage.refusal !== undefined) throw lineage.refusal;
    try {
      return await store.exclusively(key, (entry) => this.#loadAlone(entry, wanted, spend));
    } catch (error) {
      if (error instanceof TakenOver) return undefined;
      throw error;
    }
  }

  async #loadAlone(entry: StoreEntry, wanted: Wanted, spend: Spend): Promise<TimedToken> {
    const { lineage, clock } = this.#options;
    const stored = this.#open(await entry.read());
    const found = this.#adopt(stored, wanted);
    if (found !== undefined) return found;
    if (lineage.refusal !== undefined) throw lineage.refusal;

    const spent = lineage.refreshToken;
    const state = { record: { refreshToken: spent, isRefreshing: true, tokens: stored?.tokens ?? [] }, isOurs: true };
    if (!(await this.#replace(entry, state.record))) throw new TakenOver();
    try {
      const brought = await spend({
        beforeSend: () => {
          if (!entry.isHeld()) throw new TakenOver();
        },
        keepRotated: async (rotated) => {
          state.record = { ...state.record, refreshToken: rotated, isRefreshing: false };
          state.isOurs = await this.#commit(entry, state.record, spent);
        },
      });
      const tokens = withToken(state.record.tokens, wanted.scopes, brought, instantOf(clock));
      // Others can do without it, so what goes wrong here is nobody's error.
      if (state.isOurs && !lineage.isEnded()) {
        await this.#replace(entry, { ...state.record, isRefreshing: false, tokens }).catch(() => false);
      }
      return brought;
    } catch (error) {
      throw state.isOurs
        ? await this.#afterFailure(error, { entry, record: state.record, wasRefreshing: stored?.isRefreshing === true })
        : error;
    }
  }

  /** Stores what a request has brought. False where somebody who has taken over has stored something newer: theirs stays, and is adopted. */
  async #commit(entry: StoreEntry, record: StoredLineage, spent: string): Promise<boolean> {
    const { lineage, logger } = this.#options;
    if (lineage.isEnded()) return false;
    try {
      if (await this.#replace(entry, record)) return true;
      const stored = this.#open(await entry.read());
      if (stored !== undefined && stored.refreshToken !== spent) {
        this.#take(stored);
        return false;
      }
      // Whoever has taken over is about to spend a token that is spent already: this is its successor.
      return await this.#replace(entry, record);
    } catch {
      if (!lineage.isEnded())
        logger.warn('A rotated refresh token could not be stored: when this process ends, its user has to sign in again.');
      return false;
    }
  }

  async #afterFailure(error: unknown, { entry, record, wasRefreshing }: FailedSpend): Promise<unknown> {
    const { lineage, signInHint } = this.#options;
    // After a failure of the connection nobody knows whether the token was spent, and the record goes on saying so.
    if (error instanceof TakenOver || lineage.isEnded() || !(error instanceof H2OCloudError) || error instanceof ConnectionError)
      return error;
    const isRefused = error === lineage.refusal;
    try {
      const stored = isRefused ? this.#open(await entry.read()) : undefined;
      if (stored !== undefined && stored.refreshToken !== record.refreshToken) return new TakenOver();
      const refused = isRefused && isRefusalCode(error.code) ? error.code : undefined;
      await this.#replace(entry, { ...record, isRefreshing: false, refused, ...(isRefused ? { tokens: [] } : {}) });
    } catch {
      // The failure itself is what matters to the caller.
    }
    if (!isRefused || !wasRefreshing || error.code !== 'REUSE_DETECTED') return error;
    lineage.refusal = lostWithItsHolder(signInHint);
    return lineage.refusal;
  }

  /** What is stored becomes what this process knows; returns the token that was wanted, if it is there and needs no renewal. */
  #adopt(stored: StoredLineage | undefined, wanted: Wanted): TimedToken | undefined {
    const { clock, marginMs } = this.#options;
    if (stored === undefined) return undefined;
    this.#take(stored);
    const now = instantOf(clock);
    const [key, scopes] = [scopeKey(wanted.scopes), wanted.scopes];
    const found = stored.tokens.find(({ asked, token, life }) => {
      const isEnough = asked === key || (scopes.length > 0 && scopes.every((scope) => token.scopes.includes(scope)));
      return isEnough && token.value !== wanted.rejected && freshnessOf(life, now, marginMs) === 'fresh';
    });
    return found;
  }

  #take({ refreshToken, refused, subject }: StoredLineage): void {
    const { lineage, signInHint } = this.#options;
    if (refreshToken === '') {
      lineage.end();
      throw signedOut();
    }
    lineage.adoptStored(this.#key, refreshToken);
    lineage.subject ??= subject;
    if (refused !== undefined && lineage.refreshToken === refreshToken) lineage.refusal ??= refusedBefore(refused, signInHint);
  }

  async #replace(entry: StoreEntry, record: StoredLineage): Promise<boolean> {
    const { lineage, clock } = this.#options;
    const { key, seal } = await this.#resolve();
    const isWritten = await entry.replace(
      seal(lineageToJson({ ...record, subject: lineage.subject }, instantOf(clock))),
      recordLifeMs(record.refreshToken, clock),
    );
    if (isWritten) lineage.noteStored(key, record.refreshToken);
    return isWritten;
  }

  get #key(): string {
    return this.#sealer?.key ?? '';
  }

  /** The name and the seal of the record: those of the lineage's first token, to which later ones lead. */
  async #resolve(): Promise<Sealer> {
    if (this.#sealer !== undefined) return this.#sealer;
    const { store, sealerOf, refreshToken } = this.#options;
    const own = sealerOf(refreshToken);
    const stored = this.#read(own, await store.read(own.key));
    if (stored === undefined || !('origin' in stored)) return (this.#sealer = own);
    this.#origin = stored.origin;
    return (this.#sealer = sealerOf(stored.origin));
  }

  #open(stored: StoredText | undefined): StoredLineage | undefined {
    const read = this.#sealer === undefined ? undefined : this.#read(this.#sealer, stored);
    return read === undefined || 'origin' in read ? undefined : read;
  }

  #read(sealer: Sealer, stored: StoredText | undefined): StoredLineage | StoredAlias | undefined {
    if (stored === undefined) return undefined;
    return readStored(sealer.open(stored.text), stored.ageMs, instantOf(this.#options.clock));
  }
}

/** A record is of no use after the end of its refresh token, which a JWT tells. */
function recordLifeMs(refreshToken: string, clock: Clock): number {
  const claims = readJwtClaims(refreshToken);
  if (claims?.expiresAt === undefined) return longestRecordMs;
  const lifeMs = claims.expiresAt - (claims.issuedAt ?? clock.now());
  return Math.min(Math.max(lifeMs, 60_000), longestRecordMs);
}

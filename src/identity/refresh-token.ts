/**
 * A credential that holds a refresh token: of a script, a command line, or a session that the app keeps itself.
 * Each request may rotate the token, so requests of one chain go one after the other, and the newest token is kept before
 * anything else happens.
 */
import { SignInRequiredError } from '../errors/authentication-error.js';
import { H2OCloudError } from '../errors/base.js';
import type { AccessToken } from '../internal/access-token.js';
import { sleep, type Clock } from '../internal/clock.js';
import type { Credential, TokenRequest } from '../internal/credential.js';
import { fencedLogger, silentLogger, type Logger } from '../internal/logger.js';
import { defaultMarginMs } from './freshness.js';
import { lineageOf, type Lineage, type ScopedTokens } from './lineage.js';
import type { OidcClient } from './oidc.js';
import { runHook } from './reentrancy.js';
import { requireAudience, requireScopes, scopeFix } from './requirements.js';
import { missingRefreshToken } from './sign-in-required.js';
import type { TokenAnswer } from './token-answer.js';
import type { SlotRules } from './token-slot.js';
import { refreshTokenRecord, type RefreshTokenRecord } from './token-store/record.js';
import type { StoreEntry, TokenStore } from './token-store/token-store.js';

export interface RefreshTokenOptions {
  readonly client: OidcClient;
  /** The token as the user has it; where a store holds a newer one of the same chain, that one is spent. */
  readonly refreshToken: string;
  readonly clock: Clock;
  /** How long before its end an access token is renewed; at most half of its life. Default 30,000. */
  readonly marginMs?: number | undefined;
  /** Told each newer refresh token that this process knows of, so that the app can keep it. What it throws is dropped. */
  readonly onRotate?: ((refreshToken: string) => void | Promise<void>) | undefined;
  /** Where the newest refresh token outlives the process and is shared with others. */
  readonly store?: TokenStore | undefined;
  readonly logger?: Logger | undefined;
}

/** A hook that hangs must not hold up everybody's tokens. */
const longestHookMs = 10_000;

/**
 * A credential that spends a refresh token for access tokens, and keeps them while they are fresh.
 *
 * Credentials made from one refresh token, or from one that it was rotated to, share their tokens and their turn.
 *
 * @example
 * const credential = refreshTokenCredential({ client, refreshToken, clock: systemClock, onRotate: (newer) => session.save(newer) });
 * const token = await credential.getToken({ scopes: ['openid'] });
 */
export function refreshTokenCredential(options: RefreshTokenOptions): Credential {
  return new RefreshTokenCredential(options);
}

class RefreshTokenCredential implements Credential {
  readonly #client: OidcClient;
  readonly #lineage: Lineage;
  readonly #rules: SlotRules;
  readonly #logger: Logger;
  readonly #onRotate: RefreshTokenOptions['onRotate'];
  readonly #stored: { readonly store: TokenStore; readonly record: RefreshTokenRecord } | undefined;
  /** The rotation that `onRotate` was last told, and its telling. */
  #told: number;
  #telling: Promise<void> = Promise.resolve();

  constructor({ client, refreshToken, clock, marginMs = defaultMarginMs, onRotate, store, logger }: RefreshTokenOptions) {
    const context = [client.provider, client.clientId];
    this.#client = client;
    this.#lineage = lineageOf(refreshToken, context);
    this.#rules = { clock, marginMs, owner: this.#lineage };
    this.#logger = fencedLogger(logger ?? silentLogger);
    this.#onRotate = onRotate;
    this.#stored = store === undefined ? undefined : { store, record: refreshTokenRecord(context, refreshToken) };
    this.#told = this.#lineage.refreshToken === refreshToken ? this.#lineage.version : -1;
  }

  // Not async: most calls of the SDK end here with the token that is held, and should pay for one promise only.
  getToken(request: TokenRequest): Promise<AccessToken> {
    const { audience } = request;
    if (this.#told !== this.#lineage.version) void this.#tell();
    const tokens = this.#lineage.tokensFor(request.scopes ?? []);
    const waiting = tokens.slot.get(request, this.#rules, () => this.#load(tokens));
    if (audience === undefined) return waiting;
    return waiting.then((token) => {
      requireAudience(token, audience);
      return token;
    });
  }

  #load({ scopes }: ScopedTokens): Promise<TokenAnswer> {
    return this.#lineage.inTurn(async () => {
      try {
        const answer = await (this.#stored === undefined ? this.#spend(scopes) : this.#spendStored(scopes, this.#stored));
        this.#logger.debug('An access token was refreshed.', { scopes: scopes.join(' ') });
        return answer;
      } catch (error) {
        this.#logger.debug('An access token could not be refreshed.', { code: error instanceof H2OCloudError ? error.code : 'unknown' });
        throw error;
      }
    });
  }

  #spendStored(scopes: readonly string[], { store, record }: { store: TokenStore; record: RefreshTokenRecord }): Promise<TokenAnswer> {
    return store.exclusively(record.key, async (entry) => {
      this.#lineage.adoptStored(record.key, record.open(await entry.read()));
      return await this.#spend(scopes, (rotated) => this.#save(rotated, record, entry));
    });
  }

  async #spend(scopes: readonly string[], save?: (rotated: string) => Promise<void>): Promise<TokenAnswer> {
    const lineage = this.#lineage;
    if (lineage.refreshToken === '') throw missingRefreshToken(this.#client.signInHint);
    if (lineage.refusal !== undefined) throw lineage.refusal;
    try {
      const answer = await this.#client.refresh(lineage.refreshToken, {
        scopes,
        keepRotated: async (rotated) => {
          lineage.adopt(rotated);
          await save?.(rotated);
          await this.#tell();
        },
      });
      this.#checkSubject(answer.claims?.subject);
      requireScopes(answer.token.scopes, scopes, scopeFix(this.#client.clientId));
      return answer;
    } catch (error) {
      // A disabled user may be enabled again, and the same token then works.
      if (error instanceof SignInRequiredError && error.code !== 'USER_DISABLED') lineage.refusal = error;
      throw error;
    }
  }

  async #save(rotated: string, record: RefreshTokenRecord, entry: StoreEntry): Promise<void> {
    try {
      // Where somebody has taken over while this process was held up, theirs stays, and is found by the next refresh.
      if (await entry.write(record.seal(rotated, this.#rules.clock.now()))) this.#lineage.noteStored(record.key, rotated);
    } catch {
      this.#logger.warn('A rotated refresh token could not be stored: when this process ends, its user has to sign in again.');
    }
  }

  #checkSubject(subject: string | undefined): void {
    if (subject === undefined) return;
    const lineage = this.#lineage;
    lineage.subject ??= subject;
    if (lineage.subject === subject) return;
    lineage.forgetTokens();
    throw new SignInRequiredError({
      code: 'SUBJECT_MISMATCH',
      what: 'The identity provider answered with a token of another user.',
      fix: 'Sign in again, and report this to the administrator of the identity provider.',
    });
  }

  /** Tells `onRotate` the newest token, once for each rotation and never two at a time. Does not reject. */
  #tell(): Promise<void> {
    const lineage = this.#lineage;
    const onRotate = this.#onRotate;
    if (this.#told === lineage.version) return this.#telling;
    this.#told = lineage.version;
    if (onRotate !== undefined) {
      this.#telling = this.#telling.then(() => this.#withinTime(runHook(lineage, () => onRotate(lineage.refreshToken))));
    }
    return this.#telling;
  }

  async #withinTime(hook: Promise<void>): Promise<void> {
    const over = new AbortController();
    const tooLong = sleep(this.#rules.clock, longestHookMs, over.signal).then(() => Promise.reject(new Error()));
    try {
      await Promise.race([hook, tooLong]);
    } catch {
      this.#logger.warn('`onRotate` failed or took too long; the newer refresh token is used all the same.');
    } finally {
      over.abort();
    }
  }
}

/**
 * A credential that holds a refresh token: of a script, a command line, or a session that the app keeps itself.
 * Each request may rotate the token, so requests of one chain go one after the other, and the newest token is kept before
 * anything else happens.
 */
import { SignInRequiredError } from '../errors/authentication-error.js';
import { H2OCloudError } from '../errors/base.js';
import type { AccessToken } from '../internal/access-token.js';
import { sleep, type Clock } from '../internal/clock.js';
import { tokenUseReport, type CallListener } from '../internal/call-event.js';
import type { Credential, TokenRequest } from '../internal/credential.js';
import { fencedLogger, silentLogger, type Logger } from '../internal/logger.js';
import { defaultMarginMs } from './freshness.js';
import { lineageOf, type Lineage, type ScopedTokens } from './lineage.js';
import type { OidcClient } from './oidc.js';
import { runHook } from './reentrancy.js';
import { requireAudience, requireScopes, scopeFix } from './requirements.js';
import { SharedLineage, type SpendHooks } from './shared-lineage.js';
import { missingRefreshToken, signedOut } from './sign-in-required.js';
import type { TokenAnswer } from './token-answer.js';
import type { SlotRules, TimedToken } from './token-slot.js';
import { openSealerFor, sealerFor } from './token-store/sealing.js';
import type { TokenStore } from './token-store/token-store.js';

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
  /** Keys of the app's own for what is stored, 32 bytes each: the first seals, all open. */
  readonly encryptionKeys?: readonly Buffer[] | undefined;
  /** When the store cannot be used: to fail (the default), or to refresh without telling the others. */
  readonly ifUnavailable?: 'fail' | 'local' | undefined;
  readonly logger?: Logger | undefined;
  readonly onCall?: CallListener | undefined;
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
  readonly #shared: SharedLineage | undefined;
  /** The rotation that `onRotate` was last told, and its telling. */
  #told: number;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: RefreshTokenOptions) {
    const { client, refreshToken, clock, marginMs = defaultMarginMs, logger, onCall } = options;
    const context = [client.provider, client.clientId];
    this.#client = client;
    this.#lineage = lineageOf(refreshToken, context);
    this.#rules = { clock, marginMs, owner: this.#lineage, report: tokenUseReport(onCall, 'refresh_token') };
    this.#logger = fencedLogger(logger ?? silentLogger);
    this.#onRotate = options.onRotate;
    this.#shared = this.#sharedBy(options, context);
    this.#told = this.#lineage.refreshToken === refreshToken ? this.#lineage.version : -1;
  }

  #sharedBy({ client, refreshToken, store, ...options }: RefreshTokenOptions, context: readonly string[]): SharedLineage | undefined {
    if (store === undefined) return undefined;
    const { clock, marginMs } = this.#rules;
    return new SharedLineage({
      lineage: this.#lineage,
      refreshToken,
      store,
      sealerOf: (token) => (store.isPrivate === true ? openSealerFor(context, token) : sealerFor(context, token, options.encryptionKeys)),
      ifUnavailable: options.ifUnavailable ?? 'fail',
      clock,
      marginMs,
      logger: this.#logger,
      signInHint: client.signInHint,
    });
  }

  // Not async: most calls of the SDK end here with the token that is held, and should pay for one promise only.
  getToken(request: TokenRequest): Promise<AccessToken> {
    const { audience } = request;
    if (this.#told !== this.#lineage.version) void this.#tell();
    const tokens = this.#lineage.tokensFor(request.scopes ?? []);
    const waiting = tokens.slot.get(request, this.#rules, (rejected) => this.#load(tokens, rejected));
    if (audience === undefined) return waiting;
    return waiting.then((token) => {
      requireAudience(token, audience);
      return token;
    });
  }

  async forget({ revoke }: { readonly revoke: boolean }): Promise<boolean> {
    const held = this.#lineage.refreshToken;
    this.#lineage.end();
    const newest = (await this.#shared?.end()) ?? held;
    return revoke && newest !== '' ? this.#client.revoke(newest) : false;
  }

  #load({ scopes }: ScopedTokens, rejected: string | undefined): Promise<TimedToken> {
    return this.#lineage.inTurn(async () => {
      try {
        const loaded = await this.#next(scopes, rejected);
        // Whoever has signed out in the meantime gets nothing more.
        if (this.#lineage.isEnded()) throw signedOut();
        this.#logger.debug('An access token was renewed.', { scopes: scopes.join(' ') });
        return loaded;
      } catch (error) {
        this.#logger.debug('An access token could not be renewed.', { code: error instanceof H2OCloudError ? error.code : 'unknown' });
        throw error;
      }
    });
  }

  async #next(scopes: readonly string[], rejected: string | undefined): Promise<TimedToken> {
    const lineage = this.#lineage;
    if (lineage.isEnded()) throw signedOut();
    if (lineage.refreshToken === '') throw missingRefreshToken(this.#client.signInHint);
    const wider = rejected === undefined ? lineage.freshTokenWith(scopes, this.#rules) : undefined;
    if (wider !== undefined) return wider;
    const spend = (hooks?: SpendHooks): Promise<TimedToken> => this.#spend(scopes, hooks);
    return this.#shared === undefined ? spend() : this.#shared.load({ scopes, rejected }, spend);
  }

  async #spend(scopes: readonly string[], hooks?: SpendHooks): Promise<TokenAnswer> {
    const lineage = this.#lineage;
    if (lineage.refusal !== undefined) throw lineage.refusal;
    try {
      const answer = await this.#client.refresh(lineage.refreshToken, {
        scopes,
        beforeSend: hooks?.beforeSend,
        keepRotated: async (rotated) => {
          lineage.adopt(rotated);
          await hooks?.keepRotated(rotated);
          await this.#tell();
        },
      });
      this.#checkSubject(answer.claims?.subject);
      requireScopes(answer.token.scopes, scopes, scopeFix(this.#client.clientId));
      return answer;
    } catch (error) {
      // A disabled user may be enabled again, and the same token then works.
      if (error instanceof SignInRequiredError && error.code !== 'USER_DISABLED' && !lineage.isEnded()) lineage.refusal = error;
      throw error;
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
    if (this.#told === lineage.version || lineage.isEnded()) return this.#telling;
    this.#told = lineage.version;
    if (onRotate !== undefined) {
      const announced = this.#telling.then(() => this.#shared?.announce(lineage.refreshToken));
      this.#telling = announced.then(() => this.#withinTime(runHook(lineage, () => onRotate(lineage.refreshToken))));
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

/**
 * A credential over another one: where that one's token lacks a scope or an audience, it is exchanged (RFC 8693) for one that has them.
 * An exchange spends nothing, and its token has a full life of its own.
 */
import { AuthenticationError, ScopeNotGrantedError, SignInRequiredError, TokenExchangeError } from '../errors/authentication-error.js';
import type { AccessToken } from '../internal/access-token.js';
import { tokenUseReport, type CallListener } from '../internal/call-event.js';
import type { Clock } from '../internal/clock.js';
import type { Credential, TokenRequest } from '../internal/credential.js';
import { defaultMarginMs } from './freshness.js';
import { readJwtClaims } from './jwt-claims.js';
import type { OidcClient } from './oidc.js';
import { requireAudience, requireScopes, scopeFix, scopeKey, scopeList } from './requirements.js';
import type { TokenAnswer } from './token-answer.js';
import { TokenSlot, type SlotRules } from './token-slot.js';

export interface TokenExchangeOptions {
  /** Whose tokens are exchanged. */
  readonly source: Credential;
  /** The confidential client that exchanges; looked up when the first exchange is needed. */
  readonly client: () => Promise<OidcClient>;
  readonly clock: Clock;
  /** How long before its end an exchanged token is renewed; at most half of its life. Default 30,000. */
  readonly marginMs?: number | undefined;
  readonly onCall?: CallListener | undefined;
}

/** Different kinds of tokens that one user needs: a handful, unless somebody asks for ever new ones. */
const mostSlots = 100;

/**
 * A credential whose tokens carry what is asked for, by exchange where the source's own token does not.
 *
 * @example
 * const credential = tokenExchangeCredential({ source: staticTokenCredential(accessToken, systemClock), client: async () => client, clock: systemClock });
 * const token = await credential.getToken({ scopes: ['ai.h2o.storage'] });
 */
export function tokenExchangeCredential(options: TokenExchangeOptions): Credential {
  const { source, clock, marginMs = defaultMarginMs } = options;
  const report = tokenUseReport(options.onCall, 'token_exchange');
  const slots = new Map<string, TokenSlot>();
  return {
    async forget(options) {
      slots.clear();
      return (await source.forget?.(options)) ?? false;
    },
    async getToken(request) {
      const key = JSON.stringify([scopeKey(request.scopes ?? []), [...(request.audience ?? [])].sort()]);
      if (!slots.has(key)) {
        const own = await ownToken(source, request);
        if (own !== undefined && isEnough(own, request)) return own;
      }
      // Others may have come this far in the meantime: all of them share one exchange.
      const slot = slots.get(key) ?? new TokenSlot();
      slots.set(key, slot);
      if (slots.size > mostSlots) slots.delete(String(slots.keys().next().value));
      const rules: SlotRules = { clock, marginMs, owner: slot, report };
      return slot.get(request, rules, () => exchange(options, request));
    },
  };
}

/** The source's token; `undefined` where a service has refused it and the source has no other one. */
async function ownToken(source: Credential, { signal, rejected }: TokenRequest): Promise<AccessToken | undefined> {
  try {
    return await source.getToken({ signal, ...(rejected === undefined ? {} : { rejected }) });
  } catch (error) {
    if (error instanceof AuthenticationError && error.code === 'AUTH_REJECTED') return undefined;
    throw error;
  }
}

/** An opaque token tells nothing of itself: its scopes are those that came with it, if any did, and its audience is unknown. */
function isEnough(token: AccessToken, { scopes, audience = [] }: TokenRequest): boolean {
  const claims = readJwtClaims(token.value);
  const granted = claims?.scopes ?? token.scopes;
  const isOpen = claims === undefined && granted.length === 0;
  const named = claims?.audience ?? [];
  return (isOpen || scopeList(scopes).every((scope) => granted.includes(scope))) && audience.every((name) => named.includes(name));
}

async function exchange({ source, client }: TokenExchangeOptions, request: TokenRequest): Promise<TokenAnswer> {
  const scopes = scopeList(request.scopes);
  const audience = request.audience ?? [];
  const exchanger = await client();
  const subject = await source.getToken({});
  try {
    const answer = await exchanger.exchange(subject.value, { scopes, audience }).catch(async (error: unknown) => {
      const newer = await newerSubject(source, subject, error);
      return exchanger.exchange(newer.value, { scopes, audience });
    });
    requireScopes(answer.token.scopes, scopes, scopeFix(exchanger.clientId));
    if (answer.claims !== undefined) requireAudience(answer.token, audience);
    return answer;
  } catch (error) {
    throw notAllowed(error, subject, scopes, exchanger.clientId);
  }
}

/** A subject that the provider no longer accepts is worth one more look at the source. */
async function newerSubject(source: Credential, subject: AccessToken, error: unknown): Promise<AccessToken> {
  if (!(error instanceof SignInRequiredError && error.code === 'SESSION_EXPIRED')) throw error;
  const newer = await source.getToken({ rejected: subject.value }).catch((reason: unknown) => {
    // There is no other token: then the provider's refusal tells more than that.
    throw reason instanceof AuthenticationError && reason.code === 'AUTH_REJECTED' ? error : reason;
  });
  if (newer.value === subject.value) throw error;
  return newer;
}

/** Where scopes were what was wanted, the error says which are missing and who grants them. */
function notAllowed(error: unknown, subject: AccessToken, scopes: readonly string[], clientId: string): unknown {
  const isAboutScopes = error instanceof TokenExchangeError || (error instanceof ScopeNotGrantedError && error.missing.includes('openid'));
  if (!isAboutScopes || scopes.length === 0) return error;
  const granted = readJwtClaims(subject.value)?.scopes ?? subject.scopes;
  const missing = scopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return error;
  const said = error instanceof TokenExchangeError && error.providerMessage !== undefined ? ` (${error.providerMessage})` : '';
  return new ScopeNotGrantedError({
    what: `The token lacks ${missing.join(' ')}, and the identity provider does not exchange it for one that has it${said}.`,
    fix: `Ask an administrator to make the missing scopes default or optional scopes of the client "${clientId}", and to switch token exchange on for it; the token must be the client's own, or name it as audience.`,
    missing,
    granted,
  });
}

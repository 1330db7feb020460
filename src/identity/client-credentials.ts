/**
 * A credential of the app itself: its confidential client signs in with what it proves itself by, and no user is involved.
 * Nothing is spent or rotated, so each set of scopes goes its own way.
 */
import { tokenUseReport, type CallListener } from '../internal/call-event.js';
import type { Clock } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import { defaultMarginMs } from './freshness.js';
import type { OidcClient } from './oidc.js';
import { requireAudience, requireScopes, scopeFix, scopeKey, scopeList } from './requirements.js';
import type { TokenAnswer } from './token-answer.js';
import { TokenSlot } from './token-slot.js';

export interface ClientCredentialsOptions {
  /** The confidential client; looked up when the first token is needed. */
  readonly client: () => Promise<OidcClient>;
  readonly clock: Clock;
  /** How long before its end a token is renewed; at most half of its life. Default 30,000. */
  readonly marginMs?: number | undefined;
  readonly onCall?: CallListener | undefined;
}

/** Different kinds of tokens that one app needs: a handful, unless somebody asks for ever new ones. */
const mostSlots = 100;

/**
 * A credential whose tokens are those of a client's own service account.
 *
 * @example
 * const credential = clientCredentialsCredential({ client: async () => client, clock: systemClock });
 * const token = await credential.getToken({ scopes: ['ai.h2o.storage'] });
 */
export function clientCredentialsCredential({ client, clock, marginMs = defaultMarginMs, onCall }: ClientCredentialsOptions): Credential {
  const report = tokenUseReport(onCall, 'client_credentials');
  const slots = new Map<string, TokenSlot>();

  const load = async (asked: readonly string[]): Promise<TokenAnswer> => {
    const scopes = scopeList(asked);
    const itself = await client();
    const answer = await itself.signInItself({ scopes });
    requireScopes(answer.token.scopes, scopes, scopeFix(itself.clientId));
    return answer;
  };

  return {
    async getToken(request) {
      const scopes = request.scopes ?? [];
      const key = scopeKey(scopes);
      const slot = slots.get(key) ?? new TokenSlot();
      slots.set(key, slot);
      if (slots.size > mostSlots) slots.delete(String(slots.keys().next().value));
      const token = await slot.get(request, { clock, marginMs, owner: slot, report }, () => load(scopes));
      requireAudience(token, request.audience);
      return token;
    },
  };
}

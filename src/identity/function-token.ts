/**
 * A credential that is a function of the user's: whoever has tokens from elsewhere hands them in.
 */
import { AuthenticationError } from '../errors/authentication-error.js';
import { H2OCloudError } from '../errors/base.js';
import { AccessToken } from '../internal/access-token.js';
import { tokenUseReport, type CallListener } from '../internal/call-event.js';
import type { Clock } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import { redact } from '../internal/redact.js';
import { defaultMarginMs, instantOf } from './freshness.js';
import { readJwtClaims } from './jwt-claims.js';
import { runHook } from './reentrancy.js';
import { requireAudience, requireScopes } from './requirements.js';
import { fitsIntoHeader } from './token-answer.js';
import { TokenSlot, type TimedToken } from './token-slot.js';

/** A token as a function may give it. `expiresAt` is in milliseconds since the epoch; without it a JWT's own end counts. */
export type SuppliedToken =
  | string
  | { readonly accessToken: string; readonly expiresAt?: number | undefined }
  | { readonly value: string; readonly expiresAt?: number | undefined };

export type TokenFunction = () => SuppliedToken | Promise<SuppliedToken>;

export interface FunctionTokenOptions {
  readonly clock: Clock;
  /** How long before its end a token is asked for anew; at most half of its life. Default 30,000. */
  readonly marginMs?: number | undefined;
  readonly onCall?: CallListener | undefined;
}

/**
 * A credential that asks a function for tokens, one call at a time, and keeps a token until shortly before its end.
 * A token whose end nobody knows is asked for each time.
 *
 * @example
 * const credential = functionTokenCredential(async () => (await session.accessToken()).value, { clock: systemClock });
 */
export function functionTokenCredential(supply: TokenFunction, options: FunctionTokenOptions): Credential {
  const { clock } = options;
  const slot = new TokenSlot();
  const rules = { clock, marginMs: options.marginMs ?? defaultMarginMs, owner: slot, report: tokenUseReport(options.onCall, 'function') };
  const load = async (): Promise<TimedToken> => timedToken(await suppliedBy(supply, slot), clock);

  return {
    async getToken(request) {
      const token = await slot.get(request, rules, load);
      const scopes = request.scopes === undefined ? undefined : readJwtClaims(token.value)?.scopes;
      if (scopes !== undefined)
        requireScopes(scopes, request.scopes ?? [], 'Let the function that supplies the token get one that has them.');
      requireAudience(token, request.audience);
      return token;
    },
  };
}

async function suppliedBy(supply: TokenFunction, owner: object): Promise<unknown> {
  try {
    return await runHook(owner, supply);
  } catch (error) {
    if (error instanceof H2OCloudError) throw error;
    const said = error instanceof Error ? redact(error.message) : '';
    throw failed(said === '' ? 'The function that supplies the token failed.' : `The function that supplies the token failed: ${said}`);
  }
}

function timedToken(supplied: unknown, clock: Clock): TimedToken {
  const value = typeof supplied === 'string' ? supplied : (member(supplied, 'accessToken') ?? member(supplied, 'value'));
  if (typeof value !== 'string' || !fitsIntoHeader(value)) throw failed('The function that supplies the token gave none that can be used.');
  const claims = readJwtClaims(value);
  const said = member(supplied, 'expiresAt');
  const expiresAt = typeof said === 'number' && Number.isFinite(said) ? said : claims?.expiresAt;
  const from = instantOf(clock);
  const lifeMs = expiresAt === undefined ? 0 : Math.max(expiresAt - from.wall, 0);
  return { token: new AccessToken(value, { expiresAt, scopes: claims?.scopes ?? [] }), life: { from, lifeMs } };
}

function member(supplied: unknown, name: string): unknown {
  return typeof supplied === 'object' && supplied !== null ? Reflect.get(supplied, name) : undefined;
}

function failed(what: string): AuthenticationError {
  return new AuthenticationError({
    code: 'CREDENTIAL_FAILED',
    what,
    fix: 'It must return, or resolve with, a token or `{ accessToken, expiresAt }`.',
  });
}

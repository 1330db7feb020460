/**
 * The tokens of one session of Wave, over all of its requests. Wave owns the refresh token: the token that came with an event serves
 * while it is fresh, and then Wave is asked for what it holds now.
 */
import { SignInRequiredError } from '../../errors/authentication-error.js';
import { AccessToken } from '../../internal/access-token.js';
import { tokenUseReport, type CallListener } from '../../internal/call-event.js';
import type { Clock } from '../../internal/clock.js';
import type { Credential, TokenRequest } from '../../internal/credential.js';
import { fingerprint } from '../fingerprint.js';
import { instantOf } from '../freshness.js';
import { readJwtClaims, type JwtClaims } from '../jwt-claims.js';
import { requireAudience, requireScopes } from '../requirements.js';
import { TokenSlot, type SlotRules, type TimedToken } from '../token-slot.js';

export interface WaveSessionPorts {
  readonly clock: Clock;
  /** Asks Wave which token the session holds. */
  readonly ask: () => Promise<string>;
  readonly onCall?: CallListener | undefined;
}

/** Wave renews a token in its last ten seconds; asked earlier it would hand out the same one again. */
const marginMs = 5_000;
/** What is left at least of a token that Wave has just handed out, if it has such a life at all. */
const leftAfterAskingMs = 10_000;
/** For a token that tells nothing of its life. */
const guessedLifeMs = 30_000;
/** Tokens of the past that may still come with an event that was late. */
const mostSuperseded = 16;

const exchangeFix =
  "Ask an administrator to make the missing scopes default scopes of the client that Wave signs users in with, or give the SDK that client's secret (oidc.clientId and oidc.clientSecret) so that it can exchange the token.";

interface Newest {
  readonly timed: TimedToken;
  readonly claims: JwtClaims | undefined;
}

/**
 * The credential of one signed-in session.
 *
 * @example
 * const waveSession = new WaveSession({ clock: systemClock, ask: () => askWave(waveAuth, secret) });
 * waveSession.adopt(await session.accessToken());
 * const token = await waveSession.getToken({ scopes: ['ai.h2o.storage'] });
 */
export class WaveSession implements Credential {
  readonly #ports: WaveSessionPorts;
  readonly #slot = new TokenSlot();
  readonly #rules: SlotRules;
  readonly #superseded: string[] = [];
  #newest: Newest | undefined;

  constructor(ports: WaveSessionPorts) {
    this.#ports = ports;
    this.#rules = { clock: ports.clock, marginMs, owner: this, report: tokenUseReport(ports.onCall, 'wave_session') };
  }

  /**
   * Takes the token of an event, unless a newer one is there: events may arrive late.
   *
   * @throws {SignInRequiredError} SUBJECT_MISMATCH: it is the token of another user
   */
  adopt(token: AccessToken): void {
    if (this.#newest?.timed.token.value === token.value) return;
    const arrived = this.#timed(token.value, 0);
    if (this.#take(arrived) === arrived) this.#slot.offer(arrived.timed);
  }

  async getToken(request: TokenRequest): Promise<AccessToken> {
    const token = await this.#slot.get(request, this.#rules, () => this.#ask());
    // An opaque token tells no scopes: the service will say what it lacks.
    if (token.scopes.length > 0) requireScopes(token.scopes, request.scopes ?? [], exchangeFix);
    requireAudience(token, request.audience);
    return token;
  }

  async #ask(): Promise<TimedToken> {
    const from = instantOf(this.#ports.clock);
    const value = await this.#ports.ask();
    return this.#take(this.#timed(value, leftAfterAskingMs, from)).timed;
  }

  /** @param leastMs what is left of the token whatever our clock says, which may be wrong */
  #timed(value: string, leastMs: number, from = instantOf(this.#ports.clock)): Newest {
    const claims = readJwtClaims(value);
    const token = new AccessToken(value, { expiresAt: claims?.expiresAt, scopes: claims?.scopes ?? [] });
    if (claims?.expiresAt === undefined) return { timed: { token, life: { from, lifeMs: guessedLifeMs } }, claims };
    const wholeMs = claims.issuedAt === undefined ? Infinity : Math.max(claims.expiresAt - claims.issuedAt, 0);
    const lifeMs = Math.min(Math.max(claims.expiresAt - from.wall, leastMs), wholeMs);
    return { timed: { token, life: { from, lifeMs } }, claims };
  }

  /** The newer one of a token that has come and the one that was there. */
  #take(arrived: Newest): Newest {
    const known = this.#newest;
    if (known === undefined) return (this.#newest = arrived);
    if (known.timed.token.value === arrived.timed.token.value) return (this.#newest = arrived);
    if (isOfAnother(known, arrived)) throw otherSubject();
    if (!this.#isNewer(arrived, known)) return known;
    this.#superseded.push(fingerprint([known.timed.token.value]));
    if (this.#superseded.length > mostSuperseded) this.#superseded.shift();
    return (this.#newest = arrived);
  }

  #isNewer(arrived: Newest, known: Newest): boolean {
    const [mine, theirs] = [known.claims, arrived.claims];
    for (const date of ['issuedAt', 'expiresAt'] as const) {
      const [before, after] = [mine?.[date], theirs?.[date]];
      if (before !== undefined && after !== undefined && before !== after) return after > before;
    }
    return !this.#superseded.includes(fingerprint([arrived.timed.token.value]));
  }
}

function isOfAnother({ claims: known }: Newest, { claims: arrived }: Newest): boolean {
  return known?.subject !== undefined && arrived?.subject !== undefined && known.subject !== arrived.subject;
}

/** A session whose id has come back as somebody else's. */
export function otherSubject(): SignInRequiredError {
  return new SignInRequiredError({
    code: 'SUBJECT_MISMATCH',
    what: 'A session of Wave came back as that of another user, so nothing of it is used any more.',
    fix: 'Let the user sign in again, and report this to the administrator of Wave.',
  });
}

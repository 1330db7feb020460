/**
 * Sign-in sessions and the refresh tokens that live off them: rotation, reuse detection, endings.
 * Knows nothing of HTTP, signatures or time: the caller says what time it is.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { invalidGrant } from './oauth-error.js';
import type { Account, Client } from './realm.js';

/** One client's part in a session. */
interface ClientSession {
  /** An exchange that does not name `openid` takes it from the session; one that names it gives it back. */
  hasOpenid: boolean;
}

export interface Session {
  readonly id: string;
  readonly account: Account;
  /** Lives on after the browser's sign-out, and its refresh token never expires. */
  readonly isOffline: boolean;
  readonly startedAt: number;
  readonly clients: Map<string, ClientSession>;
  /** Whether an administrator has signed its user out everywhere. */
  endedByAdministrator: boolean;
}

/** The refresh tokens that descend from one sign-in. */
interface Lineage {
  newest: number;
  lastUsed: number;
}

export interface RefreshToken {
  readonly value: string;
  readonly session: Session;
  readonly client: Client;
  readonly scopes: readonly string[];
  readonly expiresAt: number | undefined;
  readonly lineage: Lineage;
  readonly sequence: number;
}

/** Ten hours, the longest an online session lasts. */
const sessionLifeMs = 36_000_000;

/** When a session is over in any case; undefined for one that is never. */
export const endOf = ({ isOffline, startedAt }: Session): number | undefined => (isOffline ? undefined : startedAt + sessionLifeMs);

/** The words for a session that is gone: the stamp that an administrator's sign-out leaves on a user makes offline tokens stale. */
function endingOf({ isOffline, endedByAdministrator }: Session): string {
  if (!isOffline) return 'Session not active';
  return endedByAdministrator ? 'Stale token' : 'Offline user session not found';
}

export class Sessions {
  readonly #rotates: boolean;
  readonly #sessions = new Map<string, Session>();
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #revokedTokens = new Set<string>();

  constructor(rotates: boolean) {
    this.#rotates = rotates;
  }

  start(account: Account, client: Client, scopes: readonly string[], now: number): Session {
    const session: Session = {
      id: randomUUID(),
      account,
      isOffline: scopes.includes('offline_access'),
      startedAt: now,
      clients: new Map(),
      endedByAdministrator: false,
    };
    session.clients.set(client.id, { hasOpenid: true });
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The first refresh token of a sign-in. */
  issue(session: Session, client: Client, scopes: readonly string[]): RefreshToken {
    return this.#keep(session, client, scopes, { newest: 0, lastUsed: 0 });
  }

  /** The token that `value` stands for, where it may be redeemed by this client now; nothing is spent yet. */
  find(value: string, client: Client, now: number): RefreshToken {
    const token = this.#refreshTokens.get(value);
    if (token === undefined) throw invalidGrant('Invalid refresh token');
    if (token.client.id !== client.id) throw invalidGrant("Invalid refresh token. Token client and authorized client don't match");
    if (token.expiresAt !== undefined && token.expiresAt <= now) throw invalidGrant('Token is not active');
    if (!this.#sessions.has(token.session.id)) throw invalidGrant(endingOf(token.session));
    if (!token.session.account.enabled) throw invalidGrant('User disabled');
    if (!token.session.clients.has(client.id)) throw invalidGrant("Session doesn't have required client");
    return token;
  }

  /** Whether {@link find} would give a token out. */
  isLive(value: string, client: Client, now: number): boolean {
    try {
      this.find(value, client, now);
      return true;
    } catch {
      return false;
    }
  }

  /** Redeems a token for its successor. Under rotation a token is good once: a second use ends the client's part of the session. */
  redeem(token: RefreshToken): RefreshToken {
    const { lineage, session, client } = token;
    if (this.#rotates) {
      if (token.sequence <= lineage.lastUsed) {
        session.clients.delete(client.id);
        throw invalidGrant(token.sequence < lineage.lastUsed ? 'Stale token' : 'Maximum allowed refresh token reuse exceeded');
      }
      lineage.lastUsed = token.sequence;
    }
    return this.#keep(session, client, token.scopes, lineage);
  }

  /** The live session that an access token belongs to, if it still is one. */
  live(sessionId: string, clientId: string, tokenId: string): Session | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.clients.has(clientId) === true && !this.#revokedTokens.has(tokenId) ? session : undefined;
  }

  end(session: Session): void {
    this.#sessions.delete(session.id);
  }

  /** What an administrator does who signs a user out: every session ends, offline ones too. */
  endAllOf(account: Account): void {
    for (const session of [...this.#sessions.values()].filter((entry) => entry.account === account)) {
      session.endedByAdministrator = true;
      this.end(session);
    }
  }

  /** Ends one client's part of a session, and the session with its last part. */
  endClient(session: Session, clientId: string): void {
    session.clients.delete(clientId);
    if (session.clients.size === 0) this.end(session);
  }

  revokeAccessToken(tokenId: string): void {
    this.#revokedTokens.add(tokenId);
  }

  /** The refresh token behind a value, dead or alive. */
  refreshToken(value: string): RefreshToken | undefined {
    return this.#refreshTokens.get(value);
  }

  #keep(session: Session, client: Client, scopes: readonly string[], lineage: Lineage): RefreshToken {
    lineage.newest += 1;
    const token: RefreshToken = {
      value: randomBytes(48).toString('base64url'),
      session,
      client,
      scopes,
      expiresAt: endOf(session),
      lineage,
      sequence: lineage.newest,
    };
    this.#refreshTokens.set(token.value, token);
    return token;
  }
}

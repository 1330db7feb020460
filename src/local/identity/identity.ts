/**
 * The identity provider's memory and its judgement: who is signed in, and whose token is good. Its HTTP face is identity-provider.ts.
 */
import type { Clock } from '../../internal/clock.js';
import type { JsonObject } from '../json.js';
import { ClientAuthenticator } from './client-authentication.js';
import { ClientKeys } from './client-keys.js';
import { DeviceCodes } from './device.js';
import { createRealm } from './realm.js';
import type { Account, Client, Realm } from './realm.js';
import { grantedAtSignIn } from './scopes.js';
import { Sessions, endOf } from './sessions.js';
import type { RefreshToken, Session } from './sessions.js';
import { Tokens, isUnexpired } from './tokens.js';
import type { GrantMark } from './tokens.js';

export interface IdentityOptions {
  readonly origin: string;
  readonly clock: Clock;
  readonly accessTokenSeconds: number;
  readonly rotateRefreshTokens: boolean;
}

/** An access token that stands: unexpired, unrevoked, of a live session and an enabled account. */
export interface LiveToken {
  readonly claims: JsonObject;
  readonly session: Session;
  readonly clientId: string;
  readonly tokenId: string;
  readonly scopes: readonly string[];
}

export type TokenVerdict =
  { readonly live: LiveToken } | { readonly refusal: 'Token verification failed' | 'user_session_not_found' | 'User disabled' };

export interface GrantedTokens {
  readonly session: Session;
  readonly client: Client;
  readonly scopes: readonly string[];
  readonly mark: GrantMark;
  readonly audiences?: readonly string[];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export class Identity {
  readonly issuer: string;
  readonly realm: Realm;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly clientKeys: ClientKeys = new ClientKeys();
  readonly clientAuthenticator: ClientAuthenticator;
  readonly deviceCodes: DeviceCodes = new DeviceCodes();
  readonly #accessTokenSeconds: number;
  readonly #clock: Clock;

  constructor(options: IdentityOptions) {
    this.realm = createRealm();
    this.issuer = `${options.origin}/auth/realms/${this.realm.name}`;
    this.sessions = new Sessions(options.rotateRefreshTokens);
    this.#accessTokenSeconds = options.accessTokenSeconds;
    this.tokens = new Tokens(this.issuer);
    this.clientAuthenticator = new ClientAuthenticator({
      realm: this.realm,
      keys: this.clientKeys,
      audiences: [this.issuer, `${this.issuer}/protocol/openid-connect/token`],
      now: () => this.now(),
    });
    this.#clock = options.clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Signs an account in at a client: a session of its own and the first refresh token. */
  signIn(account: Account, client: Client, asked: readonly string[] | undefined): { session: Session; refreshToken: RefreshToken } {
    const scopes = grantedAtSignIn(client, asked);
    const session = this.sessions.start(account, client, scopes, this.now());
    return { session, refreshToken: this.sessions.issue(session, client, scopes) };
  }

  /** A scope that the client's session has lost is left out of what it is granted. */
  withinSession({ session, client, scopes }: Pick<GrantedTokens, 'session' | 'client' | 'scopes'>): readonly string[] {
    return session.clients.get(client.id)?.hasOpenid === false ? scopes.filter((scope) => scope !== 'openid') : scopes;
  }

  /** How long a token of this session lives from now: no longer than the session itself. */
  lifeSeconds(session: Session): number {
    const end = endOf(session);
    return end === undefined ? this.#accessTokenSeconds : Math.min(this.#accessTokenSeconds, (end - this.now()) / 1000);
  }

  accessToken(granted: GrantedTokens): Promise<string> {
    return this.tokens.accessToken({ ...granted, now: this.now(), lifeSeconds: this.lifeSeconds(granted.session) });
  }

  idToken(granted: GrantedTokens): Promise<string> {
    return this.tokens.idToken({ ...granted, now: this.now(), lifeSeconds: this.lifeSeconds(granted.session) });
  }

  async check(token: string): Promise<TokenVerdict> {
    const claims = await this.tokens.read(token);
    if (claims?.['typ'] !== 'Bearer' || !isUnexpired(claims, this.now())) return { refusal: 'Token verification failed' };
    const clientId = text(claims['azp']);
    const tokenId = text(claims['jti']);
    const session = this.sessions.live(text(claims['sid']), clientId, tokenId);
    if (session === undefined) return { refusal: 'user_session_not_found' };
    if (!session.account.enabled) return { refusal: 'User disabled' };
    return { live: { claims, session, clientId, tokenId, scopes: text(claims['scope']).split(' ') } };
  }
}

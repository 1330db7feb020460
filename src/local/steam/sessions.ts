/**
 * Who is signed in to a local Steam: by an access token, by a refresh token, or by name and password.
 */
import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Access, Caller } from '../access.js';

export interface SteamSession {
  readonly caller: Caller;
  /** What Steam hands to engines; none for who signed in with a password. */
  readonly token: { readonly value: string; readonly expiresAtSeconds: number } | undefined;
}

export interface SignInForm {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Of an `Authorization: Basic` header. */
  readonly username: string;
  readonly password: string;
}

/** What the identity provider says of who comes without an access token. */
export interface SignIns {
  withPassword(username: string, password: string): Caller | undefined;
  /** An access token for it. */
  withRefreshToken(refreshToken: string): Promise<string | undefined>;
}

export class SteamSessions {
  readonly #sessions = new Map<string, SteamSession>();
  readonly #access: Access;
  readonly #signIns: SignIns;

  constructor(access: Access, signIns: SignIns) {
    this.#access = access;
    this.#signIns = signIns;
  }

  /** The id of a new session; `undefined` for who may not come in. */
  async signIn(form: SignInForm): Promise<string | undefined> {
    const session = await this.#sessionFor(form);
    if (session === undefined) return undefined;
    const id = randomBytes(24).toString('base64url');
    this.#sessions.set(id, session);
    return id;
  }

  /** The session that a `Cookie` header names. */
  find(cookies: string | undefined): SteamSession | undefined {
    const id = /(?:^|;\s*)steam-session=([^;\s]+)/.exec(cookies ?? '')?.[1];
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  async #sessionFor({ accessToken, refreshToken, username, password }: SignInForm): Promise<SteamSession | undefined> {
    if (accessToken !== '') return this.#withToken(accessToken);
    if (refreshToken !== '') {
      const issued = await this.#signIns.withRefreshToken(refreshToken);
      return issued === undefined ? undefined : this.#withToken(issued);
    }
    const caller = this.#signIns.withPassword(username, password);
    return caller === undefined ? undefined : { caller, token: undefined };
  }

  async #withToken(value: string): Promise<SteamSession | undefined> {
    const caller = await this.#access.caller(`Bearer ${value}`);
    return caller === undefined ? undefined : { caller, token: { value, expiresAtSeconds: decodeJwt(value).exp ?? 0 } };
  }
}

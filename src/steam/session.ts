/**
 * A user's session in Steam, behind the port of tokens: signed in when the first call needs it, again when Steam has ended it.
 * Whoever shows the same token of the same user shares the session; nobody else can.
 */
import { AuthenticationError } from '../errors/authentication-error.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { fingerprint } from '../identity/fingerprint.js';
import type { AccessToken } from '../internal/access-token.js';
import type { AgedMap } from '../internal/aged-map.js';
import type { Clock } from '../internal/clock.js';
import type { Credential, TokenRequest } from '../internal/credential.js';
import type { SteamSignIn } from './api/sign-in.js';

/** Sessions of one cloud, by a fingerprint of Steam's address and the token that signed in. */
export type SteamSessions = AgedMap<Promise<AccessToken>>;

export interface SessionPorts {
  /** The user's own tokens. */
  readonly credential: Credential;
  /** Signs in with the refresh token that the caller has given for this, and not with the user's access token. */
  readonly refreshToken?: string | undefined;
  endpoint(): Promise<{ readonly url: string; readonly scopes: readonly string[] }>;
  readonly sessions: SteamSessions;
  readonly clock: Clock;
}

/** One sign-in may take this long, whoever waits for it. */
const signInTimeoutMs = 60_000;

export class SteamSession implements Credential {
  readonly #ports: SessionPorts;
  readonly #signIn: (token: SteamSignIn) => Promise<AccessToken>;
  #current: AccessToken | undefined;
  #signingIn: Promise<AccessToken> | undefined;

  constructor(ports: SessionPorts, signIn: (token: SteamSignIn) => Promise<AccessToken>) {
    this.#ports = ports;
    this.#signIn = signIn;
  }

  async getToken({ rejected }: TokenRequest): Promise<AccessToken> {
    await this.#refuseWhoHasLeft();
    const current = this.#current;
    if (current !== undefined && current.value !== rejected && !this.#hasEnded(current)) return current;
    // Who comes with an old session while a new one is being made wants that new one.
    this.#signingIn ??= this.#renew(rejected).finally(() => {
      this.#signingIn = undefined;
    });
    return this.#signingIn;
  }

  /** A session outlives the token that made it, but not the user's sign-out. */
  async #refuseWhoHasLeft(): Promise<void> {
    try {
      await this.#ports.credential.getToken({});
    } catch (error) {
      if (error instanceof AuthenticationError && error.code !== 'SESSION_EXPIRED') throw error;
    }
  }

  #renew(rejected: string | undefined): Promise<AccessToken> {
    const { clock } = this.#ports;
    const options: RequestOptions = { timeoutMs: signInTimeoutMs };
    return withTotalDeadline(clock, { name: 'SignIn', safe: true }, options, async ({ signal }) => {
      this.#current = await this.#signedIn(rejected, signal);
      return this.#current;
    });
  }

  async #signedIn(rejected: string | undefined, signal: AbortSignal | undefined): Promise<AccessToken> {
    const { credential, refreshToken } = this.#ports;
    const { url, scopes } = await this.#ports.endpoint();
    if (refreshToken !== undefined) return this.#shared(url, { refreshToken }, rejected);
    const token = await credential.getToken({ scopes, signal });
    try {
      return await this.#shared(url, { accessToken: token.value }, rejected);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      const renewed = await credential.getToken({ scopes, signal, rejected: token.value }).catch(() => undefined);
      if (renewed === undefined || renewed.value === token.value) throw error;
      return this.#shared(url, { accessToken: renewed.value }, rejected);
    }
  }

  async #shared(url: string, token: SteamSignIn, rejected: string | undefined): Promise<AccessToken> {
    const { sessions } = this.#ports;
    const key = fingerprint([url, ...Object.entries(token).flat()]);
    const known = sessions.get(key);
    const session = await known?.catch(() => undefined);
    if (session !== undefined && session.value !== rejected && !this.#hasEnded(session)) return session;
    // Another user object with the same token may have begun meanwhile.
    const begun = sessions.get(key);
    if (begun !== undefined && begun !== known) return begun;
    const signingIn = this.#signIn(token);
    sessions.set(key, signingIn);
    signingIn.catch(() => {
      if (sessions.get(key) === signingIn) sessions.delete(key);
    });
    return signingIn;
  }

  #hasEnded({ expiresAt }: AccessToken): boolean {
    return expiresAt !== undefined && expiresAt <= this.#ports.clock.now();
  }
}

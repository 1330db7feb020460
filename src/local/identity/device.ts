/**
 * The device grant (RFC 8628): a program shows a code, a person signs in with it elsewhere, and the program polls until they have.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { OAuthError, invalidGrant } from './oauth-error.js';
import type { Account, Client } from './realm.js';

const lifeSeconds = 600;
const intervalSeconds = 5;
/** Without vowels, so that no code is a word. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';

/** Mutable: it waits for a person. */
export interface DeviceCode {
  readonly value: string;
  readonly userCode: string;
  readonly client: Client;
  readonly scopes: readonly string[] | undefined;
  readonly expiresAt: number;
  decision: { readonly account: Account } | 'denied' | undefined;
  lastPolledAt: number;
}

export class DeviceCodes {
  readonly #codes = new Map<string, DeviceCode>();

  issue(
    client: Client,
    scopes: readonly string[] | undefined,
    now: number,
  ): DeviceCode & { readonly intervalSeconds: number; readonly lifeSeconds: number } {
    const code: DeviceCode = {
      value: randomBytes(32).toString('base64url'),
      userCode: `${someLetters()}-${someLetters()}`,
      client,
      scopes,
      expiresAt: now + lifeSeconds * 1000,
      decision: undefined,
      lastPolledAt: -Infinity,
    };
    this.#codes.set(code.value, code);
    return { ...code, intervalSeconds, lifeSeconds };
  }

  /** The code that a person was shown, while it waits for them. */
  waiting(userCode: string, now: number): DeviceCode | undefined {
    const wanted = userCode.trim().toUpperCase();
    return [...this.#codes.values()].find((code) => code.userCode === wanted && code.decision === undefined && code.expiresAt > now);
  }

  /** Who has signed in with a code, which is spent by that; refuses while nobody has. */
  redeem(value: string, client: Client, now: number): { readonly account: Account; readonly scopes: readonly string[] | undefined } {
    const code = this.#codes.get(value);
    if (code?.client !== client) throw invalidGrant('Device code not valid');
    if (code.expiresAt <= now) throw new OAuthError('expired_token', 'Device code is expired');
    const isEarly = now < code.lastPolledAt + intervalSeconds * 1000;
    code.lastPolledAt = now;
    if (isEarly) throw new OAuthError('slow_down', 'Slow down');
    if (code.decision === undefined) throw new OAuthError('authorization_pending', 'The authorization request is still pending');
    this.#codes.delete(value);
    if (code.decision === 'denied') throw new OAuthError('access_denied', 'The end user denied the authorization request');
    return { account: code.decision.account, scopes: code.scopes };
  }
}

const someLetters = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)] ?? '').join('');

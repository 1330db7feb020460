/**
 * Signing in to Steam: a form with a token, answered by a cookie. With 200 or 307, which is why the answer is read as it came.
 */
import * as z from 'zod/mini';
import { AuthenticationError } from '../../errors/authentication-error.js';
import { ResponseValidationError } from '../../errors/connection-error.js';
import { readApiError } from '../../http/error-response.js';
import { operation, type ErrorAnswer, type Send, type WholeAnswer } from '../../http/operation.js';
import { AccessToken } from '../../internal/access-token.js';

/** The cookie that holds a session of Steam. */
export const sessionCookie = 'steam-session';

/** A token of the user; the other one stays empty, as Steam wants both. */
export type SteamSignIn = { readonly accessToken: string } | { readonly refreshToken: string };

const signIn = operation({
  name: 'SignIn',
  method: 'POST',
  path: '/auth',
  // Another session is all that a repetition makes.
  safe: true,
  readsWhole: true,
  answer: z.custom<WholeAnswer>(() => true),
});

/** Not a secret: the name and the password of nobody, which Steam wants beside a token. */
export const signInHeaders: Readonly<Record<string, string>> = { authorization: 'Basic Tm9uZTo=' };

/**
 * @param now wall time in milliseconds
 * @returns the session's id, and when it ends where Steam says so
 * @throws {AuthenticationError} Steam refused the token
 */
export async function signInToSteam(send: Send, token: SteamSignIn, now: () => number): Promise<AccessToken> {
  const form = {
    access_token: '',
    refresh_token: '',
    ...('accessToken' in token ? { access_token: token.accessToken } : { refresh_token: token.refreshToken }),
  };
  const { headers } = await send({ operation: signIn, form, secrets: Object.values(form).filter((value) => value !== '') });
  const cookie = headers.getSetCookie().flatMap((header) => sessionIn(header, now()) ?? [])[0];
  if (cookie !== undefined) return cookie;
  throw new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: 'Steam answered the sign-in without a session: there is no cookie steam-session.',
    fix: 'Check that the address is that of Steam itself, its path included (`await cloud.describe()` tells where it comes from).',
    call: signIn.name,
  });
}

/** Errors of the sign-in: a refused token is the user's matter, the rest as everywhere. */
export function readSignInError(answer: ErrorAnswer): AuthenticationError | ReturnType<typeof readApiError> {
  if (answer.status !== 401 && answer.status !== 403) return readApiError(answer, 'Steam', 0);
  return new AuthenticationError({
    code: 'AUTH_REJECTED',
    what: `Steam refused to sign the user in (${answer.status}).`,
    fix: 'Look whether Steam trusts the identity provider of the token (`await cloud.describe()`), and whether the user has an account there.',
    call: answer.call,
    requestId: answer.requestId,
  });
}

function sessionIn(header: string, now: number): AccessToken | undefined {
  const [pair = '', ...attributes] = header.split(';');
  const [name, value = ''] = pair.split('=').map((part) => part.trim());
  if (name !== sessionCookie || !/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/.test(value)) return undefined;
  return new AccessToken(value, { expiresAt: expiryIn(attributes, now) });
}

function expiryIn(attributes: readonly string[], now: number): number | undefined {
  const maxAge = attributes.flatMap((attribute) => /^\s*max-age=(\d{1,9})\s*$/i.exec(attribute)?.[1] ?? [])[0];
  return maxAge === undefined ? undefined : now + Number(maxAge) * 1000;
}

/**
 * What a user is told who has to sign in again, and where a new refresh token is to be had.
 */
import { SignInRequiredError } from '../errors/authentication-error.js';

const signInAgain = 'Sign in again to get a new refresh token.';

/**
 * The line that says where a user of a cloud gets a new refresh token.
 *
 * @param cloudUrl the address of the cloud, as users type it
 */
export function signInHintOf(cloudUrl: string): string {
  const base = cloudUrl.replace(/\/+$/, '');
  return `Get a new refresh token at ${base}/auth/get-token or ${base}/auth/get-platform-token.`;
}

export function missingRefreshToken(hint: string | undefined): SignInRequiredError {
  return new SignInRequiredError({ code: 'SIGN_IN_REQUIRED', what: 'There is no refresh token.', fix: hint ?? signInAgain });
}

/** What is asked of a user's sign-in that this program has ended. */
export function signedOut(): SignInRequiredError {
  return new SignInRequiredError({
    code: 'SESSION_ENDED',
    what: 'The user was signed out in this program.',
    fix: 'Let the user sign in again, and make a user of the new session.',
  });
}

/** Why an identity provider takes a refresh token no more. */
export type RefusalCode = 'REUSE_DETECTED' | 'USER_DISABLED' | 'SESSION_ENDED' | 'SESSION_EXPIRED';

interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
}

const expired: Refusal = { code: 'SESSION_EXPIRED', reason: 'the refresh token has expired or is not valid' };
const disabled: Refusal = { code: 'USER_DISABLED', reason: 'the user is disabled' };
const ended: Refusal = { code: 'SESSION_ENDED', reason: 'the session has ended' };
const reused: Refusal = {
  code: 'REUSE_DETECTED',
  reason: 'the refresh token was already spent, by another program or another copy of this one, which ends the session',
};
/** Said of a token that is older than the newest one, but also of all tokens of a user whom an administrator has signed out. */
const stale: Refusal = {
  code: 'REUSE_DETECTED',
  reason:
    'the refresh token was already spent, by another program or another copy of this one, or an administrator has signed the user out',
};

/** Keycloak's texts; what is said in other words has expired, for all we know. */
const refusals: readonly (readonly [RegExp, Refusal])[] = [
  [/^maximum allowed refresh token reuse exceeded/i, reused],
  [/^stale token/i, stale],
  [/^(user|account) disabled/i, disabled],
  [/^session not active|^offline user session not found|^session doesn't have required client/i, ended],
];

/** The refusal of a refresh token, from the description that came with `invalid_grant`. */
export function refusedRefreshToken(description: string, shown: string, hint: string | undefined): SignInRequiredError {
  const { code, reason } = refusals.find(([text]) => text.test(description))?.[1] ?? expired;
  const fix = code === 'USER_DISABLED' ? 'Ask an administrator to enable the user.' : fixOf(code, hint);
  return new SignInRequiredError({ code, what: `The identity provider refused the refresh token: ${reason} (${shown}).`, fix });
}

/** The same refusal for those who come later, in this process or another: the token is not tried again. */
export function refusedBefore(code: RefusalCode, hint: string | undefined): SignInRequiredError {
  const what = `The identity provider has refused the refresh token before: ${reasonOf(code)}.`;
  return new SignInRequiredError({ code, what, fix: fixOf(code, hint) });
}

/** A token that was spent by a process that ended, or was held up for long, before it could keep what it got for it. */
export function lostWithItsHolder(hint: string | undefined): SignInRequiredError {
  return new SignInRequiredError({
    code: 'REUSE_DETECTED',
    what: 'The identity provider refused the refresh token: a process that was renewing it ended, or was held up, before it could store the newer one.',
    fix: `${hint ?? signInAgain} Where the identity provider can be told to accept a token twice, such an accident costs no session.`,
  });
}

export function isRefusalCode(value: unknown): value is RefusalCode {
  return [expired, disabled, ended, reused].some(({ code }) => code === value);
}

function reasonOf(code: RefusalCode): string {
  return [disabled, ended, reused].find((refusal) => refusal.code === code)?.reason ?? expired.reason;
}

function fixOf(code: RefusalCode, hint: string | undefined): string {
  const share = code === 'REUSE_DETECTED' ? ' Programs that share one refresh token must share one token store.' : '';
  return `${hint ?? signInAgain}${share}`;
}

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

type RefusalCode = 'REUSE_DETECTED' | 'USER_DISABLED' | 'SESSION_ENDED' | 'SESSION_EXPIRED';

/** Keycloak's texts; what is said in other words has expired, for all we know. */
const refusals: readonly (readonly [RegExp, RefusalCode])[] = [
  [/^maximum allowed refresh token reuse exceeded|^stale token/i, 'REUSE_DETECTED'],
  [/^(user|account) disabled/i, 'USER_DISABLED'],
  [/^session not active|^offline user session not found|^session doesn't have required client/i, 'SESSION_ENDED'],
];

const reasons: Readonly<Record<RefusalCode, string>> = {
  REUSE_DETECTED: 'the refresh token was already spent, by another program or another copy of this one, which ends the session',
  USER_DISABLED: 'the user is disabled',
  SESSION_ENDED: 'the session has ended',
  SESSION_EXPIRED: 'the refresh token has expired or is not valid',
};

/** The refusal of a refresh token, from the description that came with `invalid_grant`. */
export function refusedRefreshToken(description: string, shown: string, hint: string | undefined): SignInRequiredError {
  const code = refusals.find(([text]) => text.test(description))?.[1] ?? 'SESSION_EXPIRED';
  const share = code === 'REUSE_DETECTED' ? ' Programs that share one refresh token must share one token store.' : '';
  const fix = code === 'USER_DISABLED' ? 'Ask an administrator to enable the user.' : `${hint ?? signInAgain}${share}`;
  return new SignInRequiredError({ code, what: `The identity provider refused the refresh token: ${reasons[code]} (${shown}).`, fix });
}

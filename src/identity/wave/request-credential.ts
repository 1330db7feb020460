/**
 * The credential of one request of Wave: the access token that came with it. Renewing it is Wave's business, and not asked for here.
 */
import { SignInRequiredError } from '../../errors/authentication-error.js';
import type { Clock } from '../../internal/clock.js';
import type { Credential } from '../../internal/credential.js';
import { staticTokenCredential } from '../static-token.js';
import { readWaveHeaders, type WaveAppKey, type WaveRequest } from './headers.js';

/**
 * A credential of the user behind a request of Wave. For an anonymous user it is one too: it has no token to give.
 *
 * @param appKey the app's key; not needed for events of `serveWaveApp`, which has checked it
 * @throws {AuthenticationError} CREDENTIAL_FAILED: the request does not carry the key
 * @example
 * const credential = waveRequestCredential(event, environment.wave().appKey, systemClock);
 */
export function waveRequestCredential(request: WaveRequest, appKey: WaveAppKey | undefined, clock: Clock): Credential {
  const { accessToken } = readWaveHeaders(request, appKey);
  if (accessToken !== undefined) return staticTokenCredential(accessToken, clock);
  return { getToken: ({ signal }) => Promise.reject(signal?.aborted === true ? signal.reason : anonymousUser()) };
}

function anonymousUser(): SignInRequiredError {
  return new SignInRequiredError({
    code: 'ANONYMOUS',
    what: 'The user is anonymous: Wave has sent no access token with the request.',
    fix: 'Let Wave sign users in: an administrator sets WaveClientID and WaveClientSecret in the App Store, and the app EnableOIDC = true in its app.toml. Single-user instances carry no token of the user.',
  });
}

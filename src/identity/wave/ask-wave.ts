/**
 * The one question that Wave answers about a session: which access token it holds now. Wave renews it only in its last ten seconds,
 * so the answer is often the token that is already known.
 */
import type { IncomingMessage } from 'node:http';
import { AuthenticationError, SignInRequiredError } from '../../errors/authentication-error.js';
import type { H2OCloudError } from '../../errors/base.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../../errors/connection-error.js';
import { startDeadline } from '../../http/deadline.js';
import { fencedListener, type CallListener } from '../../internal/call-event.js';
import { waitUnlessAborted, type Clock } from '../../internal/clock.js';
import type { Secret } from '../../internal/secret.js';
import { version } from '../../internal/version.js';
import { fitsIntoHeader } from '../token-answer.js';

/** A Wave server and the key that it was started with. */
export interface WaveAuth {
  /** Where it takes calls: its address with the path it serves below, a slash at its end. */
  readonly url: string;
  readonly accessKey: { readonly id: string; readonly secret: Secret };
  readonly clock: Clock;
  readonly onCall?: CallListener | undefined;
  /** Wave itself waits for an identity provider without limit. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

const call = '_auth/refresh';
const defaultTimeoutMs = 10_000;
/** Both tokens come in headers, and with many roles they are beyond the 16 KiB that Node and its fetch take. */
const maxHeaderSize = 128 * 1024;

/**
 * The access token that Wave holds for a session, renewed by Wave where it is about to end.
 *
 * @throws {SignInRequiredError} SESSION_ENDED: Wave does not know the session
 * @throws {AuthenticationError} IDENTITY_PROVIDER_FAILED: Wave could not renew the token; its session may be over, or not
 * @throws {ConnectionError} Wave did not answer, or not in time
 * @throws {ResponseValidationError} what answered is not a Wave that signs users in
 */
export async function askWave(wave: WaveAuth, sessionId: Secret): Promise<string> {
  if (!fitsIntoHeader(sessionId.reveal())) throw sessionUnknown(wave);
  const startedAt = wave.clock.monotonic();
  const report = (outcome: 'ok' | 'error'): void => {
    fencedListener(wave.onCall)({ type: 'token', grant: 'wave_session', outcome, durationMs: wave.clock.monotonic() - startedAt });
  };
  try {
    const token = await ask(wave, sessionId);
    report('ok');
    return token;
  } catch (error) {
    report('error');
    throw error;
  }
}

async function ask(wave: WaveAuth, sessionId: Secret): Promise<string> {
  const { timeoutMs = defaultTimeoutMs } = wave;
  const deadline = startDeadline(wave.clock, { timeoutMs });
  try {
    const { statusCode = 0, headers } = await waitUnlessAborted(get(wave, sessionId, deadline.signal), deadline.signal);
    const token = headers['wave-access-token'];
    if (statusCode === 200 && typeof token === 'string' && fitsIntoHeader(token)) return token;
    throw refusal(statusCode, wave);
  } catch (error) {
    if (deadline.expired() === undefined) throw error;
    throw new TimeoutError({
      code: 'TIMEOUT',
      what: `Wave at ${wave.url} did not say within ${timeoutMs} ms which token its session holds.`,
      fix: 'Try again later: Wave waits for the identity provider, which may be down.',
      call,
      retryable: true,
    });
  } finally {
    deadline.dispose();
  }
}

async function get(wave: WaveAuth, sessionId: Secret, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(call, wave.url);
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const { id, secret } = wave.accessKey;
    const headers = {
      authorization: `Basic ${Buffer.from(`${id}:${secret.reveal()}`).toString('base64')}`,
      'wave-session-id': sessionId.reveal(),
      'user-agent': `h2o-ai-cloud/${version}`,
    };
    const outgoing = request(url, { headers, maxHeaderSize, signal });
    outgoing.once('error', (error) => {
      reject(unreachable(wave, error));
    });
    outgoing.once('response', (incoming) => {
      // Only the headers count; a body is read so that its connection can be used again, and what befalls it concerns nobody.
      incoming.on('error', () => undefined).resume();
      resolve(incoming);
    });
    outgoing.end();
  });
}

function refusal(status: number, wave: WaveAuth): H2OCloudError {
  if (status === 401) return sessionUnknown(wave);
  if (status >= 500) {
    return new AuthenticationError({
      code: 'IDENTITY_PROVIDER_FAILED',
      what: `Wave at ${wave.url} could not renew the user's token (status ${status}): the identity provider refused it or cannot be reached.`,
      fix: 'Try again later; if it goes on, the user must sign in again (reload the page).',
      call,
      retryable: true,
    });
  }
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `What answers at ${wave.url} is not a Wave that signs users in (status ${status}, no token).`,
    fix: 'Check H2O_WAVE_ADDRESS and H2O_WAVE_BASE_URL (or the option wave.address), and that Wave was started with its H2O_WAVE_OIDC settings.',
    call,
  });
}

function sessionUnknown({ url }: WaveAuth): SignInRequiredError {
  return new SignInRequiredError({
    code: 'SESSION_ENDED',
    what: `Wave at ${url} does not know the user's session: the user has signed out, or Wave was restarted.`,
    fix: 'Let the user sign in again by reloading the page. Where no session at all is known, check H2O_WAVE_ACCESS_KEY_ID and H2O_WAVE_ACCESS_KEY_SECRET.',
    call,
  });
}

function unreachable({ url }: WaveAuth, error: Error): ConnectionError {
  const code = 'code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(error.code) ? ` (${error.code})` : '';
  return new ConnectionError({
    code: 'CONNECTION_FAILED',
    what: `No answer from Wave at ${url}${code}.`,
    fix: 'Check that Wave runs, and that H2O_WAVE_ADDRESS (or the option wave.address) is its address.',
    call,
    retryable: true,
  });
}

/**
 * The app's calls to Wave: registering a route, and taking it back. Wave's status counts: it says nothing else when it refuses.
 */
import { apiError } from '../errors/api-error.js';
import { AuthenticationError } from '../errors/authentication-error.js';
import { H2OCloudError } from '../errors/base.js';
import { ConnectionError, TimeoutError } from '../errors/connection-error.js';
import { sleep, type Clock } from '../internal/clock.js';
import type { Secret } from '../internal/secret.js';

/** A Wave server and its key. */
export interface WaveServer {
  /** Where it takes calls: its address with the path it serves below. */
  readonly url: string;
  readonly accessKey: { readonly id: string; readonly secret: Secret };
  readonly clock: Clock;
}

interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What an app registers with. */
interface AppRegistration {
  readonly mode: string;
  readonly route: string;
  readonly address: string;
  readonly key_id: string;
  readonly key_secret: string;
}

const longestAttemptMs = 5_000;
const pauseMs = 500;

/**
 * Registers an app; Wave reloads the tabs that show its route. Waits for a Wave that is not up yet.
 *
 * @throws {AuthenticationError} Wave refuses the server's key
 * @throws {ApiError} Wave refuses the registration
 * @throws {ConnectionError} Wave did not answer before the deadline
 */
export async function registerApp(wave: WaveServer, app: AppRegistration, { timeoutMs, signal }: WaitOptions): Promise<void> {
  const until = wave.clock.monotonic() + timeoutMs;
  const leftMs = (): number => until - wave.clock.monotonic();
  for (;;) {
    try {
      await post(wave, { register_app: app }, { timeoutMs: Math.min(leftMs(), longestAttemptMs), signal });
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const mayYetCome = error instanceof H2OCloudError && error.retryable;
      if (!mayYetCome || leftMs() <= pauseMs) throw error;
    }
    await sleep(wave.clock, pauseMs, signal);
  }
}

/** Takes a route back; Wave reloads the tabs that show it. Rejects as {@link registerApp} does, after one attempt. */
export function unregisterApp(wave: WaveServer, route: string): Promise<void> {
  return post(wave, { unregister_app: { route } }, { timeoutMs: longestAttemptMs });
}

type Message = { readonly register_app: AppRegistration } | { readonly unregister_app: { readonly route: string } };

async function post(wave: WaveServer, message: Message, { timeoutMs, signal }: WaitOptions): Promise<void> {
  const call = 'register_app' in message ? 'register_app' : 'unregister_app';
  const attempt = new AbortController();
  const abort = (): void => {
    attempt.abort();
  };
  const cancel = wave.clock.schedule(timeoutMs, abort);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    // Looked up per call; a redirect is an answer here, and is never followed with the key.
    const response = await globalThis.fetch(wave.url, {
      method: 'POST',
      // Exactly this type: Wave answers 400 where a charset follows.
      headers: { authorization: basic(wave.accessKey), 'content-type': 'application/json' },
      body: JSON.stringify(message),
      redirect: 'manual',
      signal: attempt.signal,
    });
    await response.body?.cancel();
    if (response.status !== 200) throw refusal(response.status, wave.url, call);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof H2OCloudError) throw error;
    throw attempt.signal.aborted ? tooLate(wave.url, call) : unreachable(wave.url, call, error);
  } finally {
    cancel();
    signal?.removeEventListener('abort', abort);
  }
}

function basic({ id, secret }: WaveServer['accessKey']): string {
  return `Basic ${Buffer.from(`${id}:${secret.reveal()}`).toString('base64')}`;
}

const checkAddress = 'Check that Wave runs, and that H2O_WAVE_ADDRESS (or the option wave.address) is its address.';

function refusal(status: number, url: string, call: string): H2OCloudError {
  const what = `Wave at ${url} answered with status ${status}.`;
  if (status === 401) {
    return new AuthenticationError({
      code: 'CREDENTIAL_FAILED',
      what: `Wave at ${url} refused the key of the server (status 401).`,
      fix: 'Set H2O_WAVE_ACCESS_KEY_ID and H2O_WAVE_ACCESS_KEY_SECRET (or the option wave.accessKey) to the pair that Wave was started with.',
      call,
    });
  }
  if (status >= 300 && status < 400) return new ConnectionError({ code: 'UNEXPECTED_REDIRECT', what, fix: checkAddress, call });
  return apiError({ status, what, fix: fixes[status] ?? checkAddress, call, retryable: status >= 502 && status <= 504 });
}

const fixes: Readonly<Record<number, string>> = {
  400: 'Wave could not read the call: check that nothing between the app and Wave changes its body or its content type, which must be exactly application/json.',
  404: 'Wave serves below another path: set H2O_WAVE_BASE_URL as Wave was started with it.',
};

function tooLate(url: string, call: string): TimeoutError {
  return new TimeoutError({ code: 'TIMEOUT', what: `Wave at ${url} did not answer in time.`, fix: checkAddress, call, retryable: true });
}

function unreachable(url: string, call: string, error: unknown): ConnectionError {
  const because = systemCode(error);
  const what = `No answer from Wave at ${url}${because === undefined ? '' : ` (${because})`}.`;
  return new ConnectionError({ code: 'CONNECTION_FAILED', what, fix: checkAddress, call, retryable: true });
}

/** The system's code in what `fetch` throws: it stands in the error's cause. */
function systemCode(error: unknown): string | undefined {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code) ? code : undefined;
}

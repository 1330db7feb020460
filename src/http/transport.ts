/**
 * One attempt of one request, over ky: no retry, no redirect, no token logic. The only file that imports ky.
 */
import type ky from 'ky';
import { fetchTransport } from './fetch-transport.js';

/** A `fetch` of the user's own, for a proxy or a private certificate authority. Tokens go through it too. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

export interface Attempt {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestInit['body'] | undefined;
  readonly signal: AbortSignal;
  /** For reads without a token: a redirect to the same origin is followed. */
  readonly followsSameOrigin?: boolean | undefined;
  /** A redirect is an answer, and not followed. */
  readonly returnsRedirect?: boolean | undefined;
}

export type Transport = (attempt: Attempt) => Promise<Response>;

const mostRedirects = 5;

export function kyTransport(customFetch: FetchFunction | undefined): Transport {
  const once = singleTransport(customFetch);
  const streaming = fetchTransport(customFetch);
  return async (attempt) => {
    // In a Request a stream is wrapped once more, which an upload pays for with each chunk.
    if (attempt.body instanceof ReadableStream && redirectOf(attempt) === 'error') return streaming(attempt);
    let response = await once(attempt);
    let url = attempt.url;
    for (let count = 0; attempt.followsSameOrigin === true && response.status >= 300 && response.status < 400; count++) {
      await response.body?.cancel();
      const location = response.headers.get('location');
      const next = location === null || !URL.canParse(location, url) ? undefined : new URL(location, url);
      if (next === undefined || next.origin !== new URL(url).origin || count >= mostRedirects) throw new TypeError('unexpected redirect');
      url = next.href;
      response = await once({ ...attempt, url });
    }
    return response;
  };
}

/** Node's fetch keeps a whole streamed upload in memory unless redirects are errors; a token must not follow one anyway. */
function redirectOf(attempt: Attempt): 'error' | 'manual' {
  return attempt.followsSameOrigin === true || attempt.returnsRedirect === true ? 'manual' : 'error';
}

function singleTransport(customFetch: FetchFunction | undefined): Transport {
  let loading: Promise<{ readonly default: typeof ky }> | undefined;
  return async (attempt) => {
    // Loading ky loads Node's fetch, which costs more than all of this package: an app that imports the SDK pays at its first call.
    loading ??= import('ky');
    const { default: request } = await loading;
    return request(attempt.url, {
      method: attempt.method,
      headers: attempt.headers,
      ...(attempt.body === undefined ? {} : { body: attempt.body, duplex: 'half' }),
      signal: attempt.signal,
      redirect: redirectOf(attempt),
      retry: { limit: 0 },
      timeout: false,
      throwHttpErrors: false,
      // The global is looked up for each call, since instrumentation and tests replace it.
      fetch: (input) => (customFetch === undefined ? globalThis.fetch(input) : throughCustomFetch(customFetch, attempt)),
    });
  };
}

/** A Request of Node's own would not pass the checks of another fetch implementation, so the plain pair is handed on. */
function throughCustomFetch(customFetch: FetchFunction, attempt: Attempt): Promise<Response> {
  const init: RequestInit = {
    method: attempt.method,
    headers: { ...attempt.headers },
    signal: attempt.signal,
    redirect: redirectOf(attempt),
  };
  if (attempt.body !== undefined) Object.assign(init, { body: attempt.body, duplex: 'half' });
  return customFetch(attempt.url, init);
}

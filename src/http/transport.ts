/**
 * One attempt of one request, over ky: no retry, no redirect, no token logic. The only file that imports ky.
 */
import ky from 'ky';

/** A `fetch` of the user's own, for a proxy or a private certificate authority. Tokens go through it too. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

export interface Attempt {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | ReadableStream<Uint8Array> | undefined;
  readonly signal: AbortSignal;
}

export type Transport = (attempt: Attempt) => Promise<Response>;

/** Node's fetch keeps a whole streamed upload in memory unless redirects are errors; a token must not follow one anyway. */
const redirect = 'error';

export function kyTransport(customFetch: FetchFunction | undefined): Transport {
  return (attempt) =>
    ky(attempt.url, {
      method: attempt.method,
      headers: attempt.headers,
      ...(attempt.body === undefined ? {} : { body: attempt.body, duplex: 'half' }),
      signal: attempt.signal,
      redirect,
      retry: { limit: 0 },
      timeout: false,
      throwHttpErrors: false,
      // The global is looked up for each call, since instrumentation and tests replace it.
      fetch: (request) => (customFetch === undefined ? globalThis.fetch(request) : throughCustomFetch(customFetch, attempt)),
    });
}

/** A Request of Node's own would not pass the checks of another fetch implementation, so the plain pair is handed on. */
function throughCustomFetch(customFetch: FetchFunction, attempt: Attempt): Promise<Response> {
  const init: RequestInit = { method: attempt.method, headers: { ...attempt.headers }, signal: attempt.signal, redirect };
  if (attempt.body !== undefined) Object.assign(init, { body: attempt.body, duplex: 'half' });
  return customFetch(attempt.url, init);
}

/**
 * One attempt of one request straight over `fetch`, for services that are called thousands of times a minute: what ky adds to a call
 * costs as much CPU as the scoring of a row. It has the rules of {@link kyTransport}: no retry, no redirect, no token logic.
 */
import type { FetchFunction, Transport } from './transport.js';

export function fetchTransport(customFetch: FetchFunction | undefined): Transport {
  return ({ url, method, headers, body, signal }) => {
    const init: RequestInit = { method, headers: { ...headers }, signal, redirect: 'error' };
    if (body !== undefined) Object.assign(init, typeof body === 'string' ? { body } : { body, duplex: 'half' });
    // The global is looked up for each call, since instrumentation and tests replace it.
    return customFetch === undefined ? globalThis.fetch(url, init) : customFetch(url, init);
  };
}

/**
 * The way of clients of OpenAI's API to a deployment that speaks it, as the user: an address, and a `fetch` that lets them in.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import type { Transport } from '../http/transport.js';
import { waitUnlessAborted } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import { version } from '../internal/version.js';

/** What a client of OpenAI's API takes. */
export interface OpenAiConnection {
  readonly baseURL: string;
  /** A placeholder: the client of OpenAI wants one. It is replaced by what lets the user in. */
  readonly apiKey: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Adds the user's token, renews it, and goes nowhere but below `baseURL`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

export function openAiConnection(baseURL: string, credential: Credential | undefined, transport: Transport): OpenAiConnection {
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    // It makes one of the many forms that a request may be given in, boundary of a form included.
    const request = new Request(input, { ...init, ...(init?.body instanceof ReadableStream ? { duplex: 'half' } : {}) });
    if (!isBelow(request.url, baseURL)) throw elsewhere();
    const { method, signal } = request;
    const headers = Object.fromEntries([...request.headers].filter(([name]) => name !== 'authorization'));
    const text = typeof init?.body === 'string' ? init.body : undefined;
    const body = text ?? request.body ?? undefined;
    const attempt = (token: string | undefined): Promise<Response> => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return transport({ url: request.url, method, headers: { ...headers, ...authorization }, body, signal });
    };
    if (credential === undefined) return attempt(undefined);
    const { value } = await waitUnlessAborted(credential.getToken({ signal }), signal);
    const response = await attempt(value);
    if (response.status !== 401 || (body !== undefined && text === undefined)) return response;
    // Where there is no other token, the answer itself tells more.
    const renewed = await waitUnlessAborted(credential.getToken({ signal, rejected: value }), signal).catch(() => undefined);
    if (renewed === undefined || renewed.value === value) return response;
    await response.body?.cancel();
    return attempt(renewed.value);
  };
  return { baseURL, apiKey: 'replaced', headers: { 'user-agent': `h2o-ai-cloud/${version}` }, fetch };
}

/** As the URL is parsed, so that no `..` leads out of it. */
function isBelow(url: string, baseURL: string): boolean {
  return url.startsWith(`${baseURL}/`);
}

function elsewhere(): Error {
  return invalidParameter(
    'The request does not go to the deployment, so the token was not sent with it.',
    'Use the `fetch` of scorer.openai() with its own `baseURL`, one for each deployment.',
  );
}

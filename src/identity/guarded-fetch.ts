/**
 * The fetch that openid-client gets. The library loses rotated refresh tokens when it dislikes an answer, quotes bodies in its
 * errors and reads without limit; behind this guard it sees small, clean answers, and what really happened is kept for our own errors.
 */
import { waitUnlessAborted } from '../internal/clock.js';
import { version } from '../internal/version.js';
import { H2OCloudError } from '../errors/base.js';
import { readNetworkFailure, type NetworkFailure } from '../http/network-failure.js';
import type { FetchFunction } from '../http/transport.js';
import { parseObject } from './jwt-claims.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What one attempt came to on the wire. Holds tokens: it is read where it arises and never kept. */
export type WireOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Absent when the body is not a JSON object. */
      readonly json: JsonObject | undefined;
      readonly challenge: string | undefined;
      readonly retryAfter: string | undefined;
    }
  | { readonly kind: 'network'; readonly failure: NetworkFailure }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'tooLarge' }
  /** The answer was refused by a rule of ours. */
  | { readonly kind: 'refused'; readonly error: H2OCloudError };

export interface GuardRules {
  /** The user's own fetch; without one `globalThis.fetch` is looked up for each request, since instrumentation and tests replace it. */
  readonly fetch: FetchFunction | undefined;
  /** The deadline. It covers the body, so that a dripping one is a timeout. */
  readonly signal: AbortSignal;
  /** Sees a good answer before the library does, keeps what must not get lost, and returns what the library may see. */
  readonly admit: (json: JsonObject) => JsonObject | Promise<JsonObject>;
}

export interface GuardedFetch {
  readonly fetch: (url: string, init: LibraryRequest) => Promise<Response>;
  /** What the last request came to; undefined before it was sent. */
  readonly outcome: () => WireOutcome | undefined;
}

interface LibraryRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const largestBodyBytes = 262_144;
const passedHeaders = ['content-type', 'www-authenticate', 'retry-after'] as const;
/** Strict: a broken character or a byte order mark is not JSON. */
const strictText = { fatal: true, ignoreBOM: true };

class TooLargeError extends Error {}

export function guardFetch(rules: GuardRules): GuardedFetch {
  let outcome: WireOutcome | undefined;

  const read = async (url: string, init: LibraryRequest): Promise<{ response: Response; text: string | undefined }> => {
    try {
      const response = await waitUnlessAborted(send(rules, url, init), rules.signal);
      return { response, text: await readBody(response, rules.signal) };
    } catch (error) {
      outcome = failureOf(error, rules.signal);
      throw error;
    }
  };

  const fetch = async (url: string, init: LibraryRequest): Promise<Response> => {
    const { response, text } = await read(url, init);
    const { status, headers } = response;
    const parsed = text === undefined ? undefined : parseObject(text);
    const admitted = status === 200 && parsed !== undefined ? await admit(parsed) : parsed;
    const json = status === 200 && !isJson(headers) ? undefined : admitted;
    outcome = {
      kind: 'answer',
      status,
      json,
      challenge: headers.get('www-authenticate') ?? undefined,
      retryAfter: headers.get('retry-after') ?? undefined,
    };
    return smallResponse(status, headers, json);
  };

  const admit = async (json: JsonObject): Promise<JsonObject> => {
    try {
      return await rules.admit(json);
    } catch (error) {
      if (error instanceof H2OCloudError) outcome = { kind: 'refused', error };
      throw error;
    }
  };

  return { fetch, outcome: () => outcome };
}

// Async, so that a fetch that throws at once rejects like any other.
async function send(rules: GuardRules, url: string, init: LibraryRequest): Promise<Response> {
  const request: RequestInit = {
    method: init.method,
    headers: { ...init.headers, 'user-agent': `h2o-ai-cloud/${version}` },
    redirect: 'manual',
    signal: rules.signal,
    ...(init.body instanceof URLSearchParams ? { body: init.body.toString() } : {}),
  };
  return await (rules.fetch === undefined ? globalThis.fetch(url, request) : rules.fetch(url, request));
}

/** The body as text, or undefined for one that is not UTF-8. Short bodies of failures are read too, or their connection would be lost. */
async function readBody(response: Response, signal: AbortSignal): Promise<string | undefined> {
  if (response.body === null) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  try {
    if (Number(response.headers.get('content-length')) > largestBodyBytes) throw new TooLargeError();
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const { done, value } = await waitUnlessAborted(reader.read(), signal);
      if (done) break;
      size += value.byteLength;
      if (size > largestBodyBytes) throw new TooLargeError();
      chunks.push(value);
    }
    return textOf(chunks);
  } catch (error) {
    reader.cancel().catch(() => undefined);
    if (error instanceof TooLargeError && response.status !== 200) return undefined;
    throw error;
  }
}

function textOf(chunks: readonly Uint8Array[]): string | undefined {
  try {
    return new TextDecoder('utf-8', strictText).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}

function failureOf(error: unknown, signal: AbortSignal): WireOutcome {
  if (signal.aborted) return { kind: 'timeout' };
  if (error instanceof TooLargeError) return { kind: 'tooLarge' };
  return { kind: 'network', failure: readNetworkFailure(error) };
}

function isJson(headers: Headers): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(headers.get('content-type') ?? '');
}

/** A response made anew; instead of what is not JSON it holds `{`, of which the library can quote nothing. */
function smallResponse(status: number, headers: Headers, json: JsonObject | undefined): Response {
  const passed = new Headers();
  for (const name of passedHeaders) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  const hasBody = ![204, 205, 304].includes(status);
  return new Response(hasBody ? (json === undefined ? '{' : JSON.stringify(json)) : null, { status, headers: passed });
}

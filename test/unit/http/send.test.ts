import * as z from 'zod';
import { describe, expect, it, test } from 'vitest';
import {
  ApiError,
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
} from '../../../src/errors/api-error.js';
import { AuthenticationError } from '../../../src/errors/authentication-error.js';
import { H2OCloudError } from '../../../src/errors/base.js';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../../../src/errors/connection-error.js';
import { operation, type Send } from '../../../src/http/operation.js';
import { createSend } from '../../../src/http/send.js';
import type { Attempt } from '../../../src/http/transport.js';
import { AccessToken } from '../../../src/internal/access-token.js';
import type { CallEvent } from '../../../src/internal/call-event.js';
import type { Credential } from '../../../src/internal/credential.js';
import { silentLogger } from '../../../src/internal/logger.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const thing = z.looseObject({ name: z.string() });
const read = operation({ name: 'GetThing', method: 'GET', path: '/things/{id}', safe: true, answer: thing });
const create = operation({ name: 'CreateThing', method: 'POST', path: '/things', safe: false, answer: thing });

interface Bench {
  readonly send: Send;
  readonly attempts: Attempt[];
  readonly events: CallEvent[];
  readonly clock: FakeClock;
}

type Reply = Response | Error | (() => Promise<Response>);

/** A service that answers what it is told, in order; the last answer stays. */
function bench(replies: readonly Reply[], credential?: Credential): Bench {
  const clock = new FakeClock();
  const attempts: Attempt[] = [];
  const events: CallEvent[] = [];
  const send = createSend(
    { service: 'things', endpoint: () => Promise.resolve({ url: 'https://things.example/api', scopes: ['ai.h2o.storage'] }), credential },
    {
      clock,
      logger: silentLogger,
      onCall: (event) => events.push(event),
      random: () => 0,
      transport: async (attempt) => {
        attempts.push(attempt);
        const reply = replies[Math.min(attempts.length, replies.length) - 1];
        if (reply instanceof Error) throw reply;
        if (typeof reply === 'function') return reply();
        return reply!.clone();
      },
    },
  );
  return { send, attempts, events, clock };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
const good = json(200, { name: 'x', unknown: 1 });
const networkError = (code: string): Error =>
  Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('low'), { code }) });

/** Gives `first`, then `second` once `first` was rejected. */
function credentialWith(first: string, second: string): Credential & { readonly rejected: string[] } {
  const rejected: string[] = [];
  let current = first;
  return {
    rejected,
    getToken: (request) => {
      if (request.rejected !== undefined) {
        rejected.push(request.rejected);
        if (request.rejected === current) current = second;
      }
      return Promise.resolve(new AccessToken(current));
    },
  };
}

describe('a call', () => {
  it('sends JSON with a token and a request id, and gives back what it knows and what it does not', async () => {
    const { send, attempts } = bench([good], credentialWith('token-1', 'token-2'));
    expect(await send({ operation: create, body: { a: 1 }, query: { q: 'x y', none: undefined } })).toEqual({ name: 'x', unknown: 1 });
    expect(attempts[0]).toMatchObject({
      url: 'https://things.example/api/things?q=x+y',
      method: 'POST',
      body: '{"a":1}',
      headers: { authorization: 'Bearer token-1', 'content-type': 'application/json', accept: 'application/json' },
    });
    expect(attempts[0]?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('reports each attempt with the route, never the address', async () => {
    const { send, events, clock } = bench([json(503, {}), good]);
    const call = send({ operation: read, parameters: { id: 'secret-id' } });
    await clock.advance(1000);
    await call;
    expect(events).toMatchObject([
      { type: 'call', service: 'things', call: 'GetThing', route: '/things/{id}', attempt: 1, status: 503, outcome: 'error' },
      { type: 'call', attempt: 2, status: 200, outcome: 'ok' },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret-id');
  });

  test.each(['Authorization', 'cookie', 'HOST'])('refuses the header %s', async (name) => {
    const { send, attempts } = bench([good]);
    await expect(send({ operation: read, parameters: { id: '1' } }, { headers: { [name]: 'x' } })).rejects.toThrow(ConfigurationError);
    expect(attempts).toHaveLength(0);
  });
});

describe('after 401', () => {
  it('the token is refreshed once and the call replayed once, even if it must not run twice', async () => {
    const credential = credentialWith('stale', 'fresh');
    const { send, attempts } = bench([json(401, {}), good], credential);
    expect(await send({ operation: create, body: {} })).toMatchObject({ name: 'x' });
    expect(credential.rejected).toEqual(['stale']);
    expect(attempts.map(({ headers }) => headers['authorization'])).toEqual(['Bearer stale', 'Bearer fresh']);
  });

  it('a second 401 is final', async () => {
    const { send, attempts } = bench([json(401, { code: 16, message: 'no' })], credentialWith('stale', 'fresh'));
    await expect(send({ operation: read, parameters: { id: '1' } })).rejects.toMatchObject({
      name: 'AuthenticationError',
      code: 'AUTH_REJECTED',
    });
    expect(attempts).toHaveLength(2);
  });

  it('nothing is replayed with the token that was refused', async () => {
    const { send, attempts } = bench([json(401, {})], credentialWith('same', 'same'));
    await expect(send({ operation: read, parameters: { id: '1' } })).rejects.toThrow(AuthenticationError);
    expect(attempts).toHaveLength(1);
  });

  it('a body that can be read once only is not replayed', async () => {
    const credential = credentialWith('stale', 'fresh');
    const { send, attempts } = bench([json(401, {})], credential);
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(1));
    };
    await expect(send({ operation: create, stream: { open, replayable: false } })).rejects.toThrow(AuthenticationError);
    expect(attempts).toHaveLength(1);
  });

  it('403 never refreshes', async () => {
    const credential = credentialWith('token', 'other');
    const { send } = bench([json(403, { message: 'not yours' })], credential);
    await expect(send({ operation: read, parameters: { id: '1' } })).rejects.toThrow(PermissionDeniedError);
    expect(credential.rejected).toEqual([]);
  });
});

describe('an error answer becomes a typed error with the message of the service', () => {
  test.each<[Response, typeof ApiError, string]>([
    [json(404, { code: 5, message: 'no such thing' }), NotFoundError, 'no such thing'],
    [json(409, { message: 'exists' }), ConflictError, 'exists'],
    [json(400, { code: 9, message: 'busy' }), ConflictError, 'busy'],
    [json(400, { code: 3, message: 'bad name' }), ApiError, 'bad name'],
    [json(429, { error: { message: 'slow down', code: 429 } }), RateLimitError, 'slow down'],
    [json(500, { detail: 'broken' }), ServerError, 'broken'],
    [json(501, { title: 'Not Implemented' }), ServerError, 'Not Implemented'],
    [new Response('<html>Bad gateway</html>', { status: 502 }), ServerError, '502'],
  ])('%#', async (response, ErrorClass, text) => {
    const { send, clock } = bench([response]);
    const call = send({ operation: create, body: {} }).catch((error: unknown) => error);
    await clock.advance(60_000);
    const error = await call;
    expect(error).toBeInstanceOf(ErrorClass);
    expect(error).toMatchObject({ call: 'CreateThing', status: response.status });
    expect(String(error)).toContain(text);
    expect(String(error)).not.toContain('<html>');
  });

  it('without quoting the token that was sent', async () => {
    const { send } = bench([json(400, { message: 'cannot use token opaque-value-1 here' })], credentialWith('opaque-value-1', 'x'));
    const error: unknown = await send({ operation: read, parameters: { id: '1' } }).catch((reason: unknown) => reason);
    expect(String(error)).toContain('cannot use token [redacted] here');
  });
});

describe('an answer that is none', () => {
  test.each([
    [new Response('<!doctype html><title>Sign in</title>', { status: 200, headers: { 'content-type': 'text/html' } }), 'HTML'],
    [new Response('{"name":', { status: 200 }), 'not JSON'],
    [json(200, { name: 5 }), 'name'],
    [json(200, []), 'does not fit'],
    [new Response('', { status: 200 }), 'empty'],
  ])('%# is a ResponseValidationError', async (response, text) => {
    const { send } = bench([response]);
    const error: unknown = await send({ operation: read, parameters: { id: '1' } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResponseValidationError);
    expect(String(error)).toContain(text);
    expect(String(error)).not.toContain('Sign in');
  });

  test.each([
    ['ECONNREFUSED', 'CONNECTION_FAILED'],
    ['ECONNRESET', 'CONNECTION_FAILED'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_FAILED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_FAILED'],
  ])('%s is a ConnectionError of code %s', async (code, expected) => {
    const { send, clock } = bench([networkError(code)]);
    const call = send({ operation: create, body: {} }).catch((error: unknown) => error);
    await clock.advance(60_000);
    const error = await call;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: expected });
    expect(String(error)).toContain('https://things.example');
    if (expected === 'TLS_FAILED') expect(String(error)).toContain('NODE_EXTRA_CA_CERTS');
  });
});

describe('the deadline', () => {
  const never = (): Promise<Response> => new Promise(() => undefined);
  /** As fetch does: rejects when the signal aborts. */
  const hanging = (): { readonly bench: Bench } => {
    const made = bench([never]);
    return { bench: made };
  };

  it('covers all attempts and waits', async () => {
    const { send, clock, attempts } = bench([json(503, {}, { 'retry-after': '20' })]);
    const call = send({ operation: read, parameters: { id: '1' } }, { timeoutMs: 30_000 }).catch((error: unknown) => error);
    await clock.advance(20_000);
    expect(attempts).toHaveLength(2);
    await clock.advance(20_000);
    expect(await call).toBeInstanceOf(ServerError);
    expect(attempts).toHaveLength(2);
  });

  it('ends a call that hangs while the token is fetched', async () => {
    const { send, clock } = bench([good], { getToken: () => new Promise(() => undefined) });
    const call = send({ operation: read, parameters: { id: '1' } }).catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await call).toBeInstanceOf(TimeoutError);
  });

  it('an abort rejects with its reason, whatever that is', async () => {
    const { bench: made } = hanging();
    const controller = new AbortController();
    const call = made.send({ operation: read, parameters: { id: '1' } }, { signal: controller.signal });
    controller.abort('gone');
    await expect(Promise.race([call, made.clock.advance(1)])).rejects.toBe('gone');
  });

  it('an aborted signal sends nothing', async () => {
    const { send, attempts } = bench([good]);
    await expect(send({ operation: read, parameters: { id: '1' } }, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(attempts).toHaveLength(0);
  });
});

it('every error of a call is one of ours and tells whether it is worth another try', async () => {
  const { send, clock } = bench([json(503, {})]);
  const call = send({ operation: create, body: {} }).catch((error: unknown) => error);
  await clock.advance(60_000);
  const error = await call;
  expect(error).toBeInstanceOf(H2OCloudError);
  expect(error).toMatchObject({ retryable: true });
});

describe('a service with manners of its own', () => {
  interface Manners {
    readonly tokens: string[];
    readonly attempts: Attempt[];
    readonly send: Send;
  }

  /** A service with a session in a cookie, which it ends with a redirect or in words. */
  function sessionService(replies: readonly Response[]): Manners {
    const attempts: Attempt[] = [];
    const tokens: string[] = [];
    const credential: Credential = {
      getToken: ({ rejected }) => {
        tokens.push(rejected ?? 'any');
        return Promise.resolve(new AccessToken(rejected === undefined ? 'old' : 'new'));
      },
    };
    const send = createSend(
      {
        service: 'sessions',
        endpoint: () => Promise.resolve({ url: 'https://sessions.example', scopes: [] }),
        credential,
        authorize: (token) => ({ cookie: `session=${token}` }),
        isSignedOut: (seen) => seen === 'redirect' || seen.body.includes('signed out'),
        isRefusal: (body) => body.includes('refused'),
      },
      {
        clock: new FakeClock(),
        logger: silentLogger,
        onCall: () => undefined,
        transport: (attempt) => {
          attempts.push(attempt);
          return Promise.resolve(replies[Math.min(attempts.length, replies.length) - 1]!.clone());
        },
      },
    );
    return { tokens, attempts, send };
  }

  test.each([
    ['with a redirect', new Response(null, { status: 302, headers: { location: '/login' } })],
    ['in words', Response.json({ name: 'signed out' })],
  ])('is signed in to again once when it has ended the session %s', async (_, ended) => {
    const { send, attempts, tokens } = sessionService([ended, Response.json({ name: 'here' })]);
    expect(await send({ operation: create, body: {} })).toEqual({ name: 'here' });
    expect(attempts.map(({ headers }) => headers['cookie'])).toEqual(['session=old', 'session=new']);
    expect(attempts.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined]);
    expect(tokens).toEqual(['any', 'old']);
  });

  it('is not asked a third time', async () => {
    const { send, attempts } = sessionService([new Response(null, { status: 302 })]);
    await expect(send({ operation: create, body: {} })).rejects.toMatchObject({ code: 'UNEXPECTED_REDIRECT' });
    expect(attempts).toHaveLength(2);
  });

  it('refuses with a good status, and the error does not quote the session', async () => {
    const { send } = sessionService([Response.json({ message: 'refused for old' })]);
    const error: unknown = await send({ operation: create, body: {} }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(String(error)).toContain('refused for [redacted]');
  });

  it('takes a form, and gives an answer as it came', async () => {
    const whole = operation({
      name: 'SignIn',
      method: 'POST',
      path: '/auth',
      safe: true,
      readsWhole: true,
      answer: z.custom<{ readonly status: number; readonly headers: Headers }>(() => true),
    });
    const { send, attempts } = sessionService([new Response('moved', { status: 307, headers: { 'set-cookie': 'a=b' } })]);
    const { status, headers } = await send({ operation: whole, form: { token: 'a b&c=d', other: '' } });
    expect([status, headers.getSetCookie()]).toEqual([307, ['a=b']]);
    expect(attempts).toMatchObject([
      {
        body: 'token=a+b%26c%3Dd&other=',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        returnsRedirect: true,
      },
    ]);
  });
});

/** Other services, called with the user's token: where it may go, and what happens when it is refused. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, test } from 'vitest';
import { ConfigurationError, ConnectionError, H2OCloud, TimeoutError, type CallEvent, type User } from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';

interface Service extends AsyncDisposable {
  readonly origin: string;
  readonly seen: { readonly headers: IncomingHttpHeaders; readonly body: string; readonly method: string }[];
}

/** A service that is none of the cloud's; answers in turn, then with 200. */
async function startService(...answers: readonly RequestListener[]): Promise<Service> {
  const seen: Service['seen'][number][] = [];
  const planned = [...answers];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      seen.push({ headers: request.headers, body, method: request.method ?? '' });
      const answer = planned.shift();
      if (answer === undefined) response.end('fine');
      else answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
  return {
    origin,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refusing: RequestListener = (_, response) => {
  response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('no');
};

/** A user whose every token is a new one. */
function userOf(options: ConstructorParameters<typeof H2OCloud>[0]): { readonly user: User; readonly asked: unknown[] } {
  const asked: unknown[] = [];
  let issued = 0;
  const user = new H2OCloud({ env: {}, ...options }).onBehalfOf({
    credential: {
      getToken: ({ scopes, audience, rejected }) => {
        asked.push({ scopes, audience, rejected });
        return Promise.resolve({ value: `token-${String(++issued)}`, expiresAt: undefined, scopes: [] }) as never;
      },
    },
  });
  return { user, asked };
}

describe('user.fetch()', () => {
  it('sends the token that was asked for, and gives the answer as fetch does', async () => {
    await using service = await startService();
    const { user, asked } = userOf({ trustedOrigins: [service.origin] });
    const answer = await user.fetch(`${service.origin}/list?x=1`, {
      method: 'post',
      headers: { 'X-Mine': '1' },
      body: 'hello',
      scopes: ['ai.h2o.storage'],
      audience: ['documents'],
    });
    expect([answer.status, await answer.text()]).toEqual([200, 'fine']);
    expect(service.seen).toMatchObject([{ method: 'POST', body: 'hello', headers: { authorization: 'Bearer token-1', 'x-mine': '1' } }]);
    expect(asked).toEqual([{ scopes: ['ai.h2o.storage'], audience: ['documents'], rejected: undefined }]);
  });

  it('knows the scopes of a service that the configuration names', async () => {
    await using service = await startService();
    const { user, asked } = userOf({ services: { steam: service.origin } });
    await user.fetch(new URL('/api', service.origin));
    expect(asked).toMatchObject([{ scopes: ['ai.h2o.storage'] }]);
  });

  it('case 88: sends nothing to an origin that the configuration does not name', async () => {
    await using service = await startService();
    const { user, asked } = userOf({
      services: { mlops: 'https://mlops.example.com' },
      trustedScorerOrigins: ['https://scorer.example.com'],
    });
    const call = user.fetch(service.origin);
    await expect(call).rejects.toMatchObject({ code: 'ORIGIN_NOT_TRUSTED' });
    await expect(call).rejects.toThrow(/trustedOrigins/);
    expect([service.seen, asked]).toEqual([[], []]);
  });

  test.each([
    ['no address', 'somewhere'],
    ['another scheme', 'file:///etc/passwd'],
    ['a user in the address', 'https://u:p@example.com'],
  ])('refuses %s', async (_, url) => {
    await expect(userOf({}).user.fetch(url)).rejects.toThrow(ConfigurationError);
  });

  test.each<[string, object]>([
    ['headers that say who asks', { headers: { Authorization: 'Bearer other' } }],
    ['headers that cannot be sent', { headers: { 'x-a': 'token-planted\n' + String.fromCharCode(0) } }],
    ['following redirects', { redirect: 'follow' }],
    ['scopes that are none', { scopes: 'ai.h2o.storage' }],
    ['a time that is none', { timeoutMs: -1 }],
  ])('refuses %s', async (_, init) => {
    await using service = await startService();
    const call = userOf({ trustedOrigins: [service.origin] }).user.fetch(service.origin, init);
    await expect(call).rejects.toThrow(ConfigurationError);
    await expect(call).rejects.not.toThrow(/planted/);
    expect(service.seen).toEqual([]);
  });

  it('case 62: does not follow a redirect with the token', async () => {
    await using elsewhere = await startService();
    await using service = await startService((_, response) => {
      response.writeHead(302, { location: elsewhere.origin }).end();
    });
    const call = userOf({ trustedOrigins: [service.origin, elsewhere.origin] }).user.fetch(service.origin);
    await expect(call).rejects.toMatchObject({ code: 'UNEXPECTED_REDIRECT' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('case 60: a refused request is sent once more with another token, a POST too', async () => {
    await using service = await startService(refusing);
    const events: CallEvent[] = [];
    const { user, asked } = userOf({ trustedOrigins: [service.origin], onCall: (event) => events.push(event) });
    const answer = await user.fetch(service.origin, { method: 'POST', body: new URLSearchParams({ a: '1' }) });
    expect(await answer.text()).toBe('fine');
    expect(service.seen.map(({ headers, body }) => [headers.authorization, body])).toEqual([
      ['Bearer token-1', 'a=1'],
      ['Bearer token-2', 'a=1'],
    ]);
    expect(asked).toMatchObject([{ rejected: undefined }, { rejected: 'token-1' }]);
    expect(events).toMatchObject([
      { type: 'call', status: 401, attempt: 1 },
      { type: 'call', status: 200, attempt: 2 },
    ]);
    expect(JSON.stringify(events)).not.toContain(service.origin);
  });

  it('case 58: refused twice, that is the answer', async () => {
    await using service = await startService(refusing, refusing, refusing);
    expect((await userOf({ trustedOrigins: [service.origin] }).user.fetch(service.origin)).status).toBe(401);
    expect(service.seen).toHaveLength(2);
  });

  it('case 59: a stream is not sent again', async () => {
    await using service = await startService(refusing);
    const body = Readable.toWeb(Readable.from(['once'])) as unknown as ReadableStream;
    const answer = await userOf({ trustedOrigins: [service.origin] }).user.fetch(service.origin, { method: 'POST', body });
    expect(answer.status).toBe(401);
    expect(service.seen).toMatchObject([{ body: 'once' }]);
  });

  it('case 61: 403 is an answer like any other', async () => {
    await using service = await startService((_, response) => {
      response.writeHead(403).end();
    });
    const { user, asked } = userOf({ trustedOrigins: [service.origin] });
    expect((await user.fetch(service.origin)).status).toBe(403);
    expect(asked).toHaveLength(1);
  });

  it('case 60: a broken connection is not tried again', async () => {
    await using service = await startService((request) => request.socket.destroy());
    await expect(userOf({ trustedOrigins: [service.origin] }).user.fetch(service.origin, { method: 'POST' })).rejects.toThrow(
      ConnectionError,
    );
    expect(service.seen).toHaveLength(1);
  });

  it('waits no longer than it may, and its body is ended by the signal of the caller', async () => {
    await using service = await startService(
      () => undefined,
      (_, response) => {
        response.write('begun');
      },
    );
    const clock = new FakeClock();
    const { user } = userOf({ trustedOrigins: [service.origin], clock });
    const late = user.fetch(service.origin, { timeoutMs: 5_000 }).catch((error: unknown) => error);
    while (service.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5_000);
    expect(await late).toBeInstanceOf(TimeoutError);

    const controller = new AbortController();
    const answer = await user.fetch(service.origin, { timeoutMs: 5_000, signal: controller.signal });
    await clock.advance(60_000);
    const reason = new Error('enough');
    const reading = answer.text();
    controller.abort(reason);
    await expect(reading).rejects.toThrow();
    await expect(user.fetch(service.origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

import { createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { SignInRequiredError } from '../../../src/errors/authentication-error.js';
import type { FetchFunction } from '../../../src/http/transport.js';
import { createOidcClient, type OidcClient, type OidcClientSettings } from '../../../src/identity/oidc.js';
import type { CallEvent } from '../../../src/internal/call-event.js';
import { systemClock } from '../../../src/internal/clock.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { changed, jwt, refused, regular, reply, type Answer } from '../../support/token-server.js';
import { advanceUntilDone, failureOf, secretProof, startWorld } from './world.js';

const nothing = (): void => undefined;
const refresh = (client: OidcClient, token: string, scopes: readonly string[] = []): ReturnType<OidcClient['refresh']> =>
  client.refresh(token, { scopes, keepRotated: nothing });

// The first import takes longer than a fake clock has patience.
beforeAll(async () => {
  await import('openid-client');
});

describe('a refresh', () => {
  it('case 1: sends exactly what the standard asks for, and counts the life from when it was sent', async () => {
    await using world = await startWorld();
    const first = world.server.signIn();
    world.server.next(async (response, grant) => {
      await world.clock.advance(4_000);
      reply(response, grant());
    });
    const sentAt = world.clock.now();
    const { token, life, claims } = await refresh(world.client, first, ['openid', 'a']);
    expect(world.server.forms).toEqual([{ grant_type: 'refresh_token', client_id: 'sdk', refresh_token: first, scope: 'openid a' }]);
    expect(token).toMatchObject({ expiresAt: sentAt + 300_000, scopes: ['openid', 'a'] });
    expect(life).toEqual({ from: { wall: sentAt, monotonic: 0 }, lifeMs: 300_000 });
    expect(claims?.subject).toBe('alice');
  });

  it.each<[string, readonly string[]]>([
    ['none are asked', []],
    ['those asked are empty', ['', ' ']],
  ])('case 11: sends no scope when %s', async (_, scopes) => {
    await using world = await startWorld();
    await refresh(world.client, world.server.signIn(), scopes);
    expect(world.server.forms[0]).not.toHaveProperty('scope');
  });

  it('asks for offline_access with an offline token of Keycloak, whose access tokens have no session without it', async () => {
    await using world = await startWorld();
    for (const scopes of [['a'], []]) await failureOf(refresh(world.client, jwt({ typ: 'Offline' }), scopes));
    await failureOf(refresh(world.client, jwt({ typ: 'Refresh' }), ['a']));
    expect(world.server.forms.map((form) => form['scope'])).toEqual(['a offline_access', undefined, 'a']);
  });

  it('case 10: sends each scope once, separated by spaces', async () => {
    await using world = await startWorld();
    await refresh(world.client, world.server.signIn(), ['b', 'a b', 'b']);
    expect(world.server.forms[0]).toHaveProperty('scope', 'b a');
  });

  it('sends the client secret in the body', async () => {
    await using world = await startWorld({}, { proof: secretProof('s%:+é cret') });
    await refresh(world.client, world.server.signIn());
    expect(world.server.forms[0]).toMatchObject({ client_id: 'sdk', client_secret: 's%:+é cret' });
  });

  it('hands a rotated refresh token over before it looks at the answer', async () => {
    await using world = await startWorld();
    const kept: string[] = [];
    world.server.next(changed({ token_type: 'mac', refresh_token: 'newer' }));
    const work = world.client.refresh(world.server.signIn(), { scopes: [], keepRotated: (token) => void kept.push(token) });
    expect(await failureOf(work)).toMatchObject({ code: 'RESPONSE_INVALID' });
    expect(kept).toEqual(['newer']);
  });

  it('waits until the rotated token is kept', async () => {
    await using world = await startWorld();
    const order: string[] = [];
    await world.client.refresh(world.server.signIn(), {
      scopes: [],
      keepRotated: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('kept');
      },
    });
    order.push('answered');
    expect(order).toEqual(['kept', 'answered']);
  });

  it('case 8: hands nothing over when there is no new refresh token', async () => {
    await using world = await startWorld();
    const keepRotated = vi.fn();
    world.server.next(changed({ refresh_token: undefined }));
    await world.client.refresh(world.server.signIn(), { scopes: [], keepRotated });
    expect(keepRotated).not.toHaveBeenCalled();
  });

  it('case 33: does not care what an ID token says', async () => {
    await using world = await startWorld();
    const claims = Buffer.from(JSON.stringify({ exp: 1, nbf: 9e9, aud: 'other', iss: 'other' })).toString('base64url');
    world.server.next(changed({ id_token: `e30.${claims}.x` }));
    await expect(refresh(world.client, world.server.signIn())).resolves.toHaveProperty('token');
  });

  it('reports itself, without an identity', async () => {
    const events: CallEvent[] = [];
    await using world = await startWorld({}, { onCall: (event) => events.push(event) });
    await refresh(world.client, world.server.signIn());
    await failureOf(refresh(world.client, 'unknown'));
    expect(events).toEqual([
      { type: 'token', grant: 'refresh_token', outcome: 'ok', durationMs: 0 },
      { type: 'token', grant: 'refresh_token', outcome: 'error', durationMs: 0 },
    ]);
  });
});

describe('refusals', () => {
  it('case 63: are final, and cost one call', async () => {
    await using world = await startWorld();
    world.server.next(refused('invalid_grant', 'Session not active'));
    const error = await failureOf(refresh(world.client, world.server.signIn()));
    expect(error).toBeInstanceOf(SignInRequiredError);
    expect(error).toMatchObject({ code: 'SESSION_ENDED', retryable: false });
    expect(world.server.forms).toHaveLength(1);
  });

  test.each<[string, Answer]>([
    ['as JSON', refused('invalid_client', 'Invalid client or Invalid client credentials', 401)],
    [
      'as a challenge',
      (response) => {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="idp", error="invalid_client"' }).end('no');
      },
    ],
  ])('case 66: of the client are one class, %s', async (_, answer) => {
    await using world = await startWorld();
    world.server.next(answer);
    expect(await failureOf(refresh(world.client, 'rt'))).toMatchObject({ code: 'CLIENT_AUTH', name: 'AuthenticationError' });
  });
});

const answering =
  (body: string | Buffer, headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }, status = 200): Answer =>
  (response) => {
    response.writeHead(status, headers).end(body);
  };

describe('malformed answers', () => {
  const good = '{"access_token":"planted-access","token_type":"Bearer"}';

  test.each<[string, Answer]>([
    ['HTML', answering('<html>planted-page</html>', { 'content-type': 'text/html' })],
    ['JSON as text/html', answering(good, { 'content-type': 'text/html' })],
    ['an array', answering(`[${good}]`)],
    ['null', answering('null')],
    ['truncated', answering(good.slice(0, -3))],
    ['a byte order mark', answering(`\ufeff${good}`)],
    [
      'broken UTF-8',
      answering(
        Buffer.concat([
          Buffer.from('{"access_token":"planted\xff", "token_type":"Bearer","x":"', 'latin1'),
          Buffer.from([0xc3, 0x28]),
          Buffer.from('"}'),
        ]),
      ),
    ],
    ['nothing at all', answering('')],
    ['204', answering('', {}, 204)],
    ['no access token', answering('{"token_type":"Bearer","planted":1}')],
    ['no token type', answering('{"access_token":"planted-access"}')],
  ])('case 76: %s is RESPONSE_INVALID, and nothing of it shows', async (_, answer) => {
    await using world = await startWorld();
    world.server.next(answer);
    const error = await failureOf(refresh(world.client, 'rt'));
    expect(error).toMatchObject({ name: 'ResponseValidationError', code: 'RESPONSE_INVALID' });
    expect(error.message).not.toMatch(/planted|html|access_/);
    expect(world.server.forms).toHaveLength(1);
  });

  // Case 76 also lists duplicate keys: `JSON.parse` takes the last one, as every reader of JSON in Node does.

  test.each<[string, Answer]>([
    ['announced', answering('x', { 'content-type': 'application/json', 'content-length': '300000000' })],
    [
      'streamed',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const piece = Buffer.alloc(65_536, 0x20);
        const more = (): void => {
          while (!response.destroyed && response.write(piece));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
    ],
    ['compressed', answering(gzipSync(Buffer.alloc(50_000_000, 0x20)), { 'content-type': 'application/json', 'content-encoding': 'gzip' })],
  ])('case 77: a huge body is given up early: %s', async (_, answer) => {
    await using world = await startWorld();
    world.server.next(answer);
    const before = process.memoryUsage().arrayBuffers;
    expect(await failureOf(refresh(world.client, 'rt'))).toMatchObject({ code: 'RESPONSE_INVALID' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  it('case 80: crafted keys reach no prototype', async () => {
    await using world = await startWorld();
    world.server.next(
      answering('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"access_token":"at","token_type":"Bearer"}'),
    );
    expect((await refresh(world.client, 'rt')).token.value).toBe('at');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('case 72: bodies of failures do not cost connections', async () => {
    await using world = await startWorld();
    const page = answering('<html>'.repeat(33_000), { 'content-type': 'text/html' }, 502);
    for (let count = 0; count < 20; count++) {
      world.server.next(page);
      expect(await failureOf(refresh(world.client, 'rt'))).toMatchObject({ code: 'IDENTITY_PROVIDER_FAILED', retryable: true });
    }
    expect(world.server.connections).toBeLessThanOrEqual(2);
  });
});

/** A failure as Node's fetch reports it. */
const fetchFailure = (code: string): TypeError => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

function offlineClient(fetch: FetchFunction, settings: Partial<OidcClientSettings> = {}): { client: OidcClient; clock: FakeClock } {
  const clock = new FakeClock();
  return {
    clock,
    client: createOidcClient({
      tokenEndpoint: 'https://idp.example/token',
      clientId: 'sdk',
      allowInsecure: false,
      clock,
      fetch,
      ...settings,
    }),
  };
}

const tokenJson = (): Response => Response.json({ access_token: 'at', token_type: 'Bearer', expires_in: 60 });

describe('failures on the way', () => {
  test.each([
    ['ECONNREFUSED', 3, 'CONNECTION_FAILED'],
    ['ENOTFOUND', 3, 'CONNECTION_FAILED'],
    ['UND_ERR_CONNECT_TIMEOUT', 3, 'CONNECTION_FAILED'],
    ['ECONNRESET', 2, 'CONNECTION_FAILED'],
    ['UND_ERR_SOCKET', 2, 'CONNECTION_FAILED'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 1, 'TLS_FAILED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 1, 'TLS_FAILED'],
    ['CERT_HAS_EXPIRED', 1, 'TLS_FAILED'],
  ])('cases 69, 70, 74: after %s there are %d attempts, then %s', async (failure, attempts, code) => {
    const fetch = vi.fn<FetchFunction>(() => Promise.reject(fetchFailure(failure)));
    const { client, clock } = offlineClient(fetch);
    expect(await advanceUntilDone(clock, failureOf(refresh(client, 'rt')))).toMatchObject({ code });
    expect(fetch).toHaveBeenCalledTimes(attempts);
    expect(clock.monotonic()).toBeLessThan(5_000);
  });

  it('case 69: succeed when an attempt does', async () => {
    const fetch = vi.fn<FetchFunction>(() => Promise.resolve(tokenJson())).mockRejectedValueOnce(fetchFailure('ECONNREFUSED'));
    const { client, clock } = offlineClient(fetch);
    expect((await advanceUntilDone(clock, refresh(client, 'rt'))).token.value).toBe('at');
  });

  it('case 69: a real refused connection is one', async () => {
    const client = createOidcClient({
      tokenEndpoint: 'http://127.0.0.1:1/token',
      clientId: 'sdk',
      allowInsecure: false,
      clock: systemClock,
      timeoutMs: 5_000,
    });
    expect(await failureOf(refresh(client, 'rt'))).toMatchObject({ name: 'ConnectionError', code: 'CONNECTION_FAILED', retryable: true });
  });

  test.each<[string, Answer]>([
    ['a reset after the request was sent', (response) => void response.destroy()],
    [
      'a body that is cut',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"access_token":"planted', () => response.destroy());
      },
    ],
  ])('case 70: %s is tried once more', async (_, answer) => {
    await using world = await startWorld();
    world.server.next(answer, answer);
    const error = await advanceUntilDone(world.clock, failureOf(refresh(world.client, 'rt')));
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'CONNECTION_FAILED', retryable: true });
    expect(error.message).not.toContain('planted');
    expect(world.server.forms).toHaveLength(2);
  });

  test.each<[string, Answer]>([
    ['a hanging answer', () => undefined],
    [
      'a dripping body',
      async (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        while (!response.destroyed) {
          response.write(' ');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    ],
  ])('case 70: %s ends at the deadline with TIMEOUT', async (_, answer) => {
    await using world = await startWorld();
    world.server.next(answer);
    const error = await advanceUntilDone(world.clock, failureOf(refresh(world.client, 'rt')), 1_000);
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'TIMEOUT', retryable: true });
    expect(world.server.forms).toHaveLength(1);
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(30_000);
  });

  it('case 70: a fetch that ignores its signal cannot outlast the deadline', async () => {
    const { client, clock } = offlineClient(() => new Promise(nothing), { timeoutMs: 500 });
    expect(await advanceUntilDone(clock, failureOf(refresh(client, 'rt')))).toMatchObject({ code: 'TIMEOUT' });
  });

  test.each([
    ['seconds', '7', 7_000, 7_200],
    ['a date', new Date(Date.UTC(2030, 0, 1, 0, 0, 5)).toUTCString(), 4_500, 5_400],
    ['an hour', '3600', 10_000, 10_200],
    ['a number without end', '1000000000', 0, 900],
    ['garbage', 'soon', 0, 900],
  ])('case 71: Retry-After in %s is honoured within a cap', async (_, retryAfter, atLeastMs, atMostMs) => {
    for (const status of [429, 503]) {
      const busy = new Response('busy', { status, headers: { 'retry-after': retryAfter } });
      const fetch = vi.fn<FetchFunction>(() => Promise.resolve(tokenJson())).mockResolvedValueOnce(busy);
      const { client, clock } = offlineClient(fetch);
      await advanceUntilDone(clock, refresh(client, 'rt'));
      expect(fetch).toHaveBeenCalledTimes(2);
      expect(clock.monotonic()).toBeGreaterThanOrEqual(atLeastMs);
      expect(clock.monotonic()).toBeLessThanOrEqual(atMostMs);
    }
  });

  it('case 71: a provider that stays busy is IDENTITY_PROVIDER_FAILED, before the deadline', async () => {
    const fetch = vi.fn<FetchFunction>(() => Promise.resolve(new Response('busy', { status: 503, headers: { 'retry-after': '9' } })));
    const { client, clock } = offlineClient(fetch, { timeoutMs: 15_000 });
    expect(await advanceUntilDone(clock, failureOf(refresh(client, 'rt')))).toMatchObject({
      code: 'IDENTITY_PROVIDER_FAILED',
      retryable: true,
    });
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('case 73: a provider may take ten seconds', async () => {
    await using world = await startWorld();
    world.server.next(async (response, grant) => {
      await world.clock.advance(10_000);
      await regular(response, grant);
    });
    await expect(refresh(world.client, world.server.signIn())).resolves.toHaveProperty('token');
  });

  it('case 75: a connection that went stale between two calls costs at most one more attempt', async () => {
    const sockets: Socket[] = [];
    let requests = 0;
    const body = JSON.stringify({ access_token: 'at', token_type: 'Bearer' });
    const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const server = createTcpServer((socket) => {
      sockets.push(socket);
      let answered = false;
      socket.on('error', nothing);
      socket.on('data', () => {
        requests++;
        // The second request on a connection finds it closed, as after a restart.
        if (answered) socket.resetAndDestroy();
        else socket.write(answer);
        answered = true;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = createOidcClient({
      tokenEndpoint: `http://127.0.0.1:${port}/token`,
      clientId: 'sdk',
      allowInsecure: false,
      clock: systemClock,
    });
    await refresh(client, 'rt');
    await refresh(client, 'rt');
    expect(requests).toBeLessThanOrEqual(3);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

describe('a fetch of the user', () => {
  it('gets the request, which it must not redirect', async () => {
    const fetch = vi.fn<FetchFunction>(() => Promise.resolve(tokenJson()));
    await refresh(offlineClient(fetch).client, 'rt', ['a']);
    const [url, init] = fetch.mock.calls[0]!;
    expect(url).toBe('https://idp.example/token');
    expect(init).toMatchObject({ method: 'POST', redirect: 'manual' });
    expect(Object.fromEntries(new URLSearchParams(typeof init.body === 'string' ? init.body : ''))).toMatchObject({
      grant_type: 'refresh_token',
      scope: 'a',
    });
  });

  it('case 25: may throw at once', async () => {
    const { client } = offlineClient(() => {
      throw new Error('planted-secret');
    });
    const error = await failureOf(refresh(client, 'rt'));
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error.message).not.toContain('planted');
  });

  it('is not followed through a redirect', async () => {
    const fetch = vi.fn<FetchFunction>(() =>
      Promise.resolve(new Response(null, { status: 307, headers: { location: 'https://evil.example/' } })),
    );
    expect(await failureOf(refresh(offlineClient(fetch).client, 'rt'))).toMatchObject({ code: 'UNEXPECTED_REDIRECT' });
    expect(fetch).toHaveBeenCalledOnce();
  });
});

describe('without a fetch of the user', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('the global one is looked up for each call', async () => {
    await using world = await startWorld();
    const replaced = vi.fn(() => Promise.resolve(tokenJson()));
    vi.stubGlobal('fetch', replaced);
    expect((await refresh(world.client, 'rt')).token.value).toBe('at');
    expect(replaced).toHaveBeenCalledOnce();
  });
});

describe('the metadata of an issuer', () => {
  async function startDiscovering(settings: Partial<OidcClientSettings> = {}) {
    const world = await startWorld();
    const { server, clock } = world;
    const client = createOidcClient({ issuer: server.issuer, clientId: 'sdk', allowInsecure: false, clock, ...settings });
    return { client, server, clock, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  }

  it('name the token endpoint', async () => {
    await using world = await startDiscovering();
    await refresh(world.client, world.server.signIn());
    expect(world.server).toMatchObject({ discoveries: 1, forms: { length: 1 } });
  });

  it('case 19: are not asked for when the token endpoint is given', async () => {
    await using world = await startWorld();
    await refresh(world.client, world.server.signIn());
    expect(world.server.discoveries).toBe(0);
  });

  it('case 87: are asked for once by a hundred callers', async () => {
    await using world = await startDiscovering();
    await Promise.all(Array.from({ length: 100 }, (_, index) => refresh(world.client, world.server.signIn(`user-${index}`))));
    expect(world.server.discoveries).toBe(1);
  });

  it('case 87: serve until their age, whatever happens to the server, and not longer', async () => {
    await using world = await startDiscovering();
    await refresh(world.client, world.server.signIn());
    world.server.metadata(answering('down', {}, 500));
    await world.clock.advance(3_599_000);
    await refresh(world.client, world.server.signIn());
    expect(world.server.discoveries).toBe(1);
    await world.clock.advance(2_000);
    expect(await failureOf(refresh(world.client, world.server.signIn()))).toMatchObject({
      code: 'IDENTITY_PROVIDER_FAILED',
      retryable: true,
    });
    expect(world.server.discoveries).toBe(2);
  });

  it('case 87: are asked for again after a failure', async () => {
    await using world = await startDiscovering();
    world.server.metadata(answering('down', {}, 500));
    await failureOf(refresh(world.client, world.server.signIn()));
    world.server.metadata();
    await expect(refresh(world.client, world.server.signIn())).resolves.toHaveProperty('token');
  });

  it.each([
    ['with a slash more than was asked', (issuer: string) => `${issuer}/`, ''],
    ['with a slash less than was asked', (issuer: string) => issuer, '/'],
  ])('case 82: may name the issuer %s', async (_, name, slash) => {
    await using world = await startWorld();
    const { server, clock } = world;
    server.metadata((response) => {
      reply(response, { status: 200, body: { issuer: name(server.issuer), token_endpoint: server.tokenEndpoint } });
    });
    const client = createOidcClient({ issuer: server.issuer + slash, clientId: 'sdk', allowInsecure: false, clock });
    await expect(refresh(client, server.signIn())).resolves.toHaveProperty('token');
  });

  test.each<[string, (issuer: string) => Answer, string]>([
    ['case 82: of another issuer', () => changed({ issuer: 'https://evil.example' }), 'CONFIGURATION_INVALID'],
    [
      'case 82: of an issuer in other letters',
      (issuer: string) => changed({ issuer: issuer.replace('realms', 'Realms') }),
      'CONFIGURATION_INVALID',
    ],
    ['without an issuer', () => changed({ issuer: undefined }), 'CONFIGURATION_INVALID'],
    ['case 84: that redirect', () => answering('', { location: 'https://evil.example/' }, 302), 'UNEXPECTED_REDIRECT'],
    ['case 84: that are not there', () => answering('no', {}, 404), 'DISCOVERY_FAILED'],
    ['case 84: of 10 MB', () => answering(Buffer.alloc(10_000_000, 0x20)), 'RESPONSE_INVALID'],
    ['in HTML', () => answering('<html>', { 'content-type': 'text/html' }), 'RESPONSE_INVALID'],
    [
      'case 85: with a token endpoint in somebody’s network',
      () => changed({ token_endpoint: 'http://169.254.169.254/token' }),
      'ORIGIN_NOT_TRUSTED',
    ],
    ['case 85: with a file for a token endpoint', () => changed({ token_endpoint: 'file:///etc/passwd' }), 'ORIGIN_NOT_TRUSTED'],
    ['without a token endpoint', () => changed({ token_endpoint: undefined }), 'ORIGIN_NOT_TRUSTED'],
  ])('are refused: %s', async (_, answer, code) => {
    await using world = await startDiscovering();
    world.server.metadata(answer(world.server.issuer));
    expect(await failureOf(refresh(world.client, 'planted-refresh-token'))).toMatchObject({ code });
    expect(world.server.forms).toEqual([]);
  });

  test.each<[string, Partial<OidcClientSettings>, string]>([
    ['case 83: a full .well-known address', { issuer: 'https://idp.example/.well-known/openid-configuration' }, 'CONFIGURATION_INVALID'],
    ['case 86: plain http to another machine', { issuer: 'http://idp.example' }, 'CONFIGURATION_INVALID'],
    ['no address at all', {}, 'CONFIGURATION_MISSING'],
  ])('cannot be asked for from %s', (_, settings, code) => {
    const make = (): OidcClient => createOidcClient({ clientId: 'sdk', allowInsecure: false, clock: new FakeClock(), ...settings });
    expect(make).toThrow(expect.objectContaining({ code }));
  });

  it('case 86: come over plain http where that was allowed', async () => {
    const urls: string[] = [];
    const fetch: FetchFunction = (url) => {
      urls.push(url);
      return Promise.resolve(
        url.includes('well-known')
          ? Response.json({ issuer: 'http://keycloak:8080', token_endpoint: 'http://keycloak:8080/token' })
          : tokenJson(),
      );
    };
    const client = createOidcClient({
      issuer: 'http://keycloak:8080',
      clientId: 'sdk',
      allowInsecure: true,
      clock: new FakeClock(),
      fetch,
    });
    await refresh(client, 'rt');
    expect(urls).toEqual(['http://keycloak:8080/.well-known/openid-configuration', 'http://keycloak:8080/token']);
  });
});

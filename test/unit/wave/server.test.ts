/**
 * A Wave app from registration to the end, against a Wave server that behaves as the real one was measured.
 */
import diagnostics from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { serveWaveApp, type ServeWaveAppOptions, type WaveApp, type WaveEvent } from '../../../src/wave/index.js';
import { AuthenticationError } from '../../../src/errors/authentication-error.js';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { basic, FakeWaved, headersWithoutTab, membersOf, onTheWire, remembering, secrets, userHeaders } from './fake-waved.js';

interface World extends AsyncDisposable {
  readonly waved: FakeWaved;
  readonly app: WaveApp;
  readonly events: WaveEvent[];
  readonly log: { readonly lines: string[] };
}

async function startWorld(options: Partial<ServeWaveAppOptions> = {}): Promise<World> {
  const waved = await FakeWaved.start();
  const log = remembering();
  const events: WaveEvent[] = [];
  const handle = (event: WaveEvent): void => {
    events.push(event);
  };
  const app = await serveWaveApp({ route: '/demo', handle, port: 0, env: waved.env, logger: log, ...options });
  const dispose = async (): Promise<void> => {
    await app.close();
    await waved[Symbol.asyncDispose]();
  };
  return { waved, app, events, log, [Symbol.asyncDispose]: dispose };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function failureOf(options: Partial<ServeWaveAppOptions>): Promise<unknown> {
  const started = serveWaveApp({ route: '/demo', handle: () => undefined, port: 0, env: {}, ...options });
  return started.then(
    async (app) => {
      await app.close();
      return undefined;
    },
    (error: unknown) => error,
  );
}

const action = (args: unknown): string => JSON.stringify({ data: args });

describe('registration', () => {
  it('tells Wave the route, the mode and where the app is, with a random key', async () => {
    await using one = await startWorld();
    await using other = await startWorld({ mode: 'broadcast' });
    expect(one.waved.registered).toMatchObject({ mode: 'unicast', route: '/demo', address: one.app.address });
    expect(other.waved.registered).toMatchObject({ mode: 'broadcast', address: other.app.address });
    const keys = [one, other].flatMap(({ waved }) => [waved.registered!.key_id, waved.registered!.key_secret]);
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it('takes the keys, the mode and the address from the environment', async () => {
    await using waved = await FakeWaved.start();
    const env = {
      ...waved.env,
      H2O_WAVE_APP_ACCESS_KEY_ID: 'app',
      H2O_WAVE_APP_ACCESS_KEY_SECRET: 'app-secret',
      H2O_WAVE_APP_MODE: 'multicast',
      H2O_WAVE_APP_ADDRESS: 'http://127.0.0.1:8123/',
    };
    await using app = await serveWaveApp({ route: '/', handle: () => undefined, port: 0, env });
    const address = 'http://127.0.0.1:8123';
    expect(waved.registered).toEqual({ mode: 'multicast', route: '/', address, key_id: 'app', key_secret: 'app-secret' });
    expect(app.address).toBe(address);
  });

  it('prefers options to the environment', async () => {
    await using waved = await FakeWaved.start();
    const wave = { address: waved.address, accessKey: { id: 'server-key', secret: 'server-secret' }, appKey: { id: 'a', secret: 'b' } };
    const env = { H2O_WAVE_ADDRESS: 'http://127.0.0.1:9', H2O_WAVE_BASE_URL: 'wave', H2O_WAVE_ACCESS_KEY_ID: 'x' };
    await using app = await serveWaveApp({ route: '/', handle: () => undefined, port: 0, wave, env, address: 'http://127.0.0.1:8123' });
    expect(waved.registered).toMatchObject({ address: app.address, key_id: 'a', key_secret: 'b' });
    expect(app.address).toBe('http://127.0.0.1:8123');
  });

  test.each<[number, string, RegExp]>([
    [400, 'ApiError', /exactly application\/json/],
    [401, 'AuthenticationError', /H2O_WAVE_ACCESS_KEY_ID.*H2O_WAVE_ACCESS_KEY_SECRET/],
    [404, 'NotFoundError', /H2O_WAVE_BASE_URL/],
    [302, 'ConnectionError', /H2O_WAVE_ADDRESS/],
    [204, 'ApiError', /H2O_WAVE_ADDRESS/],
  ])('that Wave answers with %d fails at once and says what to do', async (status, name, fix) => {
    await using waved = await FakeWaved.start();
    waved.failures.push(status);
    const error = await failureOf({ env: waved.env });
    expect(error).toMatchObject({ name, message: expect.stringMatching(fix) as unknown, retryable: false });
    expect(inspect(error) + JSON.stringify(error)).not.toContain('server-secret');
    expect(waved.calls).toEqual([]);
  });

  it('with a wrong key of the server fails, and does not show the key', async () => {
    await using waved = await FakeWaved.start();
    const error = await failureOf({ env: { ...waved.env, H2O_WAVE_ACCESS_KEY_SECRET: 'p1anted' } });
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(inspect(error, { showHidden: true })).not.toContain('p1anted');
  });

  it('waits for a Wave that is not up yet', async () => {
    const clock = new FakeClock();
    await using waved = await FakeWaved.start();
    waved.failures.push(503, 502);
    const started = serveWaveApp({ route: '/', handle: () => undefined, port: 0, env: waved.env, clock });
    for (const left of [1, 0]) {
      await until(() => waved.failures.length === left);
      await settled(clock);
      await clock.advance(500);
    }
    await using app = await started;
    expect(app.route).toBe('/');
    expect(waved.calls).toEqual(['register_app']);
  });

  it('gives up at the deadline, and names the address', async () => {
    const address = await deadAddress();
    const error = await failureOf({ wave: { address }, registerTimeoutMs: 500, clock: new FakeClock() });
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'CONNECTION_FAILED', retryable: true });
    expect(String(error)).toContain(`${address}/ (ECONNREFUSED)`);
  });

  it('does not wait for a Wave that says nothing', async () => {
    const clock = new FakeClock();
    let asked = false;
    await using silent = await listening(() => {
      asked = true;
    });
    const failed = failureOf({ wave: { address: silent.address }, clock, registerTimeoutMs: 1_000 });
    await until(() => asked);
    await clock.advance(1_000);
    expect(await failed).toMatchObject({ name: 'TimeoutError', code: 'TIMEOUT' });
  });

  it('ends with the reason of an abort, and nothing listens any longer', async () => {
    const reason = new Error('enough');
    const aborter = new AbortController();
    const silent = await listening(() => {
      aborter.abort(reason);
    });
    const port = Number(new URL(await deadAddress()).port);
    expect(await failureOf({ wave: { address: silent.address }, port, signal: aborter.signal })).toBe(reason);
    await silent[Symbol.asyncDispose]();
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
    expect(await failureOf({ signal: AbortSignal.abort(reason) })).toBe(reason);
  });

  it('is not tried with options that cannot work', async () => {
    await using taken = await listening(() => undefined);
    const port = Number(new URL(taken.address).port);
    expect(await failureOf({ route: 'demo' })).toBeInstanceOf(ConfigurationError);
    expect(await failureOf({ port })).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(/EADDRINUSE/) as unknown,
    });
    expect(await failureOf({ env: { H2O_WAVE_APP_MODE: 'everybody' } })).toBeInstanceOf(ConfigurationError);
    expect(await failureOf({ address: 'app:8000' })).toBeInstanceOf(ConfigurationError);
  });
});

describe('an event', () => {
  it('is answered with an empty 200 of known length before its handler runs', async () => {
    const order: string[] = [];
    const onAnswered = (): void => {
      order.push('answered');
    };
    diagnostics.subscribe('http.server.response.finish', onAnswered);
    let release: (() => void) | undefined;
    const handle = (): Promise<void> => {
      order.push('handled');
      return new Promise((resolve) => (release = resolve));
    };
    await using world = await startWorld({ handle });
    // The registration was answered by this process too.
    order.length = 0;
    const { status, headers, body } = await world.waved.send(action({}), userHeaders);
    await until(() => order.length === 2);
    diagnostics.unsubscribe('http.server.response.finish', onAnswered);
    expect([status, headers['content-length'], headers['transfer-encoding'], body]).toEqual([200, '0', undefined, '']);
    expect(order).toEqual(['answered', 'handled']);
    release?.();
  });

  it('leaves the connection open for longer than the 90 s that Wave keeps it', async () => {
    await using world = await startWorld();
    const { headers } = await world.waved.send(action({}), userHeaders);
    expect(headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=120' });
  });

  it('comes in order, with its user', async () => {
    await using world = await startWorld();
    await world.waved.send(JSON.stringify({ data: { '#': 'top' }, headers: { Cookie: ['a=b'] } }), userHeaders);
    await world.waved.send(action({ x: 1 }), userHeaders);
    await world.waved.send(action({ x: 2 }), userHeaders);
    await world.waved.send('{"data": {"":{"@system":{"client_disconnect":true}}}}', userHeaders);
    await world.waved.send('', { 'Wave-Client-Id': secrets.client }, '/disconnect');
    await world.waved.send('{"data": {"":{"@system":{"logout":true}}}}', headersWithoutTab);
    await until(() => world.events.length === 5);
    expect(world.events.map(({ kind, args }) => [kind, args])).toEqual([
      ['first', { '#': 'top' }],
      ['action', { x: 1 }],
      ['action', { x: 2 }],
      ['disconnect', {}],
      ['logout', {}],
    ]);
    for (const { user } of world.events) expect(user).toEqual({ subject: 'u-1', username: 'zoë', isAnonymous: false });
    expect(world.log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('carries the token for calls on behalf of its user, and shows no secret', async () => {
    await using world = await startWorld();
    await world.waved.send(action({ x: 1 }), userHeaders);
    await until(() => world.events.length === 1);
    const [event] = world.events;
    expect(event?.headers.accessToken?.value).toBe(secrets.token);
    const { key_id, key_secret } = world.waved.registered!;
    const shown = [
      inspect(event, { depth: 9, showHidden: true }),
      JSON.stringify(event),
      inspect(membersOf(event!.headers)),
      ...world.log.lines,
    ].join();
    for (const secret of [...Object.values(secrets), key_id, key_secret, 'server-secret']) expect(shown).not.toContain(secret);
  });

  it('without sign-in is of an anonymous user', async () => {
    await using world = await startWorld();
    await world.waved.send(action({}), { 'Wave-Subject-Id': 'anon', 'Wave-Username': 'anon' });
    await until(() => world.events.length === 1);
    expect(world.events[0]?.user).toEqual({ subject: 'anon', username: 'anon', isAnonymous: true });
  });

  it('may have tokens far beyond the 16 KiB that Node allows by default', async () => {
    await using world = await startWorld();
    const token = 'a'.repeat(40_000);
    const { status } = await world.waved.send(action({}), { ...userHeaders, 'Wave-Access-Token': token, 'Wave-Refresh-Token': token });
    await until(() => world.events.length === 1);
    expect(status).toBe(200);
    expect(world.events[0]?.headers.accessToken?.value).toBe(token);
  });

  test.each([
    ['a name of another script', onTheWire('новак-山田'), 'новак-山田'],
    ['a name with markup', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['a name like a prototype', '__proto__', '__proto__'],
    ['bytes that are not UTF-8', '\u00ff\u00fe', 'ÿþ'],
  ])('hands on as text what stands in the headers: %s', async (_, sent, username) => {
    await using world = await startWorld();
    expect((await world.waved.send(action({}), { ...userHeaders, 'Wave-Username': sent })).status).toBe(200);
    await until(() => world.events.length === 1);
    expect(world.events[0]?.user.username).toBe(username);
  });

  test.each([
    ['no JSON', '{', false],
    ['no object', '"data"', false],
    ['too long', action({ x: 'x'.repeat(1_500_000) }), true],
  ])('that cannot be read is answered with 200 and warned of: %s', async (_, body, isTooLong) => {
    await using world = await startWorld();
    expect(await world.waved.send(body, userHeaders)).toMatchObject({ status: 200, body: '' });
    expect((await world.waved.send(action({ next: true }), userHeaders)).status).toBe(200);
    await until(() => world.events.length === 1);
    expect(world.events[0]?.args).toEqual({ next: true });
    const warnings = world.log.lines.filter((line) => line.startsWith('warn'));
    expect(warnings).toEqual([expect.stringContaining(`"isTooLong":${isTooLong}`)]);
  });

  it('may be as long as the longest message of a browser', async () => {
    await using world = await startWorld();
    await world.waved.send(action({ x: 'x'.repeat(1024 * 1024) }), userHeaders);
    await until(() => world.events.length === 1);
    expect(world.events[0]?.kind).toBe('action');
  });
});

describe('a request without the key of the app', () => {
  test.each([
    ['no key', ''],
    ['another key', basic('a', 'b')],
    ["the server's key", basic('server-key', 'server-secret')],
  ])('case 89: is answered with 401 and makes no event: %s', async (_, authorization) => {
    await using world = await startWorld();
    for (const path of ['', '/disconnect']) {
      expect((await world.waved.send(action({}), { ...userHeaders, authorization }, path)).status).toBe(401);
    }
    await world.waved.send(action({ real: true }), userHeaders);
    await until(() => world.events.length > 0);
    expect(world.events.map(({ args }) => args)).toEqual([{ real: true }]);
    expect(world.log.lines.join()).not.toContain('p1anted');
  });
});

describe('a handler that fails', () => {
  test.each<[string, (event: WaveEvent) => void | Promise<void>]>([
    ['at once', ({ headers }) => fail(headers.accessToken?.value)],
    ['later', ({ headers }) => Promise.resolve().then(() => fail(headers.sessionId?.reveal()))],
    ['with the id of the tab', ({ headers }) => fail(headers.clientId?.reveal())],
    ['with what is no error', () => Promise.reject(Object.create(null) as unknown)],
  ])('%s is in the log without secrets, and Wave hears nothing of it', async (_, handle) => {
    await using world = await startWorld({ handle });
    expect((await world.waved.send(action({}), userHeaders)).status).toBe(200);
    await until(() => world.log.lines.some((line) => line.startsWith('error')));
    expect(world.log.lines.join()).toMatch(/error A handler of the Wave app failed\./);
    for (const secret of Object.values(secrets)) expect(world.log.lines.join()).not.toContain(secret);
    expect((await world.waved.send(action({}), userHeaders)).status).toBe(200);
  });

  it('cannot be made worse by a logger that fails too', async () => {
    const broken = (): void => {
      throw new Error('disk full');
    };
    await using world = await startWorld({
      handle: () => fail('x'),
      logger: { debug: broken, info: broken, warn: broken, error: broken },
    });
    expect((await world.waved.send(action({}), userHeaders)).status).toBe(200);
    expect((await world.waved.send(action({}), userHeaders)).status).toBe(200);
  });
});

describe('the end of an app', () => {
  it('takes the route back, once, and frees the port', async () => {
    await using world = await startWorld();
    await world.waved.send(action({}), userHeaders);
    await Promise.all([world.app.close(), world.app.close()]);
    expect(world.waved.calls).toEqual(['register_app', 'unregister_app']);
    await expect(fetch(world.app.address)).rejects.toThrow();
  });

  it('waits for handlers that run', async () => {
    let release: (() => void) | undefined;
    let isDone = false;
    const handle = async (): Promise<void> => {
      await new Promise<void>((resolve) => (release = resolve));
      isDone = true;
    };
    await using world = await startWorld({ handle });
    await world.waved.send(action({}), userHeaders);
    await until(() => release !== undefined);
    const closed = world.app.close();
    await until(() => world.waved.calls.length === 2);
    expect(isDone).toBe(false);
    release?.();
    await closed;
    expect(isDone).toBe(true);
  });

  it('does not wait for ever', async () => {
    const clock = new FakeClock();
    await using world = await startWorld({ handle: () => new Promise(() => undefined), clock });
    await world.waved.send(action({}), userHeaders);
    let isClosed = false;
    const closed = world.app.close({ timeoutMs: 3_000 }).then(() => (isClosed = true));
    await until(() => world.waved.calls.length === 2);
    await settled(clock);
    await clock.advance(2_999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closed;
    expect(world.log.lines.at(-1)).toContain('"count":1');
  });

  it('comes also when Wave is gone', async () => {
    await using world = await startWorld();
    world.waved.failures.push(401);
    await world.app.close();
    expect(world.log.lines.join()).toMatch(/warn The Wave app could not take its route back/);
    await expect(fetch(world.app.address)).rejects.toThrow();
  });

  it('comes with the abort of the signal', async () => {
    const aborter = new AbortController();
    await using world = await startWorld({ signal: aborter.signal });
    aborter.abort();
    await world.app.close();
    expect(world.waved.calls).toEqual(['register_app', 'unregister_app']);
  });
});

function fail(secret: string | undefined): never {
  throw new Error(`could not use ${secret ?? 'nothing'}`);
}

/** Lets what is under way on real sockets come to the clock. */
async function settled(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  await clock.advance(0);
}

interface Listening extends AsyncDisposable {
  readonly address: string;
}

/** A server that never answers. */
async function listening(onRequest: () => void): Promise<Listening> {
  const server = createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    address: typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '',
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function deadAddress(): Promise<string> {
  const server = await listening(() => undefined);
  await server[Symbol.asyncDispose]();
  return server.address;
}

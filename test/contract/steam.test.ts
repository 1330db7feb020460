/**
 * `user.steam` against the local Steam.
 */
import { describe, expect, it, test } from 'vitest';
import {
  AuthenticationError,
  ApiError,
  ConfigurationError,
  ConflictError,
  EngineError,
  H2OCloud,
  NotFoundError,
  ResponseValidationError,
  UnsupportedByPlatformError,
  type EngineProgress,
} from 'h2o-ai-cloud';
import { accessTokenOf, hurriedClock, startSteppedCloud, startTestCloud, type TestCloud } from '../support/cloud.js';

const methodsOf = ({ local }: TestCloud): string[] =>
  local.requests.filter(({ path }) => path === '/steam/web').map(({ body }) => (body as { method: string }).method.replace('web.', ''));
const signIns = ({ local }: TestCloud): number => local.requests.filter(({ path }) => path === '/steam/auth').length;

describe('signing in to Steam', () => {
  it('happens once for calls that start together, with the access token alone', async () => {
    await using test = await startTestCloud();
    await Promise.all([test.user.steam.profiles(), test.user.steam.about(), test.user.steam.driverlessai.list()]);
    const sent = test.local.requests.filter(({ path }) => path === '/steam/auth');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body).toEqual({ access_token: accessTokenOf(test.local, 'alice'), refresh_token: '' });
    expect(sent[0]?.headers['authorization']).toBe('Basic <redacted>');
  });

  it('is shared by users of the same token, and by nobody else', async () => {
    await using test = await startTestCloud();
    const token = accessTokenOf(test.local, 'alice');
    await test.user.steam.driverlessai.launch({ name: 'of alice' });
    await Promise.all([1, 2].map(() => test.cloud.onBehalfOf({ accessToken: token }).steam.profiles()));
    expect(signIns(test)).toBe(1);
    const bob = test.cloud.onBehalfOf({ accessToken: accessTokenOf(test.local, 'bob') });
    expect(await bob.steam.driverlessai.list()).toEqual([]);
    expect(signIns(test)).toBe(2);
  });

  test.each([
    ['401', { status: 401, body: 'Unauthorized\n' }],
    ['a redirect to a page', { status: 302, headers: { location: '/login' } }],
    ['a page with status 200', { status: 200, body: '<html>sign in</html>' }],
    ['words', { status: 200, body: { result: null, error: 'session has expired', id: 1 } }],
  ])('happens again when Steam ends the session with %s', async (_, then) => {
    await using test = await startTestCloud();
    await test.user.steam.profiles();
    test.local.faults.add({ when: { path: '/steam/web' }, then });
    expect(await test.user.steam.profiles()).toHaveLength(2);
    expect(signIns(test)).toBe(2);
  });

  it('happens once when calls that run together meet the end of the session', async () => {
    await using test = await startTestCloud();
    await test.user.steam.profiles();
    test.local.faults.add({ when: { path: '/steam/web' }, times: 3, then: { status: 401 } });
    await Promise.all([test.user.steam.profiles(), test.user.steam.about(), test.user.steam.h2o3.list()]);
    expect(signIns(test)).toBe(2);
  });

  it('is not repeated without end, and tells who refused', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/web' }, times: 10, then: { status: 401 } });
    await expect(test.user.steam.profiles()).rejects.toMatchObject({ code: 'AUTH_REJECTED', call: 'GetProfiles' });
    expect(signIns(test)).toBe(2);
  });

  it('fails as the user’s matter when Steam refuses the token, and is tried anew by the next call', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/auth' }, then: { status: 401 } });
    await expect(test.user.steam.profiles()).rejects.toThrow(AuthenticationError);
    expect(await test.user.steam.profiles()).toHaveLength(2);
  });

  it('says so when something else answers there', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/auth' }, then: { status: 200, body: '<html>welcome</html>' } });
    await expect(test.user.steam.profiles()).rejects.toThrow('without a session');
  });

  it('takes 307 for an answer', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({
      when: { path: '/steam/auth' },
      then: { status: 307, headers: { location: '/', 'set-cookie': 'steam-session=from-a-redirect; Path=/' } },
    });
    test.local.faults.add({
      when: { path: '/steam/web' },
      then: { status: 200, body: { result: { profiles: null }, error: null, id: 1 } },
    });
    expect(await test.user.steam.profiles()).toEqual([]);
    expect(test.local.faults.hits).toHaveLength(2);
  });

  it('uses a refresh token only where the caller says so', async () => {
    await using test = await startTestCloud();
    const { refreshToken } = await test.local.issueTokens('bob');
    const steam = test.user.steam.signedInWith({ refreshToken });
    await steam.driverlessai.launch({ name: 'of bob' });
    expect(test.local.requests.find(({ path }) => path === '/steam/auth')?.body).toEqual({ access_token: '', refresh_token: refreshToken });
    expect(await test.user.steam.driverlessai.list()).toEqual([]);
  });

  it('goes on for the others when one caller leaves', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/auth' }, then: { delayMs: 50 } });
    const leaving = new AbortController();
    const left = test.user.steam.profiles({ signal: leaving.signal });
    const stays = test.user.steam.profiles();
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    expect(await stays).toHaveLength(2);
    expect(signIns(test)).toBe(1);
  });
});

describe('a session in Steam', () => {
  it('outlives the token that made it', async () => {
    let offset = 0;
    const real = hurriedClock(1);
    const clock = { ...real, now: () => real.now() + offset };
    await using test = await startTestCloud({ clock, accessTokenSeconds: 60 }, { clock });
    const instance = await test.user.steam.driverlessai.launch({ name: 'x' });
    offset = 120_000;
    expect(await test.user.steam.driverlessai.get(instance)).toMatchObject({ name: 'x' });
    expect(signIns(test)).toBe(1);
  });

  it('ends with the sign-out of the user', async () => {
    await using test = await startTestCloud();
    await test.user.steam.profiles();
    await test.user.signOut();
    await expect(test.user.steam.profiles()).rejects.toThrow(AuthenticationError);
  });
});

describe('what Steam answers', () => {
  it('reads profiles and versions', async () => {
    await using test = await startTestCloud();
    const { steam } = test.user;
    expect(await steam.about()).toEqual({ version: '1.9.18', runsOnKubernetes: true, hasDriverlessAi: true, hasH2o3: true });
    expect(await steam.profiles()).toMatchObject([
      { name: 'default-driverless-kubernetes', type: 'driverless_kubernetes', limits: { cpuCount: { min: 1, max: 16, initial: 4 } } },
      { name: 'default-h2o-kubernetes', type: 'h2o_kubernetes', limits: { nodeCount: { min: 1, max: 6, initial: 2 } } },
    ]);
    expect((await steam.versions('driverlessai')).map(({ version }) => version)).toEqual(['1.11.0', '1.10.7.5']);
    expect((await steam.versions('h2o3')).map(({ version }) => version)).toEqual(['3.46.0.2', '3.44.0.3']);
  });

  test.each([
    ['not found', 'instance with id 7 not found', NotFoundError],
    ['taken', "instance with name 'x' already exists", ConflictError],
    ['anything else', 'the moon is in the wrong phase', ApiError],
    ['an object', { reason: 'odd' }, ApiError],
  ])('turns prose into an error that holds it: %s', async (_, error, kind) => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/web' }, then: { status: 200, body: { result: null, error, id: 1 } } });
    const thrown: unknown = await test.user.steam.driverlessai.get(7).catch((reason: unknown) => reason);
    expect(thrown).toBeInstanceOf(kind);
    const said = typeof error === 'string' ? error : '"reason":"odd"';
    expect(thrown).toMatchObject({
      status: 200,
      serviceMessage: expect.stringContaining(said) as string,
      call: 'GetDriverlessInstanceByID',
    });
  });

  it('reads null lists as empty ones', async () => {
    await using test = await startTestCloud();
    for (const result of [{ instances: null }, {}, { cluster: null }]) {
      test.local.faults.add({ when: { path: '/steam/web' }, then: { status: 200, body: { result, error: null, id: 1 } } });
    }
    expect(await test.user.steam.driverlessai.list()).toEqual([]);
    expect(await test.user.steam.driverlessai.list()).toEqual([]);
    expect(await test.user.steam.h2o3.list()).toEqual([]);
  });

  it('takes a page for no answer', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/web' }, times: 2, then: { status: 200, body: '<html>maintenance</html>' } });
    await expect(test.user.steam.driverlessai.list()).rejects.toThrow(ResponseValidationError);
  });

  it('calls any other method, and says when there is none', async () => {
    await using test = await startTestCloud();
    expect(await test.user.steam.call('PingServer', { input: 'x' })).toEqual({ output: '1.9.18' });
    await expect(test.user.steam.call('NoSuchMethod')).rejects.toThrow(UnsupportedByPlatformError);
    await expect(test.user.steam.call('web.GetConfigMeta')).rejects.toThrow(ConfigurationError);
  });
});

describe('a Driverless AI instance', () => {
  it('is launched as its profile suggests, waited for, stopped, started and deleted', async () => {
    await using test = await startSteppedCloud();
    const { driverlessai } = test.user.steam;
    const instance = await driverlessai.launch({ name: 'credit', maxIdleHours: 1 });
    expect(instance).toMatchObject({
      kind: 'driverlessai',
      status: 'starting',
      targetStatus: 'running',
      version: '1.11.0',
      cpuCount: 4,
      memoryGb: 16,
      maxIdleMs: 3_600_000,
      createdBy: 'alice',
    });
    const seen: EngineProgress[] = [];
    const onProgress = (progress: EngineProgress): void => {
      seen.push(progress);
      test.step(500);
    };
    const running = await driverlessai.waitUntil(instance, 'running', { onProgress });
    expect(seen[0]).toMatchObject({ status: 'starting', targetStatus: 'running' });
    expect(seen.at(-1)).toMatchObject({ status: 'running', targetStatus: 'running' });
    expect((await driverlessai.findRunning({ version: '1.11.0', name: 'credit' })).map(({ id }) => id)).toEqual([instance.id]);
    expect(await driverlessai.findRunning({ version: '1.10.0' })).toEqual([]);

    await driverlessai.stop(running);
    expect(await driverlessai.findRunning()).toEqual([]);
    await driverlessai.waitUntil(running, 'stopped', test.stepping);
    await driverlessai.rename(instance, 'credit-2');
    await driverlessai.start(instance, { memoryGb: 32 });
    expect(await driverlessai.waitUntil(instance, 'running', test.stepping)).toMatchObject({
      name: 'credit-2',
      memoryGb: 32,
      maxIdleMs: 3_600_000,
    });
    await driverlessai.stop(instance);
    await driverlessai.waitUntil(instance, 'stopped', test.stepping);
    await driverlessai.delete(instance);
    await driverlessai.waitUntil(instance, 'terminated', test.stepping);
    expect((await test.user.steam.events(instance)).map(({ message }) => message)).toContain('stopped by user');
  });

  it('is not launched outside of the limits of its profile', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.steam;
    await expect(driverlessai.launch({ name: 'x', cpuCount: 17 })).rejects.toThrow(
      '`cpuCount` is 17, and the profile default-driverless-kubernetes allows 1 to 16',
    );
    await expect(driverlessai.launch({ name: 'x', profile: 'default-h2o-kubernetes' })).rejects.toThrow('is for h2o_kubernetes');
    await expect(driverlessai.launch({ name: 'x', cpuCount: '4' as never })).rejects.toThrow(ConfigurationError);
    await expect(driverlessai.launch({ name: ' ' })).rejects.toThrow('has no name');
    await expect(test.user.steam.h2o3.launch({ name: '' })).rejects.toThrow('has no name');
    await expect(driverlessai.rename(1, '')).rejects.toThrow('has no name');
    expect(methodsOf(test)).not.toContain('LaunchDriverlessInstance');
  });

  it('is named when it was launched and cannot be read', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/steam/web' }, skip: 3, times: 3, then: { status: 503 } });
    const error: unknown = await test.user.steam.driverlessai.launch({ name: 'x' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'SERVER_ERROR', created: [{ kind: 'engine', id: '3201' }] });
  });

  it('ends a wait when it fails, with why', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const { steam } = test.user;
    const instance = await steam.driverlessai.launch({ name: 'x' });
    await steam.call('FailDriverlessInstance', { instance_id: instance.id });
    const error: unknown = await steam.driverlessai.waitUntil(instance, 'running').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      code: 'ENGINE_FAILED',
      engine: `Driverless AI instance ${instance.id}`,
      stopReason: 'marked as failed by user',
      history: [{ status: 'failed', targetStatus: 'failed' }],
      events: [{ message: 'launched' }, { level: 'error', message: 'marked as failed by user' }],
    });
  });

  it('ends a wait when nobody moves it, and not at once: Steam may not have begun', async () => {
    const clock = hurriedClock(100);
    await using test = await startTestCloud({ healthyAfterMs: 0, clock }, { clock });
    const { driverlessai } = test.user.steam;
    const instance = await driverlessai.launch({ name: 'x' });
    await driverlessai.waitUntil(instance, 'running');
    const error: unknown = await driverlessai.waitUntil(instance, 'stopped').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('Nothing moves it') as string });
  });

  it('ends a wait with the deadline or the caller, and goes on', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const { driverlessai } = test.user.steam;
    const instance = await driverlessai.launch({ name: 'x' });
    await expect(driverlessai.waitUntil(instance, 'running', { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'ENGINE_WAIT_TIMEOUT',
      retryable: true,
    });
    const leaving = new AbortController();
    const wait = driverlessai.waitUntil(instance, 'running', {
      signal: leaving.signal,
      onProgress: () => {
        leaving.abort(new Error('left'));
      },
    });
    await expect(wait).rejects.toThrow('left');
    expect(await driverlessai.get(instance)).toMatchObject({ status: 'starting' });
  });

  it('lets its owner in with the token that Steam keeps, without the session of Steam', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.steam;
    const instance = await driverlessai.launch({ name: 'x' });
    await driverlessai.waitUntil(instance, 'running');
    const connection = await driverlessai.connection(instance);
    const headers = await connection.headers();
    expect(Object.keys(headers)).toEqual(['authorization']);
    expect(connection.expiresAt).toBeGreaterThan(Date.now());
    const answer = await fetch(`${connection.url}/rpc`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ id: 1, method: 'api_get_app_version', params: {} }),
    });
    expect(await answer.json()).toMatchObject({ result: { version: '1.11.0' } });
    const stranger = await fetch(`${connection.url}/rpc`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessTokenOf(test.local, 'bob')}` },
    });
    expect(stranger.status).toBe(401);
    expect(JSON.stringify(connection)).not.toContain(headers['authorization']);
  });

  it('is entered with a fresh token when the one that Steam keeps has ended', async () => {
    const clock = hurriedClock(1);
    let offset = 0;
    const moved = { ...clock, now: () => clock.now() + offset };
    await using test = await startTestCloud({ clock: moved, accessTokenSeconds: 60 }, { clock: moved });
    const { refreshToken } = await test.local.issueTokens('alice');
    const { driverlessai } = test.cloud.onBehalfOf({ refreshToken }).steam;
    const instance = await driverlessai.launch({ name: 'x' });
    await driverlessai.waitUntil(instance, 'running');
    const connection = await driverlessai.connection(instance);
    const first = await connection.headers();
    offset = 61_000;
    const second = await connection.headers();
    expect(second['authorization']).not.toBe(first['authorization']);
    const answer = await fetch(`${connection.url}/rpc`, {
      method: 'POST',
      headers: second,
      body: '{"id":1,"method":"api_get_app_version"}',
    });
    expect(answer.status).toBe(200);
  });

  it('is entered with its own password where it is not guarded by OpenID Connect', async () => {
    await using test = await startTestCloud();
    const { local } = test;
    const signIn = await fetch(`${local.url}/steam/auth`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('alice:alice').toString('base64')}` },
      body: new URLSearchParams({ access_token: '', refresh_token: '' }),
    });
    const cookie = signIn.headers.getSetCookie()[0]!;
    local.faults.add({ when: { path: '/steam/auth' }, then: { status: 200, headers: { 'set-cookie': cookie } } });
    const { driverlessai } = test.user.steam;
    const instance = await driverlessai.launch({ name: 'x' });
    expect(instance.authentication).toBe('local');
    expect(JSON.stringify(instance)).not.toContain(instance.password!.reveal());
    await driverlessai.waitUntil(instance, 'running');
    const connection = await driverlessai.connection(instance);
    const headers = await connection.headers();
    expect(Object.keys(headers)).toEqual(['cookie']);
    expect(headers['cookie']).not.toContain('steam-session');
    const answer = await fetch(`${connection.url}/rpc`, { method: 'POST', headers, body: '{"id":1,"method":"api_get_app_version"}' });
    expect(answer.status).toBe(200);
  });

  it('has no connection before it runs', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const instance = await test.user.steam.driverlessai.launch({ name: 'x' });
    await expect(test.user.steam.driverlessai.connection(instance)).rejects.toMatchObject({ code: 'ENGINE_NOT_RUNNING' });
  });
});

describe('an H2O-3 cluster', () => {
  it('is sized for a data set, launched, waited for, entered with the session, stopped and deleted', async () => {
    await using test = await startSteppedCloud();
    const { h2o3 } = test.user.steam;
    const cluster = await h2o3.launch({ name: 'credit', dataset: { sizeGb: 9 } });
    expect(cluster).toMatchObject({
      kind: 'h2o3',
      nodeCount: 3,
      memoryGb: 16,
      version: '3.46.0.2',
      contextPath: `/steam/proxy/h2o-k8s/${cluster.id}`,
    });
    await h2o3.waitUntil(cluster, 'running', test.stepping);
    const connection = await h2o3.connection(cluster);
    const answer = await fetch(`${connection.url}/3/Cloud`, { headers: await connection.headers() });
    expect(await answer.json()).toMatchObject({ version: '3.46.0.2', cloud_size: 3 });
    expect((await fetch(`${connection.url}/3/Cloud`)).status).toBe(401);

    await h2o3.stop(cluster);
    const stopping = await h2o3.get(cluster);
    expect(stopping).toMatchObject({ status: 'running', targetStatus: 'stopped' });
    expect(await h2o3.findRunning()).toEqual([]);
    await h2o3.waitUntil(cluster, 'stopped', test.stepping);
    await h2o3.delete(cluster);
    await expect(h2o3.get(cluster)).rejects.toThrow(NotFoundError);
  });

  it('is entered with a new session after the old one was refused', async () => {
    await using test = await startTestCloud();
    const { h2o3 } = test.user.steam;
    const cluster = await h2o3.launch({ name: 'x' });
    await h2o3.waitUntil(cluster, 'running');
    const connection = await h2o3.connection(cluster);
    const first = await connection.headers();
    expect(await connection.headers()).toEqual(first);
    expect(await connection.headers({ renew: true })).not.toEqual(first);
  });

  test.each(['//evil.example/3', 'https://evil.example', '', '/\\evil.example'])('is not entered at %j', async (contextPath) => {
    await using test = await startTestCloud();
    const { h2o3 } = test.user.steam;
    const cluster = await h2o3.launch({ name: 'x' });
    const wire = { id: cluster.id, name: 'x', status: 'running', target_status: 'running', context_path: contextPath };
    test.local.faults.add({ when: { path: '/steam/web' }, then: { status: 200, body: { result: { cluster: wire }, error: null, id: 1 } } });
    await expect(h2o3.connection(cluster)).rejects.toThrow(ResponseValidationError);
  });
});

it('a cloud without Steam says where it was looked for', async () => {
  await using test = await startTestCloud({ services: [] });
  await expect(test.user.steam.profiles()).rejects.toMatchObject({
    code: 'CONFIGURATION_MISSING',
    message: expect.stringContaining('STEAM_URL') as string,
  });
  expect(new H2OCloud({ env: test.local.env })).toBeDefined();
});

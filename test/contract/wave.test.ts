/** An app on Wave calls the cloud as the user whose event it handles. Wave itself is played by requests of its kind. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { AuthenticationError, H2OCloud, SignInRequiredError, type WaveRequest } from 'h2o-ai-cloud';
import { FakeClock, startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';
import { serveWaveApp } from 'h2o-ai-cloud/wave';
import { accessTokenOf, startTestCloud } from '../support/cloud.js';

const appKey = { id: 'app', secret: 'app secret' };
const authorization = `Basic ${Buffer.from(`${appKey.id}:${appKey.secret}`).toString('base64')}`;

it('a request of Wave is a user, one without the key of the app is nobody', async () => {
  await using test = await startTestCloud();
  const cloud = new H2OCloud({ env: test.local.env, wave: { appKey } });
  const headers = {
    'wave-subject-id': 's',
    'wave-username': 'alice',
    'wave-session-id': 'x',
    'wave-access-token': accessTokenOf(test.local, 'alice'),
  };
  await cloud.onBehalfOf({ headers: { ...headers, authorization } }).mlops.projects.create({ name: 'mine' });
  expect(await test.user.mlops.projects.list().toArray()).toHaveLength(1);
  expect(() => cloud.onBehalfOf({ headers })).toThrow(AuthenticationError);
  expect(() => cloud.onBehalfOf({ headers: { ...headers, authorization: 'Basic eDp5' } })).toThrow(AuthenticationError);
});

it('an anonymous user is told how sign-in is switched on', async () => {
  await using test = await startTestCloud();
  const cloud = new H2OCloud({ env: test.local.env, wave: { appKey } });
  const user = cloud.onBehalfOf({ headers: { 'wave-subject-id': 'anon', 'wave-username': 'anon', authorization } });
  const call = user.mlops.projects.list().first();
  await expect(call).rejects.toThrow(SignInRequiredError);
  await expect(call).rejects.toThrow(/EnableOIDC/);
});

it('an event of the app server is a user', async () => {
  await using test = await startTestCloud();
  const cloud = new H2OCloud({ env: test.local.env });
  const wave = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-length': '0' }).end());
  });
  await new Promise<void>((resolve) => wave.listen(0, '127.0.0.1', resolve));
  const address = wave.address();
  const waveUrl = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
  let handled: (name: string) => void = () => undefined;
  const done = new Promise<string>((resolve) => (handled = resolve));
  const app = await serveWaveApp({
    route: '/demo',
    port: 0,
    wave: { address: waveUrl, appKey },
    env: {},
    handle: async (event) => {
      const project = await cloud.onBehalfOf(event).mlops.projects.create({ name: `by ${event.user.username}` });
      handled(project.name);
    },
  });
  await fetch(app.address, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      'wave-client-id': 'c',
      'wave-subject-id': 's',
      'wave-username': 'alice',
      'wave-session-id': 'x',
      'wave-access-token': accessTokenOf(test.local, 'alice'),
    },
    body: JSON.stringify({ data: { go: true } }),
  });
  expect(await done).toBe('by alice');
  await app.close();
  wave.close();
});

describe('a session of Wave', () => {
  const app = { clientId: 'wave-app', clientSecret: 'wave-app-secret' };
  const eventOf = (session: string, token: string | undefined): WaveRequest => ({
    headers: {
      authorization,
      'wave-subject-id': 's',
      'wave-username': 'alice',
      'wave-session-id': session,
      ...(token === undefined ? {} : { 'wave-access-token': token }),
    },
  });
  const exchanges = (local: RunningCloud): number =>
    local.requests.filter(({ body }) => JSON.stringify(body ?? '').includes('token-exchange')).length;

  interface World extends AsyncDisposable {
    readonly local: RunningCloud;
    readonly cloud: H2OCloud;
    readonly clock: FakeClock;
    readonly waveUrl: string;
    /** What Wave holds of the session, which the identity provider renews when Wave asks it. */
    wave: { token: string; calls: number; status: number };
  }

  async function startWorld(accessTokenSeconds = 300): Promise<World> {
    const clock = new FakeClock();
    const local = await startLocalCloud({ clock, accessTokenSeconds });
    const wave = { token: '', calls: 0, status: 200 };
    const server = createServer((_, response) => {
      wave.calls++;
      response.writeHead(wave.status, wave.status === 200 ? { 'wave-access-token': wave.token } : {}).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const waveUrl = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
    const options = { env: local.env, oidc: app, wave: { address: waveUrl, appKey }, clock, retry: { baseMs: 1 } };
    return {
      local,
      cloud: new H2OCloud(options),
      clock,
      waveUrl,
      wave,
      async [Symbol.asyncDispose]() {
        await local.close();
        server.closeAllConnections();
        server.close();
      },
    };
  }

  const signIn = async ({ local }: World): Promise<string> => (await local.issueTokens('alice', { client: 'wave-app' })).accessToken;

  it('pays one exchange for the scopes of a service, however many events it has', async () => {
    await using world = await startWorld();
    const token = await signIn(world);
    for (let count = 0; count < 5; count++) await world.cloud.onBehalfOf(eventOf('s', token)).mlops.projects.list().first();
    expect(exchanges(world.local)).toBe(1);
    await world.cloud.onBehalfOf(eventOf('other', token)).mlops.projects.list().first();
    expect(exchanges(world.local)).toBe(2);
  });

  it('works on for hours by asking Wave, in the name of one user made at its beginning', async () => {
    await using world = await startWorld(60);
    world.wave.token = await signIn(world);
    const user = world.cloud.onBehalfOf(eventOf('s', world.wave.token));
    await user.mlops.projects.create({ name: 'demo' });
    for (let minute = 0; minute < 120; minute += 2) {
      await world.clock.advance(120_000);
      world.wave.token = await signIn(world);
      expect(await user.mlops.projects.list().toArray()).toHaveLength(1);
    }
    expect(world.wave.calls).toBe(60);
  });

  it('case 108: a token that a service refuses before its end is exchanged where Wave has no other one', async () => {
    await using world = await startWorld();
    world.wave.token = await signIn(world);
    const credential = world.cloud.onBehalfOf(eventOf('s', world.wave.token));
    let refused = 0;
    const service = createServer(({ headers }, response) => {
      const isOwn = headers.authorization === `Bearer ${world.wave.token}`;
      if (isOwn) refused++;
      response.writeHead(isOwn ? 401 : 200).end();
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const address = service.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
    const cloud = new H2OCloud({
      env: world.local.env,
      oidc: app,
      wave: { appKey, address: world.waveUrl },
      clock: world.clock,
      trustedOrigins: [origin],
    });
    const user = cloud.onBehalfOf(eventOf('s', world.wave.token));
    expect((await user.fetch(origin)).status).toBe(200);
    expect((await user.fetch(origin)).status).toBe(200);
    expect([refused, exchanges(world.local)]).toEqual([1, 1]);
    expect((await credential.accessToken()).value).toBe(world.wave.token);
    service.close();
  });

  it('case 110: is over for everybody once the user has signed out', async () => {
    await using world = await startWorld();
    const token = await signIn(world);
    const user = world.cloud.onBehalfOf(eventOf('s', token));
    await user.mlops.projects.list().first();
    expect(await world.cloud.onBehalfOf(eventOf('s', token)).signOut()).toEqual({ isRevoked: false });
    for (const late of [user, world.cloud.onBehalfOf(eventOf('s', token))]) {
      await expect(late.mlops.projects.list().first()).rejects.toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
    }
    expect((await world.cloud.onBehalfOf(eventOf('new', token)).accessToken()).value).toBe(token);
  });

  it('case 114: is not ended anywhere else by a sign-out: no access token is ever revoked', async () => {
    await using world = await startWorld();
    const token = await signIn(world);
    const users = [world.cloud.onBehalfOf(eventOf('s', token)), world.cloud.onBehalfOf({ accessToken: token })];
    for (const user of users) await user.mlops.projects.list().first();
    const before = world.local.requests.length;
    for (const user of users) await user.signOut({ revoke: true });
    expect(world.local.requests.slice(before)).toEqual([]);
    await expect(users[1]!.accessToken()).rejects.toMatchObject({ code: 'SESSION_ENDED' });
  });
});

it('case 92: two users with five hundred interleaved events each get their own tokens only', async () => {
  await using test = await startTestCloud();
  const cloud = new H2OCloud({ env: test.local.env, wave: { appKey } });
  const tokens = { alice: accessTokenOf(test.local, 'alice'), bob: accessTokenOf(test.local, 'bob') };
  const storage = new AsyncLocalStorage<string>();
  const handle = async (name: 'alice' | 'bob', index: number): Promise<void> => {
    const headers = { authorization, 'wave-subject-id': name, 'wave-session-id': `of ${name}`, 'wave-access-token': tokens[name] };
    await new Promise((resolve) => setImmediate(resolve));
    const { value } = await cloud.onBehalfOf({ headers }).accessToken();
    expect(value).toBe(tokens[name]);
    if (index % 2 === 0) expect(storage.getStore()).toBe(name);
  };
  const events = Array.from({ length: 1_000 }, (_, index) => {
    const name = index % 3 === 0 ? 'alice' : 'bob';
    return index % 2 === 0 ? storage.run(name, () => handle(name, index)) : handle(name, index);
  });
  await Promise.all(events);
});

/** An app on Wave calls the cloud as the user whose event it handles. Wave itself is played by requests of its kind. */
import { expect, it } from 'vitest';
import { AuthenticationError, H2OCloud, SignInRequiredError } from 'h2o-ai-cloud';
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
  const { createServer } = await import('node:http');
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

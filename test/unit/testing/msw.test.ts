import { setupServer } from 'msw/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { localCloudHandlers } from '../../../src/testing/msw.js';

const clock = new FakeClock();
const cloud = localCloudHandlers({ clock });
const other = localCloudHandlers({ origin: 'https://other.example:8443/' });
const server = setupServer(...cloud.handlers, ...other.handlers);

beforeAll(() => {
  server.listen({ onUnhandledRequest: 'error' });
});

afterAll(() => {
  server.close();
});

const environmentUrl = 'https://cloud.example/.ai.h2o.cloud.discovery/v1/environment';

describe('a local cloud behind msw', () => {
  it('answers at its origin, and names it', async () => {
    const answer = await fetch(environmentUrl);
    expect(await answer.json()).toMatchObject({ environment: { h2oCloudEnvironment: 'https://cloud.example' } });
    expect((await cloud.describe()).env).toMatchObject({ H2O_CLOUD_ENVIRONMENT: 'https://cloud.example' });
  });

  it('takes over the whole origin, its root and unknown paths too', async () => {
    expect((await fetch('https://cloud.example/')).status).toBe(404);
    expect((await fetch('https://cloud.example/no/such/path?x=1', { method: 'DELETE' })).status).toBe(404);
  });

  it('signs a user in', async () => {
    const { issuer, env } = await cloud.describe();
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'hac-platform-public',
      refresh_token: env['H2O_CLOUD_CLIENT_PLATFORM_TOKEN'] ?? '',
    });
    const answer = await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body: form });
    expect(await answer.text()).toMatch(/"access_token":"[^"]+"/);
  });

  it('may stand beside another one, each with its own requests', async () => {
    const before = cloud.requests.length;
    const answer = await fetch('https://other.example:8443/.ai.h2o.cloud.discovery/v1/environment');
    expect(await answer.json()).toMatchObject({ environment: { h2oCloudEnvironment: 'https://other.example:8443' } });
    expect(cloud.requests).toHaveLength(before);
    expect(other.requests).toHaveLength(1);
  });

  it('a dropped connection is a network error, and the next request is answered', async () => {
    cloud.faults.add({ when: { path: '/environment' }, then: { dropSocket: true } });
    await expect(fetch(environmentUrl)).rejects.toThrow(TypeError);
    expect((await fetch(environmentUrl)).status).toBe(200);
  });

  it('a cut body fails while it is read', async () => {
    cloud.faults.add({ then: { cutBodyAfterBytes: 5 } });
    const answer = await fetch(environmentUrl);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  it('a cut request is a network error', async () => {
    cloud.faults.add({ then: { cutRequestAfterBytes: 2 } });
    await expect(fetch(environmentUrl, { method: 'POST', body: 'four' })).rejects.toThrow(TypeError);
  });

  it('an answer to order is that answer', async () => {
    cloud.faults.add({ then: { status: 502, body: 'Bad Gateway' } });
    const answer = await fetch(environmentUrl);
    expect([answer.status, await answer.text()]).toEqual([502, 'Bad Gateway']);
  });

  it('a delay runs on the clock of the test', async () => {
    cloud.faults.clear();
    cloud.faults.add({ then: { delayMs: 10_000 } });
    const answer = fetch(environmentUrl);
    await expect.poll(() => cloud.faults.hits.length).toBe(1);
    await clock.advance(10_000);
    expect((await answer).status).toBe(200);
  });
});

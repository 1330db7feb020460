import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it, test } from 'vitest';
import { FakeClock, startLocalCloud } from '../../../src/testing/index.js';
import type { RunningCloud, StartLocalCloudOptions } from '../../../src/testing/index.js';

const running: RunningCloud[] = [];

async function start(options?: StartLocalCloudOptions): Promise<RunningCloud> {
  const cloud = await startLocalCloud(options);
  running.push(cloud);
  return cloud;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((cloud) => cloud.close()));
});

const environmentPath = '/.ai.h2o.cloud.discovery/v1/environment';

/** A GET with headers that `fetch` would not let through. */
function rawGet(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { method, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** What comes back over a bare connection until it ends. */
function rawExchange(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(received);
    });
  });
}

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof TypeError ? error.message : String(error)),
  );

describe('a local cloud on a port', () => {
  it('answers at the address that it gives to programs', async () => {
    const cloud = await start();
    expect(cloud.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(cloud.env).toMatchObject({ H2O_CLOUD_ENVIRONMENT: cloud.url });
    expect(cloud.users.map(({ username }) => username)).toContain('alice');
    const answer = await fetch(cloud.url + environmentPath);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ environment: { h2oCloudEnvironment: cloud.url } });
    expect(cloud.requests).toMatchObject([{ method: 'GET', path: environmentPath, status: 200 }]);
  });

  it('keeps two clouds apart', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    await fetch(one.url + environmentPath);
    expect([one.requests.length, other.requests.length]).toEqual([1, 0]);
    expect(one.url).not.toBe(other.url);
  });

  it('serves the port that is asked for, and says so when it is taken', async () => {
    const cloud = await start();
    const port = Number(new URL(cloud.url).port);
    await expect(startLocalCloud({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await cloud.close();
    expect((await start({ port })).url).toBe(cloud.url);
  });

  it('is told of by describe, with tokens of its own each time', async () => {
    const cloud = await start();
    const description = await cloud.describe();
    expect(description.cloudUrl).toBe(cloud.url);
    for (const address of [description.gatewayUrl, description.issuer]) expect(address.startsWith(`${cloud.url}/`)).toBe(true);
    expect(description.users[0]?.refreshToken).not.toBe(cloud.users[0]?.refreshToken);
  });

  it('signs users in without a browser, ends their sessions, and locks them out', async () => {
    const cloud = await start();
    const { issuer } = await cloud.describe();
    const refresh = async (refreshToken: string): Promise<number> => {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'hac-platform-public', refresh_token: refreshToken });
      return (await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body: form })).status;
    };
    const first = await cloud.issueTokens('alice');
    expect(await refresh(first.refreshToken)).toBe(200);
    cloud.stopUserSession('alice');
    expect(await refresh(first.refreshToken)).toBe(400);
    const second = await cloud.issueTokens('alice');
    expect(await refresh(second.refreshToken)).toBe(200);
    cloud.disableUser('alice');
    expect(await refresh(second.refreshToken)).toBe(400);
    await expect(cloud.issueTokens('nobody')).rejects.toThrow('nobody');
  });

  it('answers to the names of this machine, with its own port, and to no other', async () => {
    const cloud = await start();
    const { port } = new URL(cloud.url);
    const statusFor = async (host: string): Promise<number> => (await rawGet(cloud.url + environmentPath, { host })).status;
    for (const name of ['localhost', '127.0.0.1', 'LOCALHOST', '[::1]'])
      expect([name, await statusFor(`${name}:${port}`)]).toEqual([name, 200]);
    const answered = cloud.requests.length;
    for (const name of ['rebound.example', 'localhost.evil.example', '127.0.0.2', ''])
      expect([name, await statusFor(`${name}:${port}`)]).toEqual([name, 403]);
    for (const host of ['localhost:1', 'localhost']) expect([host, await statusFor(host)]).toEqual([host, 403]);
    expect(cloud.requests).toHaveLength(answered);
  });

  it('gives no web page leave to read its answers', async () => {
    const cloud = await start();
    const answer = await rawGet(cloud.url + environmentPath, { origin: 'https://page.example' });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('survives what is not a request of fetch', async () => {
    const cloud = await start();
    const { host } = new URL(cloud.url);
    expect(await rawExchange(cloud.url, `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400/);
    expect(await rawExchange(cloud.url, `GET http://evil.example/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400/,
    );
    expect((await rawGet(cloud.url, {}, 'TRACE')).status).toBe(400);
    expect((await fetch(cloud.url + environmentPath)).status).toBe(200);
  });

  it('ends every connection when it closes, idle or in the middle of an answer, and may be closed twice', async () => {
    const cloud = await start();
    await (await fetch(cloud.url + environmentPath)).text();
    cloud.faults.add({ then: { delayMs: 3_600_000 } });
    const waiting = failure(fetch(cloud.url + environmentPath));
    await expect.poll(() => cloud.faults.hits.length).toBe(1);
    await cloud.close();
    expect(await waiting).toBe('fetch failed');
    expect(await failure(fetch(cloud.url + environmentPath))).toBe('fetch failed');
    await cloud.close();
  });

  it('is closed at the end of an `await using` block', async () => {
    const cloud = await startLocalCloud();
    await cloud[Symbol.asyncDispose]();
    expect(await failure(fetch(cloud.url))).toBe('fetch failed');
  });
});

describe('faults on a real socket', () => {
  it('drop: the connection ends without an answer, the next request is answered', async () => {
    const cloud = await start();
    cloud.faults.add({ when: { service: 'cloud' }, then: { dropSocket: true } });
    expect(await failure(fetch(cloud.url + environmentPath))).toBe('fetch failed');
    expect((await fetch(cloud.url + environmentPath)).status).toBe(200);
    expect(cloud.faults.hits).toEqual([{ method: 'GET', path: environmentPath, then: { dropSocket: true } }]);
  });

  it('status: an answer in place of the true one', async () => {
    const cloud = await start();
    cloud.faults.add({ then: { status: 503, headers: { 'retry-after': '7' }, body: { message: 'busy' } } });
    const answer = await fetch(cloud.url + environmentPath, { method: 'POST', body: 'x'.repeat(100_000) });
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([503, '7', { message: 'busy' }]);
    expect(cloud.requests).toEqual([]);
  });

  test.each([0, 1, 20])('cut of the answer after %d bytes: exactly they arrive, then the connection ends', async (bytes) => {
    const cloud = await start();
    const { host } = new URL(cloud.url);
    const whole = await (await fetch(cloud.url + environmentPath)).text();
    cloud.faults.add({ then: { cutBodyAfterBytes: bytes } });
    const received = await rawExchange(cloud.url, `GET ${environmentPath} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const [head = '', ...chunks] = received.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200/);
    // In chunked coding the size of a chunk stands before it, and a size of zero would end the body.
    expect(
      chunks
        .join('')
        .replace(/^[\da-f]+\r\n/, '')
        .trimEnd(),
    ).toBe(whole.slice(0, bytes));
    expect(received).not.toMatch(/\r\n0\r\n/);
  });

  it('cut of the answer: the caller has the head and fails on the body', async () => {
    const cloud = await start();
    cloud.faults.add({ then: { cutBodyAfterBytes: 5 } });
    const answer = await fetch(cloud.url + environmentPath);
    expect(answer.status).toBe(200);
    expect(await failure(answer.text())).toBe('terminated');
  });

  it('cut of the request: the upload breaks off, and the cloud never sees it', async () => {
    const cloud = await start();
    cloud.faults.add({ then: { cutRequestAfterBytes: 1000 } });
    expect(await failure(fetch(`${cloud.url}/mlops`, { method: 'POST', body: new Uint8Array(10_000_000) }))).toBe('fetch failed');
    cloud.faults.add({ then: { cutRequestAfterBytes: 1000 } });
    expect(await failure(fetch(`${cloud.url}/mlops`, { method: 'POST', body: 'short' }))).toBe('fetch failed');
    expect(cloud.requests).toEqual([]);
  });

  it('delay: runs on the clock of the test', async () => {
    const clock = new FakeClock();
    const cloud = await start({ clock });
    cloud.faults.add({ then: { delayMs: 60_000 } });
    const answer = fetch(cloud.url + environmentPath);
    await expect.poll(() => cloud.faults.hits.length).toBe(1);
    await clock.advance(59_999);
    expect(cloud.requests).toEqual([]);
    await clock.advance(1);
    expect((await answer).status).toBe(200);
  });
});

/** The transport over real sockets: what only a real connection shows. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { ConnectionError, TimeoutError } from '../../../src/errors/connection-error.js';
import { jsonReader } from '../../../src/http/get-json.js';
import { operation } from '../../../src/http/operation.js';
import { createSend, type SendPorts } from '../../../src/http/send.js';
import { kyTransport, type FetchFunction } from '../../../src/http/transport.js';
import { systemClock } from '../../../src/internal/clock.js';
import { silentLogger } from '../../../src/internal/logger.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
}

function ports(fetch?: FetchFunction): SendPorts {
  return { transport: kyTransport(fetch), clock: systemClock, logger: silentLogger, onCall: () => undefined, retry: { baseMs: 1 } };
}

const upload = operation({ name: 'Upload', method: 'POST', path: '/upload', safe: false, answer: z.looseObject({ received: z.number() }) });
const read = operation({ name: 'Read', method: 'GET', path: '/read', safe: true, answer: z.looseObject({}) });
const sendTo = (url: string, fetch?: FetchFunction): ReturnType<typeof createSend> =>
  createSend({ service: 'test', endpoint: () => Promise.resolve({ url, scopes: [] }) }, ports(fetch));

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield await Promise.resolve(new Uint8Array(64 * 1024));
}

describe('an upload', () => {
  it('is streamed: the server gets the first bytes before the last are made', async () => {
    let seen = 0;
    const url = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => (seen += chunk.length));
      request.on('end', () => response.end(JSON.stringify({ received: seen })));
    });
    let seenBeforeTheEnd = 0;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunks(40);
      await vi.waitFor(() => {
        expect(seen).toBeGreaterThan(0);
      });
      seenBeforeTheEnd = seen;
      yield* chunks(1);
    };
    const answer = await sendTo(url)({ operation: upload, stream: { open: source, replayable: true } });
    expect(answer.received).toBe(41 * 64 * 1024);
    expect(seenBeforeTheEnd).toBeGreaterThan(0);
  });

  it('through a custom fetch gets the same body, and JSON stays text', async () => {
    const bodies: string[] = [];
    const url = await serve((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => response.end(JSON.stringify({ received: size })));
    });
    const custom: FetchFunction = (target, init) => {
      bodies.push(typeof init.body);
      return fetch(target, init);
    };
    const send = sendTo(url, custom);
    expect((await send({ operation: upload, stream: { open: () => chunks(3), replayable: true } })).received).toBe(3 * 64 * 1024);
    expect((await send({ operation: upload, body: { a: 1 } })).received).toBe(7);
    expect(bodies).toEqual(['object', 'string']);
  });

  it('ends when nothing moves', async () => {
    const url = await serve(() => undefined);
    const call = sendTo(url)({ operation: upload, stream: { open: () => chunks(1), replayable: true } }, { idleTimeoutMs: 50 });
    await expect(call).rejects.toThrow(TimeoutError);
  });
});

describe('an answer', () => {
  it('that drips ends with the deadline', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 5);
      closers.push(() => {
        clearInterval(timer);
      });
    });
    await expect(sendTo(url)({ operation: read }, { timeoutMs: 60 })).rejects.toThrow(TimeoutError);
  });

  it('that breaks off is a ConnectionError', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":');
      setTimeout(() => response.destroy(), 5);
    });
    await expect(sendTo(url)({ operation: read })).rejects.toMatchObject({ name: 'ConnectionError', code: 'CONNECTION_FAILED' });
  });

  it('that redirects is an error, and the token goes nowhere', async () => {
    let visits = 0;
    const other = await serve((_, response) => {
      visits += 1;
      response.end('{}');
    });
    const url = await serve((_, response) => response.writeHead(302, { location: `${other}/login` }).end());
    await expect(sendTo(url)({ operation: read })).rejects.toMatchObject({ name: 'ConnectionError', code: 'UNEXPECTED_REDIRECT' });
    expect(visits).toBe(0);
  });
});

describe('discovery', () => {
  it('follows redirects within its origin, and not out of it', async () => {
    const other = await serve((_, response) => response.end('{"from":"other"}'));
    const url = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(307, { location: '/b' }).end();
      else if (request.url === '/b') response.end('{"from":"b"}');
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else response.writeHead(302, { location: other }).end();
    });
    const getJson = jsonReader('discovery', ports());
    expect(await getJson(`${url}/a`, {})).toEqual({ from: 'b' });
    await expect(getJson(`${url}/out`, {})).rejects.toThrow(ConnectionError);
    await expect(getJson(`${url}/loop`, {})).rejects.toThrow(ConnectionError);
  });
});

it('the global fetch is looked up for each call', async () => {
  const send = sendTo('https://nowhere.example');
  const stub = vi.fn<typeof fetch>(() => Promise.resolve(Response.json({ stubbed: true })));
  vi.stubGlobal('fetch', stub);
  expect(await send({ operation: read })).toEqual({ stubbed: true });
  vi.unstubAllGlobals();
});

import { Agent, createServer, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { toRequest, writeResponse } from '../../../src/local/node-bridge.js';

const servers: Server[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

afterEach(() => {
  agent.destroy();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server that answers as a function of fetch does; the failures to send an answer are kept. */
async function serving(answer: (request: Request) => Promise<Response>): Promise<{ port: number; failures: unknown[] }> {
  const failures: unknown[] = [];
  const server = createServer((incoming, outgoing) => {
    answer(toRequest(incoming, outgoing, 'http://local'))
      .then((response) => writeResponse(response, outgoing))
      .catch((error: unknown) => failures.push(error));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, failures };
}

function send(port: number, method: string, headers: OutgoingHttpHeaders = {}): ClientRequest {
  return httpRequest({ port, host: '127.0.0.1', method, path: '/path?x=1', headers, agent });
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
}

describe('a request', () => {
  it('keeps its method, path and headers, repeated ones too', async () => {
    const { port } = await serving((request) =>
      Promise.resolve(Response.json([request.method, request.url, request.headers.get('x-many'), request.body === null])),
    );
    const answer = await answerTo(send(port, 'DELETE', { 'x-many': ['one', 'two'] }).end());
    expect(JSON.parse(await text(answer))).toEqual(['DELETE', 'http://local/path?x=1', 'one, two', true]);
  });

  it('is read while it is still being sent', async () => {
    let firstPiece: (piece: string) => void = () => undefined;
    const seen = new Promise<string>((resolve) => {
      firstPiece = resolve;
    });
    const { port } = await serving(async (request) => {
      const body: ReadableStream<Uint8Array> | null = request.body;
      const reader = body!.getReader();
      firstPiece(new TextDecoder().decode((await reader.read()).value));
      const second = await reader.read();
      return new Response(`then ${new TextDecoder().decode(second.value)}, done ${(await reader.read()).done}`);
    });
    const upload = send(port, 'POST', { 'transfer-encoding': 'chunked' });
    const answered = answerTo(upload);
    upload.write('first');
    expect(await seen).toBe('first');
    upload.end('second');
    expect(await text(await answered)).toBe('then second, done true');
  });

  it('tells by its signal that the client has gone', async () => {
    let gone = (): void => undefined;
    const noticed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    let arrived = (): void => undefined;
    const inProgress = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { port } = await serving(({ signal }) => {
      signal.addEventListener('abort', gone);
      arrived();
      return new Promise(() => undefined);
    });
    const request = send(port, 'GET').end();
    request.on('error', () => undefined);
    await inProgress;
    request.destroy();
    await noticed;
  });
});

describe('an answer', () => {
  it('keeps its status and headers, each cookie on a line of its own', async () => {
    const headers = new Headers({ 'x-one': '1' });
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    const { port } = await serving(() => Promise.resolve(new Response('short and stout', { status: 418, headers })));
    const answer = await answerTo(send(port, 'GET').end());
    expect([answer.statusCode, answer.headers['x-one'], answer.headers['set-cookie']]).toEqual([418, '1', ['a=1', 'b=2']]);
    expect(await text(answer)).toBe('short and stout');
  });

  it('without a body says so', async () => {
    const { port } = await serving(() => Promise.resolve(new Response(null, { status: 401 })));
    const answer = await answerTo(send(port, 'POST', { 'content-length': 0 }).end());
    expect([answer.statusCode, answer.headers['content-length'], await text(answer)]).toEqual([401, '0', '']);
  });

  it('that comes before the upload was read leaves the way free for the next request', async () => {
    const { port } = await serving((request) => Promise.resolve(new Response(null, { status: request.method === 'POST' ? 401 : 200 })));
    for (let round = 0; round < 3; round++) {
      const refused = await answerTo(send(port, 'POST').end(Buffer.alloc(200_000)));
      await text(refused);
      const next = await answerTo(send(port, 'GET').end());
      await text(next);
      expect([refused.statusCode, next.statusCode]).toEqual([401, 200]);
    }
  });

  it('that comes in the middle of the upload leaves the way free for the next request', async () => {
    const { port } = await serving(async (request) => {
      const body: ReadableStream<Uint8Array> | null = request.body;
      await body?.getReader().read();
      return new Response(null, { status: body === null ? 200 : 401 });
    });
    for (let round = 0; round < 3; round++) {
      const upload = send(port, 'POST', { 'content-length': 10_000_000 });
      upload.on('error', () => undefined).write(Buffer.alloc(200_000));
      expect((await answerTo(upload)).statusCode).toBe(401);
      expect((await answerTo(send(port, 'GET').end())).resume().statusCode).toBe(200);
    }
  });

  it('that is larger than the buffers arrives whole', async () => {
    const chunk = new Uint8Array(1_000_000).fill(65);
    let left = 20;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const { port } = await serving(() => Promise.resolve(new Response(body)));
    expect(await text(await answerTo(send(port, 'GET').end()))).toHaveLength(20_000_000);
  });

  it('whose reader leaves in the middle is given up, its source is told, and nothing hangs', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1_000_000));
      },
      cancel() {
        cancelled = true;
      },
    });
    const { port, failures } = await serving(() => Promise.resolve(new Response(body)));
    const answer = await answerTo(send(port, 'GET').end());
    await once(answer, 'readable');
    answer.on('error', () => undefined).destroy();
    await expect.poll(() => failures.length).toBe(1);
    expect(cancelled).toBe(true);
  });
});

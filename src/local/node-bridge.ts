/**
 * Between Node's HTTP server and `fetch`: a request as a `Request` whose body streams, a `Response` as the answer.
 * Written by hand because an answer must be able to break off at an exact byte.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * The request as `fetch` has it. Its signal aborts when the client goes away before the answer is complete.
 *
 * @throws {TypeError} it has no path of its own (`OPTIONS *`), or a method that `fetch` does not know (`TRACE`)
 */
export function toRequest(incoming: IncomingMessage, outgoing: ServerResponse, origin: string): Request {
  if (incoming.url?.startsWith('/') !== true) throw new TypeError('The request target is not a path.');
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  outgoing.once('finish', () => {
    // The rest of a body that nobody wants would stand in the way of the next request on this connection.
    if (incoming.readableDidRead && !incoming.complete) incoming.socket.destroySoon();
  });
  const { headers, method = 'GET' } = incoming;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return new Request(origin + incoming.url, {
    method,
    headers: Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
    body: hasBody ? bodyOf(incoming) : null,
    duplex: 'half',
    signal: gone.signal,
  });
}

/** Reads from the socket only what is asked for, so that a slow reader slows the client down and an unread body is never held in memory. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * Sends an answer. Rejects when the client goes away, or the body of the answer fails.
 *
 * @param cutAfterBytes ends the connection when so many bytes of the body are out
 */
export async function writeResponse(response: Response, outgoing: ServerResponse, cutAfterBytes: number = Infinity): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  if (cutAfterBytes < Infinity) outgoing.flushHeaders();
  const body: ReadableStream<Uint8Array> | null = response.body;
  let left = cutAfterBytes;
  if (body !== null && left > 0) {
    for await (const chunk of body) {
      await write(outgoing, chunk.subarray(0, left));
      left -= chunk.byteLength;
      if (left <= 0) break;
    }
  }
  if (left <= 0) outgoing.socket?.destroySoon();
  else outgoing.end();
}

async function write(outgoing: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (outgoing.destroyed) throw new Error('The client has gone.');
  if (outgoing.write(chunk)) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(outgoing, 'drain', { signal }), once(outgoing, 'close', { signal })]);
  } finally {
    settled.abort();
  }
}

/**
 * What Wave's requests to the app arrive at. Every one with the app's key is answered with an empty 200, whatever is in it: on any other
 * answer Wave drops the app. What an event sets off is not this file's business.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { readWaveHeaders, type WaveAppKey, type WaveHeaders } from '../identity/wave/headers.js';
import type { Logger } from '../internal/logger.js';
import { readWaveEvent, type WaveEvent } from './event.js';

/** Two tokens with many roles are beyond Node's 16 KiB. */
const maxHeaderSize = 128 * 1024;
/** Wave keeps idle connections for 90 s and does not repeat a request that it has written to one just closed. */
const keepAliveTimeout = 120_000;
const headersTimeout = 125_000;
/** One message of a browser is at most 1 MiB; the first one brings headers of the browser's with it. */
const longestBodyBytes = 1024 * 1024 + 128 * 1024;

interface InboxPorts {
  readonly appKey: WaveAppKey;
  readonly logger: Logger;
  /** Called when the answer has gone. Must not throw. */
  readonly onEvent: (event: WaveEvent) => void;
}

/** A server for Wave's requests; it does not listen yet. */
export function createInbox(ports: InboxPorts): Server {
  const { logger } = ports;
  return createServer({ maxHeaderSize, keepAliveTimeout, headersTimeout }, (request, response) => {
    receive(ports, request, response).catch(() => {
      logger.warn('A request of Wave broke off; its event is lost.');
      response.destroy();
    });
  });
}

async function receive(ports: InboxPorts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { logger, onEvent } = ports;
  const headers = believedHeaders(request, ports.appKey);
  if (headers === undefined) {
    logger.warn('A request without the key of the Wave app was refused.');
    // The body of a stranger is not read.
    response.writeHead(401, { 'content-length': 0, connection: 'close' }).end();
    return;
  }
  const body = await bodyOf(request);
  // `/disconnect` repeats the event of the tab that is gone, without its user.
  const isRepeat = request.url?.endsWith('/disconnect') === true;
  const event = isRepeat || body === undefined ? undefined : readWaveEvent(body, headers);
  if (event !== undefined) {
    // Also when the connection broke: Wave has delivered the event and does not repeat it.
    finished(response, () => {
      onEvent(event);
    });
  } else if (!isRepeat) {
    logger.warn('A message of Wave could not be read; it is passed over.', { isTooLong: body === undefined });
  }
  // Wave uses a connection again only after an answer that says by its length that it is empty.
  response.writeHead(200, { 'content-length': 0 }).end();
}

function believedHeaders(request: IncomingMessage, appKey: WaveAppKey): WaveHeaders | undefined {
  try {
    return readWaveHeaders(request, appKey);
  } catch {
    return undefined;
  }
}

/** The body, read to its end; `undefined` where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const stream: AsyncIterable<Uint8Array> = request;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes <= longestBodyBytes) chunks.push(chunk);
  }
  return bytes <= longestBodyBytes ? Buffer.concat(chunks).toString('utf8') : undefined;
}

/**
 * A local cloud on a port: HTTP on loopback for programs that are not this process. Carries requests and makes faults felt on the socket;
 * what the services answer is the cloud's business.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { systemClock } from '../internal/clock.js';
import type { Clock } from '../internal/clock.js';
import { outcomeOf } from './fault-effects.js';
import { createLocalCloud } from './local-cloud.js';
import type { LocalCloud, LocalCloudOptions } from './local-cloud.js';
import { toRequest, writeResponse } from './node-bridge.js';

const loopback = '127.0.0.1';

export interface ServeOptions extends Omit<LocalCloudOptions, 'origin'> {
  /** The port to listen on. Default: one that is free. */
  readonly port?: number | undefined;
}

export interface RunningLocalCloud {
  readonly cloud: LocalCloud;
  /** Where it answers, for instance `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops listening and ends every connection, idle or busy. */
  close(): Promise<void>;
}

/**
 * Starts a local cloud on 127.0.0.1. It answers only requests that name it by a loopback address (`Host`), so that no web page can reach it.
 *
 * @throws {Error} the port is taken or not allowed (`code` is Node's, for instance `EADDRINUSE`)
 */
export async function serveLocalCloud(options: ServeOptions = {}): Promise<RunningLocalCloud> {
  const { port: wantedPort = 0, ...cloudOptions } = options;
  const server = createServer();
  const port = await listen(server, wantedPort);
  const url = `http://${loopback}:${port}`;
  const cloud = createLocalCloud({ ...cloudOptions, origin: url });
  const carrier: Carrier = {
    cloud,
    clock: options.clock ?? systemClock,
    hosts: loopbackHosts(port),
  };
  server.on('request', (incoming, outgoing) => {
    carry(carrier, incoming, outgoing).catch(() => {
      outgoing.destroy();
    });
  });
  return { cloud, url, close: () => close(server) };
}

/** The names that a request may call this machine by, as `Host` has them: clients leave out the port that HTTP has by itself. */
export function loopbackHosts(port: number): ReadonlySet<string> {
  const names = [loopback, 'localhost', '[::1]'];
  return new Set([...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])]);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, loopback, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

interface Carrier {
  readonly cloud: LocalCloud;
  readonly clock: Clock;
  readonly hosts: ReadonlySet<string>;
}

async function carry({ cloud, clock, hosts }: Carrier, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const host = incoming.headers.host ?? '';
  if (!hosts.has(host.toLowerCase())) {
    await writeResponse(new Response('This local cloud answers on loopback only.', { status: 403 }), outgoing);
    return;
  }
  const request = requestFrom(incoming, outgoing, `http://${host}`);
  if (request === undefined) {
    await writeResponse(new Response('This is not a request that the local cloud understands.', { status: 400 }), outgoing);
    return;
  }
  const effect = cloud.faults.take({ method: request.method, path: new URL(request.url).pathname });
  const outcome = await outcomeOf(effect, request, { clock, fetch: (passed) => cloud.fetch(passed) });
  if (outcome === 'dropped') incoming.socket.destroy();
  else await writeResponse(outcome.response, outgoing, outcome.cutAfterBytes);
}

function requestFrom(incoming: IncomingMessage, outgoing: ServerResponse, origin: string): Request | undefined {
  try {
    return toRequest(incoming, outgoing, origin);
  } catch {
    return undefined;
  }
}

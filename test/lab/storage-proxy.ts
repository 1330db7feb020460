/**
 * A reverse proxy before a storage server: it passes everything on as it came, so that signatures stay good, and a test can spoil requests
 * one by one. It puts the role into calls of the token service that the server wants: a Drive looks at none.
 */
import { createServer, request as requestTo, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

export interface Passing {
  readonly method: string;
  /** With its query, as it stands on the wire. */
  readonly target: string;
}

/** What happens to a request in place of being passed on. `pass` passes it on after all. */
export type Fault = (request: IncomingMessage, response: ServerResponse, pass: () => Promise<void>) => void | Promise<void>;

export class StorageProxy implements AsyncDisposable {
  readonly requests: Passing[] = [];
  /** What the server has refused with 403. */
  readonly refused: Passing[] = [];
  /** Whether keys end with the token that they were got for: the server does so where nobody asks for a duration. */
  shortSessions = false;
  /** Whether the token service says that keys live for an hour, however long they do. */
  claimsLongSessions = false;
  readonly #upstream: URL;
  readonly #role: string;
  readonly #faults: { readonly matches: (request: Passing) => boolean; readonly fault: Fault }[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  #url = '';

  private constructor(upstream: string, role: string) {
    this.#upstream = new URL(upstream);
    this.#role = role;
  }

  static async start(upstream: string, role: string): Promise<StorageProxy> {
    const proxy = new StorageProxy(upstream, role);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    proxy.#url = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : '')}`;
    return proxy;
  }

  get url(): string {
    return this.#url;
  }

  /** Spoils the next request that matches. */
  next(matches: (request: Passing) => boolean, fault: Fault): void {
    this.#faults.push({ matches, fault });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const passing = { method: request.method ?? '', target: request.url ?? '' };
    this.requests.push(passing);
    const at = this.#faults.findIndex(({ matches }) => matches(passing));
    const pass = (): Promise<void> => this.#pass(request, response);
    const [spoilt] = at < 0 ? [] : this.#faults.splice(at, 1);
    await (spoilt === undefined ? pass() : spoilt.fault(request, response, pass));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isTokenCall = request.method === 'POST' && request.url === '/';
    const form = isTokenCall ? new URLSearchParams((await buffer(request)).toString()) : undefined;
    form?.set('RoleArn', this.#role);
    if (this.shortSessions) form?.delete('DurationSeconds');
    const body = form === undefined ? undefined : Buffer.from(form.toString());
    const headers = { ...request.headers, ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }) };
    const { hostname, port } = this.#upstream;
    const outgoing = requestTo({ hostname, port, method: request.method, path: request.url, headers });
    response.on('close', () => outgoing.destroy());
    const answered = new Promise<IncomingMessage>((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
    if (body === undefined) await Promise.race([pipeline(request, outgoing), answered]);
    else outgoing.end(body);
    const answer = await answered;
    if (answer.statusCode === 403) this.refused.push({ method: request.method ?? '', target: request.url ?? '' });
    if (isTokenCall && this.claimsLongSessions) {
      const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
      const xml = (await buffer(answer)).toString().replace(/(<Expiration>)[^<]*/, `$1${inAnHour}`);
      response.writeHead(answer.statusCode ?? 502, { date: answer.headers.date ?? '' }).end(xml);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    await pipeline(answer, response);
  }
}

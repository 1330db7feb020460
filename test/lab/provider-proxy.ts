/**
 * A reverse proxy before an identity provider: it counts and keeps the token calls, independent of anything that the SDK says of itself,
 * and a test can spoil them. Keycloak takes its issuer from the host it is called by, so behind the proxy the issuer is the proxy's.
 */
import { createServer, request as requestTo, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A call to a token endpoint. It holds tokens and secrets: it is for assertions, never for messages. */
export interface TokenCall {
  /** Of `performance.now()`. */
  readonly atMs: number;
  readonly path: string;
  readonly grant: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

export interface Reply {
  readonly status: number;
  /** Names and values in turn, so that repeated ones stay. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Answers a token call in place of the provider; `forward` asks the provider, which may spend a token. */
export type Fault = (response: ServerResponse, forward: () => Promise<Reply>) => void | Promise<void>;

export class ProviderProxy implements AsyncDisposable {
  readonly tokenCalls: TokenCall[] = [];
  /** All that was asked, as method and path. */
  readonly requests: string[] = [];
  readonly #upstream: URL;
  readonly #faults: Fault[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  #url = '';

  private constructor(upstream: URL) {
    this.#upstream = upstream;
  }

  /** @param upstream where the provider is, e.g. `keycloak.url` */
  static async start(upstream: string): Promise<ProviderProxy> {
    const proxy = new ProviderProxy(new URL(upstream));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The proxy has no port.');
    proxy.#url = `http://127.0.0.1:${address.port}`;
    return proxy;
  }

  get url(): string {
    return this.#url;
  }

  /** An issuer, or any other address of the provider, as it is behind this proxy. */
  behind(address: string): string {
    const { pathname, search } = new URL(address);
    return `${this.#url}${pathname}${search}`;
  }

  /** Spoils the next token calls, one each. */
  next(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const path = (request.url ?? '/').replace(/\?.*/, '');
    const forward = (): Promise<Reply> => this.#forward(request, body);
    this.requests.push(`${request.method} ${path}`);
    const isTokenCall = request.method === 'POST' && /\/token$/.test(path);
    const fault = isTokenCall ? this.#faults.shift() : undefined;
    if (isTokenCall) {
      const form = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
      this.tokenCalls.push({ atMs: performance.now(), path, grant: form['grant_type'] ?? '', form, headers: request.headers });
    }
    await (fault ?? regular)(response, forward);
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#upstream;
      const headers = request.rawHeaders;
      const outgoing = requestTo({ hostname, port, method: request.method, path: request.url, headers }, (answer) => {
        buffer(answer).then((answered) => {
          resolve({ status: answer.statusCode ?? 502, rawHeaders: answer.rawHeaders, body: answered });
        }, reject);
      });
      outgoing.on('error', reject).end(body);
    });
  }
}

/** Passes an answer on. */
export function pass(response: ServerResponse, { status, rawHeaders, body }: Reply): void {
  const headers = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : []));
  const kept = headers.filter(([name]) => !['transfer-encoding', 'content-length', 'connection'].includes(name.toLowerCase()));
  response.writeHead(status, [...kept.flat(), 'content-length', String(body.byteLength)]).end(body);
}

const regular: Fault = async (response, forward) => {
  pass(response, await forward());
};

/** The connection breaks before the provider has seen the request. */
export const unreached: Fault = (response) => {
  response.destroy();
};

/** The provider does what was asked, and its answer is lost. */
export const lostAnswer: Fault = async (response, forward) => {
  await forward();
  response.destroy();
};

/** No answer ever comes, and the provider sees nothing. */
export const silent: Fault = () => undefined;

/** The provider is asked at once, and its answer comes late. */
export const late =
  (delayMs: number): Fault =>
  async (response, forward) => {
    const reply = await forward();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    pass(response, reply);
  };

/** A status of a gateway before the provider, which has seen nothing. */
export const gatewayStatus =
  (status: number, headers: Readonly<Record<string, string>> = {}): Fault =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<html><body>gateway</body></html>');
  };

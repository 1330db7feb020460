/** The `_auth/refresh` of a Wave server, as the real one answers: tokens in headers, renewed only in their last ten seconds. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { Secret } from '../../src/internal/secret.js';
import { jwt } from './token-server.js';

type Answer = (response: ServerResponse) => void;

interface WaveAuthOptions {
  /** Wall time in milliseconds. */
  readonly now: () => number;
  readonly accessTokenSeconds?: number;
}

const accessKey = { id: 'server-key', secret: 'server-secret-p1anted' };

export class WaveAuthServer implements AsyncDisposable {
  readonly calls: IncomingHttpHeaders[] = [];
  /** How often the identity provider was asked. */
  renewals = 0;
  readonly #options: WaveAuthOptions;
  readonly #sessions = new Map<string, { readonly subject: string; token: string; expiresAt: number }>();
  readonly #planned: Answer[] = [];
  readonly #server = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
    this.calls.push(request.headers);
    const planned = this.#planned.shift();
    if (planned !== undefined) planned(response);
    else this.#answer(request.url, request.headers, response);
  });
  #issued = 0;

  private constructor(options: WaveAuthOptions) {
    this.#options = options;
  }

  static async start(options: WaveAuthOptions): Promise<WaveAuthServer> {
    const server = new WaveAuthServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${String(address.port)}` : '';
  }

  get accessKey(): { readonly id: string; readonly secret: Secret } {
    return { id: accessKey.id, secret: new Secret(accessKey.secret) };
  }

  /** Signs a user in; the token is what the next event carries. */
  signIn(sessionId: string, subject = 'u-1', claims: Readonly<Record<string, unknown>> = {}): string {
    const token = this.issue(subject, claims);
    this.#sessions.set(sessionId, { subject, token, expiresAt: this.#options.now() + this.#lifeMs });
    return token;
  }

  /** A token of the user's as the identity provider gives it. */
  issue(subject: string, claims: Readonly<Record<string, unknown>> = {}): string {
    const iat = this.#options.now() / 1000;
    return jwt({ sub: subject, iat, exp: iat + this.#lifeMs / 1000, scope: 'openid', jti: `at-${String(++this.#issued)}`, ...claims });
  }

  signOut(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }

  /** Answers the next calls with these instead, one each. */
  next(...answers: readonly Answer[]): void {
    this.#planned.push(...answers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #lifeMs(): number {
    return (this.#options.accessTokenSeconds ?? 300) * 1000;
  }

  #answer(url: string | undefined, headers: IncomingHttpHeaders, response: ServerResponse): void {
    const session = this.#sessions.get(String(headers['wave-session-id']));
    const key = `Basic ${Buffer.from(`${accessKey.id}:${accessKey.secret}`).toString('base64')}`;
    if (url !== '/_auth/refresh') {
      status(404)(response);
      return;
    }
    if (headers.authorization !== key || session === undefined) {
      status(401)(response);
      return;
    }
    if (session.expiresAt - this.#options.now() < 10_000) {
      this.renewals++;
      session.token = this.issue(session.subject);
      session.expiresAt = this.#options.now() + this.#lifeMs;
    }
    response.writeHead(200, { 'wave-access-token': session.token, 'wave-refresh-token': 'p1anted-refresh', 'content-length': '0' }).end();
  }
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, body = 'p1anted body'): Answer =>
  (response) => {
    response.writeHead(code, headers).end(body);
  };

export const hang: Answer = () => undefined;

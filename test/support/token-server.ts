/**
 * A token endpoint on 127.0.0.1 that rotates refresh tokens as strictly as Keycloak does, and whose every answer a test can spoil.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export interface TokenServerOptions {
  /** `strict` ends a session in which a token is spent twice; `none` takes any token of a session. Default `strict`. */
  readonly rotation?: 'strict' | 'none';
  readonly accessTokenSeconds?: number;
  /** What a session may get; by default all that is asked. */
  readonly grants?: (asked: readonly string[]) => readonly string[];
  /** Wall time in milliseconds for the claims of tokens. */
  readonly now?: () => number;
}

/** A token answer before it is written. */
export interface Grant {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers in place of the server; `grant` does what the server would have done, spending the refresh token. */
export type Answer = (response: ServerResponse, grant: () => Grant) => void | Promise<void>;

interface Session {
  readonly subject: string;
  readonly tokens: string[];
  isDead: boolean;
}

export class TokenServer implements AsyncDisposable {
  readonly forms: Record<string, string>[] = [];
  readonly bodies: string[] = [];
  discoveries = 0;
  connections = 0;
  readonly #options: TokenServerOptions;
  readonly #sessions: Session[] = [];
  readonly #answers: Answer[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #metadata: Answer | undefined;
  #issued = 0;
  #origin = '';

  private constructor(options: TokenServerOptions) {
    this.#options = options;
    this.#server.on('connection', () => this.connections++);
  }

  static async start(options: TokenServerOptions = {}): Promise<TokenServer> {
    const server = new TokenServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    const address = server.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server has no port.');
    server.#origin = `http://127.0.0.1:${address.port}`;
    return server;
  }

  get issuer(): string {
    return `${this.#origin}/realms/test`;
  }

  get tokenEndpoint(): string {
    return `${this.#origin}/token`;
  }

  /** A new session's first refresh token. */
  signIn(subject = 'alice'): string {
    const session: Session = { subject, tokens: [], isDead: false };
    this.#sessions.push(session);
    return this.#rotate(session);
  }

  /** Ends all sessions of a user, as a sign-out does. */
  signOut(subject: string): void {
    for (const session of this.#sessions) if (session.subject === subject) session.isDead = true;
  }

  /** Spoils the answers to the next token requests, one each. */
  next(...answers: readonly Answer[]): void {
    this.#answers.push(...answers);
  }

  /** Spoils the metadata, until it is called with nothing. */
  metadata(answer?: Answer): void {
    this.#metadata = answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.includes('/.well-known/openid-configuration') === true) {
      this.discoveries++;
      const grant = (): Grant => ({ status: 200, body: { issuer: this.issuer, token_endpoint: this.tokenEndpoint } });
      await (this.#metadata ?? regular)(response, grant);
      return;
    }
    const body = await text(request);
    const form = Object.fromEntries(new URLSearchParams(body));
    this.bodies.push(body);
    this.forms.push(form);
    await (this.#answers.shift() ?? regular)(response, () => this.#grant(form));
  }

  #grant(form: Readonly<Record<string, string>>): Grant {
    const spent = form['refresh_token'] ?? '';
    const session = this.#sessions.find(({ tokens }) => tokens.includes(spent));
    if (session === undefined) return refusal('invalid_grant', 'Invalid refresh token');
    if (session.isDead) return refusal('invalid_grant', 'Session not active');
    if (this.#options.rotation !== 'none' && spent !== session.tokens.at(-1)) {
      session.isDead = true;
      return refusal('invalid_grant', 'Maximum allowed refresh token reuse exceeded');
    }
    const asked = form['scope']?.split(' ') ?? [];
    const scope = (this.#options.grants?.(asked) ?? asked).join(' ');
    const seconds = this.#options.accessTokenSeconds ?? 300;
    const issuedAt = Math.floor((this.#options.now?.() ?? Date.now()) / 1000);
    const claims = { iss: this.issuer, sub: session.subject, iat: issuedAt, exp: issuedAt + seconds, scope, jti: `at-${++this.#issued}` };
    return {
      status: 200,
      body: {
        access_token: jwt(claims),
        token_type: 'Bearer',
        expires_in: seconds,
        refresh_token: this.#rotate(session),
        scope,
        id_token: 'not.a.token',
      },
    };
  }

  #rotate(session: Session): string {
    const token = `rt-${session.subject}-${crypto.randomUUID()}`;
    session.tokens.push(token);
    return token;
  }
}

export function refusal(error: string, description: string, status = 400): Grant {
  return { status, body: { error, error_description: description } };
}

/** Writes a JSON answer. */
export function reply(response: ServerResponse, { status, body }: Grant): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export const regular: Answer = (response, grant) => {
  reply(response, grant());
};

/** The regular answer with other members; the refresh token is spent and rotated all the same. */
export const changed =
  (members: Readonly<Record<string, unknown>>): Answer =>
  (response, grant) => {
    const { status, body } = grant();
    reply(response, { status, body: { ...body, ...members } });
  };

export const refused =
  (...facts: Parameters<typeof refusal>): Answer =>
  (response) => {
    reply(response, refusal(...facts));
  };

/** An answer that waits for the test. `asked` resolves when the request is there. */
export function held(answer: Answer = regular): { readonly answer: Answer; readonly asked: Promise<void>; readonly release: () => void } {
  const asked = latch();
  const released = latch();
  return {
    answer: async (response, grant) => {
      asked.open();
      await released.opened;
      await answer(response, grant);
    },
    asked: asked.opened,
    release: released.open,
  };
}

/** A promise that somebody else resolves. */
export function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    opened,
    open: () => {
      open();
    },
  };
}

/** A JWT that nobody signed. */
export function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}

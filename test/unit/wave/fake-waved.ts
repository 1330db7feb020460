/** A Wave server as far as an app meets it, and ways to send what it sends. */
import { Agent, createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { LogFields, Logger } from '../../../src/internal/logger.js';

export interface Registered {
  readonly mode: string;
  readonly route: string;
  readonly address: string;
  readonly key_id: string;
  readonly key_secret: string;
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const accessKey = { id: 'server-key', secret: 'server-secret' };

/** A waved below `/wave/`: takes registrations as the real one does, and sends events over kept connections. */
export class FakeWaved implements AsyncDisposable {
  readonly calls: string[] = [];
  registered: Registered | undefined;
  /** Answers the next calls with these instead; 302 redirects. */
  readonly failures: number[] = [];
  readonly #server = createServer((incoming, outgoing) => {
    void this.#answer(incoming).then((status) => {
      outgoing.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(status === 401 ? 'Unauthorized' : '');
    });
  });
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  static async start(): Promise<FakeWaved> {
    const waved = new FakeWaved();
    await new Promise<void>((resolve) => waved.#server.listen(0, '127.0.0.1', resolve));
    return waved;
  }

  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
  }

  /** The variables that Wave's launcher would set. */
  get env(): Record<string, string> {
    return {
      H2O_WAVE_ADDRESS: this.address,
      H2O_WAVE_BASE_URL: '/wave/',
      H2O_WAVE_ACCESS_KEY_ID: accessKey.id,
      H2O_WAVE_ACCESS_KEY_SECRET: accessKey.secret,
    };
  }

  /** Sends a body to the app as this waved would, with the key that the app has registered. */
  async send(body: string, headers: Readonly<Record<string, string>> = {}, path = ''): Promise<Answer> {
    const { address, key_id, key_secret } = this.registered!;
    const target = new URL(address + path);
    const outgoing = request(target, {
      method: 'POST',
      agent: this.#agent,
      headers: { authorization: basic(key_id, key_secret), 'content-type': 'application/json; charset=utf-8', ...headers },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
    // As bytes: Node would write a text and the headers before it in one encoding.
    outgoing.end(Buffer.from(body));
    const incoming = await answered;
    return { status: incoming.statusCode, headers: incoming.headers, body: await text(incoming) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage): Promise<number> {
    const body = await text(incoming);
    const planned = this.failures.shift();
    if (planned !== undefined) return planned;
    if (incoming.url !== '/wave/') return 404;
    if (incoming.headers.authorization !== basic(accessKey.id, accessKey.secret)) return 401;
    // The trap: a charset after the type, and Wave does not know the call.
    if (incoming.headers['content-type'] !== 'application/json') return 400;
    const message = parseCall(body);
    this.calls.push(Object.keys(message).join());
    if (message.register_app !== undefined) this.registered = message.register_app;
    return 200;
  }
}

const parseCall: (body: string) => { readonly register_app?: Registered; readonly unregister_app?: { readonly route: string } } =
  JSON.parse;

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** What Go writes for a text: its UTF-8 bytes, which Node's client takes as Latin-1 characters. */
export const onTheWire = (value: string): string => Buffer.from(value).toString('latin1');

export const secrets = {
  token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1LTEifQ.p1anted',
  refresh: 'p1anted-refresh-token',
  session: '5e5510n-p1anted',
  client: 'c11e97-p1anted',
} as const;

/** The headers of a signed-in user's tab. */
export const userHeaders: Readonly<Record<string, string>> = {
  'Wave-Client-Id': secrets.client,
  'Wave-Subject-Id': 'u-1',
  'Wave-Username': onTheWire('zoë'),
  'Wave-Session-Id': secrets.session,
  'Wave-Access-Token': secrets.token,
  'Wave-Refresh-Token': secrets.refresh,
};

/** The headers of a sign-out, which no tab sends. */
export const headersWithoutTab: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(userHeaders).filter(([name]) => name !== 'Wave-Client-Id'),
);

/** What shows when somebody spreads the members of an object. */
export const membersOf = (value: object): Record<string, unknown> => Object.fromEntries(Object.entries(value));

/** A logger that remembers every line. */
export function remembering(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (message: string, fields?: LogFields): void => {
      lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * As much of a browser as a sign-in takes: cookies, redirects, the login form of Keycloak, and the web socket that a tab of Wave keeps.
 */
import { WebSocket } from 'ws';

interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

export class Browser {
  readonly #cookies = new Map<string, { readonly value: string; readonly path: string }>();

  /** Opens a page, following redirects. */
  async open(url: string): Promise<Page> {
    return this.#follow(new URL(url), {});
  }

  /** Opens a page that leads to Keycloak's login form, and sends the form. */
  async signIn(url: string, user: { readonly username: string; readonly password: string }): Promise<Page> {
    const form = await this.open(url);
    const action = /<form[^>]*\saction="([^"]+)"/.exec(form.html)?.[1]?.replaceAll('&amp;', '&');
    if (action === undefined) throw new Error(`There is no login form at ${new URL(form.url).pathname} (status ${String(form.status)}).`);
    return this.#follow(new URL(action, form.url), { method: 'POST', body: new URLSearchParams(user) });
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value;
  }

  /** A tab of Wave that shows a route. */
  async tab(waveUrl: string, route: string): Promise<Tab> {
    const { origin, pathname } = new URL(`${waveUrl}/_s/`);
    const headers = { cookie: this.#cookieHeader(pathname), origin };
    return Tab.open(`${waveUrl.replace(/^http/, 'ws')}/_s/`, headers, route);
  }

  async #follow(start: URL, first: RequestInit): Promise<Page> {
    let [url, init] = [start, first];
    for (let step = 0; step < 20; step++) {
      const headers = { cookie: this.#cookieHeader(url.pathname), accept: 'text/html' };
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      this.#keep(response.headers.getSetCookie(), url);
      const location = response.headers.get('location');
      if (location === null) return { url: url.href, status: response.status, html: await response.text() };
      await response.body?.cancel();
      [url, init] = [new URL(location, url), {}];
    }
    throw new Error('The redirects do not end.');
  }

  /** All servers of a test are on one host, and cookies do not tell ports apart. */
  #cookieHeader(path: string): string {
    const fitting = [...this.#cookies].filter(([, cookie]) => path.startsWith(cookie.path));
    return fitting.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  #keep(lines: readonly string[], from: URL): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const isOver = attributes.some((attribute) => /^max-age=(0|-)/i.test(attribute) || /^expires=.*\b(1970|0001)\b/i.test(attribute));
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice('path='.length) ?? from.pathname;
      if (isOver) this.#cookies.delete(name);
      else this.#cookies.set(name, { value: pair.slice(pair.indexOf('=') + 1), path });
    }
  }
}

/** An open tab. What it does reaches the app as an event. */
export class Tab {
  /** What Wave has told it. */
  readonly messages: string[] = [];
  readonly #socket: WebSocket;
  readonly #route: string;

  private constructor(socket: WebSocket, route: string) {
    this.#socket = socket;
    this.#route = route;
    socket.on('message', (data: Buffer) => this.messages.push(data.toString('utf8')));
  }

  static async open(url: string, headers: Readonly<Record<string, string>>, route: string): Promise<Tab> {
    const socket = new WebSocket(url, { headers });
    const tab = new Tab(socket, route);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve).once('error', reject);
    });
    socket.send(`+ ${route} `);
    return tab;
  }

  /** The user does something. */
  act(data: Readonly<Record<string, unknown>>): void {
    this.#socket.send(`@ ${this.#route} ${JSON.stringify(data)}`);
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** What the tests of this folder share: an app on a real Wave server, whose events they can wait for, and the services it calls. */
import { inject } from 'vitest';
import { H2OCloud, H2OCloudError, type H2OCloudOptions } from 'h2o-ai-cloud';
import { startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';
import { serveWaveApp, type WaveApp, type WaveEvent } from 'h2o-ai-cloud/wave';
import { Browser, type Tab } from '../lab/browser.js';
import { ProviderProxy, type TokenCall } from '../lab/provider-proxy.js';
import { startWaved, type Waved, type WavedOptions } from '../lab/waved.js';

const route = '/demo';

export interface AppOptions extends Omit<WavedOptions, 'issuer'> {
  /** `hac` takes a refresh token once; Keycloak's default is the other. Default `hac-norotate`. */
  readonly realm?: 'hac' | 'hac-norotate';
  /** Whether users sign in at all. Default: true. */
  readonly hasSignIn?: boolean;
  readonly sdk?: H2OCloudOptions;
}

export interface App extends AsyncDisposable {
  readonly waved: Waved;
  readonly local: RunningCloud;
  readonly cloud: H2OCloud;
  readonly issuer: string;
  /** The next event of this kind, in the order in which they come. */
  readonly next: (kind: WaveEvent['kind']) => Promise<WaveEvent>;
  /** Opens a tab that shows the app, and stays until the end. */
  readonly show: (browser: Browser) => Promise<Tab>;
  /** Token calls that the SDK has made, and those that Wave has made, as a proxy before Keycloak saw them. */
  readonly calls: (from: 'sdk' | 'wave') => readonly TokenCall[];
}

export async function startApp(options: AppOptions = {}): Promise<App> {
  const { realm = 'hac-norotate', hasSignIn = true, sdk, ...waveOptions } = options;
  const proxy = await ProviderProxy.start(inject('keycloak').url);
  const issuer = `${proxy.url}/realms/${realm}`;
  const waved = await startWaved({ ...waveOptions, ...(hasSignIn ? { issuer } : {}) });
  const local = await startLocalCloud({ trustIssuers: [issuer], healthyAfterMs: 0 });
  const env = { ...waved.env, H2O_CLOUD_ENVIRONMENT: local.url };
  const cloud = new H2OCloud({ env, ...sdk });
  const tabs: Tab[] = [];
  const inbox = new Inbox();
  const handle = (event: WaveEvent): void => {
    inbox.put(event);
  };
  const app: WaveApp = await serveWaveApp({ route, port: 0, env, cloud, handle });
  return {
    waved,
    local,
    cloud,
    issuer,
    next: (kind) => inbox.take(kind),
    // A page of Wave names the path that its browser shows, base path and all.
    show: async (browser) => {
      const tab = await browser.tab(waved.url, `${new URL(waved.url).pathname.replace(/\/$/, '')}${route}`);
      tabs.push(tab);
      return tab;
    },
    calls: (from) => proxy.tokenCalls.filter(({ headers }) => /^h2o-ai-cloud/.test(String(headers['user-agent'])) === (from === 'sdk')),
    async [Symbol.asyncDispose]() {
      for (const tab of tabs) tab.close();
      await app.close();
      await waved[Symbol.asyncDispose]();
      await local.close();
      await proxy.stop();
    },
  };
}

class Inbox {
  readonly #events: WaveEvent[] = [];
  #arrived: () => void = () => undefined;

  put(event: WaveEvent): void {
    this.#events.push(event);
    this.#arrived();
  }

  async take(kind: WaveEvent['kind']): Promise<WaveEvent> {
    for (;;) {
      const index = this.#events.findIndex((event) => event.kind === kind);
      const [event] = index < 0 ? [] : this.#events.splice(index, 1);
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
  }
}

const alice = { username: 'alice', password: 'alice' };

/** A browser that is signed in. */
export async function signedIn({ waved }: App, user = alice): Promise<Browser> {
  const browser = new Browser();
  const page = await browser.signIn(waved.url, user);
  if (page.status !== 200 || browser.cookie('oidcsession') === undefined)
    throw new Error(`The sign-in ended with status ${String(page.status)}.`);
  return browser;
}

/** The error that work fails with; fails itself when the work succeeds or throws what is not ours. */
export async function failureOf(work: Promise<unknown>): Promise<H2OCloudError> {
  const error: unknown = await work.then(
    () => new Error('It succeeded.'),
    (reason: unknown) => reason,
  );
  if (error instanceof H2OCloudError) return error;
  throw error;
}

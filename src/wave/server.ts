/**
 * A Wave app: a server for Wave's requests, registered with Wave while it runs. Pages are not its business, nor are tokens.
 */
import type { Server } from 'node:http';
import { ConfigurationError, invalidParameter } from '../errors/configuration-error.js';
import { readWaveAppSettings, type WaveAppSettings, type WaveAppSources } from '../identity/wave/app-settings.js';
import { systemClock, type Clock } from '../internal/clock.js';
import { fencedLogger, silentLogger, type Logger } from '../internal/logger.js';
import { RunningHandlers, describeThrown, type WaveHandler } from './handlers.js';
import type { WaveEvent } from './event.js';
import { createInbox } from './inbox.js';
import { registerApp, unregisterApp, type WaveServer } from './registration.js';

/** Options of {@link serveWaveApp}. */
export interface ServeWaveAppOptions extends WaveAppSources {
  /** The path in the browser, for instance `/demo`. */
  readonly route: string;
  /** The cloud (an `H2OCloud`) whose users the events are: sign-outs are told to it, so that nothing is done for who has left. */
  readonly cloud?: SignsUsersOut | undefined;
  /** Runs after Wave has been answered; what it throws goes to the logger. Events of different tabs run at the same time. */
  readonly handle: WaveHandler;
  /** The port to listen on; 0 takes a free one. Default: that of the address, else 8000. */
  readonly port?: number | undefined;
  /** The host to listen on. Default: that of the address, else 127.0.0.1. */
  readonly host?: string | undefined;
  /** How long to wait for a Wave that is not up yet, in milliseconds. Default 60,000. */
  readonly registerTimeoutMs?: number | undefined;
  /** Receives what happens, without secrets; `console` serves. Silent by default. */
  readonly logger?: Logger | undefined;
  /** Ends the start; once the app runs, closes it. */
  readonly signal?: AbortSignal | undefined;
  /** For tests: the time. */
  readonly clock?: Clock | undefined;
}

/** What is told of sign-outs. */
export interface SignsUsersOut {
  onBehalfOf(event: WaveEvent): { signOut(): Promise<unknown> };
}

/** A running Wave app. */
export interface WaveApp extends AsyncDisposable {
  readonly route: string;
  /** Where Wave reaches the app. */
  readonly address: string;
  /**
   * Takes the route back from Wave, stops listening and waits for the handlers that still run. Never rejects.
   *
   * @param options `timeoutMs`: how long to wait for the handlers; default 10,000
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}

/**
 * Serves a Wave app: listens, registers with Wave, and hands every event to `handle`.
 * Requests without the app's key are refused. Where no key is configured a random one is made, which only Wave is told.
 *
 * @throws {ConfigurationError} an option or a variable is malformed, or the port is taken
 * @throws {AuthenticationError} Wave refuses the server's key
 * @throws {ApiError} Wave refuses the registration
 * @throws {ConnectionError} Wave was not to be reached before the deadline
 * @example
 * const cloud = new H2OCloud();
 * const app = await serveWaveApp({
 *   route: '/demo',
 *   cloud,
 *   logger: console,
 *   handle: async (event) => {
 *     if (event.kind !== 'first' || event.user.isAnonymous) return;
 *     console.log(await cloud.onBehalfOf(event).mlops.projects.list().toArray());
 *   },
 * });
 * process.once('SIGTERM', () => void app.close());
 */
export async function serveWaveApp(options: ServeWaveAppOptions): Promise<WaveApp> {
  const { route, signal } = options;
  checkOptions(options);
  signal?.throwIfAborted();
  const settings = readWaveAppSettings(options);
  const { appKey, mode } = settings;
  const logger = fencedLogger(options.logger ?? silentLogger);
  const clock = options.clock ?? systemClock;
  const handlers = new RunningHandlers(options.handle, logger, clock);
  const server = createInbox({
    appKey,
    logger,
    onEvent: (event) => {
      // First, so that the handler too finds the user signed out.
      if (event.kind === 'logout') void signOut(event, options.cloud, logger);
      handlers.start(event);
    },
  });

  const address = await listen(server, options, settings);
  const wave: WaveServer = { url: settings.waveUrl, accessKey: settings.accessKey, clock };
  const registration = { mode, route, address, key_id: appKey.id, key_secret: appKey.secret.reveal() };
  try {
    await registerApp(wave, registration, { timeoutMs: options.registerTimeoutMs ?? 60_000, signal });
  } catch (error) {
    stop(server);
    throw error;
  }
  logger.info('The Wave app is registered.', { route, address, wave: wave.url });

  const shutDown = async (timeoutMs: number): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    await unregisterApp(wave, route).catch((error: unknown) => {
      logger.warn('The Wave app could not take its route back.', { route, error: describeThrown(error) });
    });
    server.close();
    await handlers.finished(timeoutMs);
    stop(server);
  };
  let closing: Promise<void> | undefined;
  const close: WaveApp['close'] = ({ timeoutMs = 10_000 } = {}) => (closing ??= shutDown(timeoutMs));
  const onAbort = (): void => {
    void close();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return { route, address, close, [Symbol.asyncDispose]: () => close() };
}

function checkOptions({ route, handle, cloud }: { readonly route: unknown; readonly handle: unknown; readonly cloud?: unknown }): void {
  if (typeof route !== 'string' || !/^\/\S*$/.test(route)) {
    throw invalidParameter('The route of the Wave app is no path.', 'Pass one that begins with a slash and has no spaces, such as /demo.');
  }
  if (cloud !== undefined && !(typeof cloud === 'object' && cloud !== null && 'onBehalfOf' in cloud)) {
    throw invalidParameter('The cloud of the Wave app is none.', 'Pass an H2OCloud, or leave it out.');
  }
  if (typeof handle !== 'function') throw invalidParameter('The Wave app has no handler.', 'Pass a function as handle.');
}

async function signOut(event: WaveEvent, cloud: SignsUsersOut | undefined, logger: Logger): Promise<void> {
  try {
    await cloud?.onBehalfOf(event).signOut();
  } catch (error) {
    logger.warn('The sign-out of a user could not be told to the cloud.', { error: describeThrown(error, event.headers) });
  }
}

/** Listens, and says where Wave reaches the app. */
async function listen(server: Server, { port, host }: ServeWaveAppOptions, { address }: WaveAppSettings): Promise<string> {
  const url = address === undefined ? undefined : new URL(address);
  const wantedHost = host ?? url?.hostname.replace(/^\[|\]$/g, '') ?? '127.0.0.1';
  const wantedPort = port ?? (url === undefined ? 8000 : portOf(url));
  await new Promise<void>((resolve, reject) => {
    // It stays: an error after the start must not end the process.
    server.on('error', (error) => {
      reject(cannotListen(error, wantedPort));
    });
    server.listen(wantedPort, wantedHost, resolve);
  });
  if (address !== undefined) return address;
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : wantedPort;
  const reachable = ['0.0.0.0', '::', ''].includes(wantedHost) ? '127.0.0.1' : wantedHost;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${boundPort}`;
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function cannotListen(error: Error, port: number): ConfigurationError {
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: `The Wave app cannot listen on port ${port}${code}.`,
    fix: 'Give another port or host (options port and host), or change H2O_WAVE_APP_ADDRESS.',
  });
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/**
 * What every row may use: the server in its own process, and a place for what the bench downloads and builds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface World extends AsyncDisposable {
  /** The origin of the server. */
  readonly url: string;
}

export const projectRoot: string = fileURLToPath(new URL('..', import.meta.url));
/** Kept between runs, and not in git. */
export const cacheDirectory: string = fileURLToPath(new URL('../.cache/bench/', import.meta.url));

/** The server that answers all that is asked of a platform. */
export function startWorld(): Promise<World> {
  return startServer('server.ts');
}

/**
 * A scorer that does its work.
 *
 * @param square milliseconds that it waits for each pair of rows of a request
 */
export function startScorer(square: number): Promise<World> {
  return startServer('scorer-server.mjs', String(square));
}

async function startServer(file: string, ...args: readonly string[]): Promise<World> {
  const server = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  const exited = once(server, 'exit');
  const [port] = (await Promise.race([
    once(server, 'message'),
    exited.then(() => Promise.reject(new Error('The server of the bench ended.'))),
  ])) as unknown[];
  return {
    url: `http://127.0.0.1:${String(port)}`,
    async [Symbol.asyncDispose]() {
      server.disconnect();
      await exited;
    },
  };
}

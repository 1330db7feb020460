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

export async function startWorld(): Promise<World> {
  const server = fork(fileURLToPath(new URL('server.ts', import.meta.url)));
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

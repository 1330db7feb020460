/**
 * A real Redis for tests, from the packages of the system: an own one on a free port, without a trace on disk, which ends with this process.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Redis {
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a Redis server; the first time on a machine it is installed, which needs root.
 *
 * @param port default: a free one
 */
export async function startRedis(port?: number): Promise<Redis> {
  const { stdout } = await promisify(execFile)('bash', [fileURLToPath(new URL('redis/install.sh', import.meta.url))]);
  const chosen = port ?? (await freePort());
  const options = ['--bind', '127.0.0.1', '--port', String(chosen), '--save', '', '--appendonly', 'no'];
  const server = spawn(stdout.trim(), options, { stdio: 'ignore' });
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  await answers(chosen, server);
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    async stop() {
      process.off('exit', kill);
      const exited = once(server, 'exit');
      kill();
      await exited;
    },
  };
}

async function answers(port: number, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) break;
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await pause(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error('Redis did not start.');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('No port is free.');
  return address.port;
}

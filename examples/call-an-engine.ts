/**
 * Finds or starts an engine of the user and calls its own API: asks an H2O-3 engine for its cloud, or a Driverless AI for its version.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/call-an-engine.ts --kind h2o3 [--name NAME] [--timeout-seconds N]
 *
 * The cloud and the user come from the environment: H2O_CLOUD_ENVIRONMENT and H2O_CLOUD_CLIENT_PLATFORM_TOKEN, or the CLI's file.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { EngineError, H2OCloud, type EngineConnection, type EngineKind, type User } from 'h2o-ai-cloud';

const usage = 'Usage: call-an-engine --kind driverlessai|h2o3 [--name NAME] [--timeout-seconds N]';

/** What the example passes on: where it writes, and what ends it. */
export interface Surroundings {
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

interface Order {
  readonly kind: EngineKind;
  readonly name: string | undefined;
  readonly timeoutMs: number;
}

/** @returns the exit status: 0 it has answered, 1 failed, 2 the arguments make no sense, 130 interrupted */
export async function callAnEngine(user: User, args: readonly string[], { signal, print, complain }: Surroundings): Promise<number> {
  const order = orderFrom(args);
  if (order === undefined) {
    complain(usage);
    return 2;
  }
  try {
    const { kind, name, timeoutMs } = order;
    const engine = await user.engine(
      // An engine that nobody uses stops after an hour, so that a forgotten one does not run for days.
      { kind, name, maxIdleHours: 1 },
      {
        signal,
        timeoutMs,
        onProgress: ({ status, elapsedMs }) => {
          complain(`${status} after ${Math.round(elapsedMs / 1000)} s`);
        },
      },
    );
    complain(`${engine.name} (${engine.version}) at ${engine.url}`);
    print(JSON.stringify(await (kind === 'h2o3' ? askH2o3(engine, signal) : askDriverlessAi(engine, signal))));
    return 0;
  } catch (error) {
    complain(error instanceof EngineError ? `${String(error)}\n${JSON.stringify(error.history)}` : String(error));
    return signal.aborted ? 130 : 1;
  }
}

function askH2o3(engine: EngineConnection, signal: AbortSignal): Promise<unknown> {
  return call(engine, '/3/Cloud', { signal });
}

async function askDriverlessAi(engine: EngineConnection, signal: AbortSignal): Promise<unknown> {
  const body = JSON.stringify({ id: 1, method: 'api_get_app_version', params: {} });
  return call(engine, '/rpc', { method: 'POST', body, signal });
}

/** One request. Headers expire, so they are asked for each time; a 401 is answered with new ones, once. */
async function call(engine: EngineConnection, path: string, init: RequestInit): Promise<unknown> {
  const send = async (renew: boolean): Promise<Response> =>
    // Never across a redirect: the headers are for the engine alone.
    fetch(engine.url + path, { ...init, headers: await engine.headers({ renew }), redirect: 'error' });
  const first = await send(false);
  const answer = first.status === 401 ? await send(true) : first;
  if (!answer.ok) throw new Error(`The engine answered ${answer.status} to ${path}.`);
  return answer.json();
}

function orderFrom(args: readonly string[]): Order | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { kind: { type: 'string' }, name: { type: 'string' }, 'timeout-seconds': { type: 'string', default: '900' } },
    });
    const { kind, name } = values;
    const seconds = Number(values['timeout-seconds']);
    if ((kind !== 'driverlessai' && kind !== 'h2o3') || !(seconds > 0)) return undefined;
    return { kind, name, timeoutMs: seconds * 1000 };
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => {
    interrupted.abort(new Error('Interrupted.'));
  });
  process.exitCode = await callAnEngine(new H2OCloud().asCurrentUser(), process.argv.slice(2), {
    signal: interrupted.signal,
    print: (line) => {
      console.log(line);
    },
    complain: (line) => {
      console.error(line);
    },
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}

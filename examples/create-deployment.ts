/**
 * A script that creates a deployment, as a pipeline would run it: arguments in, one line of JSON out, progress on standard error,
 * an exit status that says what happened, and what it has made removed again when it is interrupted.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/create-deployment.ts --project demo --artifact mojo.zip --name credit
 *
 * The cloud and the user come from the environment: H2O_CLOUD_ENVIRONMENT and H2O_CLOUD_CLIENT_PLATFORM_TOKEN, or the CLI's file.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { H2OCloud, SecurityOptions, type DeployProgress, type SecurityOption, type User } from 'h2o-ai-cloud';

/** Where the script runs. Passed in, so that a test can be the surroundings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

const usage = `Usage: create-deployment --project NAME --artifact FILE --name NAME [--security oidc|passphrase|none] [--timeout-seconds N]
With --security passphrase the passphrase is read from the variable DEPLOYMENT_PASSPHRASE.`;

/** @returns the exit status: 0 created and healthy, 1 failed, 2 the arguments make no sense, 130 interrupted */
export async function createDeployment(
  user: User,
  args: readonly string[],
  { env, signal, print, complain }: Surroundings,
): Promise<number> {
  const order = orderFrom(args, env);
  if ('problem' in order) {
    complain(`${order.problem}\n${usage}`);
    return 2;
  }
  try {
    // One call for the whole chain. When a step fails or the signal aborts, it removes what it has made before it rejects.
    const deployment = await user.mlops.deploy(order, {
      signal,
      timeoutMs: order.timeoutMs,
      onProgress: (progress) => {
        complain(lineFor(progress));
      },
    });
    const { scoreUrl } = await user.mlops.deployments.status(deployment, { signal });
    print(JSON.stringify({ id: deployment.id, project: deployment.project.id, name: deployment.name, scoreUrl }));
    return 0;
  } catch (error) {
    if (signal.aborted) {
      // What could not be removed again has been told: the abort's reason is no error of the SDK, so it cannot say it.
      complain('Interrupted.');
      return 130;
    }
    // The message says what happened, what to do about it, and what could not be removed; it holds no secret.
    complain(String(error));
    return 1;
  }
}

interface Order {
  readonly project: string;
  readonly artifact: string;
  readonly name: string;
  readonly security: SecurityOption;
  readonly timeoutMs: number;
}

function orderFrom(args: readonly string[], env: Surroundings['env']): Order | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        project: { type: 'string' },
        artifact: { type: 'string' },
        name: { type: 'string' },
        security: { type: 'string', default: 'oidc' },
        'timeout-seconds': { type: 'string', default: '900' },
      },
    });
    const { project, artifact, name } = values;
    if (project === undefined || artifact === undefined || name === undefined) return { problem: 'An argument is missing.' };
    const timeoutMs = Number(values['timeout-seconds']) * 1000;
    if (!(timeoutMs > 0)) return { problem: '--timeout-seconds takes a number above 0.' };
    return { project, artifact, name, security: securityFrom(values.security, env), timeoutMs };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function securityFrom(kind: string, env: Surroundings['env']): SecurityOption {
  if (kind === 'oidc') return SecurityOptions.oidc();
  if (kind === 'none') return SecurityOptions.none();
  // Never an argument: everybody on the machine can read the arguments of a process.
  if (kind === 'passphrase') return SecurityOptions.passphrase(env['DEPLOYMENT_PASSPHRASE'] ?? '');
  throw new Error(`--security takes oidc, passphrase or none, not "${kind}".`);
}

function lineFor(progress: DeployProgress): string {
  switch (progress.step) {
    case 'upload':
      return `upload: ${progress.uploadedBytes} of ${progress.totalBytes ?? 'an unknown number of'} bytes`;
    case 'wait':
      return `wait: ${progress.state} ${progress.message}`.trimEnd();
    case 'rollback':
      return `rollback: ${progress.removed.length} removed${progress.left.map(({ kind, id }) => `, ${kind} ${id} left behind`).join('')}`;
    default:
      return `${progress.step}: ${progress.created ? 'created' : 'found'} ${progress.id}`;
  }
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  // Only the first one: a second Ctrl+C ends the process at once, as people expect.
  process.once('SIGINT', () => {
    interrupted.abort();
  });
  process.exitCode = await createDeployment(new H2OCloud().asCurrentUser(), process.argv.slice(2), {
    env: process.env,
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

/**
 * `h2o-ai-cloud local`: runs a local cloud until it is told to stop. Reads arguments and prints; the cloud is in `local/`.
 */
import { parseArgs } from 'node:util';
import type { LocalCloudDescription, ScorerContract, ScorerSpelling } from '../local/local-cloud.js';
import { platformNames } from '../local/mlops/platforms.js';
import type { PlatformName } from '../local/mlops/platforms.js';
import { serveLocalCloud } from '../local/server.js';
import type { ServeOptions } from '../local/server.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

const help = `Usage: h2o-ai-cloud local [options]

Runs an H2O AI Cloud on this machine: sign-in, discovery, MLOps, Drive, and scorers that evaluate H2O-3 models (MOJO files of GLM and GBM).
It answers on 127.0.0.1 only, keeps everything in memory, and runs until it is stopped (Ctrl+C or SIGTERM).

Options:
  --port P                    the port to listen on (default: one that is free)
  --json                      print one line of JSON when it is ready, for programs
  --platform NAME             serve the APIs of one MLOps platform only: 0.69, 1.0 or 1.2 (default: of all at once)
  --access-token-seconds N    how long an access token lives; fractions are allowed (default: 300)
  --rotate-refresh-tokens     a refresh token is good once; using it again ends the session
  --trust-issuer URL          accept tokens of this issuer too; may be given more than once
  --healthy-after-ms N        how long a deployment or an engine takes to come up (default: 1000)
  --scorer-contract C         java, python-pydantic1 or python-pydantic2: whose scorers the deployments' behave like (default: java)
  --scorer-spelling S         java or python: scorers name classes and groups of contributions, spelt as one or the other contract (default: unnamed)
  --help                      show this text`;

/**
 * Runs the command.
 *
 * @throws {UsageError} an argument is unknown, or its value makes no sense
 */
export async function local(args: readonly string[], terminal: Terminal): Promise<number> {
  const values = parsed(args);
  if (values.help) {
    terminal.print(help);
    return 0;
  }
  const stopped = terminal.stopped();
  const running = await serveLocalCloud(optionsFrom(values)).catch((error: unknown) => {
    throw new Error(listenFailure(error, values.port));
  });
  const description = await running.cloud.describe();
  terminal.print(values.json ? JSON.stringify(description) : welcome(description));
  await stopped;
  await running.close();
  return 0;
}

interface Values {
  readonly port: string | undefined;
  readonly json: boolean;
  readonly platform: string | undefined;
  readonly accessTokenSeconds: string | undefined;
  readonly rotateRefreshTokens: boolean;
  readonly trustIssuers: readonly string[];
  readonly healthyAfterMs: string | undefined;
  readonly scorerContract: string | undefined;
  readonly scorerSpelling: string | undefined;
  readonly help: boolean;
}

function parsed(args: readonly string[]): Values {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        json: { type: 'boolean', default: false },
        platform: { type: 'string' },
        'access-token-seconds': { type: 'string' },
        'rotate-refresh-tokens': { type: 'boolean', default: false },
        'trust-issuer': { type: 'string', multiple: true, default: [] },
        'healthy-after-ms': { type: 'string' },
        'scorer-contract': { type: 'string' },
        'scorer-spelling': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return {
      port: values.port,
      json: values.json,
      platform: values.platform,
      accessTokenSeconds: values['access-token-seconds'],
      rotateRefreshTokens: values['rotate-refresh-tokens'],
      trustIssuers: values['trust-issuer'],
      healthyAfterMs: values['healthy-after-ms'],
      scorerContract: values['scorer-contract'],
      scorerSpelling: values['scorer-spelling'],
      help: values.help,
    };
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\nRun "h2o-ai-cloud local --help" for the options.`);
  }
}

function optionsFrom(values: Values): ServeOptions {
  const accessTokenSeconds = numberFrom('--access-token-seconds', values.accessTokenSeconds);
  if (accessTokenSeconds === 0) throw new UsageError('--access-token-seconds takes a number above 0.');
  return {
    port: portFrom(values.port),
    platform: platformFrom(values.platform),
    accessTokenSeconds,
    rotateRefreshTokens: values.rotateRefreshTokens,
    trustIssuers: values.trustIssuers.map(issuerFrom),
    healthyAfterMs: numberFrom('--healthy-after-ms', values.healthyAfterMs),
    scorerContract: oneOf('--scorer-contract', scorerContracts, values.scorerContract),
    scorerSpelling: oneOf('--scorer-spelling', scorerSpellings, values.scorerSpelling),
  };
}

function platformFrom(text: string | undefined): PlatformName | undefined {
  const platform = platformNames.find((name) => name === text);
  if (text !== undefined && platform === undefined)
    throw new UsageError(`--platform takes ${platformNames.join(', ')}, not "${text}". Leave it out to serve all of them.`);
  return platform;
}

const scorerContracts: readonly ScorerContract[] = ['java', 'python-pydantic1', 'python-pydantic2'];
const scorerSpellings: readonly ScorerSpelling[] = ['java', 'python'];

function oneOf<Value extends string>(option: string, values: readonly Value[], text: string | undefined): Value | undefined {
  const value = values.find((known) => known === text);
  if (text === undefined || value !== undefined) return value;
  throw new UsageError(`${option} takes ${values.join(', ')}, not "${text}".`);
}

function portFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new UsageError(`--port takes a number from 0 to 65535, not "${text}".`);
  return Number(text);
}

function numberFrom(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new UsageError(`${option} takes a number that is not negative, not "${text}".`);
  return value;
}

function issuerFrom(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new UsageError(`--trust-issuer takes the URL of an issuer, not "${text}".`);
  return text;
}

function listenFailure(error: unknown, port: string | undefined): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `Port ${String(port)} is taken. Give another one, or leave --port out for one that is free.`;
  if (code === 'EACCES') return `Port ${String(port)} is not allowed for this user. Give one above 1023, or leave --port out.`;
  return error instanceof Error ? error.message : String(error);
}

function welcome({ cloudUrl, issuer, gatewayUrl, steamUrl, driveUrl, enginesUrl, users, env }: LocalCloudDescription): string {
  const accounts = users.map(({ username, password, roles }) => `  ${username.padEnd(10)} password ${password}, roles ${roles.join(', ')}`);
  const exports = Object.entries(env).map(([name, value]) => `  export ${name}='${value}'`);
  return `An H2O AI Cloud is running on this machine. Stop it with Ctrl+C; it forgets everything then.

  cloud      ${cloudUrl}
  issuer     ${issuer}
  MLOps      ${gatewayUrl}
  Drive      ${driveUrl}
  Steam      ${steamUrl ?? 'none'}
  engines    ${enginesUrl ?? 'none'}

Users:
${accounts.join('\n')}

To use it from another terminal:
${exports.join('\n')}

It deploys and scores H2O-3 models (MOJO files of GLM and GBM).`;
}

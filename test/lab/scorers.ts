/**
 * Real scorers for tests, started from the parts in `scorer/`: H2O's evaluation of MOJO files behind the Java contract, the Python contract on
 * either generation of its framework, and proxies that check what passes against the published contracts. Each process serves many.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const lab = (path: string): string => fileURLToPath(new URL(`scorer/${path}`, import.meta.url));

/** Servers of one process. */
export interface Started {
  /** Where each answers, in the order of what was asked for. */
  readonly origins: readonly string[];
  readonly stop: () => Promise<void>;
}

export interface JavaScorer {
  /** The path of a MOJO file. */
  readonly mojo: string;
  /** What it says its id is; none by default. */
  readonly id?: string;
  /** Which Shapley values it offers; none by default. Models other than of trees have none to offer. */
  readonly shapley?: 'ORIGINAL' | 'TRANSFORMED' | 'ALL';
  readonly passphrase?: string;
  /** The issuer whose tokens open it. */
  readonly issuer?: string;
}

/** The first time on a machine they are built, which takes up to a minute. */
export async function startJavaScorers(scorers: readonly JavaScorer[]): Promise<Started> {
  const folder = await installed('java');
  const command = ['java', '-Xmx512m', '-cp', `${folder}/scorer.jar:${folder}/lib/*`, 'scorer.ScorerApplication'];
  return started(command, 'SCORERS', scorers);
}

export interface PythonScorer {
  /** The origin of the Java scorer that it asks. */
  readonly backend: string;
  readonly passphrase?: string;
}

/** @param generation of pydantic: 1, which the published contract was made with, or 2 */
export async function startPythonScorers(generation: 1 | 2, scorers: readonly PythonScorer[]): Promise<Started> {
  const folder = await installed(`python${generation}`);
  return started([`${folder}/bin/python`, '-B', lab('python/app.py')], 'SCORERS', scorers);
}

export interface ContractCheck {
  readonly contract: 'java' | 'python';
  /** The origin of the scorer behind it. */
  readonly upstream: string;
}

/** Proxies: what breaks the contract stands in the header `sl-violations` of the answer. */
export async function startContractChecks(checks: readonly ContractCheck[]): Promise<Started> {
  const folder = await installed('prism');
  return started([process.execPath, lab('contract/check.mjs'), folder], 'CHECKS', checks);
}

const parts = ['java', 'python1', 'python2', 'prism'] as const;

/** Installs all parts at once, which is faster than one after the other when each is first needed. */
export async function installScorers(): Promise<void> {
  await Promise.all(parts.map(installed));
}

async function installed(part: (typeof parts)[number]): Promise<string> {
  const { stdout } = await run('bash', [lab('install.sh'), part]);
  return stdout.trim();
}

const patienceMs = 120_000;

async function started(command: readonly string[], variable: string, wanted: readonly object[]): Promise<Started> {
  const ports = await freePorts(wanted.length);
  const settings = JSON.stringify(wanted.map((one, index) => ({ port: ports[index], ...one })));
  const [program = '', ...args] = command;
  // The end of its standard input ends it, so that it does not outlive the tests.
  const child = spawn(program, args, { env: { ...process.env, [variable]: settings }, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => (complaints = (complaints + text.toString()).slice(-4000)));
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  };
  const isReady = await Promise.race([readyLine(child.stdout), ended.then(() => false), patience()]);
  if (!isReady) {
    await stop();
    throw new Error(`${program} did not get ready: ${complaints}`);
  }
  return { origins: ports.map((port) => `http://127.0.0.1:${port}`), stop };
}

/** Reads on after the line: a pipe that is full would stop who writes into it. */
function readyLine(output: NodeJS.ReadableStream): Promise<boolean> {
  return new Promise((resolve) => {
    createInterface(output).on('line', (line) => {
      if (line === 'READY') resolve(true);
    });
  });
}

function patience(): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => {
      resolve(false);
    }, patienceMs).unref();
  });
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('No port is free.');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

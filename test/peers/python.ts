/**
 * Python for the tests with official clients: an environment of its own for each, kept between runs. What is missing is an error, never a skipped test.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../.cache/peers', import.meta.url));

export const peerFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * The interpreter of an environment that has exactly the packages that `<name>.requirements.txt` lists.
 *
 * @throws {Error} there is no python3, or the packages cannot be had
 */
export async function pythonWith(name: string): Promise<string> {
  const folder = join(cache, name);
  const python = join(folder, 'bin', 'python');
  const requirements = peerFile(`${name}.requirements.txt`);
  const stamp = join(folder, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  await explained(
    run('python3', ['-m', 'venv', folder]),
    'No Python environment could be made. This test needs python3 (3.11 or later) with its venv module.',
  );
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '--requirement', requirements];
  await explained(
    run(python, install),
    `The packages of ${name} could not be installed. This test needs a Python package index that has them.`,
  );
  writeFileSync(stamp, wanted);
  return python;
}

async function explained<Result>(work: Promise<Result>, explanation: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${explanation}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * Runs a script in an environment without anybody's credentials, and returns the JSON that it prints last.
 *
 * @param input goes to its standard input: tokens have no place on a command line
 */
export async function runScript(python: string, script: string, input: unknown): Promise<unknown> {
  const running = run(python, [peerFile(script)], {
    env: { PATH: process.env['PATH'], HOME: cache, PYTHONDONTWRITEBYTECODE: '1' },
    maxBuffer: 16 * 1024 * 1024,
  });
  running.child.stdin?.end(JSON.stringify(input));
  const { stdout } = await running;
  const parsed: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return parsed;
}

/**
 * Official Python clients to compare with: an environment in the cache, where there is a Python and a package index.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory } from './world.js';

const run = promisify(execFile);

/** An interpreter that has the package, or why there is none. */
export async function pythonWith(requirement: string): Promise<{ readonly python: string } | { readonly missing: string }> {
  const folder = join(cacheDirectory, 'python', requirement);
  const python = join(folder, 'bin', 'python');
  try {
    if (!existsSync(join(folder, 'complete'))) {
      await rm(folder, { recursive: true, force: true });
      await run('python3', ['-m', 'venv', folder]);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement], { timeout: 120_000 });
      await run(python, ['-c', 'import sys; open(sys.argv[1], "w").close()', join(folder, 'complete')]);
    }
    return { python };
  } catch {
    return { missing: `${requirement} could not be installed (is there a Python, and a package index in reach?)` };
  }
}

/** Runs a program of `programs/` with an interpreter and something on its standard input, and returns the JSON that it prints. */
export async function runWithInput(interpreter: string, program: string, input: unknown): Promise<unknown> {
  const running = run(interpreter, [fileURLToPath(new URL(`programs/${program}`, import.meta.url))]);
  running.child.stdin?.end(JSON.stringify(input));
  const { stdout } = await running;
  const printed: unknown = JSON.parse(stdout);
  return printed;
}

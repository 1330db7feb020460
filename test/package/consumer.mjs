/**
 * A project that uses the package as its users do: from the packed tarball, in a directory of its own. What the tests of this folder share.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Another Node may be named, so that the oldest one that the package supports is tried too. */
export const node = process.env.H2O_TEST_NODE ?? process.execPath;

/** A directory that is gone after the test. */
export function temporaryDirectory(test) {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'h2o-ai-cloud-package-')));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** @returns {string} the path of the tarball that would be published now */
export function packInto(directory) {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: projectRoot, stdio: 'pipe' });
  return join(
    directory,
    readdirSync(directory).find((name) => name.endsWith('.tgz')),
  );
}

/** A project that has installed the tarball and its dependencies from the registry. */
export function installedConsumer(test) {
  const directory = temporaryDirectory(test);
  const tarball = packInto(directory);
  writeFiles(directory, { 'package.json': '{ "private": true }' });
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: directory, stdio: 'pipe' });
  return directory;
}

/** A project that has the package's own files and, of everything else, only what is named; those are this project's own copies. */
export function bareConsumer(test, packages) {
  const directory = temporaryDirectory(test);
  const tarball = packInto(directory);
  const own = join(directory, 'node_modules', 'h2o-ai-cloud');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components', '1', '-C', own]);
  linkPackages(directory, packages);
  return directory;
}

export function linkPackages(directory, packages) {
  for (const name of packages) {
    const place = join(directory, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(projectRoot, 'node_modules', name), place);
  }
}

export function writeFiles(directory, files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

/** Environment of a consumer: the Node under test first, and nothing of the test run's own settings. */
export function consumerEnvironment() {
  const dropped = { NODE_OPTIONS: undefined, NODE_EXTRA_CA_CERTS: undefined, NODE_TEST_CONTEXT: undefined };
  return { ...process.env, ...dropped, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
}

/**
 * Runs a program to its end.
 *
 * @returns {Promise<{ status: number | null, stdout: string, stderr: string }>}
 */
export function run(command, args, { cwd, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: consumerEnvironment() });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    child.on('error', reject).on('close', (status) => resolve({ status, ...output }));
    child.stdin.end(input);
  });
}

/**
 * What a user downloads and keeps: the tarball, the installed package with its dependencies, and how much of it is our own code.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'tsup';
import config from '../../tsup.config.js';
import { toRow, type Row } from '../row.js';
import { cacheDirectory, projectRoot } from '../world.js';

export async function sizes(): Promise<Row[]> {
  const place = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-bench-'));
  try {
    return [...(await packageSizes(place)), ...(await ownCode())];
  } finally {
    await rm(place, { recursive: true });
  }
}

async function packageSizes(place: string): Promise<Row[]> {
  const npm = (args: readonly string[], cwd: string) => promisify(execFile)('npm', args, { cwd, timeout: 120_000 });
  await npm(['pack', '--ignore-scripts', '--pack-destination', place], projectRoot);
  const tarball = (await readdir(place)).find((name) => name.endsWith('.tgz'))!;
  const tarballKB = (await stat(join(place, tarball))).size / 1000;
  const rows = [toRow({ name: 'tarball', unit: 'KB', ours: tarballKB, target: { of: 'ours', atMost: 300 } })];
  const name = 'installed, with dependencies';
  try {
    await writeFile(join(place, 'package.json'), '{ "private": true }');
    await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev', `./${tarball}`], place);
    const { bytes, packages } = await contentsOf(join(place, 'node_modules'));
    rows.push(toRow({ name, unit: 'MB', ours: bytes / 1e6, target: { of: 'ours', atMost: 2.5 } }));
    rows.push(toRow({ name, unit: 'packages', ours: packages, target: { of: 'ours', atMost: 4 } }));
  } catch {
    rows.push(toRow({ name, unit: 'MB', note: 'the tarball could not be installed (is the registry in reach?)' }));
  }
  return rows;
}

async function contentsOf(modules: string): Promise<{ readonly bytes: number; readonly packages: number }> {
  const entries = await readdir(modules, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const bytes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const packages = files.filter((file) => /^(@[^/]+\/)?[^/]+\/package\.json$/.test(file.slice(modules.length + 1)));
  return { bytes: bytes.reduce((sum, size) => sum + size, 0), packages: packages.length };
}

interface Metafile {
  readonly outputs: Readonly<
    Record<
      string,
      | {
          readonly imports: readonly { readonly path: string }[];
          readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
        }
      | undefined
    >
  >;
}

/** Our own code that `.` reaches, loaded lazily or at once, as the bundler minifies it. */
async function ownCode(): Promise<Row[]> {
  const outDir = join(cacheDirectory, 'minified');
  if (typeof config === 'function' || Array.isArray(config)) throw new Error('tsup.config.ts is not one plain object.');
  await build({ ...config, config: false, minify: true, sourcemap: false, dts: false, silent: true, outDir });
  const { outputs } = JSON.parse(await readFile(join(outDir, 'metafile-esm.json'), 'utf8')) as Metafile;
  const entry = Object.keys(outputs).find((path) => path.endsWith('minified/index.js'))!;
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { path: next } of outputs[path]?.imports ?? []) visit(next);
  };
  visit(entry);
  const inputs = [...reached].flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}));
  const own = inputs.filter(([path]) => path.startsWith('src/')).reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
  return [toRow({ name: "own code of '.', minified", unit: 'KB', ours: own / 1000, target: { of: 'ours', atMost: 60 } })];
}

/**
 * Other libraries to compare with, installed once into the cache and never a dependency of this package.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from './world.js';

/** What a peer cannot be measured without. */
const companions: Partial<Record<PeerName, readonly string[]>> = {
  '@aws-sdk/client-s3': ['@aws-sdk/lib-storage@3.1175.0', '@aws-sdk/s3-request-presigner@3.1169.0'],
};
/** The last versions that run on Node 20. */
const versions = { 'google-auth-library': '10.9.1', openai: '6.49.0', undici: '7.30.2', '@aws-sdk/client-s3': '3.1175.0' } as const;
const directory = join(cacheDirectory, 'peers');

export type PeerName = keyof typeof versions;

/** The path of the peer's entry file, or why there is none. */
export async function installPeer(name: PeerName): Promise<{ readonly entry: string } | { readonly missing: string }> {
  const place = join(directory, name);
  try {
    if (!existsSync(join(place, 'node_modules', name))) {
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'package.json'), '{ "private": true }');
      const wanted = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${versions[name]}`, ...(companions[name] ?? [])];
      await promisify(execFile)('npm', wanted, { cwd: place, timeout: 90_000 });
    }
    return { entry: createRequire(join(place, 'index.js')).resolve(name) };
  } catch {
    return { missing: `${name}@${versions[name]} could not be installed (is the registry in reach?)` };
  }
}

/** What the official Python clients need to be importable: they do not say that they need an older numpy. */
const pythonPackages = { 'h2o-mlops-scoring-client': ['h2o-mlops-scoring-client==0.2.1b1', 'pandas<2', 'numpy<2'] } as const;

/** The interpreter of an environment of the client's own, or why there is none. */
export async function installPythonPeer(
  name: keyof typeof pythonPackages,
): Promise<{ readonly entry: string } | { readonly missing: string }> {
  const place = join(directory, name);
  const python = join(place, 'bin', 'python');
  const run = promisify(execFile);
  try {
    if (!existsSync(join(place, 'installed'))) {
      await run('python3', ['-m', 'venv', place]);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...pythonPackages[name]], { timeout: 300_000 });
      await writeFile(join(place, 'installed'), '');
    }
    return { entry: python };
  } catch {
    return { missing: `${name} could not be installed (are Python 3.11 and the package index in reach?)` };
  }
}

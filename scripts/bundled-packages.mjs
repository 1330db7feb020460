/**
 * Which packages of others are inside the built files. Knows the bundler's metafile and package directories, nothing of licences or audits.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * @param {string} root the project's directory, with `dist/metafile-esm.json` in it
 * @returns {{ name: string, version: string, license: unknown, directory: string }[]} sorted by name
 */
export function bundledPackages(root) {
  const path = join(root, 'dist', 'metafile-esm.json');
  if (!existsSync(path)) throw new Error(`${path} is not there: build first (npx tsup).`);
  const { outputs } = JSON.parse(readFileSync(path, 'utf8'));
  const files = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));
  const directories = new Set(
    [...files].filter((file) => file.includes('node_modules/')).map((file) => packageDirectory(resolve(root, file))),
  );
  return [...directories].map(readPackage).sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The nearest directory above whose package.json has a name: packages have others, without one, in their subdirectories. */
function packageDirectory(file) {
  for (let directory = dirname(file); directory !== dirname(directory); directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest) && typeof JSON.parse(readFileSync(manifest, 'utf8')).version === 'string') return directory;
  }
  throw new Error(`${file} is bundled, but belongs to no package.`);
}

function readPackage(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return { name, version, license, directory };
}

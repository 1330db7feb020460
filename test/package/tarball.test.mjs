/**
 * What is in the published tarball, file by file: no source, no test, nothing of the machine it was built on.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packInto, temporaryDirectory } from './consumer.mjs';

/** Files that must be there. */
const required = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'THIRD_PARTY_NOTICES',
  'package.json',
  ...['index', 'wave/index', 'testing/index', 'testing/msw'].flatMap((name) => [
    `dist/${name}.js`,
    `dist/${name}.js.map`,
    `dist/${name}.d.ts`,
  ]),
  'dist/cli/main.js',
  'dist/cli/main.js.map',
];

/** Files that may be there: what the entries share or load lazily, named by a hash. */
const allowed = [/^dist\/[\w.-]+-[\w-]{8}\.js(\.map)?$/, /^dist\/[\w.-]+-[\w-]{8}\.d\.ts$/];

test('the tarball has the files that it should have, and no others', (t) => {
  const directory = temporaryDirectory(t);
  const tarball = packInto(directory);
  const listed = execFileSync('tar', ['-tzvf', tarball], { encoding: 'utf8' }).trim().split('\n');
  const entries = listed.map((line) => ({ mode: line.slice(0, 10), path: line.slice(line.indexOf('package/') + 8) }));
  const paths = entries.map(({ path }) => path);

  assert.deepEqual(
    required.filter((path) => !paths.includes(path)),
    [],
    'missing',
  );
  assert.deepEqual(
    paths.filter((path) => !required.includes(path) && !allowed.some((pattern) => pattern.test(path))),
    [],
    'too many',
  );
  assert.match(entries.find(({ path }) => path === 'dist/cli/main.js').mode, /^-rwxr-xr-x/, 'the command can be run');
});

test('source maps carry no sources and no path of the machine', (t) => {
  const directory = temporaryDirectory(t);
  execFileSync('tar', ['-xzf', packInto(directory), '-C', directory]);
  const maps = execFileSync('find', [join(directory, 'package', 'dist'), '-name', '*.map'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  assert.ok(maps.length > 4);
  for (const path of maps) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(path, 'utf8'));
    assert.ok(sourcesContent === undefined || sourcesContent.every((content) => content === null), `${path} has sources`);
    const foreign = sources.filter((source) => /^(\/|file:|\w:)/.test(source));
    assert.deepEqual(foreign, [], path);
  }
});

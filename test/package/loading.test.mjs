/**
 * Loading the installed package: by import and by require, every subpath, on the Node that H2O_TEST_NODE names or on this one.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installedConsumer, linkPackages, node, projectRoot, run, writeFiles } from './consumer.mjs';

const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
const specifiers = subpaths.map((path) => path.replace('.', 'h2o-ai-cloud'));

/** Everything that could be said: a warning, a deprecation to come. */
const talkative = ['--trace-warnings', '--pending-deprecation'];

/** Writes the URL of each file that is loaded, and lets Node go on. */
const recordLoads = `
import { writeSync } from 'node:fs';
export async function load(url, context, next) {
  if (url.startsWith('file:')) writeSync(1, url + '\\n');
  return next(url, context);
}`;

describe(`case 101: the installed package in ${node}`, () => {
  const consumer = installedConsumer({ after });
  // An optional peer: its own subpath needs it, nothing else may.
  linkPackages(consumer, ['msw']);
  writeFiles(consumer, {
    'record-loads.mjs': recordLoads,
    'register.mjs': "import { register } from 'node:module';\nregister('./record-loads.mjs', import.meta.url);\n",
  });
  const evaluate = (type, code, ...flags) => run(node, [...flags, `--input-type=${type}`, '--eval', code], { cwd: consumer });

  for (const specifier of specifiers) {
    it(`import('${specifier}') says nothing`, async () => {
      const result = await evaluate('module', `await import('${specifier}')`, ...talkative);
      assert.deepEqual(result, { status: 0, stdout: '', stderr: '' });
    });

    it(`require('${specifier}') says nothing`, async () => {
      const result = await evaluate('commonjs', `require('${specifier}')`, ...talkative);
      assert.deepEqual(result, { status: 0, stdout: '', stderr: '' });
    });
  }

  it('there is one of everything, whichever way and under whatever subpath it is loaded', async () => {
    const code = `
      const assert = require('node:assert/strict');
      const required = ${JSON.stringify(specifiers)}.map((specifier) => require(specifier));
      Promise.all(${JSON.stringify(specifiers)}.map((specifier) => import(specifier))).then((imported) => {
        imported.forEach((module, index) => {
          for (const name of Object.keys(module)) {
            assert.equal(required[index][name], module[name], name);
            if (name in imported[0]) assert.equal(module[name], imported[0][name], name);
          }
        });
        new imported[0].H2OCloud({ env: {} }) instanceof required[0].H2OCloud || process.exit(1);
        console.log(Object.keys(imported[0]).includes('H2OCloud'));
      });`;
    assert.deepEqual(await evaluate('commonjs', code), { status: 0, stdout: 'true\n', stderr: '' });
  });

  it("'.' loads no server framework, no msw and no dependency before it is needed", async () => {
    const { stdout } = await evaluate('module', `await import('h2o-ai-cloud')`, '--import', './register.mjs');
    const own = join(consumer, 'node_modules', 'h2o-ai-cloud');
    const loaded = stdout
      .trim()
      .split('\n')
      .map((url) => relative(own, fileURLToPath(url)));
    assert.ok(loaded.includes(join('dist', 'index.js')), stdout);
    const foreign = loaded.filter((path) => path.startsWith('..'));
    assert.deepEqual(foreign, []);
    const ingredients = ingredientsOf(loaded).filter((ingredient) => !['ky', 'smol-toml', 'zod'].includes(ingredient));
    assert.deepEqual(ingredients, []);
  });
});

/** What the bundler put into files of dist: names of packages, and the local cloud, which is the server side of this one. */
function ingredientsOf(files) {
  const { outputs } = JSON.parse(readFileSync(join(projectRoot, 'dist', 'metafile-esm.json'), 'utf8'));
  const inputs = files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
  const packages = inputs
    .filter((input) => input.includes('node_modules/'))
    .map((input) => /.*node_modules\/((@[^/]+\/)?[^/]+)/.exec(input)[1]);
  return [...new Set([...packages, ...inputs.filter((input) => input.startsWith('src/local/'))])].sort();
}

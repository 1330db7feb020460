/**
 * The types, as strict programs see them: without the DOM, without the packages that are bundled, in every way of finding modules that
 * the package supports.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import ts from 'typescript';
import { bareConsumer, projectRoot, run, writeFiles } from './consumer.mjs';

const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');

const strict = {
  target: 'es2023',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: false,
};

const modes = {
  'ESM, nodenext': { module: 'nodenext' },
  'ESM, bundler': { module: 'preserve', moduleResolution: 'bundler' },
};

const mainJob = `
import { H2OCloud, H2OCloudError, SecurityOptions, type Deployment, type H2OCloudOptions } from 'h2o-ai-cloud';

const options: H2OCloudOptions = { environment: 'https://cloud.example.com' };
const cloud = new H2OCloud(options);
const user = cloud.onBehalfOf({ accessToken: 'token' });
const { mlops } = user;
const project = await mlops.projects.create({ name: 'demo' });
const experiment = await mlops.experiments.create({ project, name: 'from-node', artifact: 'mojo.zip' });
const model = await mlops.models.create({ project, name: 'credit' });
await mlops.models.register({ model, experiment });
const deployment: Deployment = await mlops.deployments.create({ project, name: 'credit', composition: { model }, security: SecurityOptions.oidc() });
await mlops.deployments.waitUntilHealthy(deployment);
const [row] = await user.scorer(deployment).scoreRows([{ LIMIT_BAL: 750000, AGE: 54, PAY_1: 0 }]);
const value: number | string | boolean | null | undefined = row['default payment next month.1'];
for await (const found of mlops.projects.list()) console.log(found.name, value);
try {
  await cloud.close();
} catch (error) {
  if (error instanceof H2OCloudError) console.log(error.code);
}
// @ts-expect-error a misspelt option is an error, so the types are really there
new H2OCloud({ enviroment: 'https://cloud.example.com' });
`;

const ownTests = `
import { H2OCloud } from 'h2o-ai-cloud';
import { FakeClock, startLocalCloud } from 'h2o-ai-cloud/testing';

const local = await startLocalCloud({ healthyAfterMs: 0 });
const cloud = new H2OCloud({ env: local.env, clock: new FakeClock() });
local.faults.add({ when: { path: 'CreateDeployment' }, then: { status: 503 } });
console.log(cloud, local.users[0]?.username);
await local.close();
`;

const msw = `
import { localCloudHandlers } from 'h2o-ai-cloud/testing/msw';
import { setupServer } from 'msw/node';

const local = localCloudHandlers({ healthyAfterMs: 0 });
setupServer(...local.handlers).listen();
`;

/** Everything of a subpath, so that every declaration is looked at. */
const everything = (specifier) => `export * from '${specifier}';\n`;

async function compile(directory, options, files) {
  writeFiles(directory, { ...files, 'package.json': '{ "private": true, "type": "module" }' });
  writeFiles(directory, { 'tsconfig.json': JSON.stringify({ compilerOptions: { ...strict, ...options }, files: Object.keys(files) }) });
  const { status, stdout } = await run(process.execPath, [compiler, '-p', directory], { cwd: directory });
  assert.equal(status, 0, stdout);
}

describe('the types compile, library checks and all', () => {
  // @types/node is the one thing that a TypeScript program on Node has anyway.
  const consumer = bareConsumer({ after }, ['@types/node']);
  for (const [name, options] of Object.entries(modes)) {
    it(`in a program for ${name}, with neither zod nor ky nor hono`, async () => {
      const files = { 'main-job.ts': mainJob, 'own-tests.ts': ownTests, 'wave.ts': everything('h2o-ai-cloud/wave') };
      await compile(consumer, options, files);
    });
  }
});

describe('the types of ./testing/msw compile', () => {
  const consumer = bareConsumer({ after }, ['@types/node', 'msw']);
  for (const [name, options] of Object.entries(modes)) {
    it(`in a program for ${name} that has msw`, async () => {
      // The declarations of msw speak of the DOM and are not all strict, whoever uses them.
      await compile(consumer, { ...options, lib: ['es2023', 'dom'], skipLibCheck: true }, { 'msw.ts': msw });
    });
  }
});

test('no declaration speaks of a package that is bundled, or of the client library of the identity provider', (t) => {
  const own = join(bareConsumer(t, []), 'node_modules', 'h2o-ai-cloud', 'dist');
  const declarations = readdirSync(own, { recursive: true }).filter((name) => name.endsWith('.d.ts'));
  assert.ok(declarations.length >= 4);
  for (const name of declarations) {
    const imported = ts.preProcessFile(readFileSync(join(own, name), 'utf8')).importedFiles.map(({ fileName }) => fileName);
    const mayImport = name === join('testing', 'msw.d.ts') ? /^(\.|node:|msw$)/ : /^(\.|node:)/;
    const foreign = imported.filter((specifier) => !mayImport.test(specifier));
    assert.deepEqual(foreign, [], name);
  }
});

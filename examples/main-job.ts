/**
 * The main job of the SDK on real input: a model file becomes a deployment guarded by OIDC, its predictions are compared with those of
 * H2O-3, and everything is removed again. By default it runs against a local cloud that it starts; with `--real` against the cloud that
 * the environment names (`H2O_CLOUD_ENVIRONMENT`, `H2O_CLOUD_CLIENT_PLATFORM_TOKEN`), as the user whose token that is.
 *
 *     npm run example
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { H2OCloud, SecurityOptions, type Deployment, type Row, type ScoredRow, type User } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';

/** What goes in, what must come out, and who is told about it. */
export interface MainJob {
  /** The MOJO of a model of credit card customers, exported from H2O-3. */
  readonly artifact: URL;
  readonly rows: readonly Row[];
  /** For each row the probabilities that H2O-3 computed itself: no default, default. */
  readonly expected: readonly (readonly [number, number])[];
  readonly print: (line: string) => void;
}

const columns = ['default payment next month.0', 'default payment next month.1'] as const;
const largestDifference = 1e-9;

/**
 * Deploys, scores, compares, removes. Any `User` will do: how the user signed in makes no difference here.
 *
 * @throws {Error} a step failed, or a prediction differs from what was expected
 */
export async function runMainJob(user: User, job: MainJob): Promise<void> {
  const { mlops } = user;
  const step = stepsPrintedTo(job.print);
  // Project names need not be unique, so the name must be: everything with this name is deleted at the end.
  const name = `main-job-${randomUUID()}`;

  const project = await step('create a project', mlops.projects.create({ name }));
  try {
    const experiment = await step('upload the model file', mlops.experiments.create({ project, name: 'credit', artifact: job.artifact }));
    const model = await step('create a model', mlops.models.create({ project, name: 'credit' }));
    await step('register the experiment as its version 1', mlops.models.register({ model, experiment }));
    const deployment = await step(
      'create a deployment guarded by OIDC',
      mlops.deployments.create({ project, name: 'credit', composition: { model }, security: SecurityOptions.oidc() }),
    );
    await step('wait until it is healthy', mlops.deployments.waitUntilHealthy(deployment));
    const predictions = await step(`score ${job.rows.length} rows`, user.scorer(deployment).scoreRows(job.rows));
    await step('score without a token: refused with 401', requireRefusal(user, deployment));
    compare(predictions, job);
  } finally {
    await step('clean up', removeProjects(user, name));
  }
}

/** Sends what a stranger would send: the same request without the user's token. */
async function requireRefusal(user: User, deployment: Deployment): Promise<void> {
  const { scoreUrl } = await user.mlops.deployments.status(deployment);
  if (scoreUrl === undefined) throw new Error('The deployment is healthy and has no address.');
  const body = JSON.stringify(await user.scorer(deployment).sampleRequest());
  const { status } = await fetch(scoreUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (status !== 401) throw new Error(`The scorer answered ${status} to a caller without a token; 401 was expected.`);
}

function compare(predictions: readonly ScoredRow[], { expected, print }: MainJob): void {
  print('');
  print('row   P(default)            expected              difference');
  let worst = 0;
  for (const [index, probabilities] of expected.entries()) {
    const row = predictions[index];
    const differences = columns.map((column, part) => {
      const value = row?.[column];
      return typeof value === 'number' ? Math.abs(value - probabilities[part]!) : Infinity;
    });
    const difference = Math.max(...differences);
    worst = Math.max(worst, difference);
    const cells = [String(row?.[columns[1]] ?? 'missing'), String(probabilities[1]), difference.toExponential(1)];
    print(`${String(index + 1).padStart(3)}   ${cells.map((cell) => cell.padEnd(22)).join('')}`.trimEnd());
  }
  print('');
  if (worst <= largestDifference && predictions.length === expected.length) return;
  throw new Error(`Predictions differ from those of H2O-3 by up to ${worst}; at most ${largestDifference} is allowed.`);
}

async function removeProjects(user: User, name: string): Promise<void> {
  const { projects } = user.mlops;
  for await (const project of projects.list({ name })) await projects.delete(project);
  if ((await projects.list({ name }).first()) !== undefined) throw new Error(`The project ${name} is still there.`);
}

type Step = <Result>(title: string, work: Promise<Result>) => Promise<Result>;

/** Prints each step with the time that it took, also when it fails. */
function stepsPrintedTo(print: (line: string) => void): Step {
  return async (title, work) => {
    const start = performance.now();
    const done = (outcome: string): void => {
      print(`${((performance.now() - start) / 1000).toFixed(3).padStart(8)} s  ${title}${outcome}`);
    };
    try {
      const result = await work;
      done('');
      return result;
    } catch (error) {
      done(': FAILED');
      throw error;
    }
  };
}

const fixture = (file: string): URL => new URL(`../test/fixtures/models/${file}`, import.meta.url);

/** A plain CSV file: a header line, no quotes. */
async function readCsv(file: string, limit: number): Promise<Record<string, string>[]> {
  const [header = '', ...lines] = (await readFile(fixture(file), 'utf8')).trim().split(/\r?\n/);
  const names = header.split(',');
  return lines.slice(0, limit).map((line) => Object.fromEntries(line.split(',').map((cell, index) => [names[index] ?? '', cell])));
}

/** The first rows of the credit data, and what H2O-3 predicted for them. */
export async function creditJob(print: (line: string) => void, rowCount = 10): Promise<MainJob> {
  const rows = await readCsv('credit.csv', rowCount);
  const predictions = await readCsv('credit-glm-predictions.csv', rowCount);
  return {
    artifact: fixture('credit-glm.zip'),
    // The last column is what the model predicts, so it is no input. An empty cell is a value that is not known.
    rows: rows.map((row) => {
      const inputs = Object.entries(row).filter(([column]) => column !== 'default payment next month');
      return Object.fromEntries(inputs.map(([column, cell]) => [column, cell === '' ? null : cell]));
    }),
    expected: predictions.map(({ p0, p1 }) => [Number(p0), Number(p1)] as const),
    print,
  };
}

async function runOnLocalCloud(job: MainJob): Promise<void> {
  const local = await startLocalCloud();
  job.print(`A local cloud is running at ${local.url}.`);
  try {
    // Its tokens die with it, so none is kept on disk.
    const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory' });
    await runMainJob(cloud.asCurrentUser(), job);
  } finally {
    await local.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { real: { type: 'boolean', default: false } } });
  const start = performance.now();
  const print = (line: string): void => {
    console.log(line);
  };
  const job = await creditJob(print);
  await (values.real ? runMainJob(new H2OCloud().asCurrentUser(), job) : runOnLocalCloud(job));
  print(`Done in ${((performance.now() - start) / 1000).toFixed(1)} s: all predictions are those of H2O-3.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(`The main job failed. ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}

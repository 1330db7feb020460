import { describe, expect, it, test } from 'vitest';
import { SecurityOptions, type ScoredRow } from 'h2o-ai-cloud';
import { callsOf, creditMojo, deployCredit, startTestCloud } from '../support/cloud.js';
import { fixture, readCsv } from '../support/csv.js';

const inputs = ['LIMIT_BAL', 'SEX', 'EDUCATION', 'MARRIAGE', 'AGE', 'PAY_1', 'BILL_AMT1', 'PAY_AMT1'];

/** The first rows of the credit data as a program would have them: numbers as numbers, empty cells as null. */
function creditRows(count: number): Record<string, string | number | null>[] {
  const texts = new Set(['SEX', 'EDUCATION', 'MARRIAGE']);
  return readCsv('models/credit.csv')
    .slice(0, count)
    .map((row) =>
      Object.fromEntries(inputs.map((name) => [name, row[name] === '' ? null : texts.has(name) ? row[name]! : Number(row[name])])),
    );
}

describe('the main job', () => {
  it('takes fourteen requests beside tokens, discovery and polling, and gives the predictions of H2O-3', async () => {
    await using test = await startTestCloud();
    const { mlops } = test.user;
    const project = await mlops.projects.create({ name: 'demo' });
    const experiment = await mlops.experiments.create({ project, name: 'from-node', artifact: creditMojo });
    const model = await mlops.models.create({ project, name: 'credit' });
    await mlops.models.register({ model, experiment });
    const deployment = await mlops.deployments.create({
      project,
      name: 'credit',
      composition: { model },
      security: SecurityOptions.oidc(),
    });
    await mlops.deployments.waitUntilHealthy(deployment);
    const expected = readCsv('models/credit-glm-predictions.csv');
    const scored = await test.user.scorer(deployment).scoreRows(creditRows(expected.length));
    await mlops.projects.delete(project);

    expect(scored).toHaveLength(expected.length);
    expectPredictions(scored, expected, { 'default payment next month.0': 'p0', 'default payment next month.1': 'p1' });
    const calls = callsOf(test.local).filter((call) => call !== 'GetDeploymentStatus');
    expect(calls).toEqual([
      'CreateProject',
      'CreateArtifact',
      'Write',
      'CreateModelIngestion',
      'CreateExperiment',
      'UpdateArtifact',
      'CreateRegisteredModel',
      'CreateModelVersion',
      'ListArtifactCompositions',
      'ListDeploymentEnvironments',
      'CreateDeployment',
      'schema',
      'score',
      'DeleteProject',
    ]);
  });

  it('gives the predictions of H2O-3 for a model of three classes, all 150 rows', async () => {
    await using test = await startTestCloud();
    const deployment = await test.user.mlops.deploy({
      project: 'flowers',
      artifact: fixture('models/iris-glm.zip'),
      name: 'iris',
      security: SecurityOptions.oidc(),
    });
    const rows = readCsv('models/iris.csv').map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'species')));
    const scored = await test.user.scorer(deployment).scoreRows(rows);
    const expected = readCsv('models/iris-glm-predictions.csv');
    expect(scored).toHaveLength(150);
    expectPredictions(scored, expected, {
      'species.setosa': 'setosa',
      'species.versicolor': 'versicolor',
      'species.virginica': 'virginica',
    });
  });
});

function expectPredictions(
  scored: readonly ScoredRow[],
  expected: readonly Record<string, string>[],
  columns: Record<string, string>,
): void {
  for (const [index, row] of expected.entries()) {
    for (const [column, name] of Object.entries(columns)) {
      const value = scored[index]?.[column];
      if (typeof value !== 'number') throw new Error(`row ${index} has no number in ${column}`);
      expect(Math.abs(value - Number(row[name])), `row ${index}, ${column}`).toBeLessThanOrEqual(1e-9);
    }
  }
}

describe('a deployment guarded by OIDC', () => {
  it('refuses a caller without a token and one with a wrong token', async () => {
    await using test = await startTestCloud();
    const deployment = await deployCredit(test.user);
    const { scoreUrl } = await test.user.mlops.deployments.status(deployment);
    const sample = await test.user.scorer(deployment).sampleRequest();
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(scoreUrl!, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(sample) });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer wrong' })).status).toBe(401);
    const stranger = test.cloud.onBehalfOf({ accessToken: 'wrong' });
    await expect(stranger.scorer(scoreUrl!).score(sample)).rejects.toMatchObject({ name: 'AuthenticationError' });
  });

  it('can be scored by its address alone', async () => {
    await using test = await startTestCloud();
    const { scoreUrl } = await test.user.mlops.deployments.status(await deployCredit(test.user));
    const scorer = test.user.scorer(scoreUrl!);
    expect((await scorer.score(await scorer.sampleRequest())).score).toHaveLength(1);
  });

  it('is not sent a token when it stands on an origin that nobody has named', async () => {
    await using test = await startTestCloud();
    await using other = await startTestCloud();
    const { scoreUrl } = await other.user.mlops.deployments.status(await deployCredit(other.user));
    await expect(test.user.scorer(scoreUrl!).sampleRequest()).rejects.toMatchObject({ code: 'ORIGIN_NOT_TRUSTED' });
    expect(callsOf(other.local)).not.toContain('sample_request');
  });
});

test.each([
  ['none', SecurityOptions.none(), {}],
  ['a plain passphrase that the platform tells', SecurityOptions.passphrase('open sesame'), {}],
  [
    'a hashed passphrase that the caller knows',
    SecurityOptions.passphrase('open sesame', {
      hash: 'pbkdf2:sha256:1000$salt$1b5eb3d06b5ee3e6b04cbed3b1ae4d8ac2be4e5d08a5a0a4b4c63f5bb7c68dc9',
    }),
    { passphrase: 'open sesame' },
  ],
])('a deployment with security %s is scored through the same call', async (name, security, options) => {
  await using test = await startTestCloud();
  if (name.startsWith('a hashed')) security = SecurityOptions.passphrase('open sesame', { hash: await pbkdf2('open sesame') });
  const deployment = await deployCredit(test.user, security);
  expect(await test.user.scorer(deployment, options).scoreRows(creditRows(2))).toHaveLength(2);
  expect((await test.user.mlops.deployments.get(deployment)).security[0]).toMatchObject({ type: security.type });
});

async function pbkdf2(passphrase: string): Promise<string> {
  const { pbkdf2Sync } = await import('node:crypto');
  return `pbkdf2:sha256:1000$salt$${pbkdf2Sync(passphrase, 'salt', 1000, 32, 'sha256').toString('hex')}`;
}

/**
 * The main flow by this package: a project, an upload, a model, a deployment that is waited for, a score, and all of it removed again.
 * Reads JSON from standard input, and prints one line of JSON: the milliseconds of each round, the first one from `startedAt`.
 */
import { text } from 'node:stream/consumers';
import { performance } from 'node:perf_hooks';
import { H2OCloud, SecurityOptions } from 'h2o-ai-cloud';

const { cloudUrl, refreshToken, mojo, rounds, startedAt } = JSON.parse(await text(process.stdin));
const cloud = new H2OCloud({ env: { H2O_CLOUD_ENVIRONMENT: cloudUrl }, tokenStore: 'memory' });
const user = cloud.onBehalfOf({ refreshToken });
const { mlops } = user;

async function flow() {
  const project = await mlops.projects.create({ name: 'bench' });
  const experiment = await mlops.experiments.create({ project, name: 'credit', artifact: mojo });
  const model = await mlops.models.create({ project, name: 'credit' });
  await mlops.models.register({ model, experiment });
  const deployment = await mlops.deployments.create({ project, name: 'credit', composition: { model }, security: SecurityOptions.oidc() });
  await mlops.deployments.waitUntilHealthy(deployment);
  const scorer = user.scorer(deployment);
  await scorer.score(await scorer.sampleRequest());
  await mlops.deployments.delete(deployment);
  await mlops.projects.delete(project);
}

await flow();
const taken = [Date.now() - startedAt];
while (taken.length < rounds) {
  const start = performance.now();
  await flow();
  taken.push(performance.now() - start);
}
console.log(JSON.stringify(taken));
process.exit();

/** Verbs and options beside the main flow, the same on every platform; where the support table says no, the refusal. */
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  H2OCloud,
  SecurityOptions,
  UnsupportedByPlatformError,
  WaitTimeoutError,
  type Experiment,
  type PlatformName,
  type SecurityKind,
} from 'h2o-ai-cloud';
import type { StartLocalCloudOptions } from 'h2o-ai-cloud/testing';
import { accessTokenOf, creditMojo, hurriedClock, startPortlessCloud, steppedClock, type TestCloud } from '../../support/cloud.js';
import { fixture } from '../../support/csv.js';
import { platforms, startOn } from './platforms.js';

const security = SecurityOptions.none();
const start = (platform: PlatformName, options: StartLocalCloudOptions = {}): Promise<TestCloud> =>
  startPortlessCloud({ platform, ingestedAfterMs: 0, ...options });

async function uploaded({ user: { mlops } }: TestCloud): Promise<Experiment> {
  const project = await mlops.projects.create({ name: 'demo' });
  return mlops.experiments.create({ project, name: 'credit', description: 'd', artifact: creditMojo });
}

describe.each(platforms)('platform %s:', (platform) => {
  it('an experiment tells what its model takes and gives, its parameters and its metadata', async () => {
    await using cloud = await start(platform);
    const read = await cloud.user.mlops.experiments.get(await uploaded(cloud));
    expect(read.inputSchema?.map(({ name }) => name)).toEqual(expect.arrayContaining(['LIMIT_BAL', 'AGE']));
    expect(read.outputSchema?.map(({ name }) => name)).toEqual(['default payment next month.0', 'default payment next month.1']);
    expect(read).toMatchObject({ description: 'd', parameters: { targetColumn: 'default payment next month' } });
    expect(read.metadata).toMatchObject({ tool: 'H2O-3' });
  });

  it('a deleted experiment comes back', async () => {
    await using cloud = await start(platform);
    const { experiments } = cloud.user.mlops;
    const experiment = await uploaded(cloud);
    await experiments.delete(experiment);
    expect(await experiments.list({ project: experiment.project }).toArray()).toEqual([]);
    expect(await experiments.restore(experiment)).toMatchObject({ id: experiment.id, name: 'credit', project: experiment.project });
    expect(await experiments.list({ project: experiment.project }).toArray()).toMatchObject([{ id: experiment.id }]);
  });

  it('runtimes are listed, and which of them fit; none that fits is told before anything is made', async () => {
    await using cloud = await start(platform);
    const { mlops } = cloud.user;
    const experiment = await uploaded(cloud);
    const all = await mlops.runtimes.list();
    const fitting = await mlops.runtimes.list({ experiment });
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(['dai_mojo_runtime', 'h2o3_mojo_runtime']));
    expect(fitting.map(({ id }) => id)).toEqual(['h2o3_mojo_runtime']);
    expect(fitting[0]).toMatchObject({ artifactType: 'h2o3/mojo' });
    const wrong = mlops.deployments.create({
      project: experiment.project,
      name: 'x',
      composition: { experiment, runtime: 'dai_mojo_runtime' },
      security,
    });
    await expect(wrong).rejects.toThrow(ConfigurationError);
    await expect(wrong).rejects.toThrow('h2o3_mojo_runtime');
    expect(await mlops.deployments.list({ project: experiment.project }).toArray()).toEqual([]);
  });

  it('placement, scaling and disruption are read back, changed and cleared', async () => {
    await using cloud = await start(platform);
    const { deployments } = cloud.user.mlops;
    const experiment = await uploaded(cloud);
    const settings = {
      affinity: 'gpu-nodes',
      toleration: 'spot',
      autoscaling: { memory: { min: 1, max: 2, unit: 'GIB' } },
      disruption: { maxUnavailable: 1 },
    } as const;
    const order = { project: experiment.project, name: 'x', composition: { experiment }, security };
    const created = await deployments.create({ ...order, ...settings });
    expect(await deployments.get(created)).toMatchObject(settings);
    const changed = await deployments.update(created, { disruption: { minAvailable: '50%' }, affinity: null });
    expect(changed).toMatchObject({ toleration: 'spot', disruption: { minAvailable: '50%' }, autoscaling: settings.autoscaling });
    expect(changed.affinity).toBeUndefined();
    const cleared = await deployments.update(changed, { toleration: null, autoscaling: null, disruption: null });
    expect([cleared.toleration, cleared.autoscaling, cleared.disruption]).toEqual([undefined, undefined, undefined]);
  });

  it('copies are spread over nodes where the platform can, and the wish is inert elsewhere', async () => {
    await using cloud = await start(platform);
    const { deployments } = cloud.user.mlops;
    const supports = await cloud.user.mlops.supports('replicaSpread');
    const experiment = await uploaded(cloud);
    const created = await deployments.create({
      project: experiment.project,
      name: 'x',
      composition: { experiment },
      security,
      platform: { '1.2': { replicaSpread: 'zones' } },
    });
    expect(supports).toBe(platform === '1.2');
    const { platform: told } = await deployments.get(created);
    expect(JSON.stringify(told).includes('zones')).toBe(supports);
  });

  it('deployments are paused and resumed where the platform can', async () => {
    await using cloud = await start(platform);
    const { mlops } = cloud.user;
    const experiment = await uploaded(cloud);
    const deployment = await mlops.deployments.create({ project: experiment.project, name: 'x', composition: { experiment }, security });
    await mlops.deployments.waitUntilHealthy(deployment);
    if (!(await mlops.supports('pause'))) {
      await expect(mlops.require('1.2')).rejects.toThrow(UnsupportedByPlatformError);
      return;
    }
    const { pausing } = await mlops.require('1.2');
    await pausing.pause(deployment);
    expect((await mlops.deployments.get(deployment)).platform).toMatchObject({ '1.2': { paused: true } });
    await pausing.resume(deployment);
    await mlops.deployments.waitUntilHealthy(deployment);
    expect((await mlops.deployments.get(deployment)).platform).toMatchObject({ '1.2': { paused: false } });
  });

  it('lists are narrowed and ordered alike', async () => {
    const { clock, step } = steppedClock();
    await using cloud = await startPortlessCloud({ platform, clock, pageSize: 2, accessTokenSeconds: 100_000 }, { clock });
    const { mlops } = cloud.user;
    const at: Date[] = [];
    const project = await mlops.projects.create({ name: 'first' });
    for (const name of ['it\'s \\ "x"', 'other', "it's other", '100%']) {
      step(60_000);
      at.push(new Date(clock.now()));
      await mlops.projects.create({ name });
      await mlops.models.create({ project, name });
    }
    const lists = [(filter: object) => mlops.projects.list(filter), (filter: object) => mlops.models.list({ project, ...filter })];
    for (const list of lists) {
      const names = async (filter: object): Promise<string[]> => (await list(filter).toArray()).map(({ name }) => name);
      expect(await names({ name: 'it\'s \\ "x"' })).toEqual(['it\'s \\ "x"']);
      expect(await names({ name: { contains: "it's" }, order: 'newestFirst' })).toEqual(["it's other", 'it\'s \\ "x"']);
      expect(await names({ name: '%' })).toEqual([]);
      expect(await names({ createdAfter: new Date(at[1]!.getTime() + 1), order: 'oldestFirst' })).toEqual(["it's other", '100%']);
      expect(await names({ createdBefore: at[2], name: { contains: 'other' } })).toEqual(['other']);
    }
  });

  it('the kinds of security are told as the administrator has set them', async () => {
    await using cloud = await start(platform);
    const kinds = (await cloud.user.mlops.securityOptions.list()).map(({ type }: SecurityKind) => type);
    expect(new Set(kinds)).toEqual(new Set(['none', 'oidc', 'passphrase', ...(platform === '1.2' ? ['apiKey'] : [])]));
  });

  it('a wait goes on in another process with a saved token: its time, its history, its end', async () => {
    const clock = hurriedClock(50);
    await using cloud = await startOn(platform, { healthyAfterMs: 10_000, clock }, { clock });
    const experiment = await uploaded(cloud);
    const { deployments } = cloud.user.mlops;
    const order = { project: experiment.project, name: 'x', composition: { experiment }, security };
    const deployment = await deployments.create(order);
    let resumeToken = '';
    for await (const progress of deployments.states(deployment, { timeoutMs: 60_000 })) {
      resumeToken = progress.resumeToken;
      break;
    }
    const another = new H2OCloud({ env: cloud.local.env, tokenStore: 'memory', clock });
    const resumed = another.onBehalfOf({ accessToken: accessTokenOf(cloud.local, 'alice') }).mlops.deployments;
    await expect(resumed.waitUntilHealthy(deployment, { resumeToken, timeoutMs: 1 })).rejects.toThrow(WaitTimeoutError);
    expect(await resumed.waitUntilHealthy(deployment, { resumeToken })).toMatchObject({ state: 'HEALTHY' });
    const other = await deployments.create(order);
    await expect(resumed.waitUntilHealthy(other, { resumeToken })).rejects.toMatchObject({ name: 'ConfigurationError' });
  });

  it('a model that nothing can score is not deployed, and deploy() leaves nothing behind', async () => {
    await using cloud = await start(platform);
    const { mlops } = cloud.user;
    const params = { project: 'new', artifact: fixture('models/credit-glm.zip'), name: 'credit', security, runtime: 'dai_mojo_runtime' };
    await expect(mlops.deploy(params)).rejects.toMatchObject({ name: 'ConfigurationError', created: [] });
    expect(await mlops.projects.list().toArray()).toEqual([]);
  });
});

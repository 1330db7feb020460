/** Deployments of every kind, and their updates, on every platform; what one does not have is asserted to be refused. */
import { describe, expect, it, test } from 'vitest';
import {
  ConfigurationError,
  ConflictError,
  DeploymentFailedError,
  SecurityOptions,
  UnsupportedByPlatformError,
  type Deployment,
  type Experiment,
  type PlatformFeature,
  type PlatformName,
  type SecurityInput,
  type SecurityOption,
} from 'h2o-ai-cloud';
import { platform as platform069 } from '../../../src/mlops/platforms/0.69.js';
import { platform as platform10 } from '../../../src/mlops/platforms/1.0.js';
import { platform as platform12 } from '../../../src/mlops/platforms/1.2.js';
import { callsOf, creditMojo, deployCredit, hurriedClock, type TestCloud } from '../../support/cloud.js';
import { fixture } from '../../support/csv.js';
import { callOf, platforms, startOn } from './platforms.js';

const tables: Readonly<Record<PlatformName, readonly PlatformFeature[]>> = {
  '0.69': platform069.features,
  '1.0': platform10.features,
  '1.2': platform12.features,
};

/** A project with an experiment in it. */
async function uploaded({ user: { mlops } }: TestCloud): Promise<Experiment> {
  const project = await mlops.projects.create({ name: 'demo' });
  return mlops.experiments.create({ project, name: 'credit', artifact: creditMojo });
}

describe.each(platforms)('platform %s:', (platform) => {
  const has = (feature: PlatformFeature): boolean => tables[platform].includes(feature);
  /** Works where the platform has the feature, and is refused where the support table says that it does not. */
  const worksWith = async (feature: PlatformFeature, work: Promise<unknown>): Promise<void> => {
    if (has(feature)) await work;
    else await expect(work).rejects.toThrow(UnsupportedByPlatformError);
  };

  it('supports() says what the support table says', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    expect(await mlops.platform()).toBe(platform);
    expect([await mlops.supports('apiKey'), await mlops.supports('environments')]).toEqual([has('apiKey'), has('environments')]);
    await expect(mlops.supports('flying' as never)).rejects.toThrow(ConfigurationError);
  });

  it('what only one platform has is behind require()', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'demo' });
    for (const other of platforms.filter((name) => name !== platform)) {
      await expect(mlops.require(other)).rejects.toThrow(UnsupportedByPlatformError);
    }
    if (platform !== '0.69') return;
    const { environments } = await mlops.require('0.69');
    expect((await environments.list({ project }).toArray()).map(({ name }) => name)).toEqual(['DEV', 'PROD']);
  });

  it('an A/B test splits the requests by weight', async () => {
    await using cloud = await startOn(platform);
    const first = await uploaded(cloud);
    const { project } = first;
    const { mlops } = cloud.user;
    const second = await mlops.experiments.create({ project, name: 'other', artifact: creditMojo });
    const split = [
      { composition: { experiment: first }, weight: 70 },
      { composition: { experiment: second }, weight: 30 },
    ];
    const created = await mlops.deployments.create({
      project,
      name: 'ab',
      split,
      security: SecurityOptions.none(),
      environmentVariables: { A: 'b' },
    });
    const composition = {
      type: 'split',
      elements: [
        { experiment: { id: first.id }, weight: 70, runtime: 'h2o3_mojo_runtime' },
        { experiment: { id: second.id }, weight: 30 },
      ],
    };
    expect(await mlops.deployments.get(created)).toMatchObject({ composition, environmentVariables: { A: 'b' } });
    await mlops.deployments.waitUntilHealthy(created);
    expect((await cloud.user.scorer(created).score(await cloud.user.scorer(created).sampleRequest())).score).toHaveLength(1);
    const updated = await mlops.deployments.update(created, { replicas: 2, environmentVariables: { A: 'c' } });
    expect(updated).toMatchObject({ composition, replicas: 2, environmentVariables: { A: 'c' } });
  });

  it('a challenger sees the requests of its champion', async () => {
    await using cloud = await startOn(platform);
    const champion = await uploaded(cloud);
    const { project } = champion;
    const { mlops } = cloud.user;
    const challenger = await mlops.experiments.create({ project, name: 'other', artifact: creditMojo });
    const shadow = { primary: { experiment: champion }, secondary: { experiment: challenger } };
    const created = await mlops.deployments.create({ project, name: 'cc', shadow, security: SecurityOptions.none() });
    expect((await mlops.deployments.get(created)).composition).toMatchObject({
      type: 'shadow',
      primary: { experiment: { id: champion.id } },
      secondary: { experiment: { id: challenger.id } },
    });
  });

  test.each<[string, object]>([
    ['no model', {}],
    ['a split of one', { split: [{ composition: { experiment: { id: 'e', project: 'p' } }, weight: 1 }] }],
    ['weights of 0', { split: [1, 2].map(() => ({ composition: { experiment: { id: 'e', project: 'p' } }, weight: 0 })) }],
    ['a missing weight', { split: [1, 2].map(() => ({ composition: { experiment: { id: 'e', project: 'p' } } })) }],
    ['half a shadow', { shadow: { primary: { experiment: { id: 'e', project: 'p' } } } }],
    ['two kinds', { composition: { experiment: { id: 'e', project: 'p' } }, shadow: {} }],
    [
      'scaling with min above max',
      { composition: { experiment: { id: 'e', project: 'p' } }, autoscaling: { cpu: { min: 2, max: 1, unit: 'CORES' } } },
    ],
    ['disruption in words', { composition: { experiment: { id: 'e', project: 'p' } }, disruption: { minAvailable: 'half' } }],
  ])('%s is refused before anything is sent', async (_, wrong) => {
    await using cloud = await startOn(platform);
    // What a caller without a type checker may pass.
    const params: object = { project: 'p', name: 'x', security: SecurityOptions.none(), ...wrong };
    await expect(cloud.user.mlops.deployments.create(params as never)).rejects.toThrow(ConfigurationError);
    expect(callsOf(cloud.local)).toEqual([]);
  });

  it('settings are read back as they were set, changed one by one, and cleared', async () => {
    await using cloud = await startOn(platform);
    const experiment = await uploaded(cloud);
    const { deployments } = cloud.user.mlops;
    const settings = {
      replicas: 0,
      resources: { limits: { memory: '1Gi' }, requests: { cpu: '250m' } },
      environmentVariables: { A: '1' },
      corsOrigins: ['https://a.example'],
      autoscaling: { cpu: { min: 100, max: 1000, unit: 'MILLICORES' } },
      monitoring: { enabled: true, timestampColumn: 'ts', columns: [{ name: 'AGE', logicalType: 'NUMERICAL', isModelOutput: false }] },
    } as const;
    const created = await deployments.create({
      project: experiment.project,
      name: 'x',
      composition: { experiment },
      security: SecurityOptions.none(),
      ...settings,
    });
    expect(created).toMatchObject(settings);
    const changed = await deployments.update(created, { replicas: 2, autoscaling: null, monitoring: { enabled: false }, corsOrigins: [] });
    expect(changed).toMatchObject({ replicas: 2, resources: settings.resources, environmentVariables: { A: '1' }, corsOrigins: [] });
    expect([changed.autoscaling, changed.monitoring.enabled]).toEqual([undefined, false]);
    const stopped = await deployments.update(changed, { replicas: 0 });
    expect(stopped).toMatchObject({ replicas: 0, resources: settings.resources });
    const cleared = await deployments.update(stopped, { environmentVariables: null, corsOrigins: null });
    expect(cleared).toMatchObject({ replicas: 0, environmentVariables: {}, corsOrigins: [] });
  });

  it('a name and a description are changed where the platform can', async () => {
    await using cloud = await startOn(platform);
    const deployment = await deployCredit(cloud.user);
    const { deployments } = cloud.user.mlops;
    await worksWith('rename', deployments.update(deployment, { name: 'renamed', description: 'd' }));
    expect(await deployments.get(deployment)).toMatchObject(has('rename') ? { name: 'renamed', description: 'd' } : { name: 'credit' });
    if (has('rename'))
      expect(await deployments.update(await deployments.get(deployment), { description: null })).toMatchObject({ description: '' });
  });

  describe('security', () => {
    const secured = async (cloud: TestCloud, security: SecurityInput): Promise<Deployment> => {
      const experiment = await uploaded(cloud);
      const created = await cloud.user.mlops.deployments.create({
        project: experiment.project,
        name: 'x',
        composition: { experiment },
        security,
      });
      await cloud.user.mlops.deployments.waitUntilHealthy(created);
      return created;
    };
    const scores = async (cloud: TestCloud, deployment: Deployment): Promise<void> => {
      const scorer = cloud.user.scorer(deployment);
      expect((await scorer.score(await scorer.sampleRequest())).score).toHaveLength(1);
    };

    test.each<[string, SecurityInput, readonly Partial<SecurityOption>[]]>([
      ['none', SecurityOptions.none(), [{ type: 'none' }]],
      ['a token', SecurityOptions.oidc(), [{ type: 'oidc' }]],
      ['a passphrase', SecurityOptions.passphrase('open sesame'), [{ type: 'passphrase', atRest: 'plain' }]],
    ])('%s lets whoever set it score', async (_, security, told) => {
      await using cloud = await startOn(platform);
      const deployment = await secured(cloud, security);
      expect(deployment.security).toMatchObject(told);
      await scores(cloud, deployment);
    });

    it('a hashed passphrase: the platform hashes it, or takes the hash that comes with it', async () => {
      await using cloud = await startOn(platform);
      const hash = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy';
      const ours = SecurityOptions.passphrase('open sesame', platform === '0.69' ? { hash } : { atRest: 'hashed' });
      const deployment = await secured(cloud, ours);
      expect(deployment.security).toMatchObject([{ type: 'passphrase', atRest: 'hashed' }]);
      expect(JSON.stringify(deployment)).not.toContain('sesame');
      if (platform !== '0.69') await scores(cloud, deployment);
      const again = await cloud.user.mlops.deployments.get(deployment);
      const [option] = again.security;
      expect(option?.type === 'passphrase' ? option.passphrase : 'another kind').toBeUndefined();
    });

    it('an API key is shown once, and scores', async () => {
      await using cloud = await startOn(platform);
      const creating = secured(cloud, SecurityOptions.apiKey());
      await worksWith('apiKey', creating);
      if (!has('apiKey')) return;
      const deployment = await creating;
      const [shown] = deployment.security;
      expect(shown?.type === 'apiKey' ? shown.key?.reveal() : '').toMatch(/^h2oai_mlops_/);
      await scores(cloud, deployment);
      const [told] = (await cloud.user.mlops.deployments.get(deployment)).security;
      expect(told).toMatchObject({ type: 'apiKey' });
      expect(told?.type === 'apiKey' ? [told.key, typeof told.prefix] : []).toEqual([undefined, 'string']);
    });

    it('several options at once', async () => {
      await using cloud = await startOn(platform);
      const creating = secured(cloud, [SecurityOptions.oidc(), SecurityOptions.passphrase('open sesame')]);
      await worksWith('severalSecurityOptions', creating);
      if (!has('severalSecurityOptions')) return;
      expect((await creating).security).toMatchObject([{ type: 'oidc' }, { type: 'passphrase' }]);
      await scores(cloud, await creating);
    });

    it('a passphrase takes the place of none', async () => {
      await using cloud = await startOn(platform);
      const open = await secured(cloud, SecurityOptions.none());
      const { deployments } = cloud.user.mlops;
      const guarded = await deployments.update(open, { security: SecurityOptions.passphrase('open sesame') });
      expect(guarded.security).toMatchObject([{ type: 'passphrase' }]);
      await deployments.waitUntilHealthy(guarded);
      await scores(cloud, guarded);
    });

    it('a change that the platform would ignore is refused, or noticed', async () => {
      await using cloud = await startOn(platform);
      const guarded = await secured(cloud, SecurityOptions.passphrase('open sesame'));
      const opening = cloud.user.mlops.deployments.update(guarded, { security: SecurityOptions.none() });
      if (platform === '1.0') {
        await expect(opening).rejects.toThrow('leaves it guarded');
        expect(cloud.local.requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
      }
      const failed = await opening.then(
        () => false,
        () => true,
      );
      const { security } = await cloud.user.mlops.deployments.get(guarded);
      expect(security.map(({ type }) => type)).toEqual([failed ? 'passphrase' : 'none']);
    });

    it('a platform that answers such a change with success is not believed', async () => {
      await using cloud = await startOn(platform);
      const guarded = await secured(cloud, SecurityOptions.passphrase('open sesame'));
      const answer = cloud.local.requests.length;
      cloud.local.faults.add({ when: callOf(platform, 'updateDeployment'), then: { status: 200, body: ignoredUpdate(platform, guarded) } });
      await expect(cloud.user.mlops.deployments.update(guarded, { security: SecurityOptions.oidc() })).rejects.toThrow(
        UnsupportedByPlatformError,
      );
      expect(cloud.local.requests.length).toBeGreaterThan(answer);
    });
  });

  describe('updates', () => {
    it('of a deployment that somebody else has changed are conflicts; a function is asked again', async () => {
      await using cloud = await startOn(platform);
      const deployment = await deployCredit(cloud.user);
      const { deployments } = cloud.user.mlops;
      const [one, other] = await Promise.all([
        deployments.update(deployment, ({ replicas = 0 }) => ({ replicas: replicas + 1 })),
        deployments.update(deployment, ({ replicas = 0 }) => ({ replicas: replicas + 1 })),
      ]);
      expect(Math.max(one.replicas ?? 0, other.replicas ?? 0)).toBeGreaterThan(1);
      await expect(deployments.update(deployment, { replicas: 9 })).rejects.toThrow(ConflictError);
    });

    test.each([
      ['409', { status: 409, body: { code: 10, message: 'stale' } }],
      ['400 with ABORTED', { status: 400, body: { code: 10, message: 'stale' } }],
      ['412 with FAILED_PRECONDITION', { status: 412, body: { code: 9, message: 'busy' } }],
    ])('%s is a conflict: told for a plain change, tried again for a function', async (_, refusal) => {
      await using cloud = await startOn(platform);
      const deployment = await deployCredit(cloud.user);
      const { deployments } = cloud.user.mlops;
      const when = callOf(platform, 'updateDeployment');
      cloud.local.faults.add({ when, then: refusal });
      await expect(deployments.update(deployment, { replicas: 3 })).rejects.toThrow(ConflictError);
      cloud.local.faults.add({ when, times: 2, then: refusal });
      expect(await deployments.update(deployment, () => ({ replicas: 3 }))).toMatchObject({ replicas: 3 });
    });

    it('a function may take its time to say what changes', async () => {
      await using cloud = await startOn(platform);
      const deployment = await deployCredit(cloud.user);
      const changed = await cloud.user.mlops.deployments.update(deployment, async ({ replicas = 0 }) => {
        await Promise.resolve();
        return { replicas: replicas + 1 };
      });
      expect(changed.replicas).toBe(2);
    });

    it('a function that meets a conflict each time gives up', async () => {
      const clock = hurriedClock(20);
      await using cloud = await startOn(platform, { accessTokenSeconds: 100_000, clock }, { retry: { limit: 0 }, clock });
      const deployment = await deployCredit(cloud.user);
      cloud.local.faults.add({
        when: callOf(platform, 'updateDeployment'),
        times: 99,
        then: { status: 409, body: { code: 10, message: 'stale' } },
      });
      let asked = 0;
      await expect(
        cloud.user.mlops.deployments.update(
          deployment,
          () => {
            asked += 1;
            return { replicas: 3 };
          },
          { timeoutMs: 20_000 },
        ),
      ).rejects.toThrow(ConflictError);
      expect(asked).toBe(6);
    });

    it('keep fields that this package does not know', async () => {
      await using cloud = await startOn(platform);
      const deployment = await deployCredit(cloud.user);
      const unknown = { whatComesNext: { flags: ['x'] } };
      const before = await wireOf(cloud, platform, deployment);
      const [mode, element] = Object.entries(before).find(([name]) => name === 'single' || name === 'singleDeployment')!;
      const extended = { ...before, [mode]: { ...(element as object), ...unknown } };
      cloud.local.faults.add({ when: callOf(platform, 'readDeployment'), then: { status: 200, body: readAnswer(platform, extended) } });
      await cloud.user.mlops.deployments.update({ id: deployment.id, project: deployment.project }, { replicas: 4 });
      const sent = cloud.local.requests.findLast(({ method, path }) => method === 'PATCH' || path.endsWith('UpdateModelDeployment'));
      expect(JSON.stringify(sent?.body)).toContain('"whatComesNext":{"flags":["x"]}');
    });
  });

  it('deploy() without a copy makes the chain, and does not wait for what never is healthy', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const deployment = await mlops.deploy({
      project: 'demo',
      artifact: creditMojo,
      name: 'c',
      security: SecurityOptions.none(),
      replicas: 0,
    });
    expect(await mlops.deployments.get(deployment)).toMatchObject({ name: 'c', replicas: 0 });
  });

  describe('deploy() where the project has a deployment of the name', () => {
    const params = { project: 'demo', artifact: creditMojo, name: 'credit', security: SecurityOptions.oidc() };

    it("'fail' rejects before anything is made", async () => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      const first = await mlops.deploy({ ...params, ifExists: 'fail' });
      await expect(mlops.deploy({ ...params, ifExists: 'fail' })).rejects.toThrow(ConflictError);
      expect(await mlops.experiments.list({ project: first.project }).toArray()).toHaveLength(1);
    });

    it("'reuse' gives it back and uploads nothing", async () => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      const first = await mlops.deploy({ ...params, ifExists: 'reuse' });
      const again = await mlops.deploy({ ...params, ifExists: 'reuse' });
      expect(again.id).toBe(first.id);
      expect(await mlops.experiments.list({ project: first.project }).toArray()).toHaveLength(1);
    });

    it("'update' puts the new model and the settings in its place", async () => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      const first = await mlops.deploy({ ...params, ifExists: 'update' });
      const second = await mlops.deploy({ ...params, ifExists: 'update', environmentVariables: { A: 'b' } });
      expect(second).toMatchObject({ id: first.id, environmentVariables: { A: 'b' }, security: [{ type: 'oidc' }] });
      expect(experimentOf(second)).not.toBe(experimentOf(first));
      expect(await mlops.deployments.list({ project: first.project }).toArray()).toHaveLength(1);
      await expect(mlops.deployments.get(first)).resolves.toMatchObject({ composition: second.composition });
    });

    it("an 'update' that fails puts back what ran before, and leaves nothing of its own", async () => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      const first = await mlops.deploy(params);
      const broken = { ...params, artifact: fixture('models/credit-drf.zip'), ifExists: 'update' } as const;
      await expect(mlops.deploy(broken)).rejects.toThrow(DeploymentFailedError);
      expect(experimentOf(await mlops.deployments.get(first))).toBe(experimentOf(first));
      expect(await mlops.experiments.list({ project: first.project }).toArray()).toHaveLength(1);
      const [model] = await mlops.models.list({ project: first.project }).toArray();
      expect(await mlops.models.versions(model!).toArray()).toHaveLength(1);
    });

    it('two of the name are an error that says so', async () => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      await mlops.deploy(params);
      await mlops.deploy(params);
      await expect(mlops.deploy({ ...params, ifExists: 'update' })).rejects.toThrow('Several deployments');
    });
  });
});

function experimentOf({ composition }: Deployment): string {
  return composition.type === 'single' ? composition.experiment.id : composition.type;
}

/** A deployment as the platform tells it. */
async function wireOf(cloud: TestCloud, platform: PlatformName, { id, project }: Deployment): Promise<Record<string, unknown>> {
  const { value } = await cloud.user.accessToken();
  const { gatewayUrl } = await cloud.local.describe();
  const headers = { authorization: `Bearer ${value}`, 'content-type': 'application/json' };
  if (platform !== '0.69') {
    const answer = await fetch(`${gatewayUrl}/deployer/v2/workspaces/${project.id}/deployments/${id}`, { headers });
    return ((await answer.json()) as { deployment: Record<string, unknown> }).deployment;
  }
  const url = `${gatewayUrl}/deployer/ai.h2o.deploy.DeploymentService/ListProjectDeployments`;
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ projectId: project.id }) });
  return ((await answer.json()) as { deployment: Record<string, unknown>[] }).deployment.find((entry) => entry['id'] === id)!;
}

function readAnswer(platform: PlatformName, deployment: object): object {
  return platform === '0.69' ? { deployment: [deployment], paging: null } : { deployment };
}

/** The answer to an update that changed nothing: still guarded by a passphrase. */
function ignoredUpdate(platform: PlatformName, { id, project }: Deployment): object {
  if (platform === '0.69') {
    const security = { passphrase: { hash: 'open sesame', passphraseHashType: 'PASSPHRASE_HASH_TYPE_PLAINTEXT' } };
    return { deployment: { id, projectId: project.id, displayName: 'x', security } };
  }
  const security = { passphrase: { passphrase: 'open sesame', hashAlgorithm: 'PLAINTEXT' } };
  return { deployment: { name: `workspaces/${project.id}/deployments/${id}`, displayName: 'x', security, securities: [security] } };
}

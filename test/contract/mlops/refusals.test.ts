/** What a platform says no to, verb by verb on every platform: strangers, readers, ids and projects that are not there, names that are. */
import { describe, expect, it, test } from 'vitest';
import {
  ApiError,
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  SecurityOptions,
  type Deployment,
  type Experiment,
  type Model,
  type ModelVersion,
  type Mlops,
  type PlatformName,
  type Project,
} from 'h2o-ai-cloud';
import type { FaultCondition } from 'h2o-ai-cloud/testing';
import { accessTokenOf, creditMojo, startPortlessCloud, type TestCloud } from '../../support/cloud.js';
import { callOf, contentOf, platforms } from './platforms.js';

const security = SecurityOptions.none();
const nowhere = new WritableStream<Uint8Array>();

interface Things {
  readonly project: Pick<Project, 'id'>;
  readonly experiment: Pick<Experiment, 'id' | 'project'>;
  readonly model: Pick<Model, 'id' | 'project'>;
  readonly version: Pick<ModelVersion, 'id' | 'project'>;
  readonly deployment: Pick<Deployment, 'id' | 'project'>;
}

/** The local cloud of all platforms at once, spoken to as this one: users share projects in words that only 0.69 has. */
const start = (platform: PlatformName): Promise<TestCloud> => startPortlessCloud({ ingestedAfterMs: 0 }, { mlopsPlatform: platform });

async function everything({ user: { mlops } }: TestCloud): Promise<Things> {
  const deployment = await mlops.deploy({ project: 'demo', artifact: creditMojo, name: 'credit', security });
  const { project } = deployment;
  const [experiment, model] = [await mlops.experiments.list({ project }).first(), await mlops.models.list({ project }).first()];
  return { project, experiment: experiment!, model: model!, version: await mlops.models.latestVersion(model!), deployment };
}

type Work = (mlops: Mlops, things: Things) => Promise<unknown>;

/** Every verb that only looks. */
const reads: Readonly<Record<string, Work>> = {
  'projects.get': ({ projects }, { project }) => projects.get(project),
  'experiments.get': ({ experiments }, { experiment }) => experiments.get(experiment),
  'experiments.list': ({ experiments }, { project }) => experiments.list({ project }).toArray(),
  'experiments.artifacts': ({ experiments }, { experiment }) => experiments.artifacts(experiment),
  'experiments.download': ({ experiments }, { experiment }) => experiments.download(experiment, nowhere),
  'models.get': ({ models }, { model }) => models.get(model),
  'models.list': ({ models }, { project }) => models.list({ project }).toArray(),
  'models.versions': ({ models }, { model }) => models.versions(model).toArray(),
  'models.latestVersion': ({ models }, { model }) => models.latestVersion(model),
  'deployments.get': ({ deployments }, { deployment }) => deployments.get(deployment),
  'deployments.list': ({ deployments }, { project }) => deployments.list({ project }).toArray(),
  'deployments.status': ({ deployments }, { deployment }) => deployments.status(deployment),
  'deployments.waitUntilHealthy': ({ deployments }, { deployment }) => deployments.waitUntilHealthy(deployment),
};

/** Every verb that changes something; those of whoever owns the project alone are last. */
const writes: Readonly<Record<string, Work>> = {
  'projects.update': ({ projects }, { project }) => projects.update(project, { description: 'x' }),
  'experiments.create': ({ experiments }, { project }) => experiments.create({ project, name: 'x', artifact: creditMojo }),
  'experiments.update': ({ experiments }, { experiment }) => experiments.update(experiment, { name: 'x' }),
  'experiments.restore': ({ experiments }, { experiment }) => experiments.restore(experiment),
  'experiments.delete': ({ experiments }, { experiment }) => experiments.delete(experiment),
  'models.create': ({ models }, { project }) => models.create({ project, name: 'x' }),
  'models.update': ({ models }, { model }) => models.update(model, { name: 'x' }),
  'models.register': ({ models }, { model, experiment }) => models.register({ model, experiment }),
  'models.unregister': ({ models }, { version }) => models.unregister(version),
  'models.delete': ({ models }, { model }) => models.delete(model),
  'deployments.create': ({ deployments }, { project, experiment }) =>
    deployments.create({ project, name: 'x', composition: { experiment }, security }),
  'deployments.update': ({ deployments }, { deployment }) => deployments.update(deployment, { replicas: 2 }),
  'deployments.delete': ({ deployments }, { deployment }) => deployments.delete(deployment),
  'deploy()': (mlops, { project }) => mlops.deploy({ project: { id: project.id }, artifact: creditMojo, name: 'x', security }),
  'projects.delete': ({ projects }, { project }) => projects.delete(project),
};

/** The verbs that were done, or failed otherwise than they should. */
async function unexpected(
  works: Readonly<Record<string, Work>>,
  mlops: Mlops,
  things: Things,
  isExpected: (error: unknown) => boolean,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, work] of Object.entries(works)) {
    await work(mlops, things).then(
      () => wrong.push(`${name} was done`),
      (error: unknown) => {
        if (!isExpected(error)) wrong.push(`${name}: ${String(error)}`);
      },
    );
  }
  return wrong;
}

const isNotFound = (error: unknown): boolean => error instanceof NotFoundError && error.created.length === 0;
const isForbidden = (error: unknown): boolean => error instanceof PermissionDeniedError && error.created.length === 0;
const mlopsOf = ({ cloud, local }: TestCloud, username: string): Mlops =>
  cloud.onBehalfOf({ accessToken: accessTokenOf(local, username) }).mlops;

/** Lets bob look at a project of alice, and no more. */
async function shareToRead({ local, user }: TestCloud, project: { readonly id: string }, bob: Mlops): Promise<void> {
  const { gatewayUrl } = await local.describe();
  const ask = async (method: string, body: object): Promise<unknown> => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await user.fetch(`${gatewayUrl}/storage/ai.h2o.storage.${method}`, init)).json();
  };
  const { role } = (await ask('RoleService/ListRoles', {})) as { readonly role: readonly [{ readonly id: string }] };
  const { id: userId } = await bob.users.whoAmI();
  await ask('ProjectService/ShareProject', { projectId: project.id, userId, restrictionRoleId: role[0].id });
}

describe.each(platforms)('platform %s:', (platform) => {
  it('a stranger neither sees nor changes anything: not found', async () => {
    await using cloud = await start(platform);
    const things = await everything(cloud);
    const before = await contentOf(cloud, things.project);
    const bob = mlopsOf(cloud, 'bob');
    expect(await unexpected({ ...reads, ...writes }, bob, things, isNotFound)).toEqual([]);
    expect(await bob.projects.list().toArray()).toEqual([]);
    expect(await contentOf(cloud, things.project)).toEqual(before);
  });

  it('a reader sees everything, and is not permitted to change it', async () => {
    await using cloud = await start(platform);
    const things = await everything(cloud);
    const bob = mlopsOf(cloud, 'bob');
    await shareToRead(cloud, things.project, bob);
    const before = await contentOf(cloud, things.project);
    for (const [name, work] of Object.entries(reads)) await expect(work(bob, things), name).resolves.toBeDefined();
    expect(await unexpected(writes, bob, things, isForbidden)).toEqual([]);
    expect(await contentOf(cloud, things.project)).toEqual(before);
  });

  it('ids that do not exist are not found, whatever is asked', async () => {
    await using cloud = await start(platform);
    const { project } = await everything(cloud);
    const id = '00000000-0000-4000-8000-000000000000';
    const unknown = { id, project: { id: project.id } };
    const things = { project: { id }, experiment: unknown, model: unknown, version: unknown, deployment: unknown };
    expect(await unexpected({ ...reads, ...writes }, cloud.user.mlops, things, isNotFound)).toEqual([]);
    await expect(cloud.user.mlops.users.get(id)).rejects.toThrow(NotFoundError);
  });

  it('a deleted project is not found, with all that was in it', async () => {
    await using cloud = await start(platform);
    const { mlops } = cloud.user;
    const things = await everything(cloud);
    await mlops.projects.delete(things.project);
    expect(await unexpected({ ...reads, ...writes }, mlops, things, isNotFound)).toEqual([]);
    expect(await mlops.projects.list().toArray()).toEqual([]);
  });

  test.each([
    ['409', 409],
    ['400', 400],
  ])('a name that the platform takes once only is a conflict, told by %s with ALREADY_EXISTS', async (_, status) => {
    await using cloud = await start(platform);
    const { mlops } = cloud.user;
    const { project, experiment } = await everything(cloud);
    const before = await contentOf(cloud, project);
    const creations: readonly [FaultCondition, () => Promise<unknown>][] = [
      [callOf(platform, 'createProject'), () => mlops.projects.create({ name: 'demo' })],
      [{ path: 'CreateExperiment' }, () => mlops.experiments.create({ project, name: 'credit', artifact: creditMojo })],
      [{ path: 'CreateRegisteredModel' }, () => mlops.models.create({ project, name: 'credit' })],
      [
        callOf(platform, 'createDeployment'),
        () => mlops.deployments.create({ project, name: 'credit', composition: { experiment }, security }),
      ],
    ];
    for (const [when, create] of creations) {
      cloud.local.faults.add({ when, then: { status, body: { code: 6, message: 'there is one of this name' } } });
      const error: unknown = await create().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConflictError);
      expect(error).toMatchObject({ code: 'CONFLICT', created: [] });
      expect(String(error)).toContain('there is one of this name');
      expect(String(error)).toContain('Choose another name');
    }
    expect(await contentOf(cloud, project)).toEqual(before);
  });

  it('names that exist are taken again where the platform takes them, and both are found', async () => {
    await using cloud = await start(platform);
    const { mlops } = cloud.user;
    const { project, experiment } = await everything(cloud);
    await mlops.projects.create({ name: 'demo' });
    await mlops.experiments.create({ project, name: 'credit', artifact: creditMojo });
    await mlops.models.create({ project, name: 'credit' });
    await mlops.deployments.create({ project, name: 'credit', composition: { experiment }, security });
    const named = { project, name: 'credit' };
    const lists = [
      mlops.projects.list({ name: 'demo' }),
      mlops.experiments.list(named),
      mlops.models.list(named),
      mlops.deployments.list(named),
    ];
    for (const list of lists) expect(await list.toArray()).toHaveLength(2);
    await expect(mlops.deploy({ project: 'demo', artifact: creditMojo, name: 'x', security })).rejects.toThrow('Several projects');
  });

  it('who there is, and who is asking', async () => {
    await using cloud = await startPortlessCloud({ platform, pageSize: 1 });
    const bob = await mlopsOf(cloud, 'bob').users.whoAmI();
    const { users } = cloud.user.mlops;
    const alice = await users.whoAmI();
    expect(alice).toMatchObject({ username: 'alice' });
    const all = await users.list().toArray();
    expect(all.map(({ username }) => username)).toEqual(expect.arrayContaining(['alice', 'bob']));
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(await users.get(bob)).toEqual(all.find(({ id }) => id === bob.id));
    expect((await users.list().first())?.id).toBe(all[0]?.id);
  });

  it('a deployment that no list of models describes does not spoil the list of the others', async () => {
    await using cloud = await startPortlessCloud({ platform, ingestedAfterMs: 0 });
    const { mlops } = cloud.user;
    const { project, deployment } = await everything(cloud);
    const external = externalDeployment(platform, project.id);
    const listed = await listAnswer(cloud, platform, project.id);
    const when: FaultCondition =
      platform === '0.69' ? { path: 'ListProjectDeployments' } : { method: 'GET', path: /\/workspaces\/[^/]+\/deployments$/ };
    const key = platform === '0.69' ? 'deployment' : 'deployments';
    cloud.local.faults.add({ when, then: { status: 200, body: { ...listed, [key]: [external, ...(listed[key] as object[])] } } });
    const found = await mlops.deployments.list({ project }).toArray();
    expect(found.map(({ id, name, composition }) => [id, name, composition.type])).toEqual([
      ['e0000000-0000-4000-8000-000000000001', 'elsewhere', platform === '0.69' ? 'unknown' : 'external'],
      [deployment.id, 'credit', 'single'],
    ]);
    expect(found[0]).toMatchObject({ project: { id: project.id } });
    expect(JSON.parse(JSON.stringify(found[0]))).toMatchObject({ name: 'elsewhere' });
    expect(found[0]).not.toBeInstanceOf(ApiError);
  });
});

/** A scorer that runs outside of the platform, as 1.2 tells it: without models. 0.69 has none; there it is one of no known kind. */
function externalDeployment(platform: PlatformName, projectId: string): object {
  const id = 'e0000000-0000-4000-8000-000000000001';
  const told = { displayName: 'elsewhere', description: '', securities: [{ apiKey: { prefix: 'h2oai_mlops_kJ8x' } }] };
  if (platform === '0.69') return { ...told, id, projectId, deploymentEnvironmentId: 'environment' };
  const external = {
    proxyUrl: { upstreamUrl: 'https://models.example.com/score', upstreamAuth: { bearer: { secretRef: 'secrets/x' } }, readyzUrl: '' },
    apiTemplate: { request: { rowsPath: 'rows', columnPaths: {} }, response: { rowsPath: 'score', columnPaths: {} } },
    replicas: 1,
    kubernetesConfigShortcut: {},
  };
  return { ...told, name: `workspaces/${projectId}/deployments/${id}`, creator: 'users/alice', external };
}

/** The list of deployments as the platform answers it. */
async function listAnswer({ local, user }: TestCloud, platform: PlatformName, projectId: string): Promise<Record<string, unknown>> {
  const { gatewayUrl } = await local.describe();
  const answer =
    platform === '0.69'
      ? user.fetch(`${gatewayUrl}/deployer/ai.h2o.deploy.DeploymentService/ListProjectDeployments`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ projectId }),
        })
      : user.fetch(`${gatewayUrl}/deployer/v2/workspaces/${projectId}/deployments`);
  return (await (await answer).json()) as Record<string, unknown>;
}

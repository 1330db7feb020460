/**
 * What goes wrong on the way, on every platform: connections that break at each request of deploy() and of an upload, answers that are
 * lost, services that are busy or full, tokens that end. After each failure nothing is left, or the error names it.
 */
import { describe, expect, it, test } from 'vitest';
import { H2OCloudError, SecurityOptions, type CreatedResource, type DeployParams, type PlatformName } from 'h2o-ai-cloud';
import type { FaultEffect } from 'h2o-ai-cloud/testing';
import { accessTokenOf, creditMojo, deployCredit, hurriedClock, startPortlessCloud, type TestCloud } from '../../support/cloud.js';
import { callOf, contentOf, platforms, startOn, uploadOf, type CallName } from './platforms.js';

/** Everything but discovery and the identity provider. */
const anyCall = /^\/(?!auth\/|\.ai\.h2o)/;
const security = SecurityOptions.none();

/** How many requests a successful run sends. */
async function requestsOf(cloud: TestCloud, work: () => Promise<unknown>): Promise<number> {
  const isOurs = ({ path }: { readonly path: string }): boolean => anyCall.test(path);
  const before = cloud.local.requests.filter(isOurs).length;
  await work();
  return cloud.local.requests.filter(isOurs).length - before;
}

/** What happens to one request, and in which cloud: sockets that break must be real ones; of refusals there are too many for that. */
interface Mishap {
  readonly then: FaultEffect;
  readonly start: (platform: PlatformName) => Promise<TestCloud>;
}

const broken = (then: FaultEffect): Mishap => ({
  then,
  start: (platform) => {
    const clock = hurriedClock(20);
    return startOn(platform, { accessTokenSeconds: 100_000, clock }, { retry: { limit: 0 }, clock });
  },
});

/** The service is busy, and says when to come back: what may be repeated is. */
const busy = (status: number): Mishap => ({
  then: { status, headers: { 'retry-after': '1' } },
  start: (platform) => {
    const clock = hurriedClock(100);
    return startPortlessCloud({ platform, ingestedAfterMs: 0, accessTokenSeconds: 1_000_000, clock }, { clock });
  },
});

const mishaps: readonly [string, Mishap][] = [
  ['the connection breaks', broken({ dropSocket: true })],
  ['the answer is lost', broken({ cutBodyAfterBytes: 1 })],
  ['429 with Retry-After', busy(429)],
  ['503 with Retry-After', busy(503)],
];

/** Does the work once for each request that it sends, and lets that one go wrong. */
async function atEachRequest(
  cloud: TestCloud,
  then: FaultEffect,
  work: (project: { readonly id: string }) => Promise<unknown>,
  whole: readonly CreatedResource['kind'][],
): Promise<number> {
  const { mlops } = cloud.user;
  const first = await mlops.projects.create({ name: 'counted' });
  const requests = await requestsOf(cloud, () => work(first));
  for (let request = 0; request < requests; request++) {
    const project = await mlops.projects.create({ name: `run ${request}` });
    cloud.local.faults.add({ when: { path: anyCall }, skip: request, then });
    const error: unknown = await work(project).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const [hit] = cloud.local.faults.hits;
    cloud.local.faults.clear();
    const where = `request ${request}, ${hit?.path ?? 'which was not sent'}: ${textOf(error)}`;
    expect(hit, where).toBeDefined();
    const left = await contentOf(cloud, project);
    if (error === undefined) {
      // It was repeated, or looked up: there is one of each.
      expect(left.map(({ kind }) => kind).sort(), where).toEqual(whole);
      continue;
    }
    expect(error, where).toBeInstanceOf(H2OCloudError);
    const named = error instanceof H2OCloudError ? error.created.map(({ id }) => id) : [];
    expect(
      left.filter(({ id }) => !named.includes(id)),
      where,
    ).toEqual([]);
  }
  return requests;
}

describe.each(platforms)('platform %s:', (platform) => {
  test.each(mishaps)('deploy(): %s at each of its requests in turn, and nothing is left that is not named', async (_, mishap) => {
    await using cloud = await mishap.start(platform);
    const deployIn = (project: { readonly id: string }): Promise<unknown> => {
      const params: DeployParams = { project: { id: project.id }, artifact: creditMojo, name: 'credit', security };
      return cloud.cloud.onBehalfOf({ accessToken: accessTokenOf(cloud.local, 'alice') }).mlops.deploy(params);
    };
    expect(await atEachRequest(cloud, mishap.then, deployIn, ['deployment', 'experiment', 'model'])).toBeGreaterThan(8);
  });

  test.each(mishaps)('an upload: %s at each of its requests in turn, and nothing is left that is not named', async (_, mishap) => {
    await using cloud = await mishap.start(platform);
    const upload = (project: { readonly id: string }): Promise<unknown> =>
      cloud.user.mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
    expect(await atEachRequest(cloud, mishap.then, upload, ['experiment'])).toBeGreaterThan(4);
  });

  it('what cannot be undone is sent once, whatever the service answers', async () => {
    await using cloud = await startOn(platform);
    const deployment = await deployCredit(cloud.user);
    const { mlops } = cloud.user;
    const { project } = deployment;
    const experiment = (await mlops.experiments.list({ project }).first())!;
    const works: readonly [CallName, () => Promise<unknown>][] = [
      ['createProject', () => mlops.projects.create({ name: 'x' })],
      ['createDeployment', () => mlops.deployments.create({ project, name: 'x', composition: { experiment }, security })],
      ['updateDeployment', () => mlops.deployments.update(deployment, { replicas: 2 })],
      ['deleteDeployment', () => mlops.deployments.delete(deployment)],
      ['deleteProject', () => mlops.projects.delete(project)],
    ];
    for (const [name, work] of works) {
      cloud.local.faults.add({ when: callOf(platform, name), times: 9, then: { status: 503 } });
      await expect(work()).rejects.toMatchObject({ code: 'SERVER_ERROR' });
      expect(cloud.local.faults.hits.length, name).toBe(1);
      cloud.local.faults.clear();
    }
  });

  it('reads are repeated after 429 and 503, as long as Retry-After says', async () => {
    const clock = hurriedClock(50);
    await using cloud = await startOn(platform, { clock }, { clock });
    const project = await cloud.user.mlops.projects.create({ name: 'x' });
    for (const status of [429, 503]) {
      cloud.local.faults.add({ when: callOf(platform, 'getProject'), times: 2, then: { status, headers: { 'retry-after': '1' } } });
      const start = clock.monotonic();
      expect(await cloud.user.mlops.projects.get(project)).toMatchObject({ name: 'x' });
      expect(clock.monotonic() - start).toBeGreaterThanOrEqual(2000);
    }
  });

  it('a stream is not sent a second time on the way', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'x' });
    let reads = 0;
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(creditMojo);
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      reads += 1;
      await Promise.resolve();
      yield bytes;
    };
    cloud.local.faults.add({ when: uploadOf(platform), then: { status: 503 } });
    const error: unknown = await mlops.experiments.create({ project, name: 'x', artifact: stream() }).catch((reason: unknown) => reason);
    // Platform 1.2 keeps the stream in a file, which can be sent again.
    if (platform === '1.2') expect(error).toMatchObject({ name: 'x' });
    else expect(error).toMatchObject({ code: 'SERVER_ERROR', created: [] });
    expect(reads).toBe(1);
    expect(await contentOf(cloud, project)).toHaveLength(platform === '1.2' ? 1 : 0);
  });

  it('a store that is full is an error that says so, and leaves nothing', async () => {
    await using cloud = await startOn(platform, { artifactStoreBytes: 1000 });
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'x' });
    const error: unknown = await mlops.experiments.create({ project, name: 'x', artifact: creditMojo }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(H2OCloudError);
    expect(error).toMatchObject({ created: [] });
    expect(await contentOf(cloud, project)).toEqual([]);
  });

  it('an artifact that is no model is refused in the same words, and removed', async () => {
    await using cloud = await startOn(platform);
    const project = await cloud.user.mlops.projects.create({ name: 'x' });
    const artifact = Buffer.from('504b0506000000000000000000000000000000000000', 'hex');
    const creating = cloud.user.mlops.experiments.create({ project, name: 'x', artifact });
    await expect(creating).rejects.toMatchObject({ code: 'INGESTION_FAILED', created: [] });
    expect(await contentOf(cloud, project)).toEqual([]);
  });

  it('a checksum that differs is noticed, and the artifact removed', async () => {
    await using cloud = await startOn(platform);
    const project = await cloud.user.mlops.projects.create({ name: 'x' });
    const stored = platform === '1.2' ? 'GetArtifact' : 'UpdateArtifact';
    const artifact = { id: 'a', state: 'AVAILABLE', size: '53440', md5Digest: 'AAAAAAAAAAAAAAAAAAAAAA==' };
    cloud.local.faults.add({ when: { path: stored }, then: { status: 200, body: { artifact } } });
    const creating = cloud.user.mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
    await expect(creating).rejects.toMatchObject({ code: 'UPLOAD_INCOMPLETE', created: [] });
    expect(await contentOf(cloud, project)).toEqual([]);
  });

  it('an experiment whose creation was not answered is named', async () => {
    await using cloud = await startOn(platform, {}, { retry: { limit: 0 } });
    const project = await cloud.user.mlops.projects.create({ name: 'x' });
    cloud.local.faults.add({ when: { path: 'CreateExperiment' }, then: { cutBodyAfterBytes: 1 } });
    const error: unknown = await cloud.user.mlops.experiments
      .create({ project, name: 'x', artifact: creditMojo })
      .catch((reason: unknown) => reason);
    const [experiment] = await cloud.user.mlops.experiments.list({ project }).toArray();
    expect(error).toMatchObject({ created: [{ kind: 'experiment', id: experiment?.id }] });
  });

  it('deploy() that fails removes its version from a model that was there', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const { project } = await deployCredit(cloud.user);
    const model = (await mlops.models.list({ project, name: 'credit' }).first())!;
    cloud.local.faults.add({ when: callOf(platform, 'createDeployment'), then: { status: 403, body: { code: 7, message: 'no' } } });
    await expect(mlops.deploy({ project: 'demo', artifact: creditMojo, name: 'credit', security })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect((await mlops.models.versions(model).toArray()).map(({ version }) => version)).toEqual([1]);
    expect(await mlops.experiments.list({ project }).toArray()).toHaveLength(1);
  });

  it('a wait survives a token that ends, and failures that pass', async () => {
    const clock = hurriedClock(30);
    await using cloud = await startOn(platform, { healthyAfterMs: 20_000, accessTokenSeconds: 12, clock }, { clock });
    const { refreshToken } = await cloud.local.issueTokens('alice');
    const { mlops } = cloud.cloud.onBehalfOf({ refreshToken });
    const params: DeployParams = { project: 'demo', artifact: creditMojo, name: 'credit', security };
    cloud.local.faults.add({ when: callOf(platform, 'deploymentStatus'), skip: 2, times: 3, then: { status: 502 } });
    await expect(mlops.deploy(params)).resolves.toMatchObject({ name: 'credit' });
    expect(cloud.local.faults.hits).toHaveLength(3);
  });

  it('a deployment that is updated is waited for anew', async () => {
    const clock = hurriedClock(40);
    await using cloud = await startOn(platform, { healthyAfterMs: 4000, clock }, { clock });
    const deployment = await deployCredit(cloud.user);
    const { deployments } = cloud.user.mlops;
    await deployments.update(deployment, { environmentVariables: { A: 'b' } });
    const seen: string[] = [];
    for await (const { state } of deployments.states(deployment)) seen.push(state);
    expect(seen.at(-1)).toBe('HEALTHY');
    expect(seen.length).toBeGreaterThan(1);
  });

  it('a project that was deleted, and ids that do not exist, are not found', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const deployment = await deployCredit(cloud.user);
    const { project } = deployment;
    const experiment = (await mlops.experiments.list({ project }).first())!;
    const unknown = { id: '00000000-0000-4000-8000-000000000000', project };
    for (const work of [
      () => mlops.experiments.get(unknown),
      () => mlops.models.get(unknown),
      () => mlops.deployments.get(unknown),
      () => mlops.deployments.status(unknown),
      () => mlops.deployments.update(unknown, { replicas: 2 }),
      () => mlops.projects.get(unknown.id),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await mlops.projects.delete(project);
    await expect(mlops.projects.get(project)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(mlops.deployments.create({ project, name: 'x', composition: { experiment }, security })).rejects.toBeInstanceOf(
      H2OCloudError,
    );
    expect((await mlops.projects.list().toArray()).map(({ id }) => id)).not.toContain(project.id);
  });
});

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no error';
}

/** The table above must name each platform. */
it('every platform is there', () => {
  const names: readonly PlatformName[] = ['0.69', '1.0', '1.2'];
  expect(platforms).toEqual(names);
});

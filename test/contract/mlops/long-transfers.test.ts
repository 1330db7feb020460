/** What becomes of transfers and waits that last: tokens that end meanwhile, stores that are full, slow or silent. On every platform. */
import { readFile, readdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it, test } from 'vitest';
import {
  AuthenticationError,
  SecurityOptions,
  SignInRequiredError,
  TimeoutError,
  type CallEvent,
  type Clock,
  type Mlops,
  type PlatformName,
  type User,
} from 'h2o-ai-cloud';
import { FakeClock, type FaultCondition, type FaultEffect, type StartLocalCloudOptions } from 'h2o-ai-cloud/testing';
import { creditMojo, hurriedClock, startPortlessCloud, steppedClock, type TestCloud } from '../../support/cloud.js';
import { callOf, contentOf, platforms, startOn, uploadOf } from './platforms.js';

const security = SecurityOptions.none();
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => reason,
  );

/** A cloud whose tokens live six seconds; each step of an upload or a wait takes ten, and so does each look at what is being read. */
async function startShortLived(
  platform: PlatformName,
  options: StartLocalCloudOptions = {},
): Promise<TestCloud & { readonly slowly: { readonly onProgress: () => void } }> {
  const { clock, step } = steppedClock(50);
  const onProgress = (): void => {
    step(10_000);
  };
  const onCall = (event: CallEvent): void => {
    if (event.type === 'call' && options.ingestedAfterMs !== undefined && event.call === 'GetArtifact') onProgress();
  };
  const slow = { platform, clock, accessTokenSeconds: 6, ingestedAfterMs: 0, ...options };
  return { ...(await startPortlessCloud(slow, { clock, onCall })), slowly: { onProgress } };
}

/** Whoever waits by it lets that time pass for all. */
function passing(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    schedule(delayMs, callback) {
      let isWanted = true;
      void clock.advance(delayMs).then(() => {
        if (isWanted) callback();
      });
      return () => {
        isWanted = false;
      };
    },
  };
}

const tokenCalls = ({ local }: TestCloud): number =>
  local.requests.filter(({ service, path }) => service === 'idp' && path.endsWith('/token')).length;

const freshUser = async ({ cloud, local }: TestCloud): Promise<User> =>
  cloud.onBehalfOf({ refreshToken: (await local.issueTokens('alice')).refreshToken });

describe.each(platforms)('platform %s:', (platform) => {
  describe('a token that ends in the middle of', () => {
    it('an upload is renewed for what follows', async () => {
      await using cloud = await startShortLived(platform);
      const { mlops } = await freshUser(cloud);
      const project = await mlops.projects.create({ name: 'x' });
      const experiment = await mlops.experiments.create({ project, name: 'x', artifact: creditMojo }, cloud.slowly);
      expect(await mlops.experiments.artifacts(experiment)).toMatchObject([{ sizeBytes: 53_440 }]);
      // It was renewed before anything was refused.
      expect(cloud.local.requests.filter(({ status }) => status === 401)).toEqual([]);
    });

    it('an upload, and cannot be renewed, is told with what is left', async () => {
      await using cloud = await startShortLived(platform);
      const { accessToken } = await cloud.local.issueTokens('alice');
      const { mlops } = cloud.cloud.onBehalfOf({ accessToken });
      const project = await mlops.projects.create({ name: 'x' });
      const error = await failure(mlops.experiments.create({ project, name: 'x', artifact: creditMojo }, cloud.slowly));
      expect(error).toBeInstanceOf(SignInRequiredError);
      const left = await contentOf({ ...cloud, user: await freshUser(cloud) }, project);
      expect(error).toMatchObject({ code: 'SESSION_EXPIRED', created: left });
      expect(left).toMatchObject([{ kind: 'artifact' }]);
    });

    it('an upload that is refused for it goes once more from its start, a stream does not', async () => {
      await using cloud = await startPortlessCloud({ platform, ingestedAfterMs: 0 });
      const { mlops } = await freshUser(cloud);
      const project = await mlops.projects.create({ name: 'x' });
      // Signed addresses take no token: there it is the call after the bytes that is refused.
      const when: FaultCondition = platform === '1.2' ? { path: 'CompleteArtifactUpload' } : uploadOf(platform);
      const refused = { when, then: { status: 401 } } as const;
      cloud.local.faults.add(refused);
      await mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
      expect(cloud.local.faults.hits).toHaveLength(1);
      if (platform === '1.2') return;
      cloud.local.faults.add(refused);
      const stream = new Blob([new Uint8Array(await readFile(creditMojo))]).stream();
      const error = await failure(mlops.experiments.create({ project, name: 'y', artifact: stream }));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ code: 'AUTH_REJECTED', created: [] });
      expect((await contentOf(cloud, project)).map(({ kind }) => kind)).toEqual(['experiment']);
    });

    it('a wait is renewed, and a wait whose token cannot be renewed ends at once', async () => {
      await using cloud = await startShortLived(platform, { healthyAfterMs: 20_000 });
      const { mlops } = await freshUser(cloud);
      const project = await mlops.projects.create({ name: 'x' });
      const experiment = await mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
      const create = (): ReturnType<Mlops['deployments']['create']> =>
        mlops.deployments.create({ project, name: 'x', composition: { experiment }, security });
      const issued = tokenCalls(cloud);
      expect(await mlops.deployments.waitUntilHealthy(await create(), cloud.slowly)).toMatchObject({ state: 'HEALTHY' });
      expect(tokenCalls(cloud)).toBeGreaterThan(issued);
      const another = await create();
      const { accessToken } = await cloud.local.issueTokens('alice');
      const { mlops: withoutRenewal } = cloud.cloud.onBehalfOf({ accessToken });
      expect(await failure(withoutRenewal.deployments.waitUntilHealthy(another, cloud.slowly))).toMatchObject({ code: 'SESSION_EXPIRED' });
    });

    it('a wait for what the platform reads from a model is renewed', async () => {
      await using cloud = await startShortLived(platform, { ingestedAfterMs: 20_000 });
      const { mlops } = await freshUser(cloud);
      const project = await mlops.projects.create({ name: 'x' });
      const issued = tokenCalls(cloud);
      await expect(mlops.experiments.create({ project, name: 'x', artifact: creditMojo })).resolves.toMatchObject({ name: 'x' });
      // Only this platform reads models while nobody waits for the answer.
      if (platform === '1.2') expect(tokenCalls(cloud)).toBeGreaterThan(issued);
    });
  });

  describe('a store that is', () => {
    it('full says so in the same words on every platform, is asked once, and holds nothing', async () => {
      await using cloud = await startOn(platform, { artifactStoreBytes: 40_000 });
      const { mlops } = cloud.user;
      const project = await mlops.projects.create({ name: 'x' });
      const error = await failure(mlops.experiments.create({ project, name: 'x', artifact: creditMojo }));
      expect(error).toMatchObject({ name: 'ApiError', code: 'STORAGE_FULL', retryable: false, created: [] });
      expect(String(error)).toContain('is full');
      const sent = cloud.local.requests.filter(({ method, path }) => method === 'PUT' || path.endsWith('ByteStream/Write'));
      expect(sent).toHaveLength(1);
      expect(await contentOf(cloud, project)).toEqual([]);
    });

    test.each<[string, FaultEffect]>([
      ['silent from some byte on', { stallRequestAfterBytes: 10_000 }],
      ['silent after the last byte', { delayMs: 600_000 }],
      ['slower than anybody waits', { bytesPerSecond: 1 }],
    ])('%s ends an upload after `idleTimeoutMs`, and holds nothing', async (_, then) => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      const project = await mlops.projects.create({ name: 'x' });
      cloud.local.faults.add({ when: uploadOf(platform), then });
      const uploading = mlops.experiments.create({ project, name: 'x', artifact: creditMojo }, { idleTimeoutMs: 800 });
      const error = await failure(uploading);
      expect(error).toBeInstanceOf(TimeoutError);
      expect(String(error)).toContain('idleTimeoutMs');
      expect(error).toMatchObject({ code: 'TIMEOUT', created: [] });
      expect(await contentOf(cloud, project)).toEqual([]);
    });

    it('slow is waited for as long as bytes move', async () => {
      const clock = new FakeClock();
      const slow = { platform, clock: passing(clock), ingestedAfterMs: 0, accessTokenSeconds: 100_000 };
      await using cloud = await startPortlessCloud(slow, { clock });
      const { mlops } = cloud.user;
      const project = await mlops.projects.create({ name: 'x' });
      cloud.local.faults.add({ when: uploadOf(platform), then: { bytesPerSecond: 200_000 } });
      // Of several pieces, as nobody sees how far one piece has come.
      const model = unzipSync(await readFile(creditMojo));
      const artifact = zipSync({ ...model, padding: new Uint8Array(7 * 1024 * 1024) }, { level: 0 });
      const start = clock.monotonic();
      await mlops.experiments.create({ project, name: 'x', artifact }, { idleTimeoutMs: 20_000 });
      expect(clock.monotonic() - start).toBeGreaterThan(36_000);
    });

    it('silent in the middle of a download ends it after `idleTimeoutMs`, and leaves nothing at the path', async () => {
      await using cloud = await startOn(platform);
      const { mlops } = cloud.user;
      const project = await mlops.projects.create({ name: 'x' });
      const experiment = await mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
      const when: FaultCondition = platform === '1.2' ? { service: 'artifact-store' } : { path: 'ByteStream/Read' };
      cloud.local.faults.add({ when, then: { stallBodyAfterBytes: 30_000 } });
      const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-silent-'));
      try {
        const error = await failure(mlops.experiments.download(experiment, join(directory, 'x.zip'), { idleTimeoutMs: 800 }));
        expect(error).toBeInstanceOf(TimeoutError);
        expect(await readdir(directory)).toEqual([]);
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  });

  it('a stream that gives no more is not waited for beyond an abort or `idleTimeoutMs`, and leaves nothing', async () => {
    const clock = new FakeClock(Date.now());
    await using cloud = await startOn(platform, {}, { clock });
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'x' });
    const stuck = async function* (whenStuck: () => void): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      whenStuck();
      await new Promise(() => undefined);
    };
    const controller = new AbortController();
    const reason = new Error('the user left');
    const left = stuck(() => {
      controller.abort(reason);
    });
    await expect(mlops.artifacts.upload({ project, name: 'x', body: left }, { signal: controller.signal })).rejects.toBe(reason);
    const silent = stuck(() => void clock.advance(5000));
    await expect(mlops.artifacts.upload({ project, name: 'x', body: silent }, { idleTimeoutMs: 5000 })).rejects.toThrow(TimeoutError);
    expect(await contentOf(cloud, project)).toEqual([]);
  });

  it('a service that asks to come back later is come back to, and an upload goes on from where it was', async () => {
    const clock = hurriedClock(100);
    await using cloud = await startPortlessCloud({ platform, clock, ingestedAfterMs: 0, accessTokenSeconds: 1_000_000 }, { clock });
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'x' });
    cloud.local.faults.add({ when: uploadOf(platform), times: 2, then: { status: 429, headers: { 'retry-after': '7' } } });
    const start = clock.monotonic();
    const experiment = await mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(14_000);
    expect(await mlops.experiments.artifacts(experiment)).toMatchObject([{ sizeBytes: 53_440 }]);
    cloud.local.faults.add({ when: callOf(platform, 'getProject'), then: { status: 429, headers: { 'retry-after': '7' } } });
    await expect(mlops.projects.get(project)).resolves.toMatchObject({ name: 'x' });
  });
});

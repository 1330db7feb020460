/** Files up and down on every platform: whole or not at all, and going on where a connection broke. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DownloadProgress, Experiment, UploadProgress } from 'h2o-ai-cloud';
import type { FaultCondition } from 'h2o-ai-cloud/testing';
import { creditMojo, type TestCloud } from '../../support/cloud.js';
import { platforms, startOn, uploadOf } from './platforms.js';

let directory = '';
let bytes: Buffer = Buffer.alloc(0);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-transfers-'));
  bytes = await readFile(creditMojo);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const digestOf = (content: Uint8Array): string => createHash('md5').update(content).digest('base64');

async function uploaded({ user: { mlops } }: TestCloud, artifact: string | Uint8Array = creditMojo): Promise<Experiment> {
  const project = await mlops.projects.create({ name: 'demo' });
  return mlops.experiments.create({ project, name: 'credit', artifact });
}

describe.each(platforms)('platform %s:', (platform) => {
  const downloadCall: FaultCondition =
    platform === '1.2' ? { method: 'GET', path: /^\/(?!v1\/|mlops|auth|\.ai)/ } : { path: 'ByteStream/Read' };

  it('a file comes back as it was sent, to a path, a file: URL and a stream', async () => {
    await using cloud = await startOn(platform);
    const experiment = await uploaded(cloud);
    const { experiments } = cloud.user.mlops;
    expect(await experiments.artifacts(experiment)).toMatchObject([
      { type: 'h2o3/mojo', state: 'AVAILABLE', sizeBytes: bytes.length, md5: digestOf(bytes) },
    ]);
    const path = join(directory, `${platform}.zip`);
    const steps: DownloadProgress[] = [];
    const whole = { sizeBytes: bytes.length, md5: digestOf(bytes) };
    expect(await experiments.download(experiment, path, { onProgress: (step) => steps.push(step) })).toEqual(whole);
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect(steps.at(-1)).toMatchObject({ downloadedBytes: bytes.length, totalBytes: bytes.length });
    expect(await experiments.download(experiment, pathToFileURL(path))).toEqual(whole);
    const received: Uint8Array[] = [];
    await experiments.download(experiment, new WritableStream<Uint8Array>({ write: (chunk) => void received.push(chunk) }));
    expect(bytes.equals(Buffer.concat(received))).toBe(true);
  });

  if (platform === '1.2') {
    it('a file goes up with its length, without which some stores refuse it', async () => {
      await using cloud = await startOn(platform);
      await uploaded(cloud);
      const { headers } = cloud.local.requests.find(({ method }) => method === 'PUT')!;
      expect(headers).toMatchObject({ 'content-length': String(bytes.length) });
      expect(headers).not.toHaveProperty('transfer-encoding');
    });
  }

  it('a download that breaks goes on from where it was', async () => {
    await using cloud = await startOn(platform);
    const experiment = await uploaded(cloud);
    const path = join(directory, `${platform}-broken.zip`);
    cloud.local.faults.add({ when: downloadCall, times: 2, then: { cutBodyAfterBytes: 45_000 } });
    await cloud.user.mlops.experiments.download(experiment, path);
    expect(cloud.local.faults.hits.length).toBeGreaterThan(0);
    expect(bytes.equals(await readFile(path))).toBe(true);
  });

  it('a download that cannot be finished leaves nothing at the path', async () => {
    await using cloud = await startOn(platform);
    const experiment = await uploaded(cloud);
    cloud.local.faults.add({ when: downloadCall, times: 99, then: { status: 404 } });
    const names = await readdir(directory);
    await expect(cloud.user.mlops.experiments.download(experiment, join(directory, 'never.zip'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await readdir(directory)).toEqual(names);
    await expect(cloud.user.mlops.experiments.download(experiment, join(directory, 'no', 'such', 'x.zip'))).rejects.toThrow('ENOENT');
  });

  it('a stream that fails tells its own error, and an abort its reason', async () => {
    await using cloud = await startOn(platform);
    const experiment = await uploaded(cloud);
    const { experiments } = cloud.user.mlops;
    const full = new Error('the disk is full');
    const target = new WritableStream<Uint8Array>({
      write: () => {
        throw full;
      },
    });
    await expect(experiments.download(experiment, target)).rejects.toBe(full);
    const controller = new AbortController();
    const reason = new Error('the user left');
    const leaving = experiments.download(experiment, join(directory, 'left.zip'), {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
        controller.signal.throwIfAborted();
      },
    });
    await expect(leaving).rejects.toBe(reason);
  });

  it('a file of another experiment is none of this one', async () => {
    await using cloud = await startOn(platform);
    const experiment = await uploaded(cloud);
    const getting = cloud.user.mlops.experiments.download(experiment, join(directory, 'x.zip'), { artifactId: 'another' });
    await expect(getting).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('an upload that breaks goes on, and is whole', async () => {
    await using cloud = await startOn(platform);
    cloud.local.faults.add({ when: uploadOf(platform), times: 2, then: { cutRequestAfterBytes: 30_000 } });
    const experiment = await uploaded(cloud);
    expect(cloud.local.faults.hits).toHaveLength(2);
    expect(await cloud.user.mlops.experiments.artifacts(experiment)).toMatchObject([{ sizeBytes: bytes.length, md5: digestOf(bytes) }]);
    const asked = cloud.local.requests.some(({ path }) => path.endsWith('QueryWriteStatus'));
    expect(asked).toBe(platform !== '1.2');
  });

  it('an upload that goes on tells of no byte twice that storage has', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'demo' });
    cloud.local.faults.add({ when: uploadOf(platform), then: { cutRequestAfterBytes: 2_500_000 } });
    const told: number[] = [];
    const mebibyte = 1024 * 1024;
    const onProgress = ({ uploadedBytes }: UploadProgress): void => void told.push(uploadedBytes);
    await mlops.artifacts.upload({ project, name: 'x', body: new Uint8Array(4 * mebibyte) }, { onProgress });
    expect(told.at(-1)).toBe(4 * mebibyte);
    // A signed upload begins anew.
    expect(told.filter((bytes) => bytes === mebibyte)).toHaveLength(platform === '1.2' ? 2 : 1);
  });
});

/** Files that a project holds beside its experiments, on every platform: shared by what one user runs, and nobody else's. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError, H2OCloudError, NotFoundError, type ArtifactRef, type Mlops, type ProjectArtifact } from 'h2o-ai-cloud';
import { accessTokenOf, startPortlessCloud, type TestCloud } from '../../support/cloud.js';
import { contentOf, platforms, startOn, uploadOf } from './platforms.js';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-artifacts-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const bytes = Buffer.from('id,city\n1,Zürich\n2,Praha\n');
const md5 = createHash('md5').update(bytes).digest('base64');

async function contentIn(mlops: Mlops, artifact: ArtifactRef): Promise<string> {
  const pieces: Uint8Array[] = [];
  await mlops.artifacts.download(artifact, new WritableStream<Uint8Array>({ write: (piece) => void pieces.push(piece) }));
  return Buffer.concat(pieces).toString();
}

function mlopsOf({ cloud, local }: TestCloud, username: string): Mlops {
  return cloud.onBehalfOf({ accessToken: accessTokenOf(local, username) }).mlops;
}

describe.each(platforms)('platform %s:', (platform) => {
  const start = (): Promise<TestCloud> => startPortlessCloud({ platform });

  it('a file is stored under its name, found, read by another app of the user, and deleted', async () => {
    await using cloud = await start();
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'shared' });
    const path = join(directory, 'cities.csv');
    await writeFile(path, bytes);
    const artifact = await mlops.artifacts.upload({ project, body: path });
    const whole: Partial<ProjectArtifact> = {
      name: 'cities.csv',
      contentType: 'text/csv',
      state: 'AVAILABLE',
      sizeBytes: bytes.length,
      md5,
    };
    expect(artifact).toMatchObject({ project: { id: project.id }, ...whole });

    const another = mlopsOf(cloud, 'alice');
    const found = await another.artifacts.list({ project: project.id, name: 'cities.csv' }).toArray();
    expect(found).toEqual([artifact]);
    expect(await another.artifacts.get(artifact)).toEqual(artifact);
    expect(await contentIn(another, artifact)).toBe(bytes.toString());
    const copy = join(directory, `${platform}.csv`);
    expect(await another.artifacts.download(artifact, copy)).toEqual({ sizeBytes: bytes.length, md5 });
    expect(await readFile(copy)).toEqual(bytes);

    await another.artifacts.delete(artifact);
    await expect(mlops.artifacts.get(artifact)).rejects.toThrow(NotFoundError);
    expect(await mlops.artifacts.list({ project }).toArray()).toEqual([]);
  });

  it('another user can do nothing with it, by name or by id', async () => {
    await using cloud = await start();
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'shared' });
    const artifact = await mlops.artifacts.upload({ project, name: 'secret.csv', body: bytes });
    const { artifacts } = mlopsOf(cloud, 'bob');
    for (const attempt of [
      () => artifacts.get(artifact),
      () => artifacts.download(artifact, new WritableStream<Uint8Array>()),
      () => artifacts.delete(artifact),
      () => artifacts.list({ project }).toArray(),
      () => artifacts.upload({ project, name: 'x', body: bytes }),
    ]) {
      await expect(attempt()).rejects.toThrow(NotFoundError);
    }
    expect(await contentIn(mlops, artifact)).toBe(bytes.toString());
  });

  it('bytes, a Blob, a stream and nothing at all are stored as they are', async () => {
    await using cloud = await start();
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'shared' });
    const bodies = { 'a.bin': bytes, 'b.json': new Blob([bytes]), 'c d.txt': Readable.from([bytes]), empty: new Uint8Array() };
    for (const [name, body] of Object.entries(bodies)) {
      const artifact = await mlops.artifacts.upload({ project, name, body });
      expect(await contentIn(mlops, artifact)).toBe(name === 'empty' ? '' : bytes.toString());
    }
    const types = (await mlops.artifacts.list({ project, order: 'oldestFirst' }).toArray()).map(({ name, contentType }) => [
      name,
      contentType,
    ]);
    expect(Object.fromEntries(types)).toEqual({
      'a.bin': 'application/octet-stream',
      'b.json': 'application/json',
      'c d.txt': 'text/plain',
      empty: 'application/octet-stream',
    });
  });

  it('files of one name stay beside each other, and the list tells which is the newest; it goes on over pages', async () => {
    let now = Date.now();
    const clock = { now: () => now, monotonic: () => now, schedule: () => () => undefined };
    await using cloud = await startPortlessCloud({ platform, pageSize: 2, clock });
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'shared' });
    for (const version of ['1', '2', '3']) {
      now += 1000;
      await mlops.artifacts.upload({ project, name: 'data.csv', body: Buffer.from(version) });
      await mlops.artifacts.upload({ project, name: `other-${version}.csv`, body: Buffer.from(version) });
    }
    const newest = await mlops.artifacts.list({ project, name: 'data.csv', order: 'newestFirst' }).first();
    expect(await contentIn(mlops, newest!)).toBe('3');
    const others = await mlops.artifacts.list({ project, name: { contains: 'other' } }).toArray();
    expect(others.map(({ name }) => name)).toEqual(['other-1.csv', 'other-2.csv', 'other-3.csv']);
    for await (const artifact of mlops.artifacts.list({ project })) await mlops.artifacts.delete(artifact);
    expect(await mlops.artifacts.list({ project }).toArray()).toEqual([]);
  });

  it('an upload that fails leaves nothing; what cannot be removed is named', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'shared' });
    const { faults } = cloud.local;
    faults.add({ when: uploadOf(platform), times: 99, then: { status: 403 } });
    await expect(mlops.artifacts.upload({ project, name: 'a.csv', body: bytes })).rejects.toMatchObject({ status: 403 });
    expect(await contentOf(cloud, project)).toEqual([]);
    faults.add({ when: { path: 'DeleteArtifact' }, times: 99, then: { status: 403 } });
    const error: unknown = await mlops.artifacts.upload({ project, name: 'b.csv', body: bytes }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(H2OCloudError);
    expect(error).toMatchObject({ created: await contentOf(cloud, project) });
  });

  it('a record whose creation was never answered is named, and no other', async () => {
    await using cloud = await startOn(platform);
    const { mlops } = cloud.user;
    const project = await mlops.projects.create({ name: 'shared' });
    await mlops.artifacts.upload({ project, name: 'a.csv', body: bytes });
    const known = await contentOf(cloud, project);
    cloud.local.faults.add({ when: { path: 'CreateArtifact' }, then: { dropAnswer: true } });
    const error: unknown = await mlops.artifacts.upload({ project, name: 'a.csv', body: bytes }).catch((reason: unknown) => reason);
    const left = (await contentOf(cloud, project)).filter(({ id }) => !known.some((artifact) => artifact.id === id));
    expect(left).toHaveLength(1);
    expect(error).toMatchObject({ created: left });
  });

  it('what cannot be stored is refused before anything is sent', async () => {
    await using cloud = await start();
    const { artifacts } = cloud.user.mlops;
    const project = 'p';
    for (const attempt of [
      () => artifacts.upload({ project, body: bytes }),
      () => artifacts.upload({ project, body: directory }),
      () => artifacts.upload({ project, body: join(directory, 'nowhere.csv') }),
      () => artifacts.upload({ project: '', name: 'x', body: bytes }),
      () => artifacts.get({ id: '', project }),
    ]) {
      await expect(attempt()).rejects.toThrow(ConfigurationError);
    }
    expect(cloud.local.requests).toEqual([]);
  });
});

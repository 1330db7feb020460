import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock, startLocalCloud } from '../../../src/testing/index.js';
import type { RunningCloud, StartLocalCloudOptions } from '../../../src/testing/index.js';
import { isObject } from '../../../src/local/json.js';
import type { JsonObject } from '../../../src/local/json.js';
import { idOf, objectOf, textOf, uploadLines } from '../local/cloud.js';

const running: RunningCloud[] = [];

beforeEach(() => {
  vi.spyOn(console, 'error');
});
afterEach(async () => {
  // What a test has ordered is nothing to report.
  expect(console.error).not.toHaveBeenCalled();
  await Promise.all(running.splice(0).map((cloud) => cloud.close()));
});

/** A local cloud on a port, asked as a user asks it. */
async function start(options?: StartLocalCloudOptions) {
  const cloud = await startLocalCloud(options);
  running.push(cloud);
  const authorization = `Bearer ${(await cloud.issueTokens('alice')).accessToken}`;
  const send = (path: string, body: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${cloud.url}${path}`, { method: 'POST', headers: { authorization }, body, ...init });
  const ask = async (path: string, message: JsonObject): Promise<JsonObject> => {
    const answer: unknown = await (await send(path, JSON.stringify(message))).json();
    return isObject(answer) ? answer : {};
  };
  const storage = (method: string, message: JsonObject): Promise<JsonObject> => ask(`/mlops/storage/ai.h2o.storage.${method}`, message);
  const artifact = async (): Promise<string> => {
    const workspace = textOf(objectOf(await ask('/authz/v1/workspaces', { displayName: 'demo' }), 'workspace'), 'name');
    const created = await storage('ArtifactService/CreateArtifact', { artifact: { entityId: idOf(workspace), mimeType: 'text/plain' } });
    return textOf(objectOf(created, 'artifact'), 'id');
  };
  const uploadUrl = async (id: string): Promise<string> =>
    textOf(objectOf(await storage('ArtifactService/GenerateArtifactUploadURL', { id }), 'presignedUrl'), 'url');
  return { cloud, send, ask, storage, artifact, uploadUrl };
}

const bytes = Buffer.alloc(100_000, 'x');
const put = { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: bytes };
const state = (answer: JsonObject): unknown => objectOf(answer, 'artifact')['state'];

describe('an upload that breaks off', () => {
  it('leaves what the service took, and can go on from there', async () => {
    const { cloud, send, ask, artifact } = await start();
    const id = await artifact();
    cloud.faults.add({ when: { path: 'Write' }, then: { cutRequestAfterBytes: 60_000 } });
    await expect(send('/mlops/storage/google.bytestream.ByteStream/Write', uploadLines(id, bytes))).rejects.toThrow();
    const status = await ask('/mlops/storage/google.bytestream.ByteStream/QueryWriteStatus', { resourceName: id });
    expect(status).toEqual({ committedSize: '32768', complete: false });
    const rest = await send('/mlops/storage/google.bytestream.ByteStream/Write', uploadLines(id, bytes, { from: 32_768 }));
    expect(await rest.json()).toEqual({ committedSize: '100000' });
  });

  it('leaves no object in the artifact store', async () => {
    const { cloud, storage, artifact, uploadUrl } = await start();
    const id = await artifact();
    const url = await uploadUrl(id);
    cloud.faults.add({ when: { service: 'artifact-store' }, then: { cutRequestAfterBytes: 60_000 } });
    await expect(fetch(url, put)).rejects.toThrow();
    expect(await storage('ArtifactService/CompleteArtifactUpload', { id })).toMatchObject({ code: 9 });
    expect((await fetch(url, put)).status).toBe(200);
    expect(state(await storage('ArtifactService/CompleteArtifactUpload', { id }))).toBe('AVAILABLE');
  });
});

describe('a lost answer', () => {
  it('is lost after the work is done', async () => {
    const { cloud, ask, storage, artifact } = await start();
    cloud.faults.add({ when: { path: 'workspaces', method: 'POST' }, then: { dropAnswer: true } });
    await expect(ask('/authz/v1/workspaces', { displayName: 'twice' })).rejects.toThrow();
    await artifact();
    const { project } = await storage('ProjectService/ListProjects', {});
    expect(project).toMatchObject([{ displayName: 'twice' }, { displayName: 'demo' }]);
  });
});

describe('a transfer that stalls', () => {
  it('takes no more of an upload, until the caller gives up', async () => {
    const { cloud, storage, artifact, uploadUrl } = await start();
    const id = await artifact();
    const url = await uploadUrl(id);
    cloud.faults.add({ when: { method: 'PUT' }, then: { stallRequestAfterBytes: 1000 } });
    const gaveUp = new AbortController();
    const upload = fetch(url, { ...put, signal: gaveUp.signal });
    await expect.poll(() => cloud.faults.hits.length).toBe(1);
    gaveUp.abort(new Error('enough'));
    await expect(upload).rejects.toThrow('enough');
    expect(state(await storage('ArtifactService/GetArtifact', { id }))).toBe('EMPTY');
  });

  it('gives no more of a download, until the caller gives up', async () => {
    const { cloud, storage, artifact, uploadUrl } = await start();
    const id = await artifact();
    await fetch(await uploadUrl(id), put);
    await storage('ArtifactService/CompleteArtifactUpload', { id });
    const { url } = objectOf(await storage('ArtifactService/GenerateArtifactDownloadURL', { id }), 'presignedUrl');
    cloud.faults.add({ when: { service: 'artifact-store' }, then: { stallBodyAfterBytes: 1000 } });
    const gaveUp = new AbortController();
    const answer = await fetch(String(url), { signal: gaveUp.signal });
    const reader = answer.body!.getReader();
    expect((await reader.read()).value).toHaveLength(1000);
    const next = reader.read();
    gaveUp.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });

  it('goes as fast as it is told, by the clock of the test', async () => {
    const clock = new FakeClock();
    const { cloud, artifact, uploadUrl } = await start({ clock });
    const url = await uploadUrl(await artifact());
    cloud.faults.add({ when: { method: 'PUT' }, then: { bytesPerSecond: 5 } });
    const startedAt = clock.now();
    let takenMs: number | undefined;
    const upload = fetch(url, { ...put, body: '0123456789' }).then(({ status }) => {
      takenMs = clock.now() - startedAt;
      return status;
    });
    while (takenMs === undefined) await clock.advance(100);
    expect(takenMs).toBeGreaterThanOrEqual(2000);
    expect(await upload).toBe(200);
  });
});

import { describe, expect, it } from 'vitest';
import { TestCloud, idOf, objectOf, textOf, uploadLines, withoutOrigin } from './cloud.js';
import type { WorkspaceUser } from './cloud.js';

const bytes = Buffer.from('0123456789');

async function emptyArtifact(alice: WorkspaceUser, workspace: string): Promise<string> {
  const { body } = await alice.storage('ArtifactService/CreateArtifact', {
    artifact: { entityId: idOf(workspace), entityType: 'PROJECT', mimeType: 'text/plain', type: 'note' },
  });
  return textOf(objectOf(body, 'artifact'), 'id');
}

async function prepared(options: ConstructorParameters<typeof TestCloud>[0] = {}) {
  const cloud = new TestCloud({ platform: '1.2', ...options });
  const alice = await cloud.workspaceUser();
  const artifactId = await emptyArtifact(alice, await alice.workspace());
  const { url, contentType } = await alice.uploadUrl(artifactId);
  return { cloud, alice, artifactId, url, put: { method: 'PUT', headers: { 'content-type': contentType }, body: bytes } };
}

describe('a presigned URL', () => {
  it('takes an object without any token, which is there when the upload is completed', async () => {
    const { cloud, alice, artifactId, url, put } = await prepared();
    expect(await cloud.send(url, put)).toMatchObject({ status: 200 });
    expect((await alice.storage('ArtifactService/GetArtifact', { id: artifactId })).body).toMatchObject({ artifact: { size: '0' } });
    const completed = await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId, sizeBytes: '10' });
    expect(completed.body).toMatchObject({ artifact: { state: 'AVAILABLE', size: '10', md5Digest: 'eB5eJF1ptWaXm4bijSPyxw==' } });
    const { body } = await alice.storage('ArtifactService/GenerateArtifactDownloadURL', { id: artifactId, publicUrl: true });
    const presigned = objectOf(body, 'presignedUrl');
    expect(presigned).toMatchObject({ method: 'HTTP_METHOD_GET', contentType: 'text/plain' });
    const answer = await cloud.send(withoutOrigin(textOf(presigned, 'url')));
    expect(answer.headers.get('content-length')).toBe('10');
    expect(answer.body).toEqual({ text: '0123456789' });
  });

  it('gives out a part of an object', async () => {
    const { cloud, alice, artifactId, url, put } = await prepared();
    await cloud.send(url, put);
    await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId });
    const { body } = await alice.storage('ArtifactService/GenerateArtifactDownloadURL', { id: artifactId });
    const path = withoutOrigin(textOf(objectOf(body, 'presignedUrl'), 'url'));
    const part = await cloud.send(path, { headers: { range: 'bytes=3-5' } });
    expect(part).toMatchObject({ status: 206, body: { value: 345 } });
    expect(part.headers.get('content-range')).toBe('bytes 3-5/10');
    expect(await cloud.send(path, { headers: { range: 'bytes=10-' } })).toMatchObject({ status: 416 });
  });

  it.each<[string, (put: RequestInit, url: string) => readonly [string, RequestInit], number]>([
    ['a token beside it', (put, url) => [url, { ...put, headers: { 'content-type': 'text/plain', authorization: 'Bearer x' } }], 400],
    ['another method', (_, url) => [url, { method: 'GET' }], 403],
    ['another content type', (put, url) => [url, { ...put, headers: { 'content-type': 'text/html' } }], 403],
    ['another signature', (put, url) => [url.replace(/Signature=.*/, 'Signature=00'), put], 403],
    ['no signature', (put, url) => [url.split('?')[0] ?? '', put], 403],
  ])('refuses %s', async (_, changed, status) => {
    const { cloud, alice, artifactId, url, put } = await prepared();
    const [path, init] = changed(put, url);
    const answer = await cloud.send(path, init);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/xml');
    expect(await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId })).toMatchObject({ status: 400 });
  });

  it('takes chunks without a length, which clients from 1.6.0 to 1.6.3 send', async () => {
    const { cloud, alice, artifactId, url, put } = await prepared();
    expect(await cloud.send(url, { ...put, headers: { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' } })).toMatchObject({
      status: 200,
    });
    expect(await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId })).toMatchObject({ status: 200 });
  });

  it('is good for an hour', async () => {
    const { cloud, url, put } = await prepared();
    await cloud.clock.advance(3_599_000);
    expect(await cloud.send(url, put)).toMatchObject({ status: 200 });
    await cloud.clock.advance(2000);
    expect(await cloud.send(url, put)).toMatchObject({ status: 403 });
  });

  it('is recorded without its signature, and without the object', async () => {
    const { cloud, url, put } = await prepared();
    await cloud.send(url, put);
    const recorded = cloud.cloud.requests.at(-1);
    expect(recorded).toMatchObject({
      service: 'artifact-store',
      query: { 'X-Amz-Signature': '<redacted>' },
      body: { upload: { bytes: 10 } },
    });
  });
});

describe('an upload', () => {
  it('that its client gives up is failed, and can be made again', async () => {
    const { cloud, alice, artifactId, url, put } = await prepared();
    await cloud.send(url, put);
    await alice.storage('ArtifactService/FailArtifactUpload', { id: artifactId });
    const { body } = await alice.storage('ArtifactService/GetArtifact', { id: artifactId });
    expect(body).toMatchObject({ artifact: { state: 'UPLOAD_FAILED', size: '0' } });
    await cloud.send(url, put);
    expect(await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId })).toMatchObject({ status: 200 });
  });

  it('is not completed with another size or digest than it has', async () => {
    const { cloud, alice, artifactId, url, put } = await prepared();
    await cloud.send(url, put);
    for (const wrong of [{ sizeBytes: '9' }, { md5Digest: 'AAAA' }]) {
      expect(await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId, ...wrong })).toMatchObject({
        status: 400,
        body: { code: 3 },
      });
    }
  });

  it('finds the store full, whichever way it comes', async () => {
    const { cloud, alice, url, put } = await prepared({ platform: undefined, artifactStoreBytes: 9 });
    const answer = await cloud.send(url, put);
    expect(answer.status).toBe(507);
    expect(answer.body['text']).toContain('<Code>XMinioStorageFull</Code>');
    const rpc = await cloud.user();
    const artifactId = await emptyArtifact(alice, await alice.workspace());
    expect(await rpc.write(uploadLines(artifactId, bytes))).toMatchObject({ status: 429, body: { code: 8 } });
  });
});

describe('an ingestion that nobody waits for', () => {
  it('passes through its states, and fails for what is no model', async () => {
    const { cloud, alice, artifactId, url, put } = await prepared({ ingestedAfterMs: 1000 });
    const state = async (): Promise<unknown> => {
      const { body } = await alice.storage('ArtifactService/GetArtifact', { id: artifactId });
      return objectOf(body, 'artifact')['modelIngestionState'];
    };
    expect(await alice.storage('ModelIngestionService/RequestModelIngestion', { artifactId })).toMatchObject({
      status: 400,
      body: { code: 9 },
    });
    await cloud.send(url, put);
    await alice.storage('ArtifactService/CompleteArtifactUpload', { id: artifactId });
    expect(await state()).toBeNull();
    await alice.storage('ModelIngestionService/RequestModelIngestion', { artifactId });
    expect(await state()).toMatchObject({ status: 'PENDING' });
    await cloud.clock.advance(600);
    expect(await state()).toMatchObject({ status: 'IN_PROGRESS' });
    await cloud.clock.advance(400);
    expect(await state()).toEqual({ status: 'FAILED', errorMessage: 'this is not a zip file, and every MOJO is one' });
    const created = await alice.storage('ExperimentService/CreateExperiment', { projectId: idOf(await alice.workspace()), artifactId });
    expect(created).toMatchObject({ status: 400, body: { code: 9 } });
  });
});

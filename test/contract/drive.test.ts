/** Drive, verb by verb, against the local cloud. */
import { createReadStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import {
  AuthenticationError,
  ConfigurationError,
  ConflictError,
  H2OCloud,
  NotFoundError,
  TimeoutError,
  type DriveFolder,
  type ObjectSource,
  type User,
} from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { accessTokenOf, startTestCloud, type TestCloud } from '../support/cloud.js';

const MiB = 1024 ** 2;
const large = Buffer.alloc(11 * MiB, 'drive');
const parts = { partSizeBytes: 5 * MiB };

let directory: string;
let shared: TestCloud;
let drive: DriveFolder;
let count = 0;

beforeAll(async () => {
  shared = await startTestCloud();
});
afterAll(() => shared[Symbol.asyncDispose]());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-'));
  drive = shared.user.drive.folder(`test-${count++}`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const other = (test: TestCloud): User => test.cloud.onBehalfOf({ accessToken: accessTokenOf(test.local, 'bob') });
const requestsOf = (test: TestCloud): string[] =>
  test.local.requests
    .filter(({ service }) => service === 'drive')
    .map(({ method, query, status }) => `${method} ${Object.keys(query).join(' ')} ${status}`);
const keysOf = async (folder: DriveFolder): Promise<string[]> => (await folder.list().toArray()).map(({ key }) => key);

async function* slowly(bytes: Uint8Array, piece = 700_000): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.byteLength; at += piece) yield bytes.subarray(at, at + piece);
}

describe('objects', () => {
  test.each<[string, (bytes: Buffer) => ObjectSource]>([
    ['bytes', (bytes) => bytes],
    ['a Blob', (bytes) => new Blob([new Uint8Array(bytes)])],
    ['a stream of unknown length', (bytes) => slowly(bytes)],
    ['a stream of Node', (bytes) => Readable.from(slowly(bytes))],
    ['a web stream', (bytes) => new Blob([new Uint8Array(bytes)]).stream()],
    [
      'a path',
      (bytes) => {
        writeFileSync(join(directory, 'source'), bytes);
        return join(directory, 'source');
      },
    ],
  ])('are stored from %s, whatever their size, and read back unchanged', async (_, sourceOf) => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), large.subarray(0, 5 * MiB), large]) {
      const progress: number[] = [];
      const options = {
        ...parts,
        onProgress: ({ transferredBytes }: { transferredBytes: number }) => void progress.push(transferredBytes),
      };
      const stored = await drive.put({ key: 'data.csv', body: sourceOf(bytes) }, options);
      expect(stored).toMatchObject({ key: 'data.csv', sizeBytes: bytes.byteLength, contentType: 'text/csv' });
      expect(progress.at(-1)).toBe(bytes.byteLength);
      const content = await drive.get('data.csv', parts);
      expect(content.object).toMatchObject({ key: 'data.csv', sizeBytes: bytes.byteLength, etag: stored.etag, contentType: 'text/csv' });
      expect(bytes.equals(await content.bytes())).toBe(true);
    }
  });

  test.each(['a b.txt', 'ünï/ço+dé.csv', '100%&=?#.txt', 'x\'(1)*!~".txt', 'a//b', 'back\\slash', '山田', '…', 'semi;colon,comma:@$'])(
    'have any name that can be kept: %s',
    async (key) => {
      await drive.put({ key, body: Buffer.from(key) });
      expect(await keysOf(drive)).toEqual([key]);
      expect(await drive.head(key)).toMatchObject({ key });
      expect(await (await drive.get(key)).text()).toBe(key);
      const { url } = await drive.presign(key);
      expect(await (await fetch(url)).text()).toBe(key);
      await drive.copy({ from: key, to: `copy of ${key}` });
      expect(await (await drive.get(`copy of ${key}`)).text()).toBe(key);
      await drive.delete(key);
      await expect(drive.head(key)).rejects.toThrow(NotFoundError);
    },
  );

  it('whose name a URL would resolve to another one are refused before anything is sent', async () => {
    const before = shared.local.requests.length;
    for (const work of [
      () => drive.put({ key: 'a/../b', body: Buffer.from('') }),
      () => drive.get('..'),
      () => drive.delete('./a'),
      () => drive.presign('a/.'),
      () => drive.copy({ from: 'a', to: '../a' }),
      () => drive.deleteAll({ prefix: '../' }, { confirm: true }),
    ])
      await expect(work()).rejects.toThrow(/segment/);
    expect(() => drive.list({ prefix: 'a/../' })).toThrow(ConfigurationError);
    expect(shared.local.requests.length).toBe(before);
  });

  it('are of the type that is given, or none where the name promises nothing', async () => {
    await drive.put({ key: 'a.csv', body: Buffer.from('x'), contentType: 'text/plain' });
    await drive.put({ key: 'b', body: Buffer.from('x') });
    expect(await drive.head('a.csv')).toMatchObject({ contentType: 'text/plain' });
    expect(await drive.head('b')).toMatchObject({ contentType: 'binary/octet-stream' });
  });

  it('that are not there are told apart from those that are', async () => {
    await expect(drive.get('none')).rejects.toThrow(NotFoundError);
    await expect(drive.download({ key: 'none', to: join(directory, 'x') })).rejects.toThrow(NotFoundError);
    await expect(drive.copy({ from: 'none', to: 'x' })).rejects.toThrow(NotFoundError);
    await drive.delete('none');
    expect(readdirSync(directory)).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    ['a directory', () => directory],
    ['a file that is not there', () => join(directory, 'none')],
    ['a URL of elsewhere', () => new URL('https://example.com/x')],
    ['a number', () => 5],
    ['a stream of text', () => Readable.from(['text'])],
  ])('cannot be stored from %s', async (_, source) => {
    await expect(drive.put({ key: 'x', body: source() as ObjectSource })).rejects.toThrow(ConfigurationError);
    expect(await keysOf(drive)).toEqual([]);
  });
});

describe('lists', () => {
  it('have all objects, in the order of their keys, page by page', async () => {
    await using test = await startTestCloud({ drive: { pageSize: 25 } });
    const folder = test.user.drive.home();
    const names = Array.from({ length: 201 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
    const left = [...names, 'other'];
    const worker = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) await folder.put({ key, body: Buffer.from('x') });
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect((await folder.list({ prefix: 'many/' }).toArray()).map(({ key }) => key)).toEqual(names);
    expect(await folder.list({ prefix: 'many/' }).first()).toMatchObject({ key: 'many/0000', sizeBytes: 1 });
    const deleted: number[] = [];
    expect(await folder.deleteAll({ prefix: 'many/' }, { confirm: true, onProgress: (step) => deleted.push(step.deleted) })).toBe(201);
    expect(deleted.at(-1)).toBe(201);
    expect(await keysOf(folder)).toEqual(['other']);
  });

  it('are deleted only when that is confirmed', async () => {
    await drive.put({ key: 'precious', body: Buffer.from('x') });
    await expect(drive.deleteAll({ prefix: '' }, { confirm: false })).rejects.toThrow(/confirm/);
    expect(await keysOf(drive)).toEqual(['precious']);
  });

  it('that name what was not asked for are refused', async () => {
    const xml =
      '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>elsewhere/x</Key><Size>1</Size></Contents></ListBucketResult>';
    shared.local.faults.add({ when: { service: 'drive', method: 'GET' }, then: { status: 200, body: xml } });
    await expect(drive.list().toArray()).rejects.toThrow(/do not begin with the prefix/);
  });
});

describe('downloads', () => {
  it('take the place of a file when they are whole, and not before', async () => {
    const file = join(directory, 'data');
    writeFileSync(file, 'old');
    await drive.put({ key: 'data', body: large }, parts);
    shared.local.faults.add({
      when: { service: 'drive', method: 'GET' },
      skip: 1,
      times: 9,
      then: { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' },
    });
    await expect(drive.download({ key: 'data', to: file }, { ...parts, concurrency: 1 })).rejects.toThrow('AccessDenied');
    shared.local.faults.clear();
    expect(readFileSync(file, 'utf8')).toBe('old');
    const before = shared.local.requests.length;
    const progress: number[] = [];
    await drive.download(
      { key: 'data', to: file },
      { ...parts, concurrency: 1, onProgress: ({ transferredBytes }) => progress.push(transferredBytes) },
    );
    expect(large.equals(readFileSync(file))).toBe(true);
    // What the first call has read is not read again.
    expect(progress[0]).toBe(5 * MiB);
    expect(shared.local.requests.slice(before).map(({ method, headers }) => `${method} ${headers['range'] ?? ''}`)).toEqual([
      'HEAD ',
      `GET bytes=${5 * MiB}-${10 * MiB - 1}`,
      `GET bytes=${10 * MiB}-${11 * MiB - 1}`,
    ]);
    expect(readdirSync(directory)).toEqual(['data']);
  });

  it('do not go on with a part of another object', async () => {
    const file = join(directory, 'data');
    await drive.put({ key: 'data', body: large }, parts);
    shared.local.faults.add({ when: { service: 'drive', method: 'GET' }, skip: 1, times: 9, then: { status: 403 } });
    await expect(drive.download({ key: 'data', to: file }, { ...parts, concurrency: 1 })).rejects.toThrow();
    shared.local.faults.clear();
    const newer = Buffer.alloc(11 * MiB, 'newer');
    await drive.put({ key: 'data', body: newer }, parts);
    await drive.download({ key: 'data', to: file }, parts);
    expect(newer.equals(readFileSync(file))).toBe(true);
  });

  it('leave nothing behind when they shall not be resumed', async () => {
    await drive.put({ key: 'data', body: large }, parts);
    shared.local.faults.add({ when: { service: 'drive', method: 'GET' }, skip: 1, times: 9, then: { status: 403 } });
    await expect(drive.download({ key: 'data', to: join(directory, 'data') }, { ...parts, resume: false })).rejects.toThrow();
    shared.local.faults.clear();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('of an object that is replaced meanwhile end with a conflict, never with a mixture', async () => {
    await drive.put({ key: 'data', body: large }, parts);
    const content = await drive.get('data', { ...parts, concurrency: 1 });
    const pieces = content[Symbol.asyncIterator]();
    await pieces.next();
    await drive.put({ key: 'data', body: Buffer.alloc(11 * MiB, 'newer') }, parts);
    await expect(
      (async () => {
        for (let next = await pieces.next(); next.done !== true; next = await pieces.next());
      })(),
    ).rejects.toThrow(ConflictError);
  });

  it('to where nothing can be written say so', async () => {
    await drive.put({ key: 'data', body: Buffer.from('x') });
    for (const to of [directory, join(directory, 'none', 'data'), new URL('https://example.com/')])
      await expect(drive.download({ key: 'data', to })).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    expect(existsSync(join(directory, 'none'))).toBe(false);
  });

  it('that nobody reads on ask for no more', async () => {
    await drive.put({ key: 'data', body: large }, parts);
    const before = shared.local.requests.length;
    for await (const piece of await drive.get('data', { ...parts, concurrency: 1 })) {
      expect(piece.byteLength).toBeLessThan(MiB);
      break;
    }
    expect(shared.local.requests.slice(before).length).toBeLessThanOrEqual(3);
  });
});

describe('users and workspaces', () => {
  it('do not see each other', async () => {
    const bob = other(shared).drive;
    await shared.user.drive.put({ key: 'private', body: Buffer.from('alice') });
    await shared.user.drive.workspace('workspaces/default').put({ key: 'private', body: Buffer.from('workspace') });
    expect(await keysOf(bob)).toEqual([]);
    await expect(bob.head('private')).rejects.toThrow(NotFoundError);
    await bob.delete('private');
    expect(await (await shared.user.drive.get('private')).text()).toBe('alice');
    expect(await (await shared.user.drive.workspace('default').get('private')).text()).toBe('workspace');
    await expect(shared.user.drive.workspace('no-such').list().toArray()).rejects.toThrow(NotFoundError);
  });

  it('have the folders that the App Store names', async () => {
    const facts = { H2O_CLOUD_APP_NAME: 'app', H2O_CLOUD_APP_VERSION: '1', H2O_CLOUD_APP_ID: 'id', H2O_CLOUD_INSTANCE_ID: 'i' };
    const cloud = new H2OCloud({ env: { ...shared.local.env, ...facts }, tokenStore: 'memory' });
    const user = cloud.onBehalfOf({ accessToken: accessTokenOf(shared.local, 'bob') });
    await user.drive.appInstance().put({ key: 'state', body: Buffer.from('x') });
    expect(await keysOf(user.drive)).toEqual(['app/id-1/i/workspace/state']);
    expect(await keysOf(user.drive.appVersion())).toEqual([]);
    expect(() => shared.user.drive.app()).toThrow('H2O_CLOUD_APP_NAME');
  });
});

describe('sessions', () => {
  it('are one for a user, whatever is asked first and how often at once', async () => {
    await using test = await startTestCloud();
    await Promise.all([
      test.user.drive.list().toArray(),
      test.user.drive.workspace('default').list().toArray(),
      test.user.drive.presign('x'),
    ]);
    await test.user.drive.home().list().toArray();
    expect(requestsOf(test).filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  it('are renewed before they end, behind the back of the caller', async () => {
    const clock = new FakeClock(Date.now());
    await using test = await startTestCloud({ clock, accessTokenSeconds: 100_000 }, { clock });
    await test.user.drive.list().toArray();
    await clock.advance(50 * 60_000);
    await test.user.drive.list().toArray();
    await test.user.drive.list().toArray();
    await expect.poll(() => requestsOf(test).filter((line) => line.startsWith('POST'))).toHaveLength(2);
    await clock.advance(20 * 60_000);
    await test.user.drive.list().toArray();
    expect(requestsOf(test).every((line) => line.endsWith('200'))).toBe(true);
  });

  it('that end in the middle of an upload are replaced, and nothing is sent twice but what was refused', async () => {
    const clock = new FakeClock(Date.now());
    await using test = await startTestCloud({ clock, accessTokenSeconds: 100_000, drive: { sessionSeconds: 1000 } }, { clock });
    // The SDK believes in a longer life than the service gives.
    const source = (async function* () {
      yield large.subarray(0, 6 * MiB);
      clock.jumpWallTime(1_100_000);
      await Promise.resolve();
      yield large.subarray(6 * MiB);
    })();
    await test.user.drive.put({ key: 'data', body: source }, { ...parts, concurrency: 1 });
    expect(large.equals(await (await test.user.drive.get('data')).bytes())).toBe(true);
  });

  it('that the service ends early are replaced once; a refusal that stays is told', async () => {
    const expired = { status: 400, body: '<Error><Code>ExpiredToken</Code><Message>The session has expired.</Message></Error>' };
    shared.local.faults.add({ when: { service: 'drive', method: 'PUT' }, then: expired });
    await drive.put({ key: 'data', body: Buffer.from('x') });
    shared.local.faults.add({ when: { service: 'drive', method: 'PUT' }, times: 9, then: expired });
    await expect(drive.put({ key: 'data', body: Buffer.from('x') })).rejects.toThrow(AuthenticationError);
    shared.local.faults.clear();
  });

  it('need a token that the cloud knows', async () => {
    const drive = shared.cloud.onBehalfOf({ accessToken: 'of-another-cloud' }).drive;
    await expect(drive.list().toArray()).rejects.toMatchObject({ code: 'AUTH_REJECTED' });
  });

  it('work on a machine whose clock is wrong', async () => {
    const clock = new FakeClock(Date.now() - 3 * 3_600_000);
    await using test = await startTestCloud({}, { clock });
    await test.user.drive.put({ key: 'data', body: Buffer.from('x') });
    const { url, expiresAt } = await test.user.drive.presign('data', { expiresInSeconds: 60 });
    expect((await fetch(url)).status).toBe(200);
    expect(Math.abs(expiresAt - Date.now())).toBeLessThan(62_000);
  });
});

describe('presigned URLs', () => {
  it('work for whoever has them, for one object and for reading only, and never say that they outlive their session', async () => {
    await drive.put({ key: 'a', body: Buffer.from('content') });
    await drive.put({ key: 'b', body: Buffer.from('other') });
    const start = Date.now();
    const presigned = await drive.presign('a');
    expect(presigned.expiresAt).toBeGreaterThan(start + 1_700_000);
    expect(presigned.expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expect(await (await fetch(presigned.url)).text()).toBe('content');
    expect((await fetch(presigned.url, { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(presigned.url.replace('/a?', '/b?'))).status).toBe(403);
    expect((await drive.presign('a', { expiresInSeconds: 60 })).expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
    await expect(drive.presign('a', { expiresInSeconds: 604_801 })).rejects.toThrow('7 days');
    await expect(drive.presign('a', { expiresInSeconds: 0 })).rejects.toThrow(ConfigurationError);
  });

  it('stop when they say', async () => {
    const clock = new FakeClock(Date.now());
    await using test = await startTestCloud({ clock }, { clock });
    await test.user.drive.put({ key: 'a', body: Buffer.from('content') });
    const presigned = await test.user.drive.presign('a', { expiresInSeconds: 60 });
    clock.jumpWallTime(presigned.expiresAt - clock.now() - 1000);
    expect((await fetch(presigned.url)).status).toBe(200);
    clock.jumpWallTime(1000);
    expect((await fetch(presigned.url)).status).toBe(403);
  });

  it('are not printed', async () => {
    const presigned = await drive.presign('a');
    for (const text of [
      inspect(presigned),
      String(presigned),
      JSON.stringify(presigned),
      inspect({ nested: [presigned] }, { showHidden: true }),
    ])
      expect(text).not.toContain('X-Amz');
  });
});

describe('transfers', () => {
  it('end when they are aborted, and the upload is ended at the service', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const before = requestsOf(shared).length;
    const work = drive.put(
      { key: 'data', body: large },
      {
        ...parts,
        concurrency: 1,
        signal: controller.signal,
        onProgress: () => {
          controller.abort(reason);
        },
      },
    );
    await expect(work).rejects.toBe(reason);
    expect(requestsOf(shared).slice(before).at(-1)).toBe('DELETE uploadId 204');
    expect(await keysOf(drive)).toEqual([]);
  });

  it('end when the source gives nothing, and let go of it', async () => {
    let closed = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => ((closed = true), Promise.resolve({ done: true, value: undefined })),
      }),
    };
    await expect(drive.put({ key: 'data', body: source }, { idleTimeoutMs: 20 })).rejects.toThrow(TimeoutError);
    expect(closed).toBe(true);
  });

  it('end when a source fails, with what it says', async () => {
    const failing = (async function* () {
      yield large.subarray(0, 6 * MiB);
      await Promise.resolve();
      throw new RangeError('broken source');
    })();
    await expect(drive.put({ key: 'data', body: failing }, parts)).rejects.toThrow(RangeError);
    await expect(drive.put({ key: 'data', body: createReadStream(join(directory, 'none')) })).rejects.toThrow('ENOENT');
    expect(await keysOf(drive)).toEqual([]);
  });

  it('have one deadline over all their requests', async () => {
    shared.local.faults.add({ when: { service: 'drive' }, times: 99, then: { delayMs: 60 } });
    await expect(drive.put({ key: 'data', body: large }, { ...parts, concurrency: 1, timeoutMs: 100 })).rejects.toThrow(
      /drive\.put was not done within 100 ms/,
    );
    shared.local.faults.clear();
  });

  test.each([{ partSizeBytes: 1 }, { partSizeBytes: 5.5 * MiB + 0.5 }, { concurrency: 0 }, { concurrency: 1000 }, { onProgress: 5 }])(
    'refuse options that make no sense: %j',
    async (options) => {
      await expect(drive.put({ key: 'x', body: Buffer.from('') }, options as object)).rejects.toThrow(ConfigurationError);
    },
  );
});

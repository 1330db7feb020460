/**
 * Drive against a real MinIO whose token service trusts a real Keycloak. A proxy between them passes everything on, but for what a test
 * spoils. Each user has a bucket; MinIO can have none of the name that Drive calls a user's own (`_my`), so they are reached as workspaces.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as realTime } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, test } from 'vitest';
import {
  AccessToken,
  AuthenticationError,
  H2OCloud,
  NotFoundError,
  PermissionDeniedError,
  type DriveFolder,
  type User,
} from 'h2o-ai-cloud';
import { signIn } from '../lab/keycloak.js';
import { bucketOf, uploadsIn } from '../lab/minio.js';
import { StorageProxy, type Fault, type Passing } from '../lab/storage-proxy.js';

const MiB = 1024 ** 2;
const { issuer, minioUrl, minioRole } = inject('storage');
const large = Buffer.alloc(19 * MiB);
for (let at = 0; at < large.length; at += 4) large.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);

let directory: string;
let proxy: StorageProxy;
let drive: DriveFolder;

interface UserOptions {
  readonly username?: string;
  readonly client?: string;
  readonly scope?: string;
  /** Where objects are; behind the proxy by default. */
  readonly storageUrl?: string;
}

/** A user whose tokens come from Keycloak, one for each session. */
function userOf(options: UserOptions = {}): User {
  const { username = 'alice', client = 'wave-app', scope = 'openid lab.aud.mlops', storageUrl = proxy.url } = options;
  const services = { drive: { sts: `${proxy.url}/`, user: storageUrl, workspace: storageUrl } };
  const cloud = new H2OCloud({ env: {}, services, retry: { baseMs: 10 } });
  const credential = { getToken: async () => new AccessToken((await signIn(issuer, { username, client, scope })).accessToken) };
  return cloud.onBehalfOf({ credential });
}

const bucketAs = (options: UserOptions = {}, owner = options.username ?? 'alice'): DriveFolder =>
  userOf(options).drive.workspace(bucketOf(owner));
const isPart =
  (number: number) =>
  ({ target }: Passing): boolean =>
    target.includes(`partNumber=${number}&`);
/** How much more memory is in buffers than at the start. */
function watchMemory(): { readonly peakMiB: () => number; readonly stop: () => void } {
  const start = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - start);
  }, 20);
  return {
    peakMiB: () => peak / MiB,
    stop: () => {
      clearInterval(timer);
    },
  };
}
const unfinished = (): Promise<number> => uploadsIn({ url: minioUrl }, bucketOf('alice'), '');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-'));
  proxy = await StorageProxy.start(minioUrl, minioRole);
  drive = bucketAs();
});
afterEach(async () => {
  await drive.deleteAll({ prefix: '' }, { confirm: true });
  expect(await unfinished()).toBe(0);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

describe('objects', () => {
  test.each([0, 1, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 19 * MiB])(
    'of %i bytes come back unchanged, from a file and from a stream',
    async (size) => {
      const bytes = large.subarray(0, size);
      const [source, target] = [join(directory, 'source'), join(directory, 'target')];
      await writeFile(source, bytes);
      const stream = (async function* () {
        await Promise.resolve();
        for (let at = 0; at < size; at += 300_000) yield bytes.subarray(at, at + 300_000);
      })();
      await drive.put({ key: 'file.csv', body: source });
      await drive.put({ key: 'stream', body: stream });
      expect(await drive.head('file.csv')).toMatchObject({ sizeBytes: size, contentType: 'text/csv' });
      expect(bytes.equals(await (await drive.get('file.csv')).bytes())).toBe(true);
      await drive.download({ key: 'stream', to: target });
      expect(bytes.equals(readFileSync(target))).toBe(true);
    },
  );

  test.each([
    'a b.txt',
    'ünï/ço+dé.csv',
    '100%&=?#.txt',
    'x\'(1)*!~".txt',
    'back\\slash',
    '山田',
    'semi;colon,comma:@$',
    '%2F%2e',
    '...',
    'a+b c',
  ])('may have the key %s', async (key) => {
    await drive.put({ key, body: Buffer.from(key) });
    expect((await drive.list().toArray()).map((object) => object.key)).toEqual([key]);
    expect(await (await drive.get(key)).text()).toBe(key);
    expect(await (await fetch((await drive.presign(key)).url)).text()).toBe(key);
    await drive.copy({ from: key, to: `${key} 2` });
    await drive.delete(key);
    await expect(drive.head(key)).rejects.toThrow(NotFoundError);
    expect(await (await drive.get(`${key} 2`)).text()).toBe(key);
  });

  it('that are stored packed are read as they are stored', async () => {
    const packed = gzipSync(large.subarray(0, 100_000));
    await drive.put({ key: 'packed.csv', body: packed }, { headers: { 'content-encoding': 'gzip' } });
    expect(packed.equals(await (await drive.get('packed.csv')).bytes())).toBe(true);
  });

  it('are 1,001 in a list of two pages', async () => {
    const names = Array.from({ length: 1001 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
    const left = [...names];
    const worker = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) await drive.put({ key, body: Buffer.from(key) });
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    proxy.requests.length = 0;
    expect((await drive.list({ prefix: 'many/' }).toArray()).map(({ key }) => key)).toEqual(names);
    expect(proxy.requests).toHaveLength(2);
    expect(await drive.deleteAll({ prefix: 'many/' }, { confirm: true })).toBe(1001);
  });

  it('of more than 5 GiB go up from a sparse file, are copied in parts, and come back, in flat memory', async () => {
    const size = 5 * 1024 * MiB + 1000;
    const marks = [0, 9 * MiB, 2 * 1024 * MiB + 12_345, size - 4];
    const source = join(directory, 'sparse');
    const file = await open(source, 'w');
    for (const at of marks) await file.write(Buffer.from('mark'), 0, 4, at);
    await file.close();
    // Not through the proxy, whose work would be measured too.
    const direct = userOf({ storageUrl: minioUrl }).drive.workspace(bucketOf('alice'));
    // A few buffers, and what the network brings until it is collected: when that is, is not ours to say. Of the size it is no part.
    const mostMiB = 192;
    const memory = watchMemory();
    const stored = await direct.put({ key: 'sparse', body: source });
    expect(stored.sizeBytes).toBe(size);
    expect(memory.peakMiB()).toBeLessThan(mostMiB);
    // What one request copies ends at 5 GiB.
    await direct.copy({ from: 'sparse', to: 'copied' });
    const found: number[] = [];
    const zeros = Buffer.alloc(8 * MiB);
    let at = 0;
    for await (const piece of await direct.get('copied')) {
      if (!zeros.subarray(0, piece.byteLength).equals(piece)) {
        const bytes = Buffer.from(piece);
        for (let mark = bytes.indexOf('mark'); mark >= 0; mark = bytes.indexOf('mark', mark + 1)) found.push(at + mark);
      }
      at += piece.byteLength;
    }
    expect(at).toBe(size);
    expect(found).toEqual(marks);
    expect(memory.peakMiB()).toBeLessThan(mostMiB);
    console.log(`5 GiB: at most ${memory.peakMiB().toFixed(0)} MiB more in buffers`);
    memory.stop();
  }, 400_000);
});

describe('sessions', () => {
  /** Keys that end with the token that they were got for, after five seconds. */
  const short = { client: 'wave-app-five-seconds' };
  const slowly = async function* (): AsyncGenerator<Uint8Array> {
    yield large.subarray(0, 9 * MiB);
    await realTime(6000);
    yield large.subarray(9 * MiB);
  };

  it('that end in the middle of an upload are renewed before', async () => {
    proxy.shortSessions = true;
    const user = bucketAs(short);
    proxy.refused.length = 0;
    await user.put({ key: 'data', body: slowly() });
    proxy.shortSessions = false;
    expect(proxy.refused).toEqual([]);
    expect(large.equals(await (await drive.get('data')).bytes())).toBe(true);
  });

  it('that the server ends earlier than it said are renewed too, and the refused part is sent again', async () => {
    proxy.shortSessions = true;
    proxy.claimsLongSessions = true;
    const user = bucketAs(short);
    proxy.refused.length = 0;
    await user.put({ key: 'data', body: slowly() });
    expect(proxy.refused.length).toBeGreaterThan(0);
    await realTime(6000);
    // An answer to HEAD has no body to say why.
    expect(await user.head('data')).toMatchObject({ sizeBytes: large.byteLength });
    proxy.shortSessions = false;
    proxy.claimsLongSessions = false;
    expect(large.equals(await (await drive.get('data')).bytes())).toBe(true);
  });

  it('are refused for a token of another audience, with what the server says', async () => {
    const error: unknown = await bucketAs({ scope: 'openid' })
      .list()
      .toArray()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(String(error)).toContain('aud');
  });

  it('give presigned URLs that never say that they outlive them', async () => {
    await drive.put({ key: 'a', body: Buffer.from('content') });
    const { url, expiresAt } = await drive.presign('a');
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expect(await (await fetch(url)).text()).toBe('content');
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    const brief = await drive.presign('a', { expiresInSeconds: 1 });
    await realTime(Math.max(brief.expiresAt - Date.now(), 0) + 1100);
    expect((await fetch(brief.url)).status).toBe(403);
  });
});

describe('transfers survive', () => {
  const loseAnswer: Fault = (request, response, pass) => {
    response.writeHead = () => {
      request.socket.destroy();
      return response;
    };
    return pass();
  };

  test.each<[string, Fault]>([
    ['a part whose connection breaks in the middle', (request) => void request.once('data', () => request.socket.destroy())],
    ['a part whose answer is lost', loseAnswer],
    [
      'a part that is answered 503',
      (request, response) => {
        request.resume().on('end', () => response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>'));
      },
    ],
  ])('%s', async (_, fault) => {
    proxy.next(isPart(2), fault);
    await drive.put({ key: 'data', body: large });
    expect(large.equals(await (await drive.get('data')).bytes())).toBe(true);
  });

  it('the loss of the answer that says that all parts are joined', async () => {
    const isCompletion = ({ method, target }: Passing): boolean => method === 'POST' && target.includes('uploadId=');
    proxy.next(isCompletion, loseAnswer);
    await drive.put({ key: 'data', body: large });
    expect(large.equals(await (await drive.get('data')).bytes())).toBe(true);
  });

  it('a download that breaks off', async () => {
    await drive.put({ key: 'data', body: large });
    proxy.next(
      ({ method }) => method === 'GET',
      (request) => void request.socket.destroy(),
    );
    expect(large.equals(await (await drive.get('data')).bytes())).toBe(true);
  });
});

it('an upload that is aborted leaves nothing at the server', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const onProgress = (): void => {
    controller.abort(reason);
  };
  await expect(drive.put({ key: 'data', body: large }, { signal: controller.signal, onProgress, concurrency: 1 })).rejects.toBe(reason);
  expect(await unfinished()).toBe(0);
  await expect(drive.head('data')).rejects.toThrow(NotFoundError);
});

it('two users do not see each other', async () => {
  await drive.put({ key: 'private', body: Buffer.from('alice') });
  const bob = bucketAs({ username: 'bob' }, 'alice');
  for (const work of [
    () => bob.list().toArray(),
    () => bob.get('private'),
    () => bob.put({ key: 'private', body: Buffer.from('bob') }),
    () => bob.delete('private'),
    () => bob.put({ key: 'large', body: large }),
  ])
    await expect(work()).rejects.toThrow(PermissionDeniedError);
  expect((await fetch((await bob.presign('private')).url)).status).toBe(403);
  expect(await (await drive.get('private')).text()).toBe('alice');
  const own = bucketAs({ username: 'bob' });
  await own.put({ key: 'private', body: Buffer.from('bob') });
  expect(await (await own.get('private')).text()).toBe('bob');
});

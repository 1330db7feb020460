/**
 * The requests of `user.drive` beside those of the official client h2o-drive 5.1.0, step by step as they were recorded. Every difference
 * is listed with its reason; one that no longer occurs fails the test as one that is not listed does.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { H2OCloud, type Drive, type DriveFolder } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import { accessTokenOf } from '../support/cloud.js';
import { fixture } from '../support/csv.js';

const RecordedSchema = z.object({
  step: z.string(),
  method: z.string(),
  path: z.string(),
  query: z.string(),
  headers: z.record(z.string(), z.string()),
  request: z.unknown(),
  status: z.number(),
});
type Recorded = z.infer<typeof RecordedSchema>;

const official = readFileSync(fixture('traces/h2o-drive-5.1.0.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => RecordedSchema.parse(JSON.parse(line)));

/** What the official client stored, so that the hashes can be compared too. */
const bodyOf = (key: string, nth = 0): Buffer => {
  const stored = official.filter(({ method, path }) => method === 'PUT' && path.endsWith(`/${root}${key}`));
  return Buffer.from(z.string().catch('').parse(stored[nth]?.request));
};

const root = 'flow-108a2a/';
const names = ['a b.txt', 'ünï/ço+dé.csv', '100%&=?#.txt', "x'(1)*!~.txt", 'a//b'];
const large = Buffer.alloc(17 * 1024 ** 2, 'x');
const pages = Array.from({ length: 10 }, (_, index) => `many/0000${index}`);

async function cycle(bucket: DriveFolder, folder: string): Promise<void> {
  const flow = bucket.folder(root);
  await flow.list({ prefix: folder }).toArray();
  await flow.put({ key: `${folder}a.txt`, body: bodyOf(`${folder}a.txt`) });
  await flow.put({ key: `${folder}dir/empty`, body: Buffer.alloc(0) });
  await flow.list({ prefix: folder }).toArray();
  await bucket.list().toArray();
  await (await flow.get(`${folder}a.txt`)).bytes();
  await (await flow.get(`${folder}dir/empty`)).bytes();
  await flow.put({ key: `${folder}a.txt`, body: bodyOf(`${folder}a.txt`, 1) });
  await (await flow.get(`${folder}a.txt`)).bytes();
  await flow.delete(`${folder}a.txt`);
  await flow.delete(`${folder}dir/empty`);
  await flow.list({ prefix: folder }).toArray();
  await flow.delete(`${folder}a.txt`);
}

/** What the official client did, done with this package. */
const steps: Readonly<Record<string, (drive: Drive) => Promise<unknown>>> = {
  'user.cycle': (drive) => cycle(drive, 'u/'),
  'workspace.cycle': (drive) => cycle(drive.workspace('default'), 'w/'),
  async 'user-and-workspace-are-separate'(drive) {
    await drive.folder(root).put({ key: 'only-user', body: bodyOf('only-user') });
    await drive.workspace('workspaces/default').folder(root).list({ prefix: 'only-user' }).toArray();
    await drive.folder(root).delete('only-user');
  },
  async prefix(drive) {
    const folder = drive.folder(`${root}p`);
    await folder.put({ key: 'k.bin', body: bodyOf('p/k.bin') });
    for (const prefix of ['', 'k', '']) await folder.list({ prefix }).toArray();
    await (await folder.get('k.bin')).bytes();
    await folder.delete('k.bin');
  },
  async 'keys.special-characters'(drive) {
    const folder = drive.folder(`${root}odd`);
    for (const [index, key] of names.entries()) await folder.put({ key, body: Buffer.from(String(index)) });
    await folder.list().toArray();
    for (const key of names) await (await folder.get(key)).bytes();
    for (const key of names) await folder.delete(key);
  },
  async 'presigned-url'(drive) {
    const folder = drive.folder(root);
    await folder.put({ key: 'pre signed.txt', body: bodyOf('pre%20signed.txt') });
    const { url } = await folder.presign('pre signed.txt', { expiresInSeconds: 120 });
    await opened(url);
    await folder.delete('pre signed.txt');
  },
  'error.missing-object': (drive) =>
    drive
      .folder(root)
      .head('nothing')
      .catch(() => undefined),
  'error.unknown-workspace': (drive) =>
    drive
      .workspace('no-such-workspace-108a2a')
      .list()
      .first()
      .catch(() => undefined),
  async multipart(drive) {
    const folder = drive.folder(root);
    await folder.put({ key: 'big.bin', body: large });
    await folder.list({ prefix: 'big.bin' }).toArray();
    await (await folder.get('big.bin', { partSizeBytes: 8 * 1024 ** 2 })).bytes();
    await folder.delete('big.bin');
  },
  async 'list.pages'(drive) {
    const folder = drive.folder(root);
    for (const key of pages) await folder.put({ key, body: bodyOf(key) });
    await folder.list({ prefix: 'many/' }).toArray();
    for (const key of pages) await folder.delete(key);
  },
};

let sent: Recorded[] = [];

async function opened(url: string): Promise<void> {
  const { pathname, search } = new URL(url);
  sent.push({ step: '', method: 'GET', path: pathname, query: search.slice(1), headers: {}, request: undefined, status: 0 });
  await (await fetch(url)).arrayBuffer();
}

async function recording(url: string, init: RequestInit): Promise<Response> {
  const { pathname, search } = new URL(url);
  const headers = Object.fromEntries(new Headers(init.headers));
  const signed = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1];
  const body = init.body === undefined || init.body === null ? undefined : Buffer.from(await new Response(init.body).arrayBuffer());
  sent.push({
    step: '',
    method: init.method ?? 'GET',
    path: pathname,
    query: search.slice(1),
    headers: { ...headers, ...(signed === undefined ? {} : { authorization: signed }) },
    request: body !== undefined && body.byteLength < 10_000 ? body.toString() : undefined,
    status: 0,
  });
  return fetch(url, { ...init, ...(body === undefined ? {} : { body: new Uint8Array(body) }) });
}

/** A request without what differs from run to run, nor where the services are. */
const lineOf = ({ method, path, query }: Recorded): string => {
  const parameters = query
    .split('&')
    .map((pair) => pair.replace(/=$/, '').replace(/^(uploadId|X-Amz-(?:Credential|Date|Security-Token|Signature))=.*/, '$1'))
    .sort();
  return `${method} ${path.replace(/^\/(userdrive|workspacedrive|drive)/, '')} ${parameters.join('&')}`.trimEnd();
};

const kindOf = ({ method, path, query }: Recorded): string => {
  const names = query.split('&').map((pair) => pair.split('=')[0] ?? '');
  const kind = names.find((name) => ['uploads', 'partNumber', 'uploadId', 'X-Amz-Signature'].includes(name));
  return `${method}${path.includes('flow-') ? '' : ' bucket'}${kind === undefined ? '' : ` ${kind}`}`;
};

const compared = [
  'content-type',
  'expect',
  'range',
  'x-amz-checksum-mode',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'authorization',
];

function headerDifferences(ours: Recorded, theirs: Recorded): string[] {
  return compared.flatMap((name) => {
    const [our, their] = [ours.headers[name], theirs.headers[name]];
    if (name === 'x-amz-security-token' ? (our === undefined) === (their === undefined) : our === their) return [];
    // What is signed beside follows from what is there.
    if (name === 'authorization') return [`${kindOf(theirs)}: signed headers differ`];
    return [`${kindOf(theirs)}: ${name} is ${our === undefined ? 'theirs only' : their === undefined ? 'ours only' : 'another'}`];
  });
}

const justified: Readonly<Record<string, string>> = {
  'PUT: expect is theirs only': 'fetch cannot wait for 100 Continue',
  'PUT: content-type is ours only': 'an app that reads what another stored learns what it is',
  'PUT: signed headers differ': 'the content type is signed',
  'GET: x-amz-checksum-mode is theirs only': 'it asks for checksums that Drive does not have',
  'GET: signed headers differ': 'the same',
  'PUT partNumber: x-amz-content-sha256 is another': 'what was in its large file is not known',
  'POST uploadId: x-amz-content-sha256 is another': 'the same',
  'not ours: PUT /_my/flow-108a2a/big.bin': 'the large object again in one request, by another setting of the official client',
  'not ours: GET /_my encoding-type=url&prefix=flow-108a2a%2Fbig.bin': 'the list after it',
};

it('the SDK sends what the official client sends, but for the justified differences', async () => {
  await using local = await startLocalCloud({ drive: { pageSize: 7 } });
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory', fetch: recording });
  const { drive } = cloud.onBehalfOf({ accessToken: accessTokenOf(local, 'alice') });
  const seen: string[] = [];
  for (const [step, work] of Object.entries(steps)) {
    sent = [];
    await work(drive);
    const ours = sent.filter(({ path }) => path.startsWith('/drive/') && !path.startsWith('/drive/sts/'));
    // Requests without a payload hash are presigned URLs that were opened; the recorder also tried what they must not open.
    const theirs = official.filter(
      (entry) =>
        entry.step === step &&
        !entry.path.startsWith('/sts') &&
        (entry.headers['x-amz-content-sha256'] !== undefined || entry.status === 200),
    );
    const left = [...ours];
    for (const entry of theirs) {
      const at = left.findIndex((request) => lineOf(request) === lineOf(entry) && request.headers['range'] === entry.headers['range']);
      const [request] = at < 0 ? [] : left.splice(at, 1);
      if (request === undefined) seen.push(`not ours: ${lineOf(entry)}`);
      else seen.push(...headerDifferences(request, entry));
    }
    seen.push(...left.map((request) => `not theirs: ${lineOf(request)}`));
  }
  expect([...new Set(seen)].sort()).toEqual(Object.keys(justified).sort());
});

it('the token service is asked as the official client asks it', async () => {
  await using local = await startLocalCloud();
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory', fetch: recording });
  sent = [];
  await cloud
    .onBehalfOf({ accessToken: accessTokenOf(local, 'alice') })
    .drive.list()
    .toArray();
  const ours = sent.find(({ path }) => path.startsWith('/drive/sts/'))!;
  const theirs = official.find(({ step }) => step === 'sts.credentials')!;
  const form = z.object({ form: z.record(z.string(), z.string()) }).parse(theirs.request).form;
  const sentForm = Object.fromEntries(new URLSearchParams(String(ours.request)));
  expect(ours).toMatchObject({ method: theirs.method, path: `/drive${theirs.path}`, query: theirs.query });
  expect(ours.headers['content-type']).toBe(theirs.headers['content-type']);
  expect(ours.headers['authorization']).toBeUndefined();
  const differing = Object.keys({ ...form, ...sentForm }).filter((name) => form[name] !== sentForm[name]);
  // The role is looked at by nobody, the name of the session says whose it is.
  expect(differing).toEqual(['RoleArn', 'RoleSessionName', 'WebIdentityToken']);
  expect(sentForm['RoleArn']!.length).toBeGreaterThanOrEqual(20);
});

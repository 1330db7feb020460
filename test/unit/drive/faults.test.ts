/**
 * Every step of an upload and of a download meets every fault. What must hold each time: the call ends as it should and the object is
 * either whole or not there, no upload in parts is left behind that the error does not name, and nothing is sent again without need.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  H2OCloudError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ResponseValidationError,
  ServerError,
} from 'h2o-ai-cloud';
import { startLocalCloud, type Fault, type FaultEffect, type RunningCloud } from 'h2o-ai-cloud/testing';
import { connectDrive, type BucketStore } from '../../../src/drive/store.js';
import { kyTransport } from '../../../src/http/transport.js';
import { AccessToken } from '../../../src/internal/access-token.js';
import { systemClock } from '../../../src/internal/clock.js';
import { silentLogger } from '../../../src/internal/logger.js';

// Below what the public functions let through: so many uploads are quick only when they are small.
const parts = { partSizeBytes: 1000, concurrency: 1 };
const large = Buffer.alloc(1010, 'drive');
const small = Buffer.from('small');

let local: RunningCloud;
let directory: string;
let bucket: BucketStore;
let key = '';
/** What happens between what a copy sees and the copy. */
let afterHead: (() => Promise<void>) | undefined;
/** What storage has answered. */
let answered: { readonly method: string; readonly query: URLSearchParams; readonly isGood: boolean }[] = [];

async function recordingFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const method = init.method ?? 'GET';
  // What a fault answers in storage's place is no XML.
  const isGood = response.ok && (method !== 'POST' || response.headers.get('content-type') === 'application/xml');
  if (method === 'HEAD') await afterHead?.();
  answered.push({ method, query: new URL(url).searchParams, isGood });
  return response;
}

/** A user of their own, with a session of their own. */
async function connect(): Promise<BucketStore> {
  const { accessToken } = await local.issueTokens('alice');
  const { driveUrl } = await local.describe();
  const connection = connectDrive({
    transport: kyTransport(recordingFetch),
    clock: systemClock,
    logger: silentLogger,
    onCall: () => undefined,
    retry: { baseMs: 1 },
    credential: { getToken: () => Promise.resolve(new AccessToken(accessToken)) },
    sts: () => Promise.resolve({ url: `${driveUrl}/sts/`, scopes: [] }),
  });
  return connection.bucket(() => Promise.resolve({ endpoint: driveUrl, bucket: '_my' }));
}

async function bytesOf(): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bucket.read(await bucket.head(key, {}), parts)) pieces.push(piece);
  return Buffer.concat(pieces);
}

beforeAll(async () => {
  local = await startLocalCloud({ drive: { smallestPartBytes: 1 } });
  bucket = await connect();
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-'));
});
afterAll(async () => {
  await local.close();
  await rm(directory, { recursive: true, force: true });
});
afterEach(() => {
  local.faults.clear();
});

const xml = (status: number, code: string): FaultEffect => ({
  status,
  body: `<Error><Code>${code}</Code><Message>said</Message></Error>`,
  headers: { 'content-type': 'application/xml', 'retry-after': '0' },
});

type ErrorClass = abstract new (...parameters: never) => Error;

interface FaultCase {
  readonly then: FaultEffect;
  /** What the call ends with when the fault stays. */
  readonly lasting: ErrorClass;
  /** Whether the call succeeds when it happens once. */
  readonly passes: boolean;
}

const faults: Readonly<Record<string, FaultCase>> = {
  'a failure of the service': { then: xml(500, 'InternalError'), lasting: ServerError, passes: true },
  overload: { then: xml(503, 'SlowDown'), lasting: ServerError, passes: true },
  'too many requests': { then: xml(429, 'TooManyRequests'), lasting: RateLimitError, passes: true },
  'a request that took too long to arrive': { then: xml(400, 'RequestTimeout'), lasting: H2OCloudError, passes: true },
  'a connection that ends': { then: { dropSocket: true }, lasting: ConnectionError, passes: true },
  'keys that are refused': { then: xml(403, 'InvalidAccessKeyId'), lasting: AuthenticationError, passes: true },
  'a refusal': { then: xml(403, 'AccessDenied'), lasting: PermissionDeniedError, passes: false },
  'an answer of nobody that stores': {
    then: { status: 200, body: '<html>Sign in</html>' },
    lasting: ResponseValidationError,
    passes: false,
  },
};

interface StepCase {
  readonly when: Fault['when'];
  readonly skip?: number;
  run(): Promise<unknown>;
}

const put = (bytes: Buffer) => (): Promise<unknown> => bucket.put({ key, body: bytes }, parts);

const uploads: Readonly<Record<string, StepCase & { readonly bytes: Buffer }>> = {
  PutObject: { when: { method: 'PUT' }, bytes: small, run: put(small) },
  CreateMultipartUpload: { when: { method: 'POST', path: /data$/ }, bytes: large, run: put(large) },
  'the first UploadPart': { when: { method: 'PUT' }, bytes: large, run: put(large) },
  'the last UploadPart': { when: { method: 'PUT' }, skip: 1, bytes: large, run: put(large) },
  CompleteMultipartUpload: { when: { method: 'POST', path: /data$/ }, skip: 1, bytes: large, run: put(large) },
};

const copyOf = (): string => `${key} 2`;
const bytesOfCopy = async (): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of bucket.read(await bucket.head(copyOf(), {}), parts)) pieces.push(piece);
  return Buffer.concat(pieces);
};
/** As if one request copied no more than this. */
const limits = { wholeBytes: 1000, partBytes: 505 };
const copied = (): Promise<void> => bucket.copy({ from: key, to: copyOf() }, {}, limits);
const copies: Readonly<Record<string, StepCase & { readonly bytes: Buffer }>> = {
  CopyObject: { when: { method: 'PUT', path: / 2$|%202$/ }, bytes: small, run: copied },
  'CreateMultipartUpload of a copy': { when: { method: 'POST' }, bytes: large, run: copied },
  'the first UploadPartCopy': { when: { method: 'PUT', path: / 2$|%202$/ }, bytes: large, run: copied },
  'the last UploadPartCopy': { when: { method: 'PUT', path: / 2$|%202$/ }, skip: 1, bytes: large, run: copied },
  'CompleteMultipartUpload of a copy': { when: { method: 'POST' }, skip: 1, bytes: large, run: copied },
};

const target = (): string => join(directory, 'data');
const downloads: Readonly<Record<string, StepCase>> = {
  HeadObject: { when: { method: 'HEAD' }, run: bytesOf },
  'the first GetObject': { when: { method: 'GET' }, run: bytesOf },
  'the last GetObject': { when: { method: 'GET' }, skip: 1, run: bytesOf },
  'GetObject to a file': {
    when: { method: 'GET' },
    run: async () => {
      await bucket.download(key, target(), parts);
      return readFile(target());
    },
  },
};

const cases = <Step extends StepCase>(steps: Readonly<Record<string, Step>>): [string, string, Step, FaultCase][] =>
  Object.entries(steps).flatMap(([step, how]) =>
    Object.entries(faults).map(([fault, what]): [string, string, Step, FaultCase] => [step, fault, how, what]),
  );

let count = 0;
function begin({ when, skip }: StepCase, { then }: FaultCase, times: number): void {
  key = `run-${count++}/data`;
  answered = [];
  local.faults.add({ when: { service: 'drive', ...when }, ...(skip === undefined ? {} : { skip }), times, then });
}

/** Uploads in parts that were begun and neither completed nor ended. */
function leftOver(): number {
  const of = (method: string, name: string): number =>
    answered.filter((request) => request.isGood && request.method === method && request.query.has(name)).length;
  return of('POST', 'uploads') - of('POST', 'uploadId') - of('DELETE', 'uploadId');
}

describe('an upload', () => {
  it.each(cases(uploads))('%s, with %s', async (_, __, step, fault) => {
    // Once: it succeeds where another try may.
    begin(step, fault, 1);
    const outcome = await step.run().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (fault.passes) {
      expect(outcome).toBeUndefined();
      expect(step.bytes.equals(await bytesOf())).toBe(true);
    } else expect(outcome).toBeInstanceOf(fault.lasting);
    expect(leftOver()).toBe(0);
    local.faults.clear();

    // For ever: it fails with what says why, and nothing is there.
    begin(step, fault, 99);
    await expect(step.run()).rejects.toThrow(fault.lasting);
    local.faults.clear();
    expect(leftOver()).toBe(0);
    await expect(bucket.head(key, {})).rejects.toThrow(NotFoundError);
  });

  it('whose failure cannot be ended at the service names what is left', async () => {
    begin({ when: { method: 'PUT' }, run: put(large) }, faults['a refusal']!, 99);
    local.faults.add({ when: { service: 'drive', method: 'DELETE' }, times: 99, then: xml(403, 'AccessDenied') });
    const error: unknown = await bucket.put({ key, body: large }, parts).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PermissionDeniedError);
    expect(error).toMatchObject({ created: [{ kind: 'upload' }] });
  });

  it('that was completed although the answer says that it failed is there', async () => {
    key = `run-${count++}/data`;
    // The second POST joins the parts; its answer breaks off, and the upload is gone when it is repeated.
    local.faults.add({ when: { service: 'drive', method: 'POST', path: /data$/ }, skip: 1, then: { cutBodyAfterBytes: 5 } });
    const stored = await bucket.put({ key, body: large }, parts);
    expect(stored).toMatchObject({ sizeBytes: large.byteLength });
    expect(await bucket.head(key, {})).toMatchObject({ etag: stored.etag });
  });

  it('that storage begins to join and then cannot is repeated, and told', async () => {
    const begun: FaultEffect = { status: 200, body: '<?xml version="1.0"?>\n  <Error><Code>InternalError</Code></Error>' };
    key = `run-${count++}/data`;
    local.faults.add({ when: { service: 'drive', method: 'POST', path: /data$/ }, skip: 1, times: 1, then: begun });
    await bucket.put({ key, body: large }, parts);
    local.faults.clear();
    key = `run-${count++}/data`;
    local.faults.add({ when: { service: 'drive', method: 'POST', path: /data$/ }, skip: 1, times: 9, then: begun });
    await expect(bucket.put({ key, body: large }, parts)).rejects.toThrow('began CompleteMultipartUpload and failed (InternalError)');
  });
});

describe('a copy', () => {
  it.each(cases(copies))('%s, with %s', async (_, __, step, fault) => {
    for (const times of [1, 99]) {
      key = `run-${count}/data`;
      await bucket.put({ key, body: step.bytes, contentType: 'text/x-drive' }, { partSizeBytes: 2000 });
      begin(step, fault, times);
      const outcome = await step.run().then(
        () => undefined,
        (error: unknown) => error,
      );
      local.faults.clear();
      expect(leftOver()).toBe(0);
      if (times === 1 && fault.passes) {
        expect(outcome).toBeUndefined();
        expect(step.bytes.equals(await bytesOfCopy())).toBe(true);
        expect(await bucket.head(copyOf(), {})).toMatchObject({ contentType: 'text/x-drive' });
      } else {
        expect(outcome).toBeInstanceOf(fault.lasting);
        await expect(bucket.head(copyOf(), {})).rejects.toThrow(NotFoundError);
      }
    }
  });

  it.each([
    ['in one piece', 2000],
    ['in parts', 1000],
  ])('of an object that is replaced meanwhile is none: %s', async (_, wholeBytes) => {
    key = `run-${count++}/data`;
    await bucket.put({ key, body: large }, { partSizeBytes: 2000 });
    afterHead = async () => {
      afterHead = undefined;
      await bucket.put({ key, body: Buffer.alloc(1010, 'other') }, { partSizeBytes: 2000 });
    };
    answered = [];
    await expect(bucket.copy({ from: key, to: copyOf() }, {}, { ...limits, wholeBytes })).rejects.toThrow(ConflictError);
    expect(leftOver()).toBe(0);
    await expect(bucket.head(copyOf(), {})).rejects.toThrow(NotFoundError);
  });
});

describe('a download', () => {
  it.each(cases(downloads))('%s, with %s', async (name, kind, step, fault) => {
    key = `run-${count}/data`;
    await bucket.put({ key, body: large }, parts);
    begin(step, fault, 1);
    // An answer to HEAD has no body, so that only its status tells.
    const mute = name === 'HeadObject';
    const needsBody = kind === 'a request that took too long to arrive' || kind === 'keys that are refused';
    if (fault.passes && !(mute && needsBody)) {
      expect(large.equals((await step.run()) as Buffer)).toBe(true);
    } else await expect(step.run()).rejects.toThrow(H2OCloudError);
    local.faults.clear();

    key = `run-${count}/data`;
    await bucket.put({ key, body: large }, parts);
    begin(step, fault, 99);
    await expect(step.run()).rejects.toThrow(mute ? H2OCloudError : fault.lasting);
  });

  it('whose body breaks off goes on', async () => {
    key = `run-${count++}/data`;
    await bucket.put({ key, body: large }, parts);
    local.faults.add({ when: { service: 'drive', method: 'GET' }, then: { cutBodyAfterBytes: 100 } });
    expect(large.equals(await bytesOf())).toBe(true);
  });
});

describe('the token service', () => {
  it.each(Object.entries(faults))('with %s', async (_, fault) => {
    const user = await connect();
    local.faults.add({ when: { path: '/drive/sts/' }, then: fault.then });
    const outcome = await user.list('none', undefined, {}).then(
      () => undefined,
      (error: unknown) => error,
    );
    const isFinal = !fault.passes || fault.lasting === AuthenticationError;
    if (isFinal) expect(outcome).toBeInstanceOf(H2OCloudError);
    else expect(outcome).toBeUndefined();
    // What failed is asked again by the next call.
    local.faults.clear();
    expect((await user.list('none', undefined, {})).items).toEqual([]);
  });
});

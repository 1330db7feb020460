/** Uploads by signed addresses, platform 1.2: what travels where, and what happens when the store or the platform refuses. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it, test } from 'vitest';
import { H2OCloud, H2OCloudError, type ArtifactSource, type Experiment, type UploadProgress } from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';

const zip = Buffer.concat([Buffer.from('504b0304', 'hex'), Buffer.alloc(600_000, 7)]);
const md5 = createHash('md5').update(zip).digest('base64');
const signed = 'https://store.example.com/bucket/a1?X-Amz-Signature=signature-of-the-store';

interface Asked {
  readonly call: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly bytes: number;
}

interface World {
  readonly asked: Asked[];
  readonly create: (
    artifact?: ArtifactSource,
    options?: { readonly onProgress?: (progress: UploadProgress) => void },
  ) => Promise<Experiment>;
  readonly calls: () => string[];
}

type Answer = (asked: Asked) => Response | undefined;

/** A gateway of platform 1.2 with one project, and a store that takes what is put there. */
function world(special: Answer = () => undefined, url = signed): World {
  const asked: Asked[] = [];
  let looks = 0;
  const answers: Readonly<Record<string, () => unknown>> = {
    CreateArtifact: () => ({ artifact: { id: 'a1', state: 'EMPTY' } }),
    GenerateArtifactUploadURL: () => ({ presignedUrl: { url, method: 'HTTP_METHOD_PUT', contentType: 'application/zip' } }),
    CompleteArtifactUpload: () => ({}),
    RequestModelIngestion: () => ({}),
    GetArtifact: () => {
      looks += 1;
      const statuses = [undefined, 'PENDING', 'IN_PROGRESS', 'SUCCEEDED'];
      const status = statuses[Math.min(looks, statuses.length) - 1];
      return {
        artifact: { id: 'a1', size: String(zip.length), md5Digest: md5, modelIngestionState: status === undefined ? null : { status } },
      };
    },
    CreateExperiment: () => ({ experiment: { id: 'e1', displayName: 'x', parameters: { targetColumn: 'y' } } }),
    FailArtifactUpload: () => ({}),
    DeleteArtifact: () => ({}),
  };
  const clock = new FakeClock();
  const cloud = new H2OCloud({
    env: {},
    services: { mlops: 'https://mlops.example.com' },
    mlopsPlatform: '1.2',
    clock,
    retry: { baseMs: 1 },
    fetch: async (target, init) => {
      const bytes = init.body === undefined || init.body === null ? new ArrayBuffer(0) : await new Response(init.body).arrayBuffer();
      const isStore = new URL(target).host === 'store.example.com';
      const call = isStore ? 'PUT' : new URL(target).pathname.split('/').at(-1)!;
      const body: unknown = isStore || bytes.byteLength === 0 ? undefined : JSON.parse(Buffer.from(bytes).toString());
      const request = { call, url: target, headers: new Headers(init.headers), body, bytes: bytes.byteLength };
      asked.push(request);
      const answer = special(request);
      if (answer !== undefined) return answer;
      return isStore ? new Response('', { headers: { etag: '"x"' } }) : Response.json(answers[call]?.() ?? {});
    },
  });
  return {
    asked,
    calls: () => asked.map(({ call }) => call),
    create: async (artifact = zip, options = {}) => {
      const { mlops } = cloud.onBehalfOf({ accessToken: 'token-of-alice' });
      const creating = mlops.experiments.create({ project: 'p', name: 'x', artifact }, { headers: { 'x-tenant': 'mine' }, ...options });
      const over = creating.then(
        () => true,
        () => true,
      );
      // Waits of the poller pass at once; reading a file does not.
      const step = async (): Promise<false> => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await clock.advance(500);
        return false;
      };
      while (!(await Promise.race([over, step()])));
      return creating;
    },
  };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

const chain = [
  'CreateArtifact',
  'GenerateArtifactUploadURL',
  'PUT',
  'CompleteArtifactUpload',
  'GetArtifact',
  'RequestModelIngestion',
  'GetArtifact',
  'GetArtifact',
  'GetArtifact',
  'CreateExperiment',
];

describe('an upload to a signed address', () => {
  it('is put there with its size and type, and without the token or the headers of the caller', async () => {
    const { create, asked, calls } = world();
    expect(await create()).toMatchObject({ id: 'e1', targetColumn: 'y', project: { id: 'p' } });
    expect(calls()).toEqual(chain);
    const put = asked.find(({ call }) => call === 'PUT');
    expect(put).toMatchObject({ url: signed, bytes: zip.length });
    expect(Object.fromEntries(put!.headers)).toMatchObject({ 'content-length': String(zip.length), 'content-type': 'application/zip' });
    expect([put!.headers.get('authorization'), put!.headers.get('x-tenant')]).toEqual([null, null]);
    expect(
      asked.filter(({ call }) => call !== 'PUT').every(({ headers }) => headers.get('authorization') === 'Bearer token-of-alice'),
    ).toBe(true);
  });

  it('tells the platform size and checksum, and leaves it to give the artifact to the experiment', async () => {
    const { create, asked } = world();
    await create();
    expect(asked.find(({ call }) => call === 'CompleteArtifactUpload')?.body).toEqual({
      id: 'a1',
      sizeBytes: String(zip.length),
      md5Digest: md5,
    });
    expect(asked.at(-1)?.body).toMatchObject({
      artifactId: 'a1',
      projectId: 'p',
      disableModelRegistration: true,
      experiment: { displayName: 'x' },
    });
  });

  it('of a stream goes through a file, whose size is known and which is gone afterwards', async () => {
    const { create, asked } = world();
    const ours = async (): Promise<string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith('h2o-ai-cloud-'));
    const before = await ours();
    await create(new Blob([new Uint8Array(zip)]).stream());
    expect(asked.find(({ call }) => call === 'PUT')).toMatchObject({ bytes: zip.length });
    expect(asked.find(({ call }) => call === 'PUT')!.headers.get('content-length')).toBe(String(zip.length));
    expect((await ours()).filter((name) => !before.includes(name))).toEqual([]);
  });

  it('reports bytes', async () => {
    const steps: UploadProgress[] = [];
    await world().create(zip, { onProgress: (step) => steps.push(step) });
    expect(steps.at(-1)).toMatchObject({ uploadedBytes: zip.length, totalBytes: zip.length });
  });

  it('is repeated with a fresh address when the first has expired', async () => {
    let puts = 0;
    const { create, calls } = world(({ call }) =>
      call === 'PUT' && ++puts === 1 ? new Response('<Code>AccessDenied</Code>', { status: 403 }) : undefined,
    );
    await create();
    expect(calls().slice(0, 6)).toEqual([
      'CreateArtifact',
      'GenerateArtifactUploadURL',
      'PUT',
      'GenerateArtifactUploadURL',
      'PUT',
      'CompleteArtifactUpload',
    ]);
  });
});

describe('an upload that goes wrong leaves no artifact', () => {
  test.each<[string, Answer, Readonly<Record<string, unknown>>]>([
    [
      'the store is full',
      ({ call }) => (call === 'PUT' ? new Response('<Code>QuotaExceeded</Code>', { status: 507 }) : undefined),
      { status: 507, serviceCode: 'QuotaExceeded' },
    ],
    [
      'the platform holds other bytes',
      ({ call }) => (call === 'GetArtifact' ? Response.json({ artifact: { id: 'a1', md5Digest: 'AAAA', size: '4' } }) : undefined),
      { code: 'UPLOAD_INCOMPLETE' },
    ],
    [
      'the platform cannot read the model',
      ({ call }) =>
        call === 'GetArtifact'
          ? Response.json({ artifact: { id: 'a1', modelIngestionState: { status: 'FAILED', errorMessage: 'no model in it' } } })
          : undefined,
      { code: 'INGESTION_FAILED', serviceMessage: 'no model in it' },
    ],
    [
      'the experiment is refused',
      ({ call }) => (call === 'CreateExperiment' ? Response.json({ code: 7, message: 'no' }, { status: 403 }) : undefined),
      { code: 'PERMISSION_DENIED' },
    ],
  ])('%s', async (_, special, expected) => {
    const { create, calls } = world(special);
    const error = await failure(create());
    expect(error).toBeInstanceOf(H2OCloudError);
    expect(error).toMatchObject({ ...expected, created: [] });
    expect(calls().at(-1)).toBe('DeleteArtifact');
    expect(JSON.stringify(error) + String(error)).not.toContain('signature-of-the-store');
  });

  it('an ingestion that never ends is given up at the deadline', async () => {
    const { create, calls } = world(({ call }) =>
      call === 'GetArtifact' ? Response.json({ artifact: { id: 'a1', modelIngestionState: { status: 'PENDING' } } }) : undefined,
    );
    expect(await failure(create())).toMatchObject({ code: 'TIMEOUT', created: [] });
    expect(calls().at(-1)).toBe('DeleteArtifact');
  });

  test.each([
    ['plain http', 'http://store.example.com/a1?X-Amz-Signature=signature-of-the-store'],
    ['this machine', 'https://127.0.0.1/a1?X-Amz-Signature=signature-of-the-store'],
    ['a link-local address', 'https://169.254.169.254/a1?X-Amz-Signature=signature-of-the-store'],
  ])('an address of %s gets nothing', async (_, url) => {
    const { create, asked } = world(() => undefined, url);
    const error = await failure(create());
    expect(error).toMatchObject({ code: 'ORIGIN_NOT_TRUSTED', created: [] });
    expect(String(error)).not.toContain('signature-of-the-store');
    expect(asked.map(({ url: target }) => new URL(target).host).every((host) => host === 'mlops.example.com')).toBe(true);
  });
});

/** What happens when something is wrong: each case ends in a typed error that says what, and what to do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import * as z from 'zod';
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  H2OCloud,
  H2OCloudError,
  ResponseValidationError,
  ScopeNotGrantedError,
  ScoringError,
  SignInRequiredError,
  type H2OCloudOptions,
  type Row,
} from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { callsOf, creditMojo, deployCredit, startTestCloud } from '../support/cloud.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-'));
  // Nothing of the person who runs the tests may decide their outcome.
  vi.stubEnv('HOME', directory);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function failure(work: Promise<unknown>): Promise<H2OCloudError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof H2OCloudError) return error;
  throw new Error('the call did not fail with an error of the package', { cause: error });
}

const firstProject = (options: H2OCloudOptions): Promise<unknown> =>
  new H2OCloud({ retry: { baseMs: 1 }, tokenStore: 'memory', ...options }).asCurrentUser().mlops.projects.list().first();

describe('configuration', () => {
  it('that is missing altogether: the error says where it was looked for and how to set it', async () => {
    const error = await failure(firstProject({ env: {} }));
    expect(error).toBeInstanceOf(ConfigurationError);
    for (const text of ['services.mlops', 'H2O_MLOPS_GATEWAY', 'H2O_CLOUD_ENVIRONMENT', 'ALL_USERS', 'visitors'])
      expect(error.message).toContain(text);
  });

  it('without a user: the error says where a refresh token is to be had', async () => {
    await using test = await startTestCloud();
    const error = await failure(firstProject({ env: { H2O_CLOUD_ENVIRONMENT: test.local.url } }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(`${test.local.url}/auth/get-token`);
    expect(error.message).toContain(`${test.local.url}/auth/get-platform-token`);
  });

  test.each([
    [{ environment: 'not a url' }, 'environment'],
    [{ environment: 'http://cloud.example.com' }, 'https'],
    [{ services: { mlops: 'ftp://x' } }, 'services.mlops'],
    [{ discovery: 'https://a.example', environment: 'https://b.example' }, 'discovery'],
  ])('that is malformed: %j', async (options, word) => {
    const attempt = async (): Promise<unknown> => firstProject({ env: {}, ...options });
    const error = await failure(attempt());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(word);
  });

  it('that misspells an option', () => {
    // What a caller without a type checker may pass.
    const options = Object.assign<H2OCloudOptions, object>({}, { enviroment: 'https://x.example' });
    expect(() => new H2OCloud(options)).toThrow(/enviroment/);
  });

  it('an option given as undefined counts as absent', async () => {
    await using test = await startTestCloud();
    const cloud = new H2OCloud({
      env: test.local.env,
      environment: undefined,
      services: undefined,
      oidc: { issuer: undefined },
      timeoutMs: undefined,
      tokenStore: 'memory',
    });
    expect(await cloud.asCurrentUser().mlops.projects.list().toArray()).toEqual([]);
  });
});

describe('a cloud that is not there', () => {
  it('nobody listens', async () => {
    const error = await failure(firstProject({ env: { H2O_CLOUD_ENVIRONMENT: 'http://127.0.0.1:9' } }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toContain('http://127.0.0.1:9');
  });

  it('answers every path with a web page', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title>');
    });
    const url = await new Promise<string>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(`http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`);
      });
    });
    try {
      const discovery = await failure(firstProject({ env: { H2O_CLOUD_ENVIRONMENT: url } }));
      expect(discovery).toBeInstanceOf(ConfigurationError);
      expect(discovery.message).toContain(url);
      const cloud = new H2OCloud({ env: {}, services: { mlops: url } });
      const gateway = await failure(cloud.onBehalfOf({ accessToken: 'token' }).mlops.projects.list().first());
      expect(gateway).toBeInstanceOf(ResponseValidationError);
      expect(gateway.message).toContain('HTML');
      expect(gateway.message).not.toContain('Welcome');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('a refresh token that is', () => {
  const withToken = (url: string, token: string): H2OCloudOptions => ({
    env: { H2O_CLOUD_ENVIRONMENT: url, H2O_CLOUD_CLIENT_PLATFORM_TOKEN: token },
  });

  it('garbage', async () => {
    await using test = await startTestCloud();
    const error = await failure(firstProject(withToken(test.local.url, 'garbage')));
    expect(error).toBeInstanceOf(SignInRequiredError);
    expect(error.message).toContain(`${test.local.url}/auth/get-platform-token`);
    expect(error.message).not.toContain('garbage');
  });

  it('revoked', async () => {
    await using test = await startTestCloud();
    const { refreshToken } = await test.local.issueTokens('alice');
    test.local.stopUserSession('alice');
    const error = await failure(firstProject(withToken(test.local.url, refreshToken)));
    expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
  });

  it('of a user who was disabled', async () => {
    await using test = await startTestCloud();
    test.local.disableUser('alice');
    const error = await failure(firstProject({ env: test.local.env }));
    expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'USER_DISABLED' });
  });

  it('without the scopes that MLOps needs: the error names them and who grants them', async () => {
    await using test = await startTestCloud();
    const { refreshToken } = await test.local.issueTokens('alice', { client: 'wave-app-noxchg' });
    const cloud = new H2OCloud({
      env: { H2O_CLOUD_ENVIRONMENT: test.local.url },
      oidc: { clientId: 'wave-app-noxchg', clientSecret: 'wave-app-noxchg-secret' },
    });
    const error = await failure(cloud.onBehalfOf({ refreshToken }).mlops.projects.list().first());
    expect(error).toBeInstanceOf(ScopeNotGrantedError);
    expect(error).toMatchObject({ missing: ['ai.h2o.storage', 'ai.h2o.deploy'] });
    expect(error.message).toContain('wave-app-noxchg');
    const { accessToken } = await test.local.issueTokens('alice', { client: 'no-scopes' });
    const byAccessToken = await failure(test.cloud.onBehalfOf({ accessToken }).mlops.projects.list().first());
    expect(byAccessToken).toBeInstanceOf(ScopeNotGrantedError);
  });
});

describe('an access token that is', () => {
  it('expired is renewed when there is a refresh token, and refused when there is none', async () => {
    const clock = new FakeClock();
    await using test = await startTestCloud({ clock }, { clock });
    const { projects } = test.cloud.asCurrentUser().mlops;
    await projects.create({ name: 'first' });
    await clock.advance(301_000);
    expect(await failure(test.user.mlops.projects.list().first())).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_EXPIRED' });
    expect(await projects.list().toArray()).toHaveLength(1);
  });

  it('garbage is refused by the service', async () => {
    await using test = await startTestCloud();
    const error = await failure(test.cloud.onBehalfOf({ accessToken: 'garbage-token-1' }).mlops.projects.list().first());
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.message).not.toContain('garbage-token-1');
  });

  test.each(['', 'a\nb', ' '])('%j is refused before anything is sent', (accessToken) => {
    const cloud = new H2OCloud({ env: {} });
    expect(() => cloud.onBehalfOf({ accessToken })).toThrow(ConfigurationError);
  });
});

describe('an artifact that is', () => {
  async function refused(artifact: string | Uint8Array): Promise<H2OCloudError> {
    await using test = await startTestCloud();
    const project = await test.user.mlops.projects.create({ name: 'demo' });
    const error = await failure(test.user.mlops.experiments.create({ project, name: 'x', artifact }));
    expect(callsOf(test.local)).toEqual(['CreateProject']);
    return error;
  }

  test.each([
    ['missing', 'ENOENT', 'no-such.zip'],
    ['a directory', 'directory', ''],
    ['empty', 'empty', 'empty.zip'],
    ['not a zip file', 'not a zip', 'text.zip'],
  ])('%s', async (_, word, file) => {
    await writeFile(join(directory, 'empty.zip'), '');
    await writeFile(join(directory, 'text.zip'), 'hello');
    const error = await refused(join(directory, file));
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'ARTIFACT_INVALID' });
    expect(error.message).toContain(word);
  });

  it('an empty or a text buffer', async () => {
    expect(await refused(new Uint8Array())).toMatchObject({ code: 'ARTIFACT_INVALID' });
    expect(await refused(Buffer.from('hello'))).toMatchObject({ code: 'ARTIFACT_INVALID' });
  });

  it('a zip file without a model: the message of the platform is told and the artifact is removed', async () => {
    await using test = await startTestCloud();
    const project = await test.user.mlops.projects.create({ name: 'demo' });
    const emptyZip = Buffer.from('504b0506000000000000000000000000000000000000', 'hex');
    const error = await failure(test.user.mlops.experiments.create({ project, name: 'x', artifact: emptyZip }));
    expect(error.message).toContain('CreateModelIngestion');
    expect(callsOf(test.local).at(-1)).toBe('DeleteArtifact');
    expect(error.created).toEqual([]);
  });
});

describe('an upload that is cut in the middle', () => {
  it('leaves nothing behind', async () => {
    await using test = await startTestCloud();
    const project = await test.user.mlops.projects.create({ name: 'demo' });
    test.local.faults.add({ when: { path: 'ByteStream/Write' }, times: 9, then: { cutRequestAfterBytes: 20_000 } });
    const error = await failure(test.user.mlops.experiments.create({ project, name: 'x', artifact: creditMojo }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(callsOf(test.local).at(-1)).toBe('DeleteArtifact');
    expect(error.created).toEqual([]);
    expect(await test.user.mlops.experiments.list({ project }).toArray()).toEqual([]);
  });

  it('names the artifact that could not be removed', async () => {
    await using test = await startTestCloud();
    const project = await test.user.mlops.projects.create({ name: 'demo' });
    test.local.faults.add({ when: { path: 'ByteStream/Write' }, times: 9, then: { cutRequestAfterBytes: 20_000 } });
    test.local.faults.add({ when: { path: 'DeleteArtifact' }, times: 9, then: { status: 500 } });
    const error = await failure(test.user.mlops.experiments.create({ project, name: 'x', artifact: creditMojo }));
    expect(error.created).toMatchObject([{ kind: 'artifact' }]);
    expect(error.message).toContain(`artifact ${error.created[0]!.id}`);
  });

  it('a stream that fails tells its own error', async () => {
    await using test = await startTestCloud();
    const project = await test.user.mlops.projects.create({ name: 'demo' });
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('504b0304', 'hex');
      await Promise.resolve();
      throw new Error('the disk is gone');
    };
    await expect(test.user.mlops.experiments.create({ project, name: 'x', artifact: broken() })).rejects.toThrow('the disk is gone');
    expect(callsOf(test.local).at(-1)).toBe('DeleteArtifact');
  });

  it('bytes that storage did not commit are noticed', async () => {
    await using test = await startTestCloud();
    const project = await test.user.mlops.projects.create({ name: 'demo' });
    test.local.faults.add({ when: { path: 'ByteStream/Write' }, then: { status: 200, body: { committedSize: '17' } } });
    expect(await failure(test.user.mlops.experiments.create({ project, name: 'x', artifact: creditMojo }))).toMatchObject({
      code: 'UPLOAD_INCOMPLETE',
    });
  });
});

describe('a scorer that answers', () => {
  const row = { LIMIT_BAL: 1, SEX: 'male', EDUCATION: 'other', MARRIAGE: 'single', AGE: 30, PAY_1: 0, BILL_AMT1: 0, PAY_AMT1: 0 };

  test.each<[number, unknown, string, string]>([
    [400, { detail: '400 BAD_REQUEST "Invalid scoring request due to: For input string: \\"secret-cell\\""' }, 'ScoringError', '400'],
    [
      422,
      {
        detail: [
          { loc: ['body', 'rows', 0, 1], msg: 'none is not an allowed value', type: 'type_error.none.not_allowed', input: 'secret-cell' },
        ],
      },
      'ScoringError',
      'row 0',
    ],
    [500, 'Internal Server Error: secret-cell', 'ScoringError', '500'],
    [404, { title: 'Not Found' }, 'ScoringError', 'ready'],
    [401, 'Unauthorized secret-cell', 'AuthenticationError', 'oidcIssuers'],
  ])('%d', async (status, body, name, word) => {
    await using test = await startTestCloud();
    const scorer = test.user.scorer(await deployCredit(test.user));
    await scorer.scoreRows([row]);
    test.local.faults.add({ when: { path: '/model/score' }, times: 9, then: { status, body } });
    const error = await failure(scorer.scoreRows([row]));
    expect(error.name).toBe(name);
    expect(error.message).toContain(word);
    expect(JSON.stringify(error) + error.message).not.toContain('secret-cell');
    const sent = test.local.requests.findLast(({ path }) => path.endsWith('/model/score'))?.body;
    if (status === 422)
      expect(error).toMatchObject({
        status: 422,
        problems: [{ row: 0, column: z.object({ fields: z.array(z.string()) }).parse(sent).fields[1] }],
      });
  });

  it('503 with Retry-After is asked again after that time', async () => {
    await using test = await startTestCloud();
    const scorer = test.user.scorer(await deployCredit(test.user));
    test.local.faults.add({ when: { path: '/model/score' }, times: 2, then: { status: 503, headers: { 'retry-after': '0' } } });
    expect(await scorer.scoreRows([row])).toHaveLength(1);
    expect(test.local.faults.hits).toHaveLength(2);
    test.local.faults.add({ when: { path: '/model/score' }, times: 9, then: { status: 503, headers: { 'retry-after': '0' } } });
    expect(await failure(scorer.scoreRows([row]))).toMatchObject({ name: 'ScoringError', status: 503, retryable: true });
  });

  it('another number of rows', async () => {
    await using test = await startTestCloud();
    const scorer = test.user.scorer(await deployCredit(test.user));
    // Asked for again, since an answer may be broken once.
    test.local.faults.add({
      when: { path: '/model/score' },
      times: 9,
      then: { status: 200, body: { fields: ['a'], score: [['1'], ['2']] } },
    });
    expect(await failure(scorer.scoreRows([row]))).toBeInstanceOf(ResponseValidationError);
  });

  test.each<[string, Row, string]>([
    ['a missing column', Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'AGE')), 'AGE'],
    ['an unknown column', { ...row, COLOUR: 'red' }, 'COLOUR'],
    ['a column in another case', { ...row, age: 30 }, 'spelt AGE'],
    ['text for a number', { ...row, AGE: 'secret-cell' }, 'AGE'],
    ['a date for a number', { ...row, AGE: new Date(0) }, 'AGE'],
    ['an infinite number', { ...row, AGE: Infinity }, 'infinite'],
  ])('nothing, because a row has %s', async (_, wrong, word) => {
    await using test = await startTestCloud();
    const scorer = test.user.scorer(await deployCredit(test.user));
    const error = await failure(scorer.scoreRows([row, wrong]));
    expect(error).toBeInstanceOf(ScoringError);
    expect(error).toMatchObject({ code: 'SCORING_ROWS_INVALID' });
    expect(error instanceof ScoringError && error.problems.every((problem) => problem.row === 1)).toBe(true);
    expect(error.message).toContain(word);
    expect(error.message).not.toContain('secret-cell');
    expect(callsOf(test.local)).not.toContain('score');
  });

  it('nothing yet, because the deployment is not healthy', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 3_600_000 });
    const { mlops } = test.user;
    const project = await mlops.projects.create({ name: 'demo' });
    const experiment = await mlops.experiments.create({ project, name: 'x', artifact: creditMojo });
    const deployment = await mlops.deployments.create({ project, name: 'x', composition: { experiment }, security: { type: 'oidc' } });
    expect(await failure(test.user.scorer(deployment).schema())).toMatchObject({ code: 'SCORER_NOT_READY' });
  });
});

/**
 * No error holds a token, a secret, a cookie or a body, whatever a service answers: each call of the SDK meets a hostile service that
 * quotes back everything that it was sent, in every form an error body can have.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { ConfigurationError, H2OCloud, H2OCloudError, SecurityOptions, type FetchFunction, type User } from 'h2o-ai-cloud';
import { printed } from '../support/printed.js';

const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"planted-subject","scope":"ai.h2o.storage ai.h2o.deploy"}').toString('base64url')}.planted-signature`;
const planted = {
  jwt,
  opaqueToken: 'opaque-token-9d8f7a6b5c',
  refreshToken: 'planted-refresh-token-77ab',
  clientSecret: 'planted client secret/+%',
  passphrase: 'planted passphrase of a person',
  hash: 'pbkdf2:sha256:1000$plantedsalt$plantedhash',
  cookie: 'planted-cookie-value-55',
  cell: 'planted cell of a patient',
  accessKeyId: 'ASIAPLANTED0KEY0ID01',
  secretAccessKey: 'plantedSecretAccessKey/+=',
  driveToken: 'plantedSessionTokenOfDrive/+=',
  object: 'planted content of an object',
  steamSession: 'plantedSessionOfSteam42',
  instancePassword: 'planted password of an instance',
  providerToken: 'planted-provider-token-31',
  engineSetting: 'planted setting of an engine',
};

/** The answer of Drive's token service. */
const driveKeys = `<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>${planted.accessKeyId}</AccessKeyId><SecretAccessKey>${planted.secretAccessKey}</SecretAccessKey><SessionToken>${planted.driveToken}</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResponse>`;

const steamEngine = {
  id: 7,
  name: 'x',
  status: 'running',
  target_status: 'running',
  context_path: '/steam/proxy/h2o-k8s/7',
  password: planted.instancePassword,
  config_toml: `secret = "${planted.engineSetting}"`,
};
/** What Steam answers to whatever it is asked. */
const steamResult = {
  instance_id: 7,
  instance: steamEngine,
  cluster: steamEngine,
  profiles: [],
  provider: {
    enabled: true,
    access_token: planted.providerToken,
    refresh_token: planted.refreshToken,
    client_secret: planted.clientSecret,
  },
};
const daiEngine = {
  name: 'workspaces/default/daiEngines/x',
  state: 'STATE_RUNNING',
  apiUrl: 'https://engines.cloud.example/x',
  config: { setting: planted.engineSetting },
};

/** Tells back everything it was sent, and a cookie besides. */
function echo(status: number, shape: number): FetchFunction {
  return async (url, init) => {
    if (url.endsWith('/sts/') && shape % 3 !== 0) return new Response(driveKeys);
    if (url.endsWith('/steam/auth') && shape % 3 !== 0)
      return new Response('', { headers: { 'set-cookie': `steam-session=${planted.steamSession}` } });
    if (url.endsWith('/steam/web') && shape % 3 === 2) return Response.json({ result: steamResult, error: null, id: 1 });
    if (url.includes('/daiEngines') && shape % 3 === 2) return Response.json({ daiEngine });
    const request = `${JSON.stringify(Object.fromEntries(new Headers(init.headers)))} ${await new Response(init.body).text()}`;
    const sent = `${request} cookie=${planted.cookie}`;
    // Unlabelled, as in a sentence: only by value can these be told from other words.
    const form = decodeURIComponent(request.replaceAll('+', ' '));
    const quoted = Object.values(planted).filter((secret) => request.includes(secret) || form.includes(secret.replaceAll('+', ' ')));
    if (!url.includes('/token')) quoted.push(planted.cookie);
    const bodies: readonly unknown[] = [
      { code: 3, message: `Sorry: ${quoted.join(' and ')}`, error: 'invalid_request', error_description: `Sorry: ${quoted.join(' and ')}` },
      { code: 3, message: `cannot use ${sent}` },
      { error: 'invalid_grant', error_description: sent },
      { error: { message: sent, status: sent } },
      { detail: sent },
      { detail: [{ loc: ['body', 'rows', 0, 1], msg: sent, type: sent, input: sent }] },
      sent,
      `<html>${sent}</html>`,
      `<Error><Code>ExpiredToken</Code><Message>${sent}</Message></Error>`,
      `<ErrorResponse><Error><Code>${quoted.join('')}</Code><Message>Sorry: ${quoted.join(' and ')} ${url}</Message></Error></ErrorResponse>`,
      { [sent]: sent, project: { id: { [sent]: sent } } },
    ];
    const body = bodies[shape % bodies.length];
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: {
        'content-type': shape % 2 === 0 ? 'application/json' : 'text/plain',
        'set-cookie': planted.cookie,
        'www-authenticate': `Bearer error="invalid_token", error_description="${planted.opaqueToken}"`,
        'x-request-id': planted.cookie,
        'retry-after': '0',
      },
    });
  };
}

const project = { id: 'p' };
const child = { id: 'c', project };
const zip = Buffer.from('504b030400000000', 'hex');
const security = SecurityOptions.passphrase(planted.passphrase, { hash: planted.hash });
const calls: readonly ((user: User) => Promise<unknown>)[] = [
  (user) => user.mlops.projects.create({ name: 'x' }),
  (user) => user.mlops.projects.list().toArray(),
  (user) => user.mlops.experiments.create({ project, name: 'x', artifact: zip }),
  (user) => user.mlops.artifacts.upload({ project, name: 'x', body: Buffer.from(planted.object) }),
  (user) => user.mlops.artifacts.download(child, new WritableStream()),
  (user) => user.mlops.artifacts.list({ project }).toArray(),
  (user) => user.mlops.models.create({ project, name: 'x' }),
  (user) => user.mlops.models.register({ model: child, experiment: child }),
  (user) => user.mlops.deployments.create({ project, name: 'x', composition: { experiment: child }, security }),
  (user) => user.mlops.deployments.update(child, { security }),
  (user) => user.mlops.deployments.waitUntilHealthy(child, { timeoutMs: 20 }),
  (user) => user.mlops.deploy({ project, artifact: zip, name: 'x', security }, { timeoutMs: 1000 }),
  (user) => user.mlops.securityOptions.list(),
  (user) => user.scorer('https://model.cloud.example/x/model/score').score({ fields: ['a'], rows: [[planted.cell]] }),
  (user) => user.scorer('https://model.cloud.example/x/model/score', { passphrase: planted.passphrase }).scoreRows([{ a: planted.cell }]),
  (user) => user.scorer(`https://${planted.passphrase.replaceAll(' ', '-')}@evil.example/${planted.cell}`).schema(),
  (user) => user.accessToken({ scopes: ['not.granted'] }),
  (user) => user.drive.put({ key: 'x', body: Buffer.from(planted.object) }),
  (user) => user.drive.put({ key: 'x', body: Buffer.alloc(9 * 1024 ** 2, planted.object) }),
  (user) => user.drive.get('x'),
  (user) => user.drive.copy({ from: 'x', to: 'y' }),
  (user) => user.drive.workspace('w').list().toArray(),
  (user) => user.drive.deleteAll({ prefix: 'x' }, { confirm: true }),
  (user) =>
    user.drive.presign('x').then((presigned) => Promise.reject(new ConfigurationError({ code: 'CLIENT_CLOSED', what: String(presigned) }))),
];
const engineCalls: readonly ((user: User) => Promise<unknown>)[] = [
  (user) => user.steam.profiles(),
  (user) => user.steam.driverlessai.launch({ name: 'x', profile: 'p', version: '1', configToml: `secret = "${planted.engineSetting}"` }),
  (user) => user.steam.driverlessai.get(7),
  (user) => user.steam.driverlessai.connection(7),
  (user) => user.steam.driverlessai.waitUntil(7, 'running', { timeoutMs: 20 }),
  (user) => user.steam.h2o3.connection(7),
  (user) => user.steam.call('SetPassword', { password: planted.instancePassword }).then(() => undefined),
  (user) => user.steam.signedInWith({ refreshToken: planted.refreshToken }).profiles(),
  (user) => user.engines.driverlessai.create({ id: 'x', profile: 'p', version: '1', config: { setting: planted.engineSetting } }),
  (user) => user.engines.driverlessai.update('x', { config: { setting: planted.engineSetting } }),
  (user) => user.engines.driverlessai.get('x'),
  (user) => user.engines.driverlessai.connection('x'),
  (user) => user.engine({ kind: 'driverlessai' }, { timeoutMs: 1000 }),
];
const sources: readonly ((cloud: H2OCloud) => User)[] = [
  (cloud) => cloud.onBehalfOf({ accessToken: planted.jwt }),
  (cloud) => cloud.onBehalfOf({ accessToken: planted.opaqueToken }),
  (cloud) => cloud.onBehalfOf({ refreshToken: planted.refreshToken }),
  (cloud) => cloud.onBehalfOf({ credential: () => Promise.reject(new Error(`cannot sign in with password=${planted.opaqueToken}`)) }),
  (cloud) => cloud.asCurrentUser(),
];

function expectNoSecret(value: unknown): void {
  const text = printed(value);
  for (const [name, secret] of Object.entries(planted)) expect(text.includes(secret), `${name} in ${text.slice(0, 2000)}`).toBe(false);
  expect(text).not.toMatch(/planted-s(ubject|ignature)|plantedsalt|Signature=[0-9a-f]/);
}

it('holds for every call, every source of tokens, every status and every form of body', async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...calls, ...engineCalls),
      fc.constantFrom(...sources),
      fc.constantFrom(200, 302, 400, 401, 403, 404, 409, 412, 422, 429, 500, 503),
      fc.nat(10),
      async (call, source, status, shape) => {
        const logged: unknown[] = [];
        const log = (...values: unknown[]): void => void logged.push(...values);
        const cloud = new H2OCloud({
          env: { H2O_CLOUD_CLIENT_PLATFORM_TOKEN: planted.refreshToken, H2O_CLOUD_ENVIRONMENT: 'https://cloud.example' },
          services: {
            steam: 'https://steam.cloud.example/steam',
            engines: 'https://engines.cloud.example',
            mlops: 'https://mlops.cloud.example',
            drive: 'https://drive.cloud.example',
          },
          oidc: { tokenEndpoint: 'https://login.cloud.example/token', clientId: 'app', clientSecret: planted.clientSecret },
          mlopsPlatform: '0.69',
          tokenStore: 'memory',
          fetch: echo(status, shape),
          retry: { limit: 1, baseMs: 1 },
          logger: { debug: log, info: log, warn: log, error: log },
          onCall: log,
        });
        const user = source(cloud);
        let answer: unknown;
        const error: unknown = await call(user).then(
          (value) => {
            if (engineCalls.includes(call)) answer = value;
          },
          (reason: unknown) => reason,
        );
        if (error !== undefined) {
          failures += 1;
          expect(error, inspect(error)).toBeInstanceOf(H2OCloudError);
        }
        expectNoSecret(error);
        expectNoSecret([cloud, user, user.mlops, user.drive, user.steam, user.engines, answer, security, logged]);
      },
    ),
    { numRuns: 600 },
  );
  expect(failures).toBeGreaterThan(400);
});

it('holds for configuration: options, variables, files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-'));
  const file = join(directory, 'cli.toml');
  await writeFile(file, `Endpoint = "https://cloud.example"\nPlatformToken = "${planted.refreshToken}\nPlatformClientID = x`);
  vi.stubEnv('HOME', directory);
  const attempts: readonly (() => unknown)[] = [
    () => new H2OCloud({ env: { H2OCONFIG: file } }).asCurrentUser().mlops.projects.list().first(),
    () => new H2OCloud({ env: {}, environment: `https://user:${planted.opaqueToken}@cloud.example` }),
    () => new H2OCloud({ env: {}, oidc: { clientSecret: planted.clientSecret } }),
    () => new H2OCloud({ env: {}, oidc: Object.assign({ clientId: 'x' }, { clientSecret: [planted.opaqueToken] }) as never }),
    () => new H2OCloud({ env: {} }).onBehalfOf({ accessToken: `${planted.opaqueToken}\r\n` }),
    () => new H2OCloud({ env: {} }).onBehalfOf(Object.assign({}, { refreshTokenn: planted.refreshToken }) as never),
    () => SecurityOptions.passphrase('x', { hash: planted.passphrase }),
  ];
  for (const attempt of attempts) {
    const error: unknown = await Promise.resolve()
      .then(attempt)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(H2OCloudError);
    expectNoSecret(error);
  }
  await rm(directory, { recursive: true, force: true });
});

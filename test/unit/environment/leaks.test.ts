/**
 * No error and no description holds a secret, whatever place somebody has put it into.
 */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CloudEnvironment } from '../../../src/environment/cloud-environment.js';
import { cliFile, cloudUrl, discoveryAnswers, environmentIn } from './world.js';

const secrets = ['eyJhbGciOi.planted.token', 'planted-token', 'p1anted/+=plantedplantedplantedplanted1', 'Bearer planted'] as const;

/** What one writes around a secret by mistake. */
const shapes: readonly ((secret: string) => unknown)[] = [
  (secret) => secret,
  (secret) => `https://user:${secret}@host.example.com`,
  (secret) => `https://host.example.com/?token=${secret}`,
  (secret) => `https://host.example.com/#${secret}`,
  (secret) => `http://host.example.com/?token=${secret}`,
  (secret) => `https://host.example.com\n${secret}`,
  (secret) => [secret],
  (secret) => ({ url: secret }),
  (secret) => ({ env: secret }),
  (secret) => ({ file: secret, url: secret }),
  (secret) => ({ id: secret, secret }),
];

const optionPaths = [
  'environment',
  'discovery',
  'mlopsPlatform',
  'services.mlops',
  'services.mlops.gateway',
  'services.steam',
  'services.drive',
  'oidc.issuer',
  'oidc.tokenEndpoint',
  'oidc.clientSecret',
  'oidc.allowInsecure',
  'wave.address',
  'wave.accessKey',
  'wave.appKey.id',
  'wave.appKey.secret',
  'trustedScorerOrigins',
  'env',
] as const;

const variableNames = [
  'H2O_CLOUD_ENVIRONMENT',
  'H2O_CLOUD_DISCOVERY',
  'H2O_CLOUD_CLIENT_PLATFORM_TOKEN',
  'H2O_CLOUD_TOKEN_ENDPOINT_URL',
  'PLATFORM_TOKEN_ENDPOINT',
  'H2O_WAVE_OIDC_PROVIDER_URL',
  'H2O_WAVE_OIDC_CLIENT_SECRET',
  'H2O_WAVE_ADDRESS',
  'H2O_WAVE_ACCESS_KEY_SECRET',
  'MLOPS_URL',
  'STEAM_URL',
  'H2O_DRIVE_ENDPOINT',
] as const;

function at(path: string, value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = path.split('.');
  return { [first]: rest.length === 0 ? value : at(rest.join('.'), value) };
}

const shown = (value: unknown): string =>
  `${String(value)} ${inspect(value, { depth: 20, showHidden: true })} ${JSON.stringify(value)} ${value instanceof Error ? (value.stack ?? '') : ''}`;

async function everythingSaid(make: () => CloudEnvironment): Promise<string> {
  let environment: CloudEnvironment;
  try {
    environment = make();
  } catch (error) {
    return shown(error);
  }
  const work: readonly (() => unknown)[] = [
    () => environment.service('mlops'),
    () => environment.findService('steam'),
    () => environment.service('driveSts'),
    () => environment.service('engines'),
    () => environment.identityProvider(),
    () => environment.appIdentityProvider(),
    () => environment.currentUser(),
    () => environment.discovery(),
    () => environment.cloudUrl(),
    () => environment.wave(),
    () => environment.appClient(),
  ];
  const said: string[] = [shown(environment)];
  for (const run of work) {
    try {
      await run();
    } catch (error) {
      said.push(shown(error));
    }
  }
  return [...said, shown(await environment.describe())].join('\n');
}

test('no secret in an option is ever said', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...optionPaths),
      fc.constantFrom(...shapes),
      fc.constantFrom(...secrets),
      async (path, shape, secret) => {
        const planted: object = at(path, shape(secret));
        expect(await everythingSaid(() => environmentIn({ options: planted, answers: discoveryAnswers() }).environment)).not.toMatch(
          /p[l1]anted/,
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test('no secret in a variable is ever said', async () => {
  const textShapes = shapes.slice(0, 6);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...variableNames),
      fc.constantFrom(...textShapes),
      fc.constantFrom(...secrets),
      fc.boolean(),
      async (name, shape, secret, isFile) => {
        const value = String(shape(secret));
        const world = isFile ? { variables: { [`${name}_FILE`]: '/f' }, files: { '/f': value } } : { variables: { [name]: value } };
        expect(await everythingSaid(() => environmentIn({ ...world, answers: discoveryAnswers() }).environment)).not.toMatch(/p[l1]anted/);
      },
    ),
    { numRuns: 500 },
  );
});

test('no secret in a CLI file, broken or not, is ever said', async () => {
  const lines = ['Endpoint', 'ClientID', 'Token', 'PlatformClientID', 'PlatformToken'];
  const values = (secret: string): readonly string[] => [
    `"${secret}"`,
    `"${secret}`,
    secret,
    `["${secret}"]`,
    `{ a = "${secret}" }`,
    `"https://u:${secret}@h"`,
    `"""\n${secret}`,
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...lines),
      fc.nat(6),
      fc.constantFrom(...secrets),
      fc.boolean(),
      async (key, form, secret, isNamed) => {
        const content = `Endpoint = "${cloudUrl}"\n${key} = ${values(secret)[form] ?? ''}\nPlatformClientID = "hac-platform"\n`;
        const options = isNamed ? { environment: cloudUrl } : {};
        expect(
          await everythingSaid(() => environmentIn({ options, files: { [cliFile]: content }, answers: discoveryAnswers() }).environment),
        ).not.toMatch(/p[l1]anted/);
      },
    ),
    { numRuns: 500 },
  );
});

test('a secret where the path of its file belongs is not said', async () => {
  for (const secret of [secrets[0], secrets[2]]) {
    const options = { services: { steam: { file: secret } } };
    expect(await everythingSaid(() => environmentIn({ options }).environment)).not.toMatch(/p[l1]anted/);
  }
});

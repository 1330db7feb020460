/**
 * Where services are found, in which order, and what is said when they are nowhere.
 */
import { describe, expect, it, test } from 'vitest';
import type { ServiceName } from '../../../src/environment/services.js';
import { ConnectionError } from '../../../src/errors/connection-error.js';
import { base, cliFile, cloudUrl, discoveryAnswers, environmentIn, errorOf, unreadable, type Answers } from './world.js';

const everywhere = {
  options: { environment: cloudUrl, services: { mlops: { env: 'MY_MLOPS' } } },
  variables: {
    MY_MLOPS: 'https://own.example.com',
    MY_MLOPS_FILE: '/secrets/own',
    H2O_WAVE_ML_MLOPS_GATEWAY: 'https://wave-ml.example.com',
    H2O_WAVE_ML_MLOPS_GATEWAY_FILE: '/secrets/wave-ml',
    H2O_MLOPS_GATEWAY: 'https://gateway.example.com',
    MLOPS_URL: 'https://page.example.com',
  },
  files: { '/secrets/own': 'https://own-file.example.com\n', '/secrets/wave-ml': 'https://wave-ml-file.example.com' },
  answers: discoveryAnswers(),
};

describe('the order in which an endpoint is found', () => {
  it('begins with the option and ends with discovery, each with its origin', async () => {
    const steps: readonly (readonly [string | undefined, string, string])[] = [
      [undefined, 'https://own.example.com', 'variable MY_MLOPS'],
      ['MY_MLOPS', 'https://own-file.example.com', 'variable MY_MLOPS_FILE'],
      ['MY_MLOPS_FILE', 'https://wave-ml.example.com', 'variable H2O_WAVE_ML_MLOPS_GATEWAY'],
      ['H2O_WAVE_ML_MLOPS_GATEWAY', 'https://wave-ml-file.example.com', 'variable H2O_WAVE_ML_MLOPS_GATEWAY_FILE'],
      ['H2O_WAVE_ML_MLOPS_GATEWAY_FILE', 'https://gateway.example.com', 'variable H2O_MLOPS_GATEWAY'],
      ['H2O_MLOPS_GATEWAY', 'https://page.example.com', 'variable MLOPS_URL'],
      ['MLOPS_URL', 'https://mlops.example.com', `discovery service mlops-api at ${base}`],
    ];
    const variables: Record<string, string | undefined> = { ...everywhere.variables };
    for (const [gone, url, origin] of steps) {
      if (gone !== undefined) variables[gone] = ' ';
      expect(await environmentIn({ ...everywhere, variables }).environment.service('mlops')).toMatchObject({ url, origin });
    }
  });

  it('asks nobody when an option says it', async () => {
    const { environment, requests, reads } = environmentIn({
      ...everywhere,
      options: { environment: cloudUrl, services: { mlops: 'https://option.example.com/' } },
    });
    expect(await environment.service('mlops')).toEqual({
      name: 'mlops',
      url: 'https://option.example.com',
      origin: 'option services.mlops',
      allowInsecure: false,
      scopes: ['ai.h2o.storage', 'ai.h2o.deploy'],
    });
    expect([...requests, ...reads]).toEqual([]);
  });

  it('takes a file that an option names', async () => {
    const { environment } = environmentIn({
      options: { services: { steam: { file: '/secrets/steam' } } },
      files: { '/secrets/steam': ' https://steam.example.com/ \n' },
    });
    expect(await environment.service('steam')).toMatchObject({
      url: 'https://steam.example.com',
      origin: 'file /secrets/steam named by services.steam.file',
    });
  });

  it.each(['missing', 'empty'])('looks further, and warns, when a named file is %s', async (state) => {
    const { environment, warnings } = environmentIn({
      options: { services: { steam: { file: '/secrets/steam' } } },
      variables: { STEAM_URL: 'https://steam.example.com' },
      files: state === 'empty' ? { '/secrets/steam': '\n' } : {},
    });
    expect((await environment.service('steam')).origin).toBe('variable STEAM_URL');
    expect(warnings.join()).toContain('services.steam.file');
  });

  it('stops at a file that cannot be read', async () => {
    const { environment } = environmentIn({
      variables: { STEAM_URL_FILE: '/secrets/steam' },
      files: { '/secrets/steam': unreadable('EACCES') },
    });
    const error = await errorOf(environment.service('steam'));
    expect(error.message).toContain('/secrets/steam, named by variable STEAM_URL_FILE, cannot be read (EACCES)');
  });

  it('reads a file once', async () => {
    const { environment, reads } = environmentIn({ variables: { STEAM_URL_FILE: '/s' }, files: { '/s': 'https://steam.example.com' } });
    await environment.service('steam');
    await environment.service('steam');
    expect(reads).toEqual(['/s']);
  });
});

test.each<[ServiceName, Record<string, string>, string, string]>([
  [
    'steam',
    { H2O_WAVE_ML_STEAM_ADDRESS: 'https://a.example.com', STEAM_URL: 'https://b.example.com' },
    'https://a.example.com',
    'H2O_WAVE_ML_STEAM_ADDRESS',
  ],
  ['driveUser', { H2O_DRIVE_ENDPOINT: 'https://d.example.com/' }, 'https://d.example.com', 'H2O_DRIVE_ENDPOINT'],
  ['driveSts', { H2O_DRIVE_ENDPOINT: 'https://d.example.com/x/' }, 'https://d.example.com/x/sts/', 'H2O_DRIVE_ENDPOINT'],
  [
    'driveSts',
    { H2O_DRIVE_ENDPOINT: 'https://d.example.com', H2O_DRIVE_STS_ENDPOINT: 'https://s.example.com/sts' },
    'https://s.example.com/sts',
    'H2O_DRIVE_STS_ENDPOINT',
  ],
])('%s is found at its conventional name (%j)', async (name, variables, url, variable) => {
  expect(await environmentIn({ variables }).environment.service(name)).toMatchObject({ url, origin: `variable ${variable}` });
});

describe('what discovery says of a service', () => {
  const environment = environmentIn({ variables: { H2O_CLOUD_ENVIRONMENT: cloudUrl }, answers: discoveryAnswers() }).environment;

  test.each<[ServiceName, string, readonly string[]]>([
    ['mlops', 'https://mlops.example.com', ['ai.h2o.storage', 'ai.h2o.deploy', 'openid', 'ai.h2o.mlops']],
    ['driveSts', 'https://drive.example.com/sts/', []],
    ['driveUser', 'https://drive.example.com/user', []],
    ['engines', 'https://engines.example.com', ['openid', 'h2o.cloud.platform']],
  ])('%s: address and scopes', async (name, url, scopes) => {
    expect(await environment.service(name)).toMatchObject({ url, scopes, allowInsecure: false });
  });

  it('takes the place of our scopes for services other than MLOps', async () => {
    const services = [{ name: 'services/userdrive', uri: 'https://d.example.com', oauth2Scope: ' drive.read  drive.write ' }];
    const { environment: other } = environmentIn({ options: { environment: cloudUrl }, answers: discoveryAnswers({ services }) });
    expect((await other.service('driveUser')).scopes).toEqual(['drive.read', 'drive.write']);
  });

  it('is not used where the address must not receive tokens, and the error names the option', async () => {
    const services = [{ name: 'services/mlops-api', uri: 'http://mlops.internal' }];
    const { environment: other } = environmentIn({ options: { environment: cloudUrl }, answers: discoveryAnswers({ services }) });
    for (const find of [other.service('mlops'), other.findService('mlops')]) {
      const error = await errorOf(find);
      expect(error.code).toBe('ORIGIN_NOT_TRUSTED');
      for (const text of ['MLOps', base, 'is plain http', 'services.mlops']) expect(error.message).toContain(text);
    }
  });
});

describe('plain http', () => {
  it('to this machine needs no leave', async () => {
    const { environment } = environmentIn({ variables: { MLOPS_URL: 'http://127.0.0.1:9000/' } });
    expect(await environment.service('mlops')).toMatchObject({ url: 'http://127.0.0.1:9000', allowInsecure: false });
  });

  it('to another machine needs allowInsecure', async () => {
    const { environment } = environmentIn({ options: { services: { mlops: { url: 'http://mlops.internal', allowInsecure: true } } } });
    expect(await environment.service('mlops')).toMatchObject({ url: 'http://mlops.internal', allowInsecure: true });
  });

  it('in a variable is refused by the name of the variable', async () => {
    const error = await errorOf(environmentIn({ variables: { MLOPS_URL: 'http://mlops.internal' } }).environment.service('mlops'));
    expect(error.code).toBe('CONFIGURATION_INVALID');
    for (const text of ['variable MLOPS_URL', 'plain http', 'services.mlops', 'allowInsecure']) expect(error.message).toContain(text);
  });
});

describe('a service that is nowhere', () => {
  it('is an error that lists all places, how to set it, and whose step it is', async () => {
    const { environment } = environmentIn({
      options: { environment: cloudUrl, services: { mlops: { env: 'MINE' } } },
      variables: { H2O_MLOPS_GATEWAY_FILE: '/gone' },
      answers: discoveryAnswers({ services: [] }),
    });
    const error = await errorOf(environment.service('mlops'));
    expect(error.code).toBe('CONFIGURATION_MISSING');
    const names = ['MINE', 'H2O_WAVE_ML_MLOPS_GATEWAY', 'H2O_MLOPS_GATEWAY', 'MLOPS_URL'].flatMap((name) => [
      `variable ${name};`,
      `variable ${name}_FILE`,
    ]);
    for (const text of [...names, '/gone does not exist', `discovery service mlops-api at ${base} (not listed)`])
      expect(error.message).toContain(text);
    for (const text of ['option services.mlops', 'set the variable H2O_', 'ALL_USERS', 'administrator', 'h2oai-mlops', 'visitors'])
      expect(error.message).toContain(text);
  });

  it('says why discovery could not help: no address', async () => {
    const error = await errorOf(environmentIn().environment.service('engines'));
    for (const text of [
      'option services.engines',
      'engine-manager',
      'option environment',
      'H2O_CLOUD_DISCOVERY',
      'H2O_CLOUD_ENVIRONMENT',
      cliFile,
    ]) {
      expect(error.message).toContain(text);
    }
  });

  it('says why discovery could not help: something else answers', async () => {
    const { environment } = environmentIn({ options: { environment: cloudUrl } });
    const error = await errorOf(environment.service('engines'));
    expect(error.code).toBe('CONFIGURATION_MISSING');
    for (const text of ['not usable', base, '404']) expect(error.message).toContain(text);
  });

  it('names the file that does not exist', async () => {
    const error = await errorOf(
      environmentIn({ options: { services: { hopsworks: { file: '/secrets/hopsworks' } } } }).environment.service('hopsworks'),
    );
    expect(error.message).toContain('file /secrets/hopsworks named by services.hopsworks.file (it does not exist)');
  });

  it('stays an error of the connection when discovery is out of reach', async () => {
    const down = new ConnectionError({ code: 'CONNECTION_FAILED', what: 'Refused.', retryable: true });
    const { environment } = environmentIn({ options: { environment: cloudUrl }, answers: { [`${base}/v1/services`]: down } });
    for (const find of [environment.service('mlops'), environment.findService('mlops')]) {
      const error = await errorOf(find);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error.message).toContain('cloud.example.com');
    }
  });

  it('is undefined when it is only looked for', async () => {
    expect(await environmentIn().environment.findService('mlops')).toBeUndefined();
    const { environment } = environmentIn({ options: { environment: cloudUrl }, answers: discoveryAnswers() });
    expect(await environment.findService('mlopsAuthz')).toBeUndefined();
  });

  it('is not undefined when discovery could not say it', async () => {
    const { environment } = environmentIn({ options: { environment: cloudUrl } });
    expect((await errorOf(environment.findService('mlopsAuthz'))).code).toBe('DISCOVERY_FAILED');
  });
});

describe('where the discovery service is', () => {
  const at = (url: string, answers: Answers = {}): { readonly answers: Answers } => ({
    answers: { ...discoveryAnswers({ at: url }), ...answers },
  });
  const cli = { [cliFile]: 'Endpoint = "https://cli.example.com/"' };

  test.each([
    [
      'option discovery',
      { discovery: 'https://d.example.com/x/' },
      { H2O_CLOUD_DISCOVERY: 'https://v.example.com' },
      'https://d.example.com/x',
      'option discovery',
    ],
    [
      'option environment',
      { environment: 'https://e.example.com/' },
      { H2O_CLOUD_DISCOVERY: 'https://v.example.com' },
      'https://e.example.com/.ai.h2o.cloud.discovery',
      'option environment',
    ],
    [
      'discovery variable',
      {},
      { H2O_CLOUD_DISCOVERY: 'https://v.example.com/', H2O_CLOUD_ENVIRONMENT: 'https://w.example.com' },
      'https://v.example.com',
      'variable H2O_CLOUD_DISCOVERY',
    ],
    [
      'environment variable',
      {},
      { H2O_CLOUD_DISCOVERY: ' ', H2O_CLOUD_ENVIRONMENT: 'https://w.example.com' },
      'https://w.example.com/.ai.h2o.cloud.discovery',
      'variable H2O_CLOUD_ENVIRONMENT',
    ],
    ['CLI file', {}, {}, 'https://cli.example.com/.ai.h2o.cloud.discovery', `Endpoint of the CLI file ${cliFile}`],
  ])('%s', async (_, options, variables, url, origin) => {
    const { environment } = environmentIn({ options, variables, files: cli, ...at(url) });
    const discovery = await environment.discovery();
    expect({ url: discovery?.url, origin: discovery?.origin }).toEqual({ url, origin });
    expect((await discovery?.clients())?.size).toBe(1);
  });

  it('is nowhere when nobody names it', async () => {
    expect(await environmentIn().environment.discovery()).toBeUndefined();
  });

  it('is not plain http to another machine', async () => {
    const error = await errorOf(
      environmentIn({ variables: { H2O_CLOUD_ENVIRONMENT: 'http://cloud.example.com' } }).environment.discovery(),
    );
    expect(error.message).toContain('variable H2O_CLOUD_ENVIRONMENT is plain http');
  });

  it('is one client for all callers', async () => {
    const { environment } = environmentIn({ files: cli });
    const [one, other] = await Promise.all([environment.discovery(), environment.discovery()]);
    expect(one).toBe(other);
  });
});

it('does nothing but check and copy when it is constructed', () => {
  const { requests, reads } = environmentIn({ options: { environment: cloudUrl }, variables: everywhere.variables });
  expect([...requests, ...reads]).toEqual([]);
});

it('an abort rejects with its reason, before and during a wait', async () => {
  const { environment, requests } = environmentIn({ options: { environment: cloudUrl }, answers: discoveryAnswers() });
  await expect(environment.service('mlops', { signal: AbortSignal.abort('before') })).rejects.toBe('before');
  expect(requests).toEqual([]);
  const leaver = new AbortController();
  const wait = environment.service('mlops', { signal: leaver.signal });
  leaver.abort('during');
  await expect(wait).rejects.toBe('during');
});

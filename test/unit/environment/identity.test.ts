/**
 * Identity in the configuration: the provider, the app's client, the user who runs a script.
 */
import type { ClientProof } from '../../../src/environment/client-proof.js';
import { describe, expect, it, test } from 'vitest';
import { ConnectionError } from '../../../src/errors/connection-error.js';
import { base, cliFile, cloudUrl, discoveryAnswers, environmentIn, errorOf, type World } from './world.js';

const variables = {
  H2O_CLOUD_ENVIRONMENT: cloudUrl,
  H2O_CLOUD_TOKEN_ENDPOINT_URL: 'https://token.example.com/token',
  PLATFORM_TOKEN_ENDPOINT: 'https://platform.example.com/token',
  H2O_WAVE_OIDC_PROVIDER_URL: 'https://wave.example.com/realms/hac/',
  H2O_CLOUD_OIDC_PROVIDER_URL: 'https://server.example.com/realms/hac',
};

function without(...names: (keyof typeof variables)[]): World {
  return {
    variables: Object.fromEntries(Object.entries(variables).filter(([name]) => !names.some((gone) => gone === name))),
    answers: discoveryAnswers(),
  };
}

describe('the identity provider', () => {
  const endpoint = 'H2O_CLOUD_TOKEN_ENDPOINT_URL';
  const platform = 'PLATFORM_TOKEN_ENDPOINT';
  const cloud = 'H2O_CLOUD_ENVIRONMENT';
  const wave = 'H2O_WAVE_OIDC_PROVIDER_URL';

  test.each<[World, object]>([
    [without(), { tokenEndpoint: 'https://token.example.com/token', origin: `variable ${endpoint}` }],
    [without(endpoint), { tokenEndpoint: 'https://platform.example.com/token', origin: `variable ${platform}` }],
    [without(endpoint, platform), { issuer: 'https://login.example.com/realms/hac', origin: `discovery at ${base}` }],
    [without(endpoint, platform, cloud), { issuer: 'https://wave.example.com/realms/hac/', origin: `variable ${wave}` }],
    [
      without(endpoint, platform, cloud, wave),
      { issuer: 'https://server.example.com/realms/hac', origin: 'variable H2O_CLOUD_OIDC_PROVIDER_URL' },
    ],
  ])('of the platform is the next in order (%#)', async (world, provider) => {
    expect(await environmentIn(world).environment.identityProvider()).toEqual({ allowInsecure: false, ...provider });
  });

  test.each<[World, object]>([
    [without(), { issuer: 'https://wave.example.com/realms/hac/', origin: `variable ${wave}` }],
    [without(wave), { tokenEndpoint: 'https://token.example.com/token', origin: `variable ${endpoint}` }],
    [without(wave, endpoint, platform), { issuer: 'https://login.example.com/realms/hac', origin: `discovery at ${base}` }],
  ])("of the app's own client is where Wave signs in, then the next in order (%#)", async (world, provider) => {
    expect(await environmentIn(world).environment.appIdentityProvider()).toEqual({ allowInsecure: false, ...provider });
  });

  it('is what the options say before all', async () => {
    const issuer = environmentIn({ ...without(), options: { oidc: { issuer: 'https://mine.example.com' } } }).environment;
    expect(await issuer.identityProvider()).toEqual({
      issuer: 'https://mine.example.com',
      allowInsecure: false,
      origin: 'option oidc.issuer',
    });
    const direct = environmentIn({
      ...without(),
      options: { oidc: { tokenEndpoint: 'http://mine.internal/t', allowInsecure: true } },
    }).environment;
    expect(await direct.appIdentityProvider()).toEqual({
      tokenEndpoint: 'http://mine.internal/t',
      allowInsecure: true,
      origin: 'option oidc.tokenEndpoint',
    });
  });

  it('in a variable that is plain http is refused by its name', async () => {
    const error = await errorOf(
      environmentIn({ variables: { H2O_CLOUD_TOKEN_ENDPOINT_URL: 'http://token.internal' } }).environment.identityProvider(),
    );
    for (const text of ['variable H2O_CLOUD_TOKEN_ENDPOINT_URL', 'plain http', 'oidc.allowInsecure']) expect(error.message).toContain(text);
  });

  it.each(['http://login.example.com', 'https://localhost/realms', 'https://169.254.169.254'])(
    'that a remote discovery names as %s is refused',
    async (issuerUrl) => {
      const { environment } = environmentIn({
        options: { environment: cloudUrl, oidc: { allowInsecure: true } },
        answers: discoveryAnswers({ environment: { issuerUrl } }),
      });
      const error = await errorOf(environment.identityProvider());
      expect(error.code).toBe('ORIGIN_NOT_TRUSTED');
      expect(error.message).toContain('oidc.issuer');
    },
  );

  it('of another cloud is not taken from variables', async () => {
    const { environment } = environmentIn({
      ...without(),
      options: { environment: 'https://other.example.com' },
      answers: discoveryAnswers({ at: 'https://other.example.com/.ai.h2o.cloud.discovery' }),
    });
    expect((await environment.identityProvider()).issuer).toBe('https://login.example.com/realms/hac');
    expect((await environment.appIdentityProvider()).issuer).toBe('https://login.example.com/realms/hac');
  });

  it('that is nowhere is an error with all places', async () => {
    const error = await errorOf(environmentIn().environment.identityProvider());
    expect(error.code).toBe('CONFIGURATION_MISSING');
    for (const name of ['option oidc.issuer', 'option oidc.tokenEndpoint', ...Object.keys(variables), cliFile])
      expect(error.message).toContain(name);
  });
});

const secretIn = (proof: ClientProof | undefined): string | undefined =>
  proof !== undefined && 'secret' in proof ? proof.secret.reveal() : undefined;

describe("the app's own client", () => {
  const wave = { H2O_WAVE_OIDC_CLIENT_ID: 'wave-app', H2O_WAVE_OIDC_CLIENT_SECRET: 'wave-secret' };

  function clientIn(world: World): object | undefined {
    const client = environmentIn(world).environment.appClient();
    return client && { clientId: client.clientId, origin: client.origin, clientSecret: secretIn(client.proof) };
  }

  test.each<[string, World, object | undefined]>([
    ['none', {}, undefined],
    ['of Wave', { variables: wave }, { clientId: 'wave-app', clientSecret: 'wave-secret', origin: 'variable H2O_WAVE_OIDC_CLIENT_ID' }],
    [
      'of the options',
      { variables: wave, options: { oidc: { clientId: 'mine', clientSecret: 's' } } },
      { clientId: 'mine', clientSecret: 's', origin: 'option oidc.clientId' },
    ],
    [
      'public: the secret of another client is not its own',
      { variables: wave, options: { oidc: { clientId: 'mine' } } },
      { clientId: 'mine', clientSecret: undefined, origin: 'option oidc.clientId' },
    ],
    [
      'of the options with its secret in a variable',
      { variables: wave, options: { oidc: { clientId: 'wave-app' } } },
      { clientId: 'wave-app', clientSecret: 'wave-secret', origin: 'option oidc.clientId' },
    ],
    [
      'of Wave with its secret in the options',
      { variables: { H2O_WAVE_OIDC_CLIENT_ID: 'wave-app' }, options: { oidc: { clientSecret: 's' } } },
      { clientId: 'wave-app', clientSecret: 's', origin: 'variable H2O_WAVE_OIDC_CLIENT_ID' },
    ],
    [
      'of the server as a last resort',
      { variables: { H2O_CLOUD_OIDC_WAVE_CLIENT_ID: 'w', H2O_CLOUD_OIDC_WAVE_CLIENT_SECRET: 's' } },
      { clientId: 'w', clientSecret: 's', origin: 'variable H2O_CLOUD_OIDC_WAVE_CLIENT_ID' },
    ],
    [
      'not that of another cloud',
      { variables: { ...wave, H2O_CLOUD_ENVIRONMENT: cloudUrl }, options: { environment: 'https://other.example.com' } },
      undefined,
    ],
  ])('is %s', (_, world, client) => {
    expect(clientIn(world)).toEqual(client);
  });

  it('must be known when its secret is given', async () => {
    const error = await errorOf(() => environmentIn({ options: { oidc: { clientSecret: 'planted-secret' } } }));
    expect(error.message).toContain('oidc.clientSecret');
    expect(error.message).toContain('oidc.clientId');
    expect(error.message).not.toContain('planted-secret');
  });
});

describe('the user who runs a script', () => {
  const cli = `Endpoint = "${cloudUrl}/"\nClientID = "hac-cli"\nToken = "cli-rt-1"\nPlatformClientID = "hac-platform"\nPlatformToken = "platform-rt-2"\n`;
  const token = { H2O_CLOUD_CLIENT_PLATFORM_TOKEN: 'env-token' };

  async function userIn(world: World): Promise<object> {
    const { refreshToken, proof, ...rest } = await environmentIn({
      answers: discoveryAnswers(),
      ...world,
    }).environment.currentUser();
    return { ...rest, refreshToken: refreshToken.reveal(), clientSecret: secretIn(proof) };
  }

  it('is in the variable, for the client that discovery names', async () => {
    expect(await userIn({ variables: { ...token, H2O_CLOUD_ENVIRONMENT: cloudUrl }, files: { [cliFile]: cli } })).toEqual({
      refreshToken: 'env-token',
      clientId: 'hac-platform',
      clientSecret: undefined,
      origin: 'variable H2O_CLOUD_CLIENT_PLATFORM_TOKEN',
      cloudUrl,
    });
  });

  it('is in the variable, for a client that a variable or an option names where discovery does not', async () => {
    const noClients = discoveryAnswers({ clients: [] });
    expect(
      await userIn({ variables: { ...token, PLATFORM_CLIENT_ID: 'from-variable', H2O_CLOUD_ENVIRONMENT: cloudUrl }, answers: noClients }),
    ).toMatchObject({ clientId: 'from-variable' });
    const offline: World = {
      variables: token,
      options: { oidc: { clientId: 'mine', clientSecret: 's', tokenEndpoint: 'https://t' } },
      answers: {},
    };
    expect(await userIn(offline)).toMatchObject({ clientId: 'mine', clientSecret: 's', cloudUrl: undefined });
  });

  it('does not get the secret of another client', async () => {
    const world: World = { variables: token, options: { environment: cloudUrl, oidc: { clientId: 'mine', clientSecret: 's' } } };
    expect(await userIn(world)).toMatchObject({ clientId: 'hac-platform', clientSecret: undefined });
  });

  it('without a known client is an error with all places', async () => {
    const error = await errorOf(environmentIn({ variables: token }).environment.currentUser());
    expect(error.code).toBe('CONFIGURATION_MISSING');
    for (const text of [
      'variable H2O_CLOUD_CLIENT_PLATFORM_TOKEN',
      'client platform',
      'PLATFORM_CLIENT_ID',
      'oidc.clientId',
      'H2O_CLOUD_ENVIRONMENT',
    ])
      expect(error.message).toContain(text);
    expect(error.message).not.toContain('env-token');
  });

  it('is in the CLI file, in the token of the client that discovery names', async () => {
    const world = { files: { [cliFile]: cli } };
    expect(await userIn(world)).toMatchObject({
      refreshToken: 'platform-rt-2',
      clientId: 'hac-platform',
      origin: `PlatformToken of the CLI file ${cliFile}`,
      cloudUrl,
    });
    const clients = [{ name: 'clients/platform', displayName: 'P', oauth2ClientId: 'hac-cli' }];
    expect(await userIn({ ...world, answers: discoveryAnswers({ clients }) })).toMatchObject({
      refreshToken: 'cli-rt-1',
      clientId: 'hac-cli',
      origin: `Token of the CLI file ${cliFile}`,
    });
  });

  test.each<[string, string, World]>([
    ['is another cloud', cli.replace(cloudUrl, 'https://other.example.com'), { options: { environment: cloudUrl } }],
    [
      'is another cloud',
      cli,
      {
        options: { environment: cloudUrl },
        answers: discoveryAnswers({ environment: { h2oCloudEnvironment: 'https://moved.example.com' } }),
      },
    ],
    ['has no Endpoint', cli.replace('Endpoint', 'Other'), { options: { environment: cloudUrl } }],
    ['no token for the client', cli.replaceAll('hac-platform', 'x'), { options: { environment: cloudUrl } }],
    ['client platform', cli, { options: { environment: cloudUrl }, answers: discoveryAnswers({ clients: [] }) }],
    ['not usable', cli, { options: { environment: cloudUrl }, answers: {} }],
  ])('is not taken from a CLI file that does not fit: %s', async (reason, content, world) => {
    const error = await errorOf(
      environmentIn({ answers: discoveryAnswers(), ...world, files: { [cliFile]: content } }).environment.currentUser(),
    );
    expect(error.code).toBe('CONFIGURATION_MISSING');
    expect(error.message).toContain(reason);
    for (const secret of ['cli-rt-1', 'platform-rt-2']) expect(error.message).not.toContain(secret);
  });

  test.each<[World]>([
    [{ options: { environment: 'https://other.example.com' }, variables: { H2O_CLOUD_ENVIRONMENT: cloudUrl } }],
    [
      {
        options: { discovery: 'https://other.example.com' },
        variables: { H2O_CLOUD_DISCOVERY: 'https://d.example.com', H2O_CLOUD_ENVIRONMENT: cloudUrl },
      },
    ],
    [{ options: { environment: `${cloudUrl}.evil.example.com` }, variables: { H2O_CLOUD_ENVIRONMENT: cloudUrl } }],
  ])(
    'is not taken from the variable for another cloud than the environment names (%#)',
    async ({ options = {}, variables: named = {} }) => {
      const evil = discoveryAnswers({ at: options.discovery ?? `${options.environment ?? ''}/.ai.h2o.cloud.discovery` });
      const { environment } = environmentIn({ options, variables: { ...token, ...named }, answers: evil });
      const error = await errorOf(environment.currentUser());
      expect(error.code).toBe('CONFIGURATION_MISSING');
      for (const text of ['H2O_CLOUD_CLIENT_PLATFORM_TOKEN (set, but not used', 'names another cloud than option'])
        expect(error.message).toContain(text);
      expect(error.message).not.toContain('env-token');
    },
  );

  test.each<[World]>([
    [{ options: { environment: `${cloudUrl}/` }, variables: { H2O_CLOUD_ENVIRONMENT: cloudUrl } }],
    [
      {
        options: { environment: cloudUrl },
        variables: { H2O_CLOUD_ENVIRONMENT: cloudUrl, H2O_CLOUD_DISCOVERY: 'https://internal.example.com' },
      },
    ],
    [{ options: { discovery: `${base}/` }, variables: { H2O_CLOUD_ENVIRONMENT: cloudUrl } }],
    [{ options: { environment: cloudUrl } }],
  ])('is taken from the variable for the same cloud, however it is named (%#)', async (world) => {
    expect(await userIn({ ...world, variables: { ...token, ...world.variables } })).toMatchObject({ refreshToken: 'env-token' });
  });

  it('who is nowhere is an error with all places and where to get a token', async () => {
    const error = await errorOf(
      environmentIn({ options: { environment: cloudUrl }, answers: discoveryAnswers() }).environment.currentUser(),
    );
    for (const text of [
      'variable H2O_CLOUD_CLIENT_PLATFORM_TOKEN',
      cliFile,
      'does not exist',
      `${cloudUrl}/auth/get-token`,
      `${cloudUrl}/auth/get-platform-token`,
    ]) {
      expect(error.message).toContain(text);
    }
    const unknown = await errorOf(environmentIn().environment.currentUser());
    expect(unknown.message).toContain('<Endpoint>/auth/get-platform-token');
  });

  it('is not decided while discovery is out of reach', async () => {
    const down = new ConnectionError({ code: 'CONNECTION_FAILED', what: 'Refused.', retryable: true });
    const { environment } = environmentIn({
      options: { environment: cloudUrl },
      variables: token,
      answers: { [`${base}/v1/clients`]: down },
    });
    expect(await errorOf(environment.currentUser())).toBeInstanceOf(ConnectionError);
  });
});

describe('the URL of the cloud', () => {
  it('is the configured one, else the one that discovery names, else unknown', async () => {
    expect(await environmentIn({ options: { environment: `${cloudUrl}/` } }).environment.cloudUrl()).toBe(cloudUrl);
    const at = 'https://internal.example.com';
    expect(await environmentIn({ options: { discovery: at }, answers: discoveryAnswers({ at }) }).environment.cloudUrl()).toBe(cloudUrl);
    expect(await environmentIn().environment.cloudUrl()).toBeUndefined();
  });
});

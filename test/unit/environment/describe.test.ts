/**
 * What describe() reports.
 */
import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/errors/connection-error.js';
import { base, cliFile, cloudUrl, discoveryAnswers, environmentIn, unreadable } from './world.js';

describe('the description of a cloud', () => {
  it('reports everything with its origin, as plain JSON', async () => {
    const { environment } = environmentIn({
      options: { mlopsPlatform: '1.2', trustedScorerOrigins: ['https://s.example.com'], services: { steam: 'https://steam.example.com' } },
      variables: {
        H2O_CLOUD_ENVIRONMENT: cloudUrl,
        H2O_CLOUD_CLIENT_PLATFORM_TOKEN: 'planted-token',
        H2O_WAVE_OIDC_CLIENT_ID: 'wave-app',
        H2O_WAVE_OIDC_CLIENT_SECRET: 'planted-secret',
        H2O_WAVE_ACCESS_KEY_ID: 'planted-id',
        H2O_WAVE_ACCESS_KEY_SECRET: 'planted-key',
        H2O_WAVE_ADDRESS: 'http://127.0.0.1:10101',
        H2O_CLOUD_APP_NAME: 'demo',
      },
      answers: discoveryAnswers(),
    });
    const description = await environment.describe();
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
    expect(JSON.stringify(description)).not.toContain('planted');
    expect(description).toMatchObject({
      cloud: { status: 'found', value: cloudUrl, origin: 'variable H2O_CLOUD_ENVIRONMENT' },
      discovery: { status: 'found', value: base },
      services: {
        mlops: { status: 'found', value: 'https://mlops.example.com', origin: `discovery service mlops-api at ${base}` },
        steam: { status: 'found', value: 'https://steam.example.com', origin: 'option services.steam' },
        mlopsAuthz: { status: 'missing' },
      },
      identity: {
        provider: { value: 'https://login.example.com/realms/hac', origin: `discovery at ${base}` },
        appClientId: { value: 'wave-app' },
        appClientSecret: { value: 'set (variable H2O_WAVE_OIDC_CLIENT_SECRET)' },
        currentUser: { value: 'set (variable H2O_CLOUD_CLIENT_PLATFORM_TOKEN)' },
      },
      wave: {
        address: { value: 'http://127.0.0.1:10101' },
        accessKey: { value: 'set (variables H2O_WAVE_ACCESS_KEY_ID and H2O_WAVE_ACCESS_KEY_SECRET)' },
        appKey: { status: 'missing' },
      },
      roles: { claim: { value: 'realm_access.roles', origin: 'default' }, fullAccess: { status: 'missing' } },
      mlopsPlatform: { value: '1.2', origin: 'option mlopsPlatform' },
      trustedScorerOrigins: ['https://s.example.com'],
      instance: {
        appName: { value: 'demo', origin: 'variable H2O_CLOUD_APP_NAME' },
        id: { status: 'missing', lookedAt: ['variable H2O_CLOUD_INSTANCE_ID'] },
      },
    });
  });

  it('of nothing lists where everything was looked for', async () => {
    const { environment } = environmentIn();
    const { services, cloud, identity } = await environment.describe();
    expect(Object.values(services).every(({ status }) => status === 'missing')).toBe(true);
    expect(services.steam).toMatchObject({
      lookedAt: [
        'option services.steam',
        'variable H2O_WAVE_ML_STEAM_ADDRESS',
        'variable H2O_WAVE_ML_STEAM_ADDRESS_FILE',
        'variable STEAM_URL',
        'variable STEAM_URL_FILE',
      ],
    });
    expect(cloud.status).toBe('missing');
    expect(JSON.stringify(identity.currentUser)).toContain(cliFile);
  });

  it('reports what is out of reach or broken, and does not throw', async () => {
    const down = new ConnectionError({ code: 'CONNECTION_FAILED', what: 'Refused.', retryable: true });
    const answers = Object.fromEntries(Object.keys(discoveryAnswers()).map((url) => [url, down]));
    const { environment } = environmentIn({
      options: { environment: cloudUrl },
      variables: { STEAM_URL: 'broken', H2O_WAVE_ADDRESS: 'broken', MLOPS_URL_FILE: '/m' },
      files: { '/m': unreadable('EACCES'), [cliFile]: 'Token = "planted' },
      answers,
    });
    const description = await environment.describe();
    expect(description.discovery).toMatchObject({ status: 'failed', code: 'CONNECTION_FAILED' });
    expect(description.services.engines).toMatchObject({ status: 'failed', code: 'CONNECTION_FAILED' });
    expect(description.services.steam).toMatchObject({ status: 'failed', code: 'CONFIGURATION_INVALID' });
    expect(description.services.mlops).toMatchObject({ status: 'failed', code: 'CONFIGURATION_INVALID' });
    expect(description.wave.address).toMatchObject({ status: 'failed' });
    expect(description.identity.currentUser).toMatchObject({ status: 'failed', code: 'CONFIGURATION_INVALID' });
    expect(JSON.stringify(description)).not.toContain('planted');
  });

  it('does not repeat what others throw', async () => {
    const { environment } = environmentIn({
      options: { environment: cloudUrl },
      answers: { [`${base}/v1/environment`]: new Error('planted') },
    });
    expect((await environment.describe()).discovery).toEqual({ status: 'failed', problem: 'an unexpected error' });
  });

  it('ends with an abort', async () => {
    const { environment } = environmentIn({ options: { environment: cloudUrl }, answers: discoveryAnswers() });
    const leaver = new AbortController();
    const description = environment.describe({ signal: leaver.signal });
    leaver.abort('enough');
    await expect(description).rejects.toBe('enough');
  });
});

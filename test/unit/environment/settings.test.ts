/**
 * Wave, roles, the instance.
 */
import { describe, expect, it } from 'vitest';
import { environmentIn, errorOf } from './world.js';

describe("Wave's settings", () => {
  it('come from the options before the variables', () => {
    const { environment } = environmentIn({
      options: { wave: { address: 'http://127.0.0.1:10101/', accessKey: { id: 'a', secret: 'b' } } },
      variables: {
        H2O_WAVE_ADDRESS: 'http://127.0.0.1:1',
        H2O_WAVE_BASE_URL: 'apps/demo',
        H2O_WAVE_APP_ADDRESS: 'http://127.0.0.1:8000/',
        H2O_WAVE_APP_ACCESS_KEY_ID: 'c',
        H2O_WAVE_APP_ACCESS_KEY_SECRET: 'd',
      },
    });
    const { accessKey, appKey, ...rest } = environment.wave();
    expect(rest).toEqual({ address: 'http://127.0.0.1:10101', appAddress: 'http://127.0.0.1:8000', baseUrl: '/apps/demo/' });
    expect([accessKey?.id, accessKey?.secret.reveal(), appKey?.id, appKey?.secret.reveal()]).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are absent outside Wave, and a half key is none', () => {
    expect(environmentIn({ variables: { H2O_WAVE_ACCESS_KEY_ID: 'a' } }).environment.wave()).toEqual({
      address: undefined,
      appAddress: undefined,
      baseUrl: '/',
      accessKey: undefined,
      appKey: undefined,
    });
  });

  it.each(['/', '//', ''])('with the base URL %j are at the root', (baseUrl) => {
    expect(environmentIn({ variables: { H2O_WAVE_BASE_URL: baseUrl } }).environment.wave().baseUrl).toBe('/');
  });

  it('with a malformed address are refused by the name of the variable', async () => {
    const { environment } = environmentIn({ variables: { H2O_WAVE_ADDRESS: 'planted-secret' } });
    const error = await errorOf(() => environment.wave());
    expect(error.message).toContain('variable H2O_WAVE_ADDRESS');
    expect(error.message).not.toContain('planted-secret');
  });

  it('warn of plain http to another machine, once, and not on this one', () => {
    expect(environmentIn({ variables: { H2O_WAVE_ADDRESS: 'http://waved:10101' } }).warnings).toHaveLength(1);
    expect(environmentIn({ variables: { H2O_WAVE_ADDRESS: 'http://localhost:10101' } }).warnings).toEqual([]);
  });
});

describe('roles', () => {
  it('have conventions, which variables and options change', () => {
    expect(environmentIn().environment.roles()).toEqual({ claim: 'realm_access.roles', admin: 'admin', fullAccess: undefined });
    const variables = {
      H2O_CLOUD_OIDC_ROLE_CLAIM: 'roles',
      H2O_CLOUD_OIDC_ADMIN_ROLE_NAME: 'boss',
      H2O_CLOUD_OIDC_FULL_ACCESS_ROLE_NAME: 'full',
    };
    expect(environmentIn({ variables }).environment.roles()).toEqual({ claim: 'roles', admin: 'boss', fullAccess: 'full' });
    expect(environmentIn({ variables, options: { roles: { admin: 'chief' } } }).environment.roles()).toEqual({
      claim: 'roles',
      admin: 'chief',
      fullAccess: 'full',
    });
  });
});

it('the instance is what the App Store says', () => {
  const variables = {
    H2O_CLOUD_INSTANCE_ID: 'i',
    H2O_CLOUD_APP_NAME: 'n',
    H2O_CLOUD_APP_VERSION: '1',
    H2O_CLOUD_APP_ID: '',
    H2O_CLOUD_INSTANCE_OWNER: 'ada',
  };
  expect(environmentIn({ variables }).environment.instance()).toEqual({
    id: 'i',
    appName: 'n',
    appVersion: '1',
    appId: undefined,
    owner: 'ada',
  });
});

it('platform and trusted origins are what the options say', () => {
  const { environment } = environmentIn({ options: { mlopsPlatform: '1.0', trustedScorerOrigins: ['https://s.example.com'] } });
  expect([environment.mlopsPlatform, environment.trustedScorerOrigins]).toEqual(['1.0', ['https://s.example.com']]);
});

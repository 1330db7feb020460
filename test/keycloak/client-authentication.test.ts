import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureOf } from '../unit/identity/world.js';
import { startApp, userinfo, type App } from './world.js';

// The first import takes longer than a clock that stands still has patience.
beforeAll(async () => {
  await import('openid-client');
});

const oddSecret = 'p%41ss:w/rd+plus & zoë-новак';

/** A refresh and an exchange: both ask the client who it is. */
async function expectAccepted(app: App, signedIn: Parameters<App['signIn']>[0] = {}): Promise<void> {
  const { refreshToken } = await app.signIn(signedIn);
  const token = await app.cloud.onBehalfOf({ refreshToken }).accessToken({ scopes: ['ai.h2o.storage'] });
  expect(await userinfo(app.issuer, token)).toMatchObject({ status: 200 });
  expect(app.calls()).toHaveLength(2);
}

describe('case 99: Keycloak takes a client', () => {
  it.each(['client_secret_post', 'client_secret_basic'] as const)(
    'with a secret of any characters, by %s',
    async (clientAuthentication) => {
      await using app = await startApp({ client: 'wave-app-odd-secret', secret: oddSecret, oidc: { clientAuthentication } });
      await expectAccepted(app);
      const isBasic = clientAuthentication === 'client_secret_basic';
      for (const { form, headers } of app.calls()) {
        expect(Object.hasOwn(form, 'client_secret')).toBe(!isBasic);
        expect(headers.authorization?.startsWith('Basic ') ?? false).toBe(isBasic);
      }
    },
  );

  it.each([
    ['RSA', 'RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', 'ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ] as const)('with a private key: %s', async (_, algorithm, generate) => {
    const { privateKey } = generate();
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: algorithm };
    await using app = await startApp({
      client: 'wave-app-key',
      secret: undefined,
      oidc: { privateKey: pem, keyId: 'key-1', clientSecret: undefined },
      sdk: { clock: undefined },
    });
    await app.admin.updateClient('wave-app-key', {
      attributes: {
        'use.jwks.string': 'true',
        'jwks.string': JSON.stringify({ keys: [jwk] }),
        'token.endpoint.auth.signing.alg': algorithm,
        'standard.token.exchange.enabled': 'true',
      },
    });
    const token = await app.cloud.asApp().accessToken({ scopes: ['ai.h2o.storage'] });
    expect(token.scopes).toContain('ai.h2o.storage');
    expect(await userinfo(app.issuer, await app.cloud.asApp().accessToken({ scopes: ['openid'] }))).toMatchObject({ status: 200 });
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await using wrong = await startApp({
      client: 'wave-app-key',
      secret: undefined,
      oidc: { privateKey: stranger },
      sdk: { clock: undefined },
    });
    expect(await failureOf(wrong.cloud.asApp().accessToken())).toMatchObject({ code: 'CLIENT_AUTH' });
  });

  it('without a user, by its service account', async () => {
    await using app = await startApp({ client: 'robot' });
    const token = await app.cloud.asApp().accessToken({ scopes: ['openid', 'ai.h2o.storage'] });
    expect(token.scopes).toContain('ai.h2o.storage');
    expect(await userinfo(app.issuer, token)).toEqual({ status: 200, username: 'service-account-robot' });
    expect(await app.cloud.asApp().accessToken({ scopes: ['ai.h2o.storage', 'openid'] })).toBeDefined();
  });

  it('that is public and has nothing', async () => {
    await using app = await startApp({ client: 'hac-platform-public', secret: undefined });
    const user = await app.user();
    await user.accessToken();
    expect(app.calls()[0]!.form).not.toHaveProperty('client_secret');
  });
});

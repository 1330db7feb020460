import { generateKeyPairSync, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { H2OCloud, type FetchFunction, type H2OCloudOptions } from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { createOidcClient } from '../../src/identity/oidc.js';
import { Secret } from '../../src/internal/secret.js';
import { fixture } from '../support/csv.js';
import { failureOf } from '../unit/identity/world.js';
import { startOpenIdProvider, tokenExchange, type OpenIdProvider, type OpenIdProviderOptions } from './open-id-provider.js';

// The first import takes longer than a clock that stands still has patience.
beforeAll(async () => {
  await import('openid-client');
});

const grants = ['refresh_token', 'client_credentials', tokenExchange];
const app = {
  client_id: 'app',
  client_secret: 'a secret: of /+%& any kind',
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: grants,
  scope: 'openid email offline_access ai.h2o.storage ai.h2o.deploy',
};
const publicApp = { client_id: 'public', token_endpoint_auth_method: 'none', grant_types: ['refresh_token'], scope: app.scope };

interface World extends AsyncDisposable {
  readonly provider: OpenIdProvider;
  readonly clock: FakeClock;
  readonly cloudOf: (oidc?: H2OCloudOptions['oidc'], sdk?: H2OCloudOptions) => H2OCloud;
}

async function startWorld(options: Partial<OpenIdProviderOptions> = {}): Promise<World> {
  const provider = await startOpenIdProvider({ clients: [app, publicApp], ...options });
  const clock = new FakeClock();
  return {
    provider,
    clock,
    cloudOf: (oidc = { clientId: 'app', clientSecret: app.client_secret }, sdk = {}) =>
      new H2OCloud({ env: {}, oidc: { issuer: provider.issuer, ...oidc }, clock, ...sdk }),
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  };
}

const formsOf = ({ provider }: World): Record<string, string>[] => provider.tokenCalls.map(({ form }) => Object.fromEntries(form));

describe('a refresh token of a provider that is not ours', () => {
  it('cases 1, 6: brings an opaque token, whose life counts from when it was asked for', async () => {
    await using world = await startWorld();
    const { provider, clock } = world;
    const refreshToken = await provider.signIn('app');
    const token = await world.cloudOf().onBehalfOf({ refreshToken }).accessToken();
    expect(formsOf(world)).toEqual([
      { grant_type: 'refresh_token', client_id: 'app', client_secret: app.client_secret, refresh_token: refreshToken },
    ]);
    expect(token).toMatchObject({ expiresAt: clock.now() + 300_000, scopes: ['openid', 'offline_access', 'ai.h2o.storage'] });
    expect(await provider.subjectOf(token.value)).toBe('alice');
  });

  test.each([true, false])('cases 8, 9, 31: is replaced where that is the custom, and kept where it is not: %s', async (rotates) => {
    await using world = await startWorld({ rotates });
    const rotated: string[] = [];
    const refreshToken = await world.provider.signIn('app');
    const user = world.cloudOf().onBehalfOf({ refreshToken, onRotate: (token) => void rotated.push(token) });
    for (let count = 0; count < 20; count++) {
      await user.accessToken();
      await world.clock.advance(300_000);
    }
    const spent = formsOf(world).map((form) => form['refresh_token']);
    expect(spent).toEqual(rotates ? [refreshToken, ...rotated.slice(0, -1)] : Array.from({ length: 20 }, () => refreshToken));
  });

  it('cases 20, 21: serves many callers of several users, each with tokens of their own', async () => {
    await using world = await startWorld();
    const cloud = world.cloudOf();
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    await Promise.all(
      names.map(async (name) => {
        const user = cloud.onBehalfOf({ refreshToken: await world.provider.signIn('app', undefined, name) });
        const tokens = await Promise.all(Array.from({ length: 50 }, () => user.accessToken()));
        expect(new Set(tokens).size).toBe(1);
        expect(await world.provider.subjectOf(tokens[0]!.value)).toBe(name);
      }),
    );
    expect(world.provider.tokenCalls).toHaveLength(names.length);
  });

  it('cases 22, 38: serves two sets of scopes in turn, and is not narrower for it', async () => {
    await using world = await startWorld();
    const refreshToken = await world.provider.signIn('public', 'openid offline_access ai.h2o.storage ai.h2o.deploy');
    const user = world.cloudOf({ clientId: 'public' }).onBehalfOf({ refreshToken });
    const [storage, deploy] = await Promise.all([
      user.accessToken({ scopes: ['ai.h2o.storage'] }),
      user.accessToken({ scopes: ['ai.h2o.deploy'] }),
    ]);
    expect([storage.scopes, deploy.scopes]).toEqual([['ai.h2o.storage'], ['ai.h2o.deploy']]);
    expect((await user.accessToken()).scopes).toEqual(expect.arrayContaining(['openid', 'ai.h2o.storage', 'ai.h2o.deploy']));
    expect(new Set(formsOf(world).map((form) => form['refresh_token'])).size).toBe(3);
  });

  it('case 65: is not spent for a scope that it was not granted', async () => {
    await using world = await startWorld();
    const user = world.cloudOf({ clientId: 'public' }).onBehalfOf({ refreshToken: await world.provider.signIn('public') });
    expect(await failureOf(user.accessToken({ scopes: ['ai.h2o.deploy'] }))).toMatchObject({
      name: 'ScopeNotGrantedError',
      code: 'SCOPE_NOT_GRANTED',
      missing: ['ai.h2o.deploy'],
    });
    expect((await user.accessToken({ scopes: ['ai.h2o.storage'] })).scopes).toEqual(['ai.h2o.storage']);
  });

  it('cases 35, 36, 63: that was spent elsewhere, or is unknown, asks for a sign-in by one request, and the next sign-in works', async () => {
    await using world = await startWorld();
    const refreshToken = await world.provider.signIn('app');
    await world.cloudOf().onBehalfOf({ refreshToken }).accessToken();
    // Another process, as far as the provider can tell: a client of another name is another chain here.
    const other = world.cloudOf({
      tokenEndpoint: `${world.provider.issuer}/token`,
      issuer: undefined,
      clientId: 'app',
      clientSecret: app.client_secret,
    });
    for (const spent of [refreshToken, 'unknown']) {
      const user = other.onBehalfOf({ refreshToken: spent });
      for (let count = 0; count < 2; count++)
        expect(await failureOf(user.accessToken())).toMatchObject({
          name: 'SignInRequiredError',
          code: 'SESSION_EXPIRED',
          retryable: false,
        });
    }
    expect(world.provider.tokenCalls).toHaveLength(3);
    await other.onBehalfOf({ refreshToken: await world.provider.signIn('app') }).accessToken();
  });

  it.each([['wrong'], [undefined]])('cases 66, 112: is not spent by a client that cannot prove itself: %s', async (clientSecret) => {
    await using world = await startWorld();
    const refreshToken = await world.provider.signIn('app');
    const wrong = world.cloudOf({ clientId: 'app', clientSecret }).onBehalfOf({ refreshToken });
    expect(await failureOf(wrong.accessToken())).toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH', retryable: false });
    await world.cloudOf({ clientId: 'app', clientSecret: app.client_secret }).onBehalfOf({ refreshToken }).accessToken();
  });
});

describe('an access token of a provider that is not ours', () => {
  it('cases 16, 17, 104: is exchanged for scopes that it lacks, and for audiences, each named by itself', async () => {
    await using world = await startWorld();
    const user = world.cloudOf().onBehalfOf({ refreshToken: await world.provider.signIn('app') });
    expect((await user.accessToken({ scopes: ['ai.h2o.storage'] })).scopes).toContain('offline_access');
    const exchanged = await user.accessToken({ scopes: ['ai.h2o.deploy'] });
    expect(exchanged.scopes).toEqual(['openid', 'ai.h2o.deploy']);
    expect(await world.provider.subjectOf(exchanged.value)).toBe('alice');
    const named = await user.accessToken({ scopes: ['ai.h2o.storage'], audience: ['mlops', 'steam'] });
    expect(named.value).not.toBe(exchanged.value);
    expect(world.provider.tokenCalls.map(({ form }) => form.getAll('audience'))).toEqual([[], [], ['mlops', 'steam']]);
    expect(await user.accessToken({ scopes: ['ai.h2o.storage'], audience: ['steam', 'mlops'] })).toBe(named);
    await world.clock.advance(300_000);
    await user.accessToken();
  });

  it('case 18: that is over is not exchanged, and a sign-in is asked for', async () => {
    await using world = await startWorld();
    const user = world.cloudOf().onBehalfOf({ accessToken: 'unknown' });
    expect(await failureOf(user.accessToken({ audience: ['mlops'] }))).toMatchObject({
      name: 'SignInRequiredError',
      code: 'SESSION_EXPIRED',
    });
  });

  it('case 67: is not exchanged for an audience that does not exist', async () => {
    await using world = await startWorld();
    const user = world.cloudOf().onBehalfOf({ refreshToken: await world.provider.signIn('app') });
    const error = await failureOf(user.accessToken({ audience: ['unknown'] }));
    expect(error).toMatchObject({ name: 'TokenExchangeError', code: 'EXCHANGE_NOT_ALLOWED' });
    expect(error.message).toContain('invalid_target');
  });
});

describe('case 99: a client proves itself to a provider that is not ours', () => {
  test.each(['client_secret_post', 'client_secret_basic'] as const)('with a secret of any characters, by %s', async (method) => {
    await using world = await startWorld({ clients: [{ ...app, client_id: 'a:p/p%', token_endpoint_auth_method: method }] });
    const cloud = world.cloudOf({ clientId: 'a:p/p%', clientSecret: app.client_secret, clientAuthentication: method });
    await cloud.onBehalfOf({ refreshToken: await world.provider.signIn('a:p/p%') }).accessToken();
    await cloud.asApp().accessToken({ scopes: ['ai.h2o.storage'] });
    expect(world.provider.tokenCalls.map(({ authorization }) => authorization?.split(' ')[0])).toEqual(
      Array.from({ length: 2 }, () => (method === 'client_secret_basic' ? 'Basic' : undefined)),
    );
  });

  test.each<[string, string, () => { readonly privateKey: KeyObject }]>([
    ['RSA', 'RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', 'ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['Ed25519', 'Ed25519', () => generateKeyPairSync('ed25519')],
  ])('case 54: with a key, %s, though its clock is half a minute ahead and nothing is tolerated', async (_, algorithm, generate) => {
    const { privateKey } = generate();
    const key = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: algorithm };
    const keyed = { ...app, client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } };
    await using world = await startWorld({ clients: [keyed] });
    world.clock.jumpWallTime(Date.now() + 30_000 - world.clock.now());
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const cloud = world.cloudOf({ clientId: 'app', privateKey: pem, keyId: 'key-1' });
    const token = await cloud.onBehalfOf({ refreshToken: await world.provider.signIn('app') }).accessToken();
    expect(await world.provider.subjectOf(token.value)).toBe('alice');
    await cloud.asApp().accessToken();
    const stranger = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const wrong = world.cloudOf({ clientId: 'app', privateKey: stranger, keyId: 'key-1' });
    expect(await failureOf(wrong.asApp().accessToken())).toMatchObject({ code: 'CLIENT_AUTH' });
  });

  it('with a certificate, which the fetch of the user presents', async () => {
    const pem = (name: string): Buffer => readFileSync(fixture(`tls/${name}.pem`));
    const fetchWith =
      (certificate: { readonly key?: Buffer; readonly cert?: Buffer }): FetchFunction =>
      (url, init) =>
        new Promise((resolve, reject) => {
          const { method = 'GET', body } = init;
          const headers = Object.fromEntries(new Headers(init.headers));
          const outgoing = httpsRequest(url, { ca: pem('ca'), ...certificate, agent: false, method, headers }, (incoming) => {
            const answered = { status: incoming.statusCode ?? 500, headers: { 'content-type': incoming.headers['content-type'] ?? '' } };
            buffer(incoming).then((content) => {
              resolve(new Response(content.length === 0 ? null : new Uint8Array(content), answered));
            }, reject);
          });
          outgoing.on('error', reject).end(typeof body === 'string' ? body : undefined);
        });
    const certified = {
      ...app,
      client_secret: undefined,
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=client',
    };
    const tls = { key: pem('server-key'), cert: pem('server'), ca: pem('ca'), requestCert: true, rejectUnauthorized: false };
    await using world = await startWorld({ clients: [certified], tls });
    const oidc = { clientId: 'app', clientAuthentication: 'tls_client_auth' } as const;
    const cloud = world.cloudOf(oidc, { fetch: fetchWith({ key: pem('client-key'), cert: pem('client') }) });
    await cloud.asApp().accessToken({ scopes: ['ai.h2o.storage'] });
    await cloud.onBehalfOf({ refreshToken: await world.provider.signIn('app') }).accessToken();
    const without = world.cloudOf(oidc, { fetch: fetchWith({}) });
    expect(await failureOf(without.asApp().accessToken())).toMatchObject({ code: 'CLIENT_AUTH' });
  });
});

describe('case 100: a session is ended at the provider', () => {
  const proof = { method: 'client_secret_post', secret: new Secret(app.client_secret) } as const;

  it('by revoking its refresh token; one that is not known is over already', async () => {
    await using world = await startWorld();
    const refreshToken = await world.provider.signIn('app');
    const client = createOidcClient({ issuer: world.provider.issuer, clientId: 'app', proof, allowInsecure: false, clock: world.clock });
    expect(await client.revoke(refreshToken)).toBe(true);
    expect(await client.revoke('unknown')).toBe(true);
    const user = world.cloudOf().onBehalfOf({ refreshToken });
    expect(await failureOf(user.accessToken())).toMatchObject({ name: 'SignInRequiredError' });
  });

  it('unless the provider has no way to', async () => {
    await using world = await startWorld({ revocation: false });
    const client = createOidcClient({ issuer: world.provider.issuer, clientId: 'app', proof, allowInsecure: false, clock: world.clock });
    expect(await client.revoke('any')).toBe(false);
    expect(world.provider.tokenCalls).toEqual([]);
  });
});

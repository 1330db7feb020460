/** The app itself as a user: its client signs in, and its tokens are kept and renewed as anybody's. */
import { describe, expect, it } from 'vitest';
import { clientCredentialsCredential } from '../../../src/identity/client-credentials.js';
import type { Credential } from '../../../src/internal/credential.js';
import { jwt, reply, type Answer } from '../../support/token-server.js';
import { failureOf, secretProof, startWorld, type World } from './world.js';

let issued = 0;
const granting =
  (scope: string): Answer =>
  (response) => {
    reply(response, { status: 200, body: { access_token: jwt({ scope, n: ++issued }), token_type: 'Bearer', expires_in: 300, scope } });
  };

async function start(): Promise<World & { readonly credential: Credential }> {
  const world = await startWorld({}, { proof: secretProof('s') });
  const credential = clientCredentialsCredential({ client: () => Promise.resolve(world.client), clock: world.clock });
  return { ...world, credential };
}

describe('client credentials', () => {
  it('a hundred callers get one token from one request', async () => {
    await using world = await start();
    world.server.next(granting('a b'));
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => world.credential.getToken({ scopes: index % 2 === 0 ? ['a', 'b'] : ['b', 'a'] })),
    );
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1);
    expect(world.server.forms).toEqual([{ grant_type: 'client_credentials', client_id: 'sdk', client_secret: 's', scope: 'a b' }]);
  });

  it('another set of scopes is another token, and each is renewed near its end', async () => {
    await using world = await start();
    world.server.next(granting('a'), granting('b'), granting('a'));
    const first = await world.credential.getToken({ scopes: ['a'] });
    await world.credential.getToken({ scopes: ['b'] });
    await world.clock.advance(301_000);
    expect((await world.credential.getToken({ scopes: ['a'] })).value).not.toBe(first.value);
    expect(world.server.forms.map(({ scope }) => scope)).toEqual(['a', 'b', 'a']);
  });

  it('less than was asked is an error that says what is missing, and an audience is not promised', async () => {
    await using world = await start();
    world.server.next(granting('a'), granting('a'));
    expect(await failureOf(world.credential.getToken({ scopes: ['a', 'c'] }))).toMatchObject({ code: 'SCOPE_NOT_GRANTED', missing: ['c'] });
    expect(await failureOf(world.credential.getToken({ scopes: ['a'], audience: ['mlops'] }))).toMatchObject({
      code: 'EXCHANGE_NOT_ALLOWED',
    });
  });
});

describe('revoking a refresh token', () => {
  it('case 100: ends it at the provider; an unknown one is no error; a provider that fails is one that may be tried again', async () => {
    await using world = await startWorld();
    const { createOidcClient } = await import('../../../src/identity/oidc.js');
    const endpoint = `${new URL(world.server.tokenEndpoint).origin}/revoke`;
    world.server.metadata((response) => {
      reply(response, {
        status: 200,
        body: { issuer: world.server.issuer, token_endpoint: world.server.tokenEndpoint, revocation_endpoint: endpoint },
      });
    });
    const client = createOidcClient({
      issuer: world.server.issuer,
      clientId: 'sdk',
      allowInsecure: false,
      clock: world.clock,
    });
    world.server.next(
      (response) => {
        response.writeHead(200, { 'content-length': '0' }).end();
      },
      (response) => {
        reply(response, { status: 200, body: { error: 'invalid_token', error_description: 'Invalid token' } });
      },
      (response) => {
        reply(response, { status: 500, body: {} });
      },
    );
    expect(await client.revoke('rt-1')).toBe(true);
    expect(world.server.forms[0]).toEqual({ token: 'rt-1', token_type_hint: 'refresh_token', client_id: 'sdk' });
    expect(await client.revoke('unknown')).toBe(true);
    expect(await failureOf(client.revoke('rt-2'))).toMatchObject({ code: 'IDENTITY_PROVIDER_FAILED', retryable: true });
  });

  it('case 100: says so where the provider cannot, and sends nothing', async () => {
    await using world = await startWorld();
    expect(await world.client.revoke('rt-1')).toBe(false);
    expect(world.server.forms).toEqual([]);
  });
});

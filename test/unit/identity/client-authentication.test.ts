/** How a client proves to the identity provider that it is itself, each way as it stands on the wire. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest, type RequestOptions } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { jwtVerify } from 'jose';
import { describe, expect, it, test } from 'vitest';
import type { FetchFunction } from '../../../src/http/transport.js';
import { createOidcClient } from '../../../src/identity/oidc.js';
import { Secret } from '../../../src/internal/secret.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { fixture } from '../../support/csv.js';
import { changed, refused } from '../../support/token-server.js';
import { failureOf, secretProof, startWorld } from './world.js';

const keepRotated = (): void => undefined;

describe('a client secret', () => {
  it.each(['plain', 'a:b/c+d%', 'sécret – ü', '::'])('case 99: by Basic, form-encoded first: %s', async (secret) => {
    await using world = await startWorld({}, { proof: secretProof(secret, 'client_secret_basic'), clientId: 'app:%id' });
    const headers: (string | undefined)[] = [];
    world.server.next((response, grant) => {
      headers.push(response.req.headers.authorization);
      return changed({})(response, grant);
    });
    await world.client.refresh(world.server.signIn(), { scopes: [], keepRotated });
    const [id, sent] = Buffer.from(headers[0]!.replace('Basic ', ''), 'base64').toString().split(':');
    const decode = (value = ''): string => new URLSearchParams(`x=${value}`).get('x')!;
    expect([decode(id), decode(sent)]).toEqual(['app:%id', secret]);
    expect(world.server.forms[0]).not.toHaveProperty('client_secret');
  });
});

const keys: readonly (readonly [string, () => { readonly privateKey: KeyObject; readonly publicKey: KeyObject }, string])[] = [
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256'],
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'],
  ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'ES512'],
  ['Ed25519', () => generateKeyPairSync('ed25519'), 'EdDSA'],
];

describe('a private key', () => {
  it.each(keys)('signs an assertion: %s', async (_, generate, algorithm) => {
    const { privateKey } = generate();
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await using world = await startWorld({}, { proof: { method: 'private_key_jwt', privateKey: new Secret(pem), keyId: 'key-1' } });
    await world.client.refresh(world.server.signIn(), { scopes: [], keepRotated });
    const [form] = world.server.forms;
    expect(form).toMatchObject({ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_id: 'sdk' });
    const { payload, protectedHeader } = await jwtVerify(form!['client_assertion']!, createPublicKey(privateKey), {
      currentDate: new Date(world.clock.now()),
    });
    expect(protectedHeader).toMatchObject({ alg: expect.stringMatching(new RegExp(`${algorithm}|Ed25519`)) as string, kid: 'key-1' });
    expect(payload).toMatchObject({ iss: 'sdk', sub: 'sdk', aud: world.server.tokenEndpoint });
  });

  it('case 54: is good for a provider whose clock is behind or ahead of ours, and no assertion is sent twice', async () => {
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await using world = await startWorld({}, { proof: { method: 'private_key_jwt', privateKey: new Secret(pem), keyId: undefined } });
    const refreshToken = world.server.signIn();
    await world.client.refresh(refreshToken, { scopes: [], keepRotated }).catch(() => undefined);
    await world.client.exchange('subject', { scopes: [], audience: [] }).catch(() => undefined);
    const claims = world.server.forms.map((form) => claimsIn(form['client_assertion']!));
    const now = world.clock.now() / 1000;
    for (const { iat, nbf, exp } of claims) {
      expect([iat <= now - 30, nbf <= now - 30, exp >= now + 30]).toEqual([true, true, true]);
    }
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(claims.length);
  });

  it('of a kind that signs nothing is refused with what to give', async () => {
    const pem = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await using world = await startWorld({}, { proof: { method: 'private_key_jwt', privateKey: new Secret(pem), keyId: undefined } });
    const error = await failureOf(world.client.refresh('token', { scopes: [], keepRotated }));
    expect(error).toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect(error.message).toContain('oidc.privateKey');
  });
});

interface Claims {
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
}
function claimsIn(jwt: string): Claims {
  const parse: (json: string) => Claims = JSON.parse;
  return parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString());
}

const pem = (name: string): string => readFileSync(fixture(`tls/${name}.pem`), 'utf8');

/** A fetch of the user's own, over `node:https`: for a private certificate authority, a client certificate or a proxy. */
const fetchWith =
  (options: RequestOptions): FetchFunction =>
  async (url, init) => {
    const outgoing = httpsRequest(url, {
      ...options,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
    });
    outgoing.end(typeof init.body === 'string' ? init.body : undefined);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    return new Response(await text(incoming), {
      status: incoming.statusCode ?? 0,
      headers: { 'content-type': incoming.headers['content-type'] ?? '' },
    });
  };

describe('case 99: a certificate of the client', () => {
  it('is shown by the fetch of the user, at the endpoint that the provider has for it', async () => {
    const asked: string[] = [];
    const server = createTlsServer(
      { key: pem('server-key'), cert: pem('server'), ca: pem('ca'), requestCert: true },
      (incoming, response) => {
        const { socket } = incoming;
        const isShown = socket instanceof TLSSocket && socket.authorized;
        const origin = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
        asked.push(`${incoming.url ?? ''} ${isShown ? 'with' : 'without'} certificate`);
        const answers: Readonly<Record<string, object>> = {
          '/.well-known/openid-configuration': {
            issuer: origin,
            token_endpoint: `${origin}/token`,
            mtls_endpoint_aliases: { token_endpoint: `${origin}/mtls/token` },
          },
          '/mtls/token': { access_token: 'token', token_type: 'Bearer', expires_in: 60 },
        };
        void text(incoming).then((body) => {
          asked.push(body);
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[incoming.url ?? ''] ?? {}));
        });
      },
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const issuer = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const client = createOidcClient({
      issuer,
      clientId: 'sdk',
      proof: { method: 'tls_client_auth' },
      allowInsecure: false,
      clock: new FakeClock(),
      fetch: fetchWith({ ca: pem('ca'), key: pem('client-key'), cert: pem('client'), agent: false }),
    });
    const { token } = await client.signInItself({ scopes: ['a'] });
    expect(token.value).toBe('token');
    expect(asked).toContain('/mtls/token with certificate');
    expect(Object.fromEntries(new URLSearchParams(asked.at(-1)))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'sdk',
      scope: 'a',
    });

    const stranger = createOidcClient({
      issuer,
      clientId: 'sdk',
      allowInsecure: false,
      clock: new FakeClock(),
      fetch: fetchWith({ agent: false }),
    });
    expect(await failureOf(stranger.signInItself({ scopes: [] }))).toMatchObject({ code: 'TLS_FAILED' });
    server.close();
  });
});

describe('a proxy', () => {
  it('is passed by the fetch of the user, with every request for a token', async () => {
    await using world = await startWorld();
    const seen: string[] = [];
    const proxy = createServer((incoming, outgoing) => {
      seen.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
      const { method, headers } = incoming;
      const onwards = request(incoming.url ?? '', { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onwards);
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const throughProxy: FetchFunction = async (url, init) => {
      const headers = { ...Object.fromEntries(new Headers(init.headers)), host: new URL(url).host };
      const outgoing = request({ host: '127.0.0.1', port, path: url, method: init.method, headers, agent: false });
      outgoing.end(typeof init.body === 'string' ? init.body : undefined);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      return new Response(await text(incoming), { status: incoming.statusCode ?? 0, headers: { 'content-type': 'application/json' } });
    };
    const { issuer, tokenEndpoint } = world.server;
    const client = createOidcClient({ issuer, clientId: 'sdk', allowInsecure: false, clock: world.clock, fetch: throughProxy });
    await client.refresh(world.server.signIn(), { scopes: [], keepRotated });
    expect(seen).toEqual([`GET ${issuer}/.well-known/openid-configuration`, `POST ${tokenEndpoint}`]);
    proxy.close();
  });
});

describe('case 112: a client that the provider refuses', () => {
  test.each([
    ['a wrong secret', refused('unauthorized_client', 'Invalid client or Invalid client credentials', 401)],
    ['an unknown client', refused('invalid_client', 'Invalid client or Invalid client credentials', 401)],
    ['a client without a service account', refused('unauthorized_client', 'Client not enabled to retrieve service account', 401)],
  ])('is one kind of error: %s', async (_, answer) => {
    await using world = await startWorld({}, { proof: secretProof('wrong-p1anted') });
    world.server.next(answer);
    const error = await failureOf(world.client.signInItself({ scopes: [] }));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH', retryable: false });
    expect(String(error)).not.toContain('p1anted');
  });
});

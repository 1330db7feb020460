/** Cases 94 to 96: plants secrets in everything that comes in, and looks for them in everything that can be seen. */
import { inspect } from 'node:util';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { FetchFunction } from '../../../src/http/transport.js';
import { functionTokenCredential } from '../../../src/identity/function-token.js';
import { createOidcClient } from '../../../src/identity/oidc.js';
import { refreshTokenCredential } from '../../../src/identity/refresh-token.js';
import { staticTokenCredential } from '../../../src/identity/static-token.js';
import { fileTokenStoreIn } from '../../../src/identity/token-store/file.js';
import { memoryTokenStore } from '../../../src/identity/token-store/memory.js';
import { changed, jwt, refused, type Answer } from '../../support/token-server.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { advanceUntilDone, failureOf, startWorld, secretProof } from './world.js';

const accessToken = jwt({ sub: 'planted-subject', scope: 'openid' });
const secrets = {
  accessToken,
  newRefreshToken: 'planted-new-refresh-token',
  idToken: jwt({ sub: 'planted-id-token' }),
  clientSecret: 'planted-client-secret',
  opaque: 'planted-opaque-1234567890',
};
const shown = /planted|eyJ[\w-]{8}/;

/** Every way in which an object gets into a log. */
function everyForm(value: unknown): string {
  const forms = [
    inspect(value, { depth: 20, showHidden: true }),
    inspect(value),
    JSON.stringify(value),
    String(value),
    String(Reflect.get(Object(value), 'stack')),
  ];
  return forms.join('\n');
}

const full = { access_token: accessToken, refresh_token: secrets.newRefreshToken, id_token: secrets.idToken };
const raw =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
const planted = JSON.stringify(full);

beforeAll(async () => {
  await import('openid-client');
});

describe('case 94: no error shows a secret', () => {
  test.each<[string, Answer]>([
    ['no token type', changed({ ...full, token_type: undefined })],
    ['another token type', changed({ ...full, token_type: 'mac' })],
    ['a token type of a prototype', changed({ ...full, token_type: '__proto__' })],
    ['a broken life', changed({ ...full, expires_in: 'planted-life' })],
    ['a broken scope', changed({ ...full, scope: [secrets.opaque] })],
    ['a token with a line break', changed({ ...full, access_token: `${secrets.opaque}\r\n` })],
    ['an empty refresh token', changed({ ...full, refresh_token: '' })],
    ['fewer scopes', changed({ ...full, scope: 'openid' })],
    ['truncated JSON', raw(200, planted.slice(0, -2))],
    ['an array', raw(200, `[${planted}]`)],
    ['another content type', raw(200, planted, { 'content-type': 'text/plain' })],
    ['a refusal that quotes', refused('invalid_grant', `Stale token ${accessToken} Bearer ${secrets.opaque}`)],
    ['a refusal that quotes our secret', refused('invalid_request', `client_secret=x wrong: ${secrets.clientSecret}`)],
    ['a refusal with such a code', refused(accessToken, 'x')],
    ['a failure with a page', raw(500, planted)],
    ['a challenge', raw(401, planted, { 'www-authenticate': `Basic realm="${secrets.opaque}"` })],
    ['a redirect', raw(302, planted, { location: `https://evil.example/?token=${accessToken}` })],
    ['a body that is too large', raw(200, planted.padEnd(300_000))],
    ['a reset', (response) => void response.destroy()],
  ])('%s', async (_, answer) => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]): void => void lines.push(line);
    const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation(log),
    );
    const logger = { debug: log, info: log, warn: log, error: log };
    await using world = await startWorld({}, { proof: secretProof(secrets.clientSecret), onCall: log });
    world.server.next(answer, answer, answer);
    const refreshToken = world.server.signIn('planted-refresh-token');
    const onRotate = (): never => {
      throw new Error(secrets.newRefreshToken);
    };
    const credential = refreshTokenCredential({ client: world.client, refreshToken, clock: world.clock, logger, onRotate });
    const error = await advanceUntilDone(world.clock, failureOf(credential.getToken({ scopes: ['openid', 'a'] })));
    expect(everyForm(error)).not.toMatch(shown);
    expect(error.cause).toBeUndefined();
    expect(error.toJSON()).toEqual(expect.objectContaining({ code: error.code, message: error.message }));
    expect(everyForm(lines)).not.toMatch(shown);
    expect(lines.length).toBeGreaterThan(0);
    for (const spy of consoles) expect(spy).not.toHaveBeenCalled();
  });

  it('of a fetch that fails with the request in its hands', async () => {
    const fetch: FetchFunction = (url, init) =>
      Promise.reject(Object.assign(new TypeError(inspect(init.body)), { url, init, code: 'ECONNREFUSED' }));
    const clock = new FakeClock();
    const client = createOidcClient({
      tokenEndpoint: 'https://idp.example/?planted=1',
      clientId: 'sdk',
      proof: secretProof(secrets.clientSecret),
      allowInsecure: false,
      clock,
      fetch,
    });
    const credential = refreshTokenCredential({ client, refreshToken: secrets.opaque, clock });
    expect(everyForm(await advanceUntilDone(clock, failureOf(credential.getToken({}))))).not.toMatch(shown);
  });
});

describe('case 95: no object shows a secret', () => {
  it('of those that an app may hold', async () => {
    await using world = await startWorld({}, { proof: secretProof(secrets.clientSecret) });
    const { client, clock, server } = world;
    const directory = await mkdtemp(join(tmpdir(), 'token-store-'));
    const refreshToken = server.signIn('planted-refresh-token');
    const stores = [memoryTokenStore(clock), fileTokenStoreIn({ directory, clock })];
    const renewed = stores.map((store) => refreshTokenCredential({ client, clock, store, refreshToken, onRotate: () => undefined }));
    const fixed = staticTokenCredential(accessToken, clock);
    const supplied = functionTokenCredential(() => accessToken, { clock });
    const tokens = [];
    for (const credential of [...renewed, fixed, supplied]) tokens.push(await credential.getToken({}));
    const answer = await client.refresh(server.signIn('planted-refresh-token'), { scopes: [], keepRotated: () => undefined });
    for (const value of [client, ...stores, ...renewed, fixed, supplied, ...tokens, answer.token]) {
      expect(everyForm(value)).not.toMatch(shown);
      // A clone that is refused shows nothing either.
      let clone: unknown;
      try {
        clone = structuredClone(value);
      } catch {
        clone = undefined;
      }
      expect(everyForm(clone)).not.toMatch(shown);
    }
    // A token that another credential has rotated may still be on its way into the store.
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  });
});

/**
 * Whatever secrets and identities are made of, and whatever an identity provider answers, nothing of them is in an error, a log, a metric,
 * a printed object or a stored record.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { H2OCloud, H2OCloudError, type CallEvent, type FetchFunction, type User } from 'h2o-ai-cloud';
import { printed } from '../support/printed.js';
import { jwt } from '../support/token-server.js';

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const directory = mkdtempSync(join(tmpdir(), 'no-secrets-'));

beforeAll(async () => {
  await import('openid-client');
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What no other text contains by chance. */
const secretText = fc.stringMatching(/^[A-Za-z0-9._~+/=-]{20,60}$/);
/** People use anything printable as the secret of a client. */
const clientSecretText = fc.string({ unit: 'grapheme-ascii', minLength: 20, maxLength: 60 }).filter((text) => text.trim() === text);

const plantedArbitrary = fc.record({
  accessToken: secretText,
  refreshToken: secretText,
  newerToken: secretText,
  clientSecret: clientSecretText,
  session: secretText,
  subject: secretText,
  username: secretText,
});
type Planted = Parameters<Parameters<typeof plantedArbitrary.map>[0]>[0];

/** A run that leaves a record in the store. */
const kept: Planted = {
  accessToken: 'an-access-token-0123456789',
  refreshToken: 'a-refresh-token-0123456789',
  newerToken: 'a-newer-token-0123456789',
  clientSecret: 'a client secret 0123456789',
  session: 'a-session-0123456789',
  subject: 'a-subject-0123456789',
  username: 'a-username-0123456789',
};

/** A token that says who it is for, and one that says nothing. */
const tokensOf = ({ accessToken, subject, username }: Planted): readonly string[] => [
  jwt({ sub: subject, preferred_username: username, exp: 2_000_000_000, scope: 'openid', jti: accessToken }),
  accessToken,
];

interface Shape {
  readonly status: number;
  readonly form: number;
  readonly isJwt: boolean;
}

/** Issues tokens, or quotes all that it was sent, in every form. */
function provider(planted: Planted, { status, form, isJwt }: Shape): FetchFunction {
  return async (_, init) => {
    const body = await new Response(init.body).text();
    const values = [...new URLSearchParams(body).values()];
    const said = `Sorry: ${values.join(' and ')} ${body} ${JSON.stringify(Object.fromEntries(new Headers(init.headers)))}`;
    const [access_token] = isJwt ? tokensOf(planted) : tokensOf(planted).slice(1);
    const good = { access_token, token_type: 'Bearer', expires_in: 60, refresh_token: planted.newerToken, scope: 'openid' };
    const bodies: readonly unknown[] = [
      good,
      { ...good, token_type: said },
      { ...good, expires_in: said },
      { ...good, access_token: `${access_token ?? ''}\r\n` },
      { error: 'invalid_grant', error_description: said },
      { error: 'invalid_request', error_description: said },
      { error: said },
      said,
    ];
    const answer = bodies[form % bodies.length];
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), {
      status,
      headers: {
        'content-type': form % 2 === 0 ? 'application/json' : 'application/json; charset=utf-8',
        'www-authenticate': 'Basic realm="x"',
      },
    });
  };
}

const key = { id: 'app-key', secret: 'app-secret' };
const basic = `Basic ${Buffer.from(`${key.id}:${key.secret}`).toString('base64')}`;

const currentUser = (cloud: H2OCloud): User => cloud.asCurrentUser();
const sources: readonly ((cloud: H2OCloud, planted: Planted, isJwt: boolean) => User)[] = [
  (cloud, planted, isJwt) => cloud.onBehalfOf({ accessToken: tokensOf(planted)[isJwt ? 0 : 1] ?? '' }),
  (cloud, { refreshToken, newerToken }) =>
    cloud.onBehalfOf({
      refreshToken,
      onRotate: () => {
        throw new Error(newerToken);
      },
    }),
  (cloud, { accessToken }) => cloud.onBehalfOf({ credential: () => Promise.reject(new Error(`token=${accessToken}`)) }),
  (cloud, planted) => cloud.onBehalfOf({ credential: () => ({ accessToken: tokensOf(planted)[0] ?? '' }) }),
  (cloud) => cloud.asApp(),
  currentUser,
  (cloud, planted, isJwt) =>
    cloud.onBehalfOf({
      headers: {
        authorization: basic,
        'wave-access-token': tokensOf(planted)[isJwt ? 0 : 1] ?? '',
        'wave-refresh-token': planted.refreshToken,
        'wave-session-id': planted.session,
        'wave-subject-id': planted.subject,
        'wave-username': planted.username,
        'wave-client-id': planted.newerToken,
      },
    }),
];

const proofs = ['client_secret_post', 'client_secret_basic', 'private_key_jwt'] as const;

function storedText(): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => textOf(join(entry.parentPath, entry.name)))
    .join('\n');
}

/** Locks come and go while somebody looks. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

describe('cases 94, 95, 96: secrets and identities', () => {
  it('are in nothing that can be seen, whatever they are made of and whatever a provider answers', async () => {
    const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) => vi.spyOn(console, method).mockReturnValue());
    let failures = 0;
    await fc.assert(
      fc.asyncProperty(
        plantedArbitrary,
        fc.constantFrom(...sources),
        fc.constantFrom(...proofs),
        fc.record({ status: fc.constantFrom(200, 400, 401, 403, 500), form: fc.nat(7), isJwt: fc.boolean() }),
        async (planted, source, method, shape) => {
          const logged: unknown[] = [];
          const events: CallEvent[] = [];
          const log = (...values: unknown[]): void => void logged.push(...values);
          const proof = method === 'private_key_jwt' ? { privateKey } : { clientSecret: planted.clientSecret };
          const cloud = new H2OCloud({
            env: { H2O_CLOUD_CLIENT_PLATFORM_TOKEN: planted.refreshToken, H2O_CLOUD_CLIENT_PLATFORM_ID: 'platform' },
            oidc: { tokenEndpoint: 'https://idp.example/token', clientId: 'app', clientAuthentication: method, ...proof },
            wave: { address: 'http://127.0.0.1:1', appKey: key, accessKey: key },
            tokenStore: { directory },
            fetch: provider(planted, shape),
            logger: { debug: log, info: log, warn: log, error: log },
            onCall: (event) => events.push(event),
            timeoutMs: 2_000,
          });
          const user = source(cloud, planted, shape.isJwt);
          const seen: unknown[] = [cloud, user];
          for (const request of [{}, { scopes: ['openid', 'ai.h2o.deploy'] }, { audience: ['mlops'] }]) {
            const outcome: unknown = await user.accessToken(request).catch((reason: unknown) => reason);
            if (outcome instanceof Error) {
              failures++;
              expect(outcome, inspect(outcome)).toBeInstanceOf(H2OCloudError);
              expect(outcome.cause).toBeUndefined();
            }
            seen.push(outcome);
          }
          const text = [...seen, logged, events].map(printed).join('\n');
          for (const [name, secret] of Object.entries({ ...planted, jwt: 'eyJ' }))
            expect(text.includes(secret), `${name} in ${text}`).toBe(false);
          const stored = storedText();
          for (const secret of Object.values(planted)) expect(stored.includes(secret)).toBe(false);
        },
      ),
      { numRuns: 120, examples: [[kept, currentUser, 'client_secret_post', { status: 200, form: 0, isJwt: true }]] },
    );
    expect(failures).toBeGreaterThan(100);
    expect(storedText()).not.toBe('');
    for (const spy of consoles) expect(spy).not.toHaveBeenCalled();
  });
});

describe('cases 47, 80, 92: sessions of Wave with names that somebody chose', () => {
  const nasty = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'a|b',
    'a',
    '|b',
    'a:b',
    ':',
    '[]',
    '"',
    '\u00e9',
    'x'.repeat(10_000),
  ];
  const sessionName = fc.oneof(
    fc.constantFrom(...nasty),
    fc.stringMatching(/^[ -~]{1,40}$/).filter((text) => text.trim() === text),
  );

  it('never share a token', async () => {
    const cloud = new H2OCloud({ env: {}, wave: { address: 'http://127.0.0.1:1', appKey: key, accessKey: key } });
    const tokenOf = (session: string, subject: string): string => jwt({ sub: subject, sid: session, exp: 4_000_000_000 });
    const userOf = (session: string, subject: string): User =>
      cloud.onBehalfOf({
        headers: {
          authorization: basic,
          'wave-access-token': tokenOf(session, subject),
          'wave-session-id': session,
          'wave-subject-id': subject,
          'wave-username': subject,
        },
      });
    const owners = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(sessionName, { minLength: 2, maxLength: 8 }), async (sessions) => {
        for (const session of sessions) if (!owners.has(session)) owners.set(session, `user-${owners.size}`);
        const users = sessions.map((session) => userOf(session, owners.get(session)!));
        const tokens = await Promise.all(users.map((user) => user.accessToken()));
        expect(tokens.map(({ value }) => value)).toEqual(sessions.map((session) => tokenOf(session, owners.get(session)!)));
        expect(await Promise.all(users.map(async (user) => (await user.claims()).subject))).toEqual(
          sessions.map((session) => owners.get(session)),
        );
      }),
      { numRuns: 100 },
    );
    expect(Reflect.get({}, 'sub')).toBeUndefined();
  });
});

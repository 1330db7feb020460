/** Each text with which Keycloak refuses, by making it say so. */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { H2OCloud } from 'h2o-ai-cloud';
import { failureOf } from '../unit/identity/world.js';
import { newUser, startApp, type App } from './world.js';

// The first import takes longer than a clock that stands still has patience.
beforeAll(async () => {
  await import('openid-client');
});

/** What has to happen so that Keycloak refuses; returns the refresh token that it then refuses. */
type Way = (app: App) => Promise<string>;

const offline = { scope: 'openid offline_access' };

const refreshTokens: readonly (readonly [string, string, Way])[] = [
  ['Invalid refresh token', 'SESSION_EXPIRED', () => Promise.resolve('junk')],
  ['Invalid refresh token', 'SESSION_EXPIRED', async (app) => (await app.signIn()).accessToken],
  [
    'Invalid refresh token',
    'SESSION_EXPIRED',
    async (app) => {
      await using elsewhere = await startApp({ realm: 'hac-norotate', proxy: app.proxy });
      return (await elsewhere.signIn()).refreshToken;
    },
  ],
  [
    "Invalid refresh token. Token client and authorized client don't match",
    'SESSION_EXPIRED',
    async (app) => (await app.signIn({ client: 'wave-app-xrt', secret: 'wave-app-xrt-secret' })).refreshToken,
  ],
  [
    'Session not active',
    'SESSION_ENDED',
    async (app) => {
      const { refreshToken, sessionId } = await app.signIn();
      await app.admin.endSession(sessionId);
      return refreshToken;
    },
  ],
  [
    'Offline user session not found',
    'SESSION_ENDED',
    async (app) => {
      const { refreshToken, sessionId } = await app.signIn(offline);
      await app.admin.endSession(sessionId, { isOffline: true });
      return refreshToken;
    },
  ],
  [
    'Session not active',
    'SESSION_ENDED',
    async (app) => {
      const username = await newUser(app);
      const { refreshToken } = await app.signIn({ username });
      await app.admin.signOut(username);
      return refreshToken;
    },
  ],
  [
    'Stale token',
    'REUSE_DETECTED',
    async (app) => {
      const username = await newUser(app);
      const { refreshToken } = await app.signIn({ username, ...offline });
      // A sign-out by an administrator spares what is of the same second.
      await delay(2_000);
      await app.admin.signOut(username);
      return refreshToken;
    },
  ],
  [
    'User disabled',
    'USER_DISABLED',
    async (app) => {
      const username = await newUser(app);
      const { refreshToken } = await app.signIn({ username });
      await app.admin.setEnabled(username, false);
      return refreshToken;
    },
  ],
];

describe('case 63: a refresh token that Keycloak refuses', () => {
  test.each(refreshTokens)('with "%s" is %s, by one request', async (text, code, prepare) => {
    await using app = await startApp();
    const refreshToken = await prepare(app);
    const error = await failureOf(app.cloud.onBehalfOf({ refreshToken }).accessToken());
    expect(error).toMatchObject({ name: 'SignInRequiredError', code, retryable: false });
    expect(error.message).toContain(`(invalid_grant: ${text})`);
    expect(error.message).not.toMatch(/eyJ|wave-app-secret/);
    expect(app.calls()).toHaveLength(1);
  });

  it('"Stale token" is not always reuse, and the error does not claim it', async () => {
    await using app = await startApp();
    const refreshToken = await refreshTokens.find(([text]) => text === 'Stale token')![2](app);
    const error = await failureOf(app.cloud.onBehalfOf({ refreshToken }).accessToken());
    expect(error.message).toMatch(/spent[^]*or an administrator/);
  });
});

describe('cases 66, 112: a client that Keycloak refuses', () => {
  test.each<[string, string, string | undefined]>([
    ['a wrong secret', 'wave-app', 'not-the-secret'],
    ['no secret', 'wave-app', undefined],
    ['a client that does not exist', 'no-such-client', 'secret'],
    ['a client that is switched off', 'wave-app-switched-off', 'wave-app-switched-off-secret'],
  ])('is one error: %s', async (_, client, secret) => {
    await using app = await startApp();
    const { refreshToken } = await app.signIn();
    const oidc = { issuer: app.issuer, clientId: client, clientSecret: secret };
    const cloud = new H2OCloud({ env: {}, oidc, clock: app.clock });
    const error = await failureOf(cloud.onBehalfOf({ refreshToken }).accessToken());
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'CLIENT_AUTH', retryable: false });
    expect(error.message).toContain(`"${client}"`);
    expect(app.calls()).toHaveLength(1);
  });

  it('also where it has no service account', async () => {
    await using app = await startApp();
    expect(await failureOf(app.cloud.asApp().accessToken())).toMatchObject({ code: 'CLIENT_AUTH' });
  });
});

describe('a realm that is not there', () => {
  it('is told by its metadata', async () => {
    await using app = await startApp();
    const cloud = new H2OCloud({ env: {}, oidc: { issuer: `${app.proxy.url}/realms/nobody`, clientId: 'x' }, clock: app.clock });
    const error = await failureOf(cloud.onBehalfOf({ refreshToken: 'x' }).accessToken());
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'DISCOVERY_FAILED' });
  });

  it('is told by its token endpoint', async () => {
    await using app = await startApp();
    const tokenEndpoint = `${app.proxy.url}/realms/nobody/protocol/openid-connect/token`;
    const cloud = new H2OCloud({ env: {}, oidc: { tokenEndpoint, clientId: 'x' }, clock: app.clock });
    const error = await failureOf(cloud.onBehalfOf({ refreshToken: 'x' }).accessToken());
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'CREDENTIAL_FAILED', retryable: false });
    expect(error.message).toContain('Realm does not exist');
  });

  it('is told when it is switched off, for an exchange too', async () => {
    await using app = await startApp({ realm: 'hac-norotate' });
    const { accessToken, refreshToken } = await app.signIn();
    const tokenEndpoint = `${app.issuer}/protocol/openid-connect/token`;
    const oidc = { tokenEndpoint, clientId: 'wave-app', clientSecret: 'wave-app-secret' };
    const cloud = new H2OCloud({ env: {}, oidc, clock: app.clock });
    await app.admin.updateRealm({ enabled: false });
    const errors = await Promise.all([
      failureOf(cloud.onBehalfOf({ refreshToken }).accessToken()),
      failureOf(cloud.onBehalfOf({ accessToken }).accessToken({ scopes: ['ai.h2o.deploy'] })),
    ]).finally(() => app.admin.updateRealm({ enabled: true }));
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'AuthenticationError', code: 'CREDENTIAL_FAILED' });
      expect(error.message).toContain('Realm not enabled');
    }
  });

  it('cases 82, 117: `localhost` and `127.0.0.1` are two issuers, and the error names both', async () => {
    await using app = await startApp();
    const { accessToken, refreshToken } = await app.signIn();
    const issuer = app.issuer.replace('127.0.0.1', 'localhost');
    const cloud = new H2OCloud({ env: {}, oidc: { issuer, clientId: 'wave-app', clientSecret: 'wave-app-secret' }, clock: app.clock });
    // The issuer follows the host by which Keycloak is called, so the metadata are right and the token is a stranger's.
    const errors = [
      await failureOf(cloud.onBehalfOf({ refreshToken }).accessToken()),
      await failureOf(cloud.onBehalfOf({ accessToken }).accessToken({ scopes: ['ai.h2o.deploy'] })),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_EXPIRED' });
      expect(error.message).toContain(app.issuer);
      expect(error.message).toContain(issuer);
    }
  });
});

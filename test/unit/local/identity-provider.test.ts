import { describe, expect, it, test } from 'vitest';
import { claimsOf, listOf, TestCloud, textOf } from './cloud.js';
import type { Granted } from './cloud.js';

const waveApp = { client_id: 'wave-app', client_secret: 'wave-app-secret' };
const alice = { username: 'alice', password: 'alice' };
const both = 'ai.h2o.storage ai.h2o.deploy';
const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

const signIn = (cloud: TestCloud, scope = 'openid'): Promise<Granted> =>
  cloud.granted({ grant_type: 'password', ...waveApp, ...alice, scope });
const refreshForm = (refreshToken: string, more: Readonly<Record<string, string>> = {}) => ({
  grant_type: 'refresh_token',
  ...waveApp,
  refresh_token: refreshToken,
  ...more,
});
const exchangeForm = (subjectToken: string, more: Readonly<Record<string, string>> = {}) => ({
  grant_type: exchangeType,
  ...waveApp,
  subject_token: subjectToken,
  subject_token_type: accessTokenType,
  ...more,
});
const scopesIn = (token: string): readonly string[] => textOf(claimsOf(token), 'scope').split(' ').sort();
const invalidGrant = (description: string) => ({ status: 400, body: { error: 'invalid_grant', error_description: description } });
const invalidRequest = (description: string) => ({ status: 400, body: { error: 'invalid_request', error_description: description } });

describe('signing in', () => {
  it('gives tokens with the claims that Keycloak gives', async () => {
    const cloud = new TestCloud({ accessTokenSeconds: 20 });
    const { accessToken, body } = await signIn(cloud, `openid ${both}`);
    const now = cloud.clock.now() / 1000;
    expect(claimsOf(accessToken)).toMatchObject({
      iss: 'http://127.0.0.1:9999/auth/realms/hac',
      exp: now + 20,
      iat: now,
      typ: 'Bearer',
      azp: 'wave-app',
      preferred_username: 'alice',
      email: 'alice@example.com',
      realm_access: { roles: ['offline_access', 'user'] },
    });
    expect(claimsOf(accessToken)).not.toHaveProperty('aud');
    expect(body).toMatchObject({ expires_in: 20, token_type: 'Bearer', session_state: claimsOf(accessToken)['sid'] });
    expect(claimsOf(textOf(body, 'id_token'))).toMatchObject({ aud: 'wave-app', typ: 'ID', sub: claimsOf(accessToken)['sub'] });
  });

  it('publishes the key that the tokens are signed with', async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud);
    const header: unknown = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString());
    const { body } = await cloud.send('/auth/realms/hac/protocol/openid-connect/certs');
    expect(header).toMatchObject({ alg: 'RS256', kid: listOf(body, 'keys')[0]?.['kid'] });
  });

  it('has no ID token without openid', async () => {
    const { body } = await signIn(new TestCloud(), 'ai.h2o.storage');
    expect(body).not.toHaveProperty('id_token');
  });

  it('lets the platform client have the H2O scopes without asking', async () => {
    const { scope } = await new TestCloud().granted({ grant_type: 'password', client_id: 'hac-platform-public', ...alice });
    expect(scope.split(' ')).toEqual(expect.arrayContaining(both.split(' ')));
  });

  test.each([
    ['a wrong password', { ...waveApp, ...alice, password: 'x' }, 401, 'invalid_grant', 'Invalid user credentials'],
    [
      'a wrong secret',
      { ...waveApp, client_secret: 'x', ...alice },
      401,
      'unauthorized_client',
      'Invalid client or Invalid client credentials',
    ],
    ['an unknown client', { client_id: 'nobody', ...alice }, 401, 'invalid_client', 'Invalid client or Invalid client credentials'],
    [
      'a scope that is not assigned',
      { ...waveApp, ...alice, scope: 'openid lab.unassigned' },
      400,
      'invalid_scope',
      'Invalid scopes: openid lab.unassigned',
    ],
  ])('is refused with %s', async (_, form, status, error, description) => {
    const answer = await new TestCloud().form('token', { grant_type: 'password', ...form });
    expect(answer).toMatchObject({ status, body: { error, error_description: description } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('takes client credentials in a form-encoded Basic header', async () => {
    const authorization = `Basic ${Buffer.from('wave-app:wave-app-secret').toString('base64')}`;
    expect(await new TestCloud().form('token', { grant_type: 'password', ...alice }, { authorization })).toMatchObject({ status: 200 });
  });

  it('lets a confidential client sign itself in, where it may', async () => {
    const cloud = new TestCloud();
    const { accessToken, refreshToken } = await cloud.granted({ grant_type: 'client_credentials', ...waveApp, scope: both });
    expect(claimsOf(accessToken)).toMatchObject({ preferred_username: 'service-account-wave-app' });
    expect(refreshToken).toBe('');
    const refused = await cloud.form('token', {
      grant_type: 'client_credentials',
      client_id: 'no-scopes',
      client_secret: 'no-scopes-secret',
    });
    expect(refused).toMatchObject({
      status: 401,
      body: { error: 'unauthorized_client', error_description: 'Client not enabled to retrieve service account' },
    });
  });
});

describe('the token endpoint', () => {
  test.each([
    ['no grant type', {}, invalidRequest('Missing form parameter: grant_type')],
    [
      'an unknown grant type',
      { grant_type: 'x' },
      { status: 400, body: { error: 'unsupported_grant_type', error_description: 'Unsupported grant_type' } },
    ],
    ['no refresh token', { grant_type: 'refresh_token', ...waveApp }, invalidRequest('No refresh token')],
  ])('refuses %s', async (_, form, expected) => {
    expect(await new TestCloud().form('token', form)).toMatchObject(expected);
  });

  it('refuses a parameter that comes twice', async () => {
    const form = new URLSearchParams({ grant_type: 'password', ...waveApp, ...alice, scope: 'openid' });
    form.append('scope', 'profile');
    expect(await new TestCloud().form('token', form)).toMatchObject(invalidRequest('duplicated parameter'));
  });

  it('refuses GET, JSON and other realms', async () => {
    const cloud = new TestCloud();
    const path = '/auth/realms/hac/protocol/openid-connect/token';
    expect(await cloud.send(path)).toMatchObject({ status: 405, body: { error: 'HTTP 405 Method Not Allowed' } });
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"grant_type":"password"}' };
    expect(await cloud.send(path, json)).toMatchObject(invalidRequest('Missing form parameter: grant_type'));
    expect(await cloud.send(path.replace('hac', 'other'), json)).toMatchObject({ status: 404, body: { error: 'Realm does not exist' } });
  });
});

describe('rotated refresh tokens', () => {
  it('are good once: the second use ends the session for the newest token too', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    const first = await signIn(cloud);
    const second = await cloud.granted(refreshForm(first.refreshToken));
    expect(await cloud.form('token', refreshForm(first.refreshToken))).toMatchObject(
      invalidGrant('Maximum allowed refresh token reuse exceeded'),
    );
    expect(await cloud.form('token', refreshForm(second.refreshToken))).toMatchObject(invalidGrant("Session doesn't have required client"));
    expect(await cloud.form('token', exchangeForm(second.accessToken))).toMatchObject(invalidRequest('Invalid token'));
  });

  it('are stale when two steps behind', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    const first = await signIn(cloud);
    const second = await cloud.granted(refreshForm(first.refreshToken));
    await cloud.granted(refreshForm(second.refreshToken));
    expect(await cloud.form('token', refreshForm(first.refreshToken))).toMatchObject(invalidGrant('Stale token'));
  });

  it('let one of two calls at once through, and the session dies', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    const { refreshToken } = await signIn(cloud);
    const answers = await Promise.all([1, 2].map(() => cloud.form('token', refreshForm(refreshToken))));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400]);
  });

  it('chain as long as each is used once', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    let { refreshToken } = await signIn(cloud);
    for (let count = 0; count < 50; count++) ({ refreshToken } = await cloud.granted(refreshForm(refreshToken)));
    expect(refreshToken).not.toBe('');
  });

  test.each([
    ['an unassigned scope', { scope: 'no.such.scope' }, 'invalid_scope'],
    ['an empty scope', { scope: '' }, 'invalid_scope'],
    ['a wrong secret', { client_secret: 'x' }, 'unauthorized_client'],
  ])('are not spent by a refusal for %s', async (_, more, error) => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    const { refreshToken } = await signIn(cloud);
    expect(await cloud.form('token', refreshForm(refreshToken, more))).toMatchObject({ body: { error } });
    await expect(cloud.granted(refreshForm(refreshToken))).resolves.toBeDefined();
  });

  it('leave other sign-ins of the user alone', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    const [one, other] = [await signIn(cloud), await signIn(cloud)];
    await cloud.granted(refreshForm(one.refreshToken));
    await cloud.form('token', refreshForm(one.refreshToken));
    await expect(cloud.granted(refreshForm(other.refreshToken))).resolves.toBeDefined();
  });
});

describe('refresh tokens that are not rotated', () => {
  it('stay good, and each refresh gives another text', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud);
    const answers = await Promise.all([1, 2, 3].map(() => cloud.granted(refreshForm(refreshToken))));
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(3);
  });
});

describe('a refresh token is refused', () => {
  it('when it is no refresh token', async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud);
    for (const value of ['', 'junk', accessToken]) {
      expect(await cloud.form('token', refreshForm(value))).toMatchObject(invalidGrant('Invalid refresh token'));
    }
  });

  it("when it is another client's", async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await cloud.cloud.issueTokens('alice');
    expect(await cloud.form('token', refreshForm(refreshToken))).toMatchObject(
      invalidGrant("Invalid refresh token. Token client and authorized client don't match"),
    );
  });

  it('when the session has ended', async () => {
    const cloud = new TestCloud();
    const online = await signIn(cloud);
    const offline = await signIn(cloud, 'openid offline_access');
    cloud.cloud.stopUserSession('alice');
    expect(await cloud.form('token', refreshForm(online.refreshToken))).toMatchObject(invalidGrant('Session not active'));
    expect(await cloud.form('token', refreshForm(offline.refreshToken))).toMatchObject(invalidGrant('Stale token'));
  });

  it('when the user is disabled', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud);
    cloud.cloud.disableUser('alice');
    expect(await cloud.form('token', refreshForm(refreshToken))).toMatchObject(invalidGrant('User disabled'));
    expect(await cloud.form('token', { grant_type: 'password', ...waveApp, ...alice })).toMatchObject(invalidGrant('Account disabled'));
  });

  it('when its session has lasted ten hours, unless it is an offline one', async () => {
    const cloud = new TestCloud();
    const online = await signIn(cloud);
    const offline = await signIn(cloud, 'openid offline_access');
    expect(online.body).toMatchObject({ refresh_expires_in: 36_000 });
    expect(offline.body).toMatchObject({ refresh_expires_in: 0 });
    await cloud.clock.advance(36_000_000);
    expect(await cloud.form('token', refreshForm(online.refreshToken))).toMatchObject(invalidGrant('Token is not active'));
    await expect(cloud.granted(refreshForm(offline.refreshToken))).resolves.toBeDefined();
  });
});

describe('the scope of a refresh', () => {
  const defaults = ['email', 'profile'];
  test.each([
    ['more than was granted is dropped without a word', 'openid', `openid ${both}`, ['openid']],
    ['less is what was asked, and openid', `openid ${both}`, 'ai.h2o.storage', ['ai.h2o.storage', 'openid']],
    ['nothing asked is everything', `openid ${both}`, undefined, ['ai.h2o.deploy', 'ai.h2o.storage', 'openid']],
    ['openid is not made up', 'ai.h2o.storage', undefined, ['ai.h2o.storage']],
  ])('%s', async (_, atSignIn, asked, expected) => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud, atSignIn);
    const { accessToken, scope } = await cloud.granted(refreshForm(refreshToken, asked === undefined ? {} : { scope: asked }));
    expect(scopesIn(accessToken)).toEqual([...expected, ...defaults].sort());
    expect(scope.split(' ').sort()).toEqual([...expected, ...defaults].sort());
  });

  it('narrowed once, is full again at the next refresh', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud, `openid ${both}`);
    const narrowed = await cloud.granted(refreshForm(refreshToken, { scope: 'ai.h2o.storage' }));
    const { accessToken } = await cloud.granted(refreshForm(narrowed.refreshToken));
    expect(scopesIn(accessToken)).toContain('ai.h2o.deploy');
  });

  it('is misstated by the answer for an offline token: the claim tells the truth', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud, `openid offline_access ${both}`);
    const { accessToken, scope } = await cloud.granted(refreshForm(refreshToken, { scope: 'ai.h2o.storage' }));
    expect(scopesIn(accessToken)).not.toContain('ai.h2o.deploy');
    expect(scope.split(' ')).toContain('ai.h2o.deploy');
  });
});

describe('token exchange', () => {
  it('gives scopes that the sign-in lacked, for the same session, and spends nothing', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true, accessTokenSeconds: 20 });
    const login = await signIn(cloud);
    await cloud.clock.advance(15_000);
    const exchanged = await cloud.granted(exchangeForm(login.accessToken, { scope: `openid ${both}` }));
    expect(scopesIn(exchanged.accessToken)).toEqual(expect.arrayContaining(both.split(' ')));
    expect(exchanged.body).toMatchObject({ refresh_expires_in: 0, token_type: 'Bearer', issued_token_type: accessTokenType });
    expect(exchanged.refreshToken).toBe('');
    const [before, after] = [claimsOf(login.accessToken), claimsOf(exchanged.accessToken)];
    expect(after).toMatchObject({ sub: before['sub'], sid: before['sid'], azp: 'wave-app', exp: cloud.clock.now() / 1000 + 20 });
    await expect(cloud.granted(exchangeForm(exchanged.accessToken))).resolves.toBeDefined();
    await expect(cloud.granted(refreshForm(login.refreshToken))).resolves.toBeDefined();
  });

  it("without a scope gives the client's defaults, not the subject's scopes", async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud, `openid ${both}`);
    const exchanged = await cloud.granted(exchangeForm(accessToken));
    expect(scopesIn(exchanged.accessToken)).toEqual(['email', 'openid', 'profile']);
    expect(exchanged.body).not.toHaveProperty('id_token');
    expect((await cloud.granted(exchangeForm(accessToken, { scope: 'openid' }))).body).toHaveProperty('id_token');
  });

  it('without openid costs the sign-in its ID token, until one with openid heals it', async () => {
    const cloud = new TestCloud();
    const login = await signIn(cloud);
    await cloud.granted(exchangeForm(login.accessToken, { scope: both }));
    const damaged = await cloud.granted(refreshForm(login.refreshToken));
    expect(damaged.body).not.toHaveProperty('id_token');
    await cloud.granted(exchangeForm(damaged.accessToken, { scope: `openid ${both}` }));
    expect((await cloud.granted(refreshForm(damaged.refreshToken))).body).toHaveProperty('id_token');
  });

  it('has one text for every bad subject token', async () => {
    const cloud = new TestCloud({ accessTokenSeconds: 20 });
    const { accessToken, refreshToken, body } = await signIn(cloud);
    for (const subject of ['junk', refreshToken, textOf(body, 'id_token'), `${accessToken}x`]) {
      expect(await cloud.form('token', exchangeForm(subject))).toMatchObject(invalidRequest('Invalid token'));
    }
    await cloud.clock.advance(20_000);
    expect(await cloud.form('token', exchangeForm(accessToken))).toMatchObject(invalidRequest('Invalid token'));
  });

  test.each([
    ['a scope that is not assigned', { scope: 'lab.unassigned' }, 'invalid_scope', 'Invalid scopes: lab.unassigned', 400],
    [
      'a JWT subject type',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
      'invalid_request',
      "Parameter 'subject_token' supports access tokens only",
      400,
    ],
    [
      'a refresh token as the result',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request',
      'requested_token_type unsupported',
      400,
    ],
    ['an audience that nothing brings', { audience: 'mlops' }, 'invalid_request', 'Requested audience not available: mlops', 400],
    ['an unknown audience', { audience: 'nobody' }, 'invalid_client', 'Audience not found', 400],
    [
      'a client that may not',
      { client_id: 'wave-app-noxchg', client_secret: 'wave-app-noxchg-secret' },
      'invalid_request',
      'Standard token exchange is not enabled for the requested client',
      400,
    ],
    [
      "another client's token",
      { client_id: 'mlops', client_secret: 'mlops-secret' },
      'access_denied',
      'Client is not within the token audience',
      403,
    ],
  ])('is refused for %s', async (_, more, error, description, status) => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud);
    expect(await cloud.form('token', exchangeForm(accessToken, more))).toMatchObject({
      status,
      body: { error, error_description: description },
    });
  });

  it("takes another client's token that names this one as its audience", async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud, 'openid lab.aud.mlops');
    const exchanged = await cloud.granted(exchangeForm(accessToken, { client_id: 'mlops', client_secret: 'mlops-secret' }));
    expect(claimsOf(exchanged.accessToken)).toMatchObject({ azp: 'mlops', preferred_username: 'alice' });
  });

  it('gives an audience that a scope brings', async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud);
    const exchanged = await cloud.granted(exchangeForm(accessToken, { audience: 'mlops', scope: 'openid lab.aud.mlops' }));
    expect(claimsOf(exchanged.accessToken)).toMatchObject({ aud: 'mlops' });
  });

  it('can give an ID token', async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud);
    const { body } = await cloud.form(
      'token',
      exchangeForm(accessToken, { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
    );
    expect(body).toMatchObject({ token_type: 'N_A', issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' });
    expect(claimsOf(textOf(body, 'access_token'))).toMatchObject({ typ: 'ID' });
  });
});

describe('an access token', () => {
  const userinfo = (cloud: TestCloud, token: string) =>
    cloud.send('/auth/realms/hac/protocol/openid-connect/userinfo', { headers: { authorization: `Bearer ${token}` } });

  it('lives for the time given, to the millisecond', async () => {
    const cloud = new TestCloud({ accessTokenSeconds: 0.4 });
    const { accessToken, body } = await signIn(cloud);
    expect(body).toMatchObject({ expires_in: 0.4 });
    await cloud.clock.advance(399);
    expect(await userinfo(cloud, accessToken)).toMatchObject({ status: 200, body: { preferred_username: 'alice' } });
    await cloud.clock.advance(1);
    const expired = await userinfo(cloud, accessToken);
    expect(expired.status).toBe(401);
    expect(expired.headers.get('www-authenticate')).toBe(
      'Bearer realm="hac", error="invalid_token", error_description="Token verification failed"',
    );
  });

  it('does not tell roles to userinfo, nor anything without openid', async () => {
    const cloud = new TestCloud();
    expect((await userinfo(cloud, (await signIn(cloud)).accessToken)).body).not.toHaveProperty('realm_access');
    const refused = await userinfo(cloud, (await signIn(cloud, 'ai.h2o.storage')).accessToken);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('Missing openid scope');
  });

  it('is inactive once the session has ended', async () => {
    const cloud = new TestCloud();
    const { accessToken } = await signIn(cloud);
    const introspect = () => cloud.form('token/introspect', { ...waveApp, token: accessToken });
    expect((await introspect()).body).toMatchObject({ active: true, username: 'alice', client_id: 'wave-app' });
    cloud.cloud.stopUserSession('alice');
    expect((await introspect()).body).toEqual({ active: false });
    expect((await userinfo(cloud, accessToken)).headers.get('www-authenticate')).toContain('user_session_not_found');
  });

  it('is not the only one that introspection knows: a refresh token is active as long as it can be redeemed', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud);
    const introspect = () => cloud.form('token/introspect', { ...waveApp, token: refreshToken });
    expect((await introspect()).body).toMatchObject({ active: true, typ: 'Refresh', username: 'alice', client_id: 'wave-app' });
    cloud.cloud.stopUserSession('alice');
    expect((await introspect()).body).toEqual({ active: false });
  });

  it('is revoked alone, but an exchanged one takes the session with it', async () => {
    const cloud = new TestCloud();
    const login = await signIn(cloud);
    const exchanged = await cloud.granted(exchangeForm(login.accessToken, { scope: `openid ${both}` }));
    await cloud.form('revoke', { ...waveApp, token: login.accessToken });
    expect((await userinfo(cloud, login.accessToken)).status).toBe(401);
    const refreshed = await cloud.granted(refreshForm(login.refreshToken));
    await cloud.form('revoke', { ...waveApp, token: exchanged.accessToken });
    expect(await cloud.form('token', refreshForm(refreshed.refreshToken))).toMatchObject(invalidGrant('Session not active'));
  });
});

describe('ending a session', () => {
  it('works by signing out with the refresh token', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud);
    expect(await cloud.form('logout', { ...waveApp, refresh_token: refreshToken })).toMatchObject({ status: 204 });
    expect(await cloud.form('token', refreshForm(refreshToken))).toMatchObject(invalidGrant('Session not active'));
  });

  it('works by the browser with an expired ID token, but not for offline tokens', async () => {
    const cloud = new TestCloud({ accessTokenSeconds: 20 });
    const online = await signIn(cloud);
    const offline = await signIn(cloud, 'openid offline_access');
    await cloud.clock.advance(60_000);
    for (const { body } of [online, offline]) await cloud.form('logout', { id_token_hint: textOf(body, 'id_token') });
    expect(await cloud.form('token', refreshForm(online.refreshToken))).toMatchObject(invalidGrant('Session not active'));
    await expect(cloud.granted(refreshForm(offline.refreshToken))).resolves.toBeDefined();
  });

  it('works by revoking the refresh token; an unknown one is answered with 200', async () => {
    const cloud = new TestCloud();
    const { refreshToken } = await signIn(cloud);
    expect(await cloud.form('revoke', { ...waveApp, token: refreshToken })).toMatchObject({ status: 200 });
    expect(await cloud.form('token', refreshForm(refreshToken))).toMatchObject(invalidGrant('Session not active'));
    expect(await cloud.form('revoke', { ...waveApp, token: 'junk' })).toMatchObject({ status: 200, body: { error: 'invalid_token' } });
  });
});

import { importPKCS8, SignJWT } from 'jose';
import { describe, expect, it, test } from 'vitest';
import { claimsOf, objectOf, TestCloud, textOf } from './cloud.js';
import type { Answer } from './cloud.js';

const issuer = 'http://127.0.0.1:9999/auth/realms/hac';
const tokenEndpoint = `${issuer}/protocol/openid-connect/token`;
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const refusal = (error: string, description: string, status = 400) => ({ status, body: { error, error_description: description } });

interface AssertionChanges {
  readonly audience?: string | readonly string[];
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly notBeforeIn?: number;
  readonly id?: string;
  readonly subject?: string;
}

async function signedAssertion(cloud: TestCloud, changes: AssertionChanges = {}): Promise<string> {
  const { clients } = await cloud.cloud.describe();
  const key = clients.find(({ clientId }) => clientId === 'wave-app-key')?.privateKey ?? '';
  const now = Math.floor(cloud.clock.now() / 1000);
  const { audience = tokenEndpoint, expiresIn = 60, notBeforeIn = 0, id = crypto.randomUUID(), subject = 'wave-app-key' } = changes;
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(subject)
    .setSubject(subject)
    .setAudience(typeof audience === 'string' ? audience : [...audience])
    .setIssuedAt(now)
    .setNotBefore(now + notBeforeIn)
    .setExpirationTime(now + expiresIn)
    .setJti(id)
    .sign(await importPKCS8(key, 'ES256'));
}

const credentialsByAssertion = (cloud: TestCloud, assertion: string): Promise<Answer> =>
  cloud.form('token', { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: assertion });

describe('a client that signs assertions', () => {
  it.each(['', '/protocol/openid-connect/token'])('is known by one that is meant for the issuer%s', async (path) => {
    const cloud = new TestCloud();
    const answer = await credentialsByAssertion(cloud, await signedAssertion(cloud, { audience: issuer + path }));
    expect(answer.status).toBe(200);
    expect(claimsOf(textOf(answer.body, 'access_token'))).toMatchObject({ azp: 'wave-app-key' });
  });

  test.each<[string, AssertionChanges, ReturnType<typeof refusal>]>([
    ['has expired', { expiresIn: 0 }, refusal('invalid_client', 'Token is not active')],
    ['is 16 s ahead', { notBeforeIn: 16 }, refusal('invalid_client', 'Token is not active')],
    ['names two audiences', { audience: [issuer, tokenEndpoint] }, refusal('invalid_client', 'Multiple audiences not allowed')],
    ['names the issuer with a slash', { audience: `${issuer}/` }, refusal('invalid_client', 'Invalid token audience')],
    ['is of nobody', { subject: 'nobody' }, refusal('invalid_client', 'Invalid client or Invalid client credentials', 401)],
  ])('is refused by one that %s', async (_, changes, expected) => {
    const cloud = new TestCloud();
    expect(await credentialsByAssertion(cloud, await signedAssertion(cloud, changes))).toMatchObject(expected);
  });

  it('may have a clock that is 12 s ahead', async () => {
    const cloud = new TestCloud();
    expect(await credentialsByAssertion(cloud, await signedAssertion(cloud, { notBeforeIn: 12 }))).toMatchObject({ status: 200 });
  });

  it('uses each assertion once', async () => {
    const cloud = new TestCloud();
    const assertion = await signedAssertion(cloud);
    expect(await credentialsByAssertion(cloud, assertion)).toMatchObject({ status: 200 });
    expect(await credentialsByAssertion(cloud, assertion)).toMatchObject(refusal('invalid_client', 'Token reuse detected'));
  });

  it('is not known by the key of another cloud, nor by a secret', async () => {
    const cloud = new TestCloud();
    const foreign = await signedAssertion(new TestCloud());
    expect(await credentialsByAssertion(cloud, foreign)).toMatchObject({ status: 400, body: { error: 'invalid_client' } });
    const bySecret = { grant_type: 'client_credentials', client_id: 'wave-app-key', client_secret: '' };
    expect(await cloud.form('token', bySecret)).toMatchObject({ status: 401, body: { error: 'unauthorized_client' } });
  });
});

describe('a client with a secret', () => {
  it('may put it to use in an assertion', async () => {
    const cloud = new TestCloud();
    const now = Math.floor(cloud.clock.now() / 1000);
    const claims = { iss: 'wave-app', sub: 'wave-app', aud: tokenEndpoint, exp: now + 60, jti: 'one' };
    const assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('wave-app-secret'));
    expect(await credentialsByAssertion(cloud, assertion)).toMatchObject({ status: 200 });
  });
});

describe('the device grant', () => {
  const client = { client_id: 'hac-platform-public' };
  const start = async (cloud: TestCloud) => (await cloud.form('auth/device', { ...client, scope: 'openid offline_access' })).body;
  const poll = (cloud: TestCloud, code: string): Promise<Answer> =>
    cloud.form('token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', ...client, device_code: code });
  const decide = (cloud: TestCloud, fields: Readonly<Record<string, string>>): Promise<Answer> =>
    cloud.send('/auth/realms/hac/device', { method: 'POST', body: new URLSearchParams(fields) });
  const alice = { username: 'alice', password: 'alice' };

  it('ends in tokens when a person has signed in with the code', async () => {
    const cloud = new TestCloud();
    const started = await start(cloud);
    expect(started).toMatchObject({ expires_in: 600, interval: 5, verification_uri: `${issuer}/device` });
    const [code, userCode] = [textOf(started, 'device_code'), textOf(started, 'user_code')];
    expect(await poll(cloud, code)).toMatchObject(refusal('authorization_pending', 'The authorization request is still pending'));
    expect(await poll(cloud, code)).toMatchObject(refusal('slow_down', 'Slow down'));
    const page = await cloud.send(`/auth/realms/hac/device?user_code=${userCode}`);
    expect(page.body['text']).toContain(`value="${userCode}"`);
    expect(await decide(cloud, { user_code: userCode.toLowerCase(), ...alice, accept: 'Yes' })).toMatchObject({ status: 200 });
    await cloud.clock.advance(5000);
    const granted = await poll(cloud, code);
    expect(granted).toMatchObject({ status: 200, body: { refresh_expires_in: 0 } });
    expect(claimsOf(textOf(granted.body, 'access_token'))).toMatchObject({ preferred_username: 'alice', azp: client.client_id });
    await cloud.clock.advance(5000);
    expect(await poll(cloud, code)).toMatchObject(refusal('invalid_grant', 'Device code not valid'));
  });

  it('ends in a refusal when the person denies, or comes too late', async () => {
    const cloud = new TestCloud();
    const denied = await start(cloud);
    await decide(cloud, { user_code: textOf(denied, 'user_code'), ...alice, cancel: 'No' });
    expect(await poll(cloud, textOf(denied, 'device_code'))).toMatchObject({ status: 400, body: { error: 'access_denied' } });
    const late = await start(cloud);
    await cloud.clock.advance(600_000);
    expect(await poll(cloud, textOf(late, 'device_code'))).toMatchObject({ status: 400, body: { error: 'expired_token' } });
  });

  it('goes on waiting when the person mistypes', async () => {
    const cloud = new TestCloud();
    const started = await start(cloud);
    const userCode = textOf(started, 'user_code');
    expect(await decide(cloud, { user_code: 'NO-SUCH', ...alice, accept: 'Yes' })).toMatchObject({ status: 400 });
    expect(await decide(cloud, { user_code: userCode, username: 'alice', password: 'wrong', accept: 'Yes' })).toMatchObject({
      status: 400,
    });
    expect(await decide(cloud, { user_code: userCode, ...alice, accept: 'Yes' })).toMatchObject({ status: 200 });
  });

  it('writes what it was sent into its page as text', async () => {
    const page = await new TestCloud().send(`/auth/realms/hac/device?user_code=${encodeURIComponent('"><script>')}`);
    expect(page.body['text']).not.toContain('<script>');
  });

  it('is off for other clients', async () => {
    const asked = await new TestCloud().form('auth/device', { client_id: 'wave-app', client_secret: 'wave-app-secret' });
    const text = 'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.';
    expect(asked).toMatchObject(refusal('unauthorized_client', text));
  });
});

describe('an exchange for a refresh token', () => {
  const client = { client_id: 'wave-app-xrt', client_secret: 'wave-app-xrt-secret' };
  const exchange = (cloud: TestCloud, subject: string): Promise<Answer> =>
    cloud.form('token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      ...client,
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      scope: 'openid ai.h2o.storage',
    });
  const signIn = (cloud: TestCloud, scope: string) =>
    cloud.granted({ grant_type: 'password', ...client, username: 'alice', password: 'alice', scope });

  it('gives one of a lineage of its own, where the client may', async () => {
    const cloud = new TestCloud({ rotateRefreshTokens: true });
    const login = await signIn(cloud, 'openid');
    const { body } = await exchange(cloud, login.accessToken);
    for (const refreshToken of [textOf(body, 'refresh_token'), login.refreshToken]) {
      const refreshed = await cloud.form('token', { grant_type: 'refresh_token', ...client, refresh_token: refreshToken });
      expect(refreshed.status).toBe(200);
    }
  });

  it('is refused for a token of an offline session', async () => {
    const cloud = new TestCloud();
    const login = await signIn(cloud, 'openid offline_access');
    expect(await exchange(cloud, login.accessToken)).toMatchObject({
      status: 400,
      body: { error_description: 'Refresh token not valid as requested_token_type because creating a new session is needed' },
    });
  });
});

describe('scopes of a lab', () => {
  it('put roles into every token, and into what userinfo tells', async () => {
    const cloud = new TestCloud();
    const form = { grant_type: 'password', client_id: 'wave-app', client_secret: 'wave-app-secret', username: 'bob', password: 'bob' };
    const { accessToken, body } = await cloud.granted({ ...form, scope: 'openid lab.roles' });
    const roles = ['offline_access', 'admin'];
    expect(claimsOf(accessToken)).toMatchObject({ roles });
    expect(claimsOf(textOf(body, 'id_token'))).toMatchObject({ roles });
    const userinfo = await cloud.send('/auth/realms/hac/protocol/openid-connect/userinfo', {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(userinfo.body).toMatchObject({ roles });
  });
});

describe('near the end of its session', () => {
  it('an access token lives no longer than the session', async () => {
    const cloud = new TestCloud({ accessTokenSeconds: 60 });
    const { refreshToken } = await cloud.cloud.issueTokens('alice');
    await cloud.clock.advance(36_000_000 - 40_000);
    const { body, accessToken } = await cloud.granted({
      grant_type: 'refresh_token',
      client_id: 'hac-platform-public',
      refresh_token: refreshToken,
    });
    expect(body).toMatchObject({ expires_in: 40, refresh_expires_in: 40 });
    expect(claimsOf(accessToken)['exp']).toBe(cloud.clock.now() / 1000 + 40);
  });
});

describe('the metadata', () => {
  it('names what there is', async () => {
    const { body } = await new TestCloud().send('/auth/realms/hac/.well-known/openid-configuration');
    expect(body).toMatchObject({ device_authorization_endpoint: `${issuer}/protocol/openid-connect/auth/device` });
    expect(body['token_endpoint_auth_methods_supported']).toContain('private_key_jwt');
    expect(body['scopes_supported']).toContain('lab.unassigned');
    expect(objectOf({ body }, 'body')['grant_types_supported']).toContain('urn:ietf:params:oauth:grant-type:device_code');
  });
});

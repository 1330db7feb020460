import { describe, expect, inject, it } from 'vitest';
import { KeycloakAdmin, signIn, tokenRequest } from '../lab/keycloak.js';
import { gatewayStatus, late, lostAnswer, ProviderProxy, silent, unreached } from '../lab/provider-proxy.js';

const keycloak = inject('keycloak');
const client = { client_id: 'wave-app', client_secret: 'wave-app-secret' };
const refreshOf = (token: string): Record<string, string> => ({ grant_type: 'refresh_token', refresh_token: token, ...client });

describe('the lab around Keycloak', () => {
  it('counts token calls before Keycloak, and lets it name the proxy as its issuer', async () => {
    await using proxy = await ProviderProxy.start(keycloak.url);
    const issuer = proxy.behind(keycloak.issuer);
    const { refreshToken } = await signIn(issuer);
    const metadata = await fetch(`${issuer}/.well-known/openid-configuration`);
    expect(await metadata.json()).toMatchObject({ issuer });
    await tokenRequest(issuer, refreshOf(refreshToken));
    expect(proxy.tokenCalls.map(({ grant }) => grant)).toEqual(['password', 'refresh_token']);
  });

  it('spends a refresh token behind a lost answer, and none behind a broken connection', async () => {
    await using proxy = await ProviderProxy.start(keycloak.url);
    const issuer = proxy.behind(keycloak.issuer);
    const { refreshToken } = await signIn(issuer);
    proxy.next(unreached, gatewayStatus(503), lostAnswer);
    await expect(tokenRequest(issuer, refreshOf(refreshToken))).rejects.toThrow();
    await expect(tokenRequest(issuer, refreshOf(refreshToken))).rejects.toThrow();
    await expect(tokenRequest(issuer, refreshOf(refreshToken))).rejects.toThrow();
    const { body } = await tokenRequest(issuer, refreshOf(refreshToken));
    expect(body).toMatchObject({ error: 'invalid_grant', error_description: 'Maximum allowed refresh token reuse exceeded' });
  });

  it('keeps callers waiting', async () => {
    await using proxy = await ProviderProxy.start(keycloak.url);
    const issuer = proxy.behind(keycloak.issuer);
    proxy.next(late(300), silent);
    const before = performance.now();
    await signIn(issuer);
    expect(performance.now() - before).toBeGreaterThanOrEqual(300);
    const unanswered = fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', signal: AbortSignal.timeout(200) });
    await expect(unanswered).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('administers users, sessions, clients and the realm', async () => {
    const admin = new KeycloakAdmin(keycloak.issuer);
    await admin.createUser('lab-user');
    const { refreshToken, sessionId } = await signIn(keycloak.issuer, { username: 'lab-user' });
    await admin.setEnabled('lab-user', false);
    expect((await tokenRequest(keycloak.issuer, refreshOf(refreshToken))).body['error_description']).toBe('User disabled');
    await admin.setEnabled('lab-user', true);
    await admin.endSession(sessionId);
    expect((await tokenRequest(keycloak.issuer, refreshOf(refreshToken))).body['error_description']).toBe('Session not active');
    await admin.updateRealm({ accessTokenLifespan: 7 });
    expect((await signIn(keycloak.issuer, { username: 'lab-user' })).expiresIn).toBeLessThanOrEqual(7);
    await admin.updateRealm({ accessTokenLifespan: 300 });
    expect((await signIn(keycloak.issuer, { client: 'wave-app-five-seconds' })).expiresIn).toBeLessThanOrEqual(5);
  });
});

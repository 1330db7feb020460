/**
 * A Wave app calls the cloud as its signed-in users: against a real Wave server with sign-in at a real Keycloak, from the first event
 * across the end of access tokens until after the sign-out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readJwtClaims } from '../../src/identity/jwt-claims.js';
import { Browser } from '../lab/browser.js';
import { failureOf, signedIn, startApp } from './world.js';

describe('a signed-in user', () => {
  it('is who the services see, for as long as the session lives, without the app spending the refresh token of Wave', async () => {
    await using app = await startApp();
    const tab = await app.show(await signedIn(app));
    const event = await app.next('first');
    expect(event.user).toMatchObject({ username: 'alice', isAnonymous: false });
    const user = app.cloud.onBehalfOf(event);
    expect(await user.claims()).toMatchObject({ username: 'alice', roles: expect.arrayContaining(['user']) as string[] });
    await user.mlops.projects.create({ name: 'by alice' });

    const tokens = new Set<string>();
    // Tokens live 14 s, and the user made of the first event goes on without another one.
    for (let second = 0; second < 34; second++) {
      expect(await user.mlops.projects.list().toArray()).toHaveLength(1);
      tokens.add((await user.accessToken()).value);
      await sleep(1_000);
    }
    expect(tokens.size).toBeGreaterThanOrEqual(3);
    expect(app.calls('sdk')).toEqual([]);
    expect(app.calls('wave').filter(({ grant }) => grant === 'refresh_token').length).toBeGreaterThanOrEqual(2);

    tab.act({ go: true });
    expect(
      await app.cloud
        .onBehalfOf(await app.next('action'))
        .mlops.projects.list()
        .toArray(),
    ).toHaveLength(1);
  });

  it('comes with a token of another session than somebody else, and sees nothing of theirs', async () => {
    await using app = await startApp();
    await app.show(await signedIn(app));
    await app.cloud.onBehalfOf(await app.next('first')).mlops.projects.create({ name: 'mine' });
    await app.show(await signedIn(app, { username: 'bob', password: 'bob' }));
    const event = await app.next('first');
    expect(event.user.username).toBe('bob');
    expect(await app.cloud.onBehalfOf(event).mlops.projects.list().toArray()).toEqual([]);
  });

  it('may have a name that is not Latin', async () => {
    await using app = await startApp();
    await app.show(await signedIn(app, { username: 'новак-山田', password: 'novak' }));
    const event = await app.next('first');
    expect(event.user.username).toBe('новак-山田');
    expect(await app.cloud.onBehalfOf(event).claims()).toMatchObject({ username: 'новак-山田' });
  });

  it('below a base path is asked for there', async () => {
    await using app = await startApp({ baseUrl: '/wave/' });
    await app.show(await signedIn(app));
    const user = app.cloud.onBehalfOf(await app.next('first'));
    const { value } = await user.accessToken();
    await sleep(10_500);
    expect((await user.accessToken()).value).not.toBe('');
    await sleep(4_000);
    expect((await user.accessToken()).value).not.toBe(value);
  });
});

describe('the sign-out', () => {
  it('case 110: ends everything that is done for the user, also for a tab that was left open', async () => {
    await using app = await startApp();
    const browser = await signedIn(app);
    const tab = await app.show(browser);
    const user = app.cloud.onBehalfOf(await app.next('first'));
    await user.mlops.projects.list().first();
    await browser.open(`${app.waved.url}/_auth/logout`);
    expect((await app.next('logout')).user.username).toBe('alice');
    expect(await failureOf(user.mlops.projects.list().first())).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
    tab.act({ late: true });
    const late = app.cloud.onBehalfOf(await app.next('action'));
    expect(await failureOf(late.accessToken())).toMatchObject({ code: 'SESSION_ENDED' });
  });

  it('is seen by an app that missed it: Wave does not know the session any more', async () => {
    await using app = await startApp();
    const browser = await signedIn(app);
    await app.show(browser);
    const event = await app.next('first');
    const { H2OCloud } = await import('h2o-ai-cloud');
    const other = new H2OCloud({ env: { ...app.waved.env, H2O_CLOUD_ENVIRONMENT: app.local.url } }).onBehalfOf(event);
    await other.accessToken();
    await browser.open(`${app.waved.url}/_auth/logout`);
    await app.next('logout');
    await sleep(14_500);
    expect(await failureOf(other.accessToken())).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
  });
});

describe('scopes that the sign-in did not ask for', () => {
  it('case 104: are had by exchange, and the sign-out still ends the session at the identity provider', async () => {
    await using app = await startApp({ scopes: ['openid'] });
    const browser = await signedIn(app);
    const tab = await app.show(browser);
    const event = await app.next('first');
    expect(readJwtClaims(event.headers.accessToken!.value)?.scopes).not.toContain('ai.h2o.storage');
    const user = app.cloud.onBehalfOf(event);
    await user.mlops.projects.create({ name: 'by exchange' });
    expect(app.calls('sdk').map(({ grant }) => grant)).toEqual(['urn:ietf:params:oauth:grant-type:token-exchange']);
    // Wave renews its token after that, and keeps the ID token that signing out needs.
    await sleep(5_000);
    tab.act({ again: true });
    await app.cloud
      .onBehalfOf(await app.next('action'))
      .mlops.projects.list()
      .first();
    const page = await browser.open(`${app.waved.url}/_auth/logout`);
    expect(page.status).toBe(200);
    await app.next('logout');
    // Signed out there too: the form is shown again.
    expect((await browser.open(app.waved.url)).html).toContain('kc-form-login');
  });

  it('are missing where the app cannot exchange, and the error says who can grant them', async () => {
    await using app = await startApp({ scopes: ['openid'], client: 'wave-app-noxchg' });
    await app.show(await signedIn(app));
    const error = await failureOf(
      app.cloud
        .onBehalfOf(await app.next('first'))
        .mlops.projects.list()
        .first(),
    );
    expect(error).toMatchObject({ name: 'ScopeNotGrantedError', missing: ['ai.h2o.storage', 'ai.h2o.deploy'] });
    expect(error.message).toContain('wave-app-noxchg');
  });
});

describe('where refresh tokens rotate', () => {
  it('a user whose only tab rests is served across the end of tokens', async () => {
    await using app = await startApp({ realm: 'hac' });
    await app.show(await signedIn(app));
    const user = app.cloud.onBehalfOf(await app.next('first'));
    for (let second = 0; second < 32; second++) {
      await Promise.all(Array.from({ length: 5 }, () => user.mlops.projects.list().first()));
      await sleep(1_000);
    }
    expect(app.calls('sdk')).toEqual([]);
  });
});

describe('tokens beyond 16 KiB', () => {
  it('case 106, 107: reach the app and are renewed', async () => {
    await using app = await startApp({ scopes: ['openid', 'ai.h2o.storage', 'ai.h2o.deploy', 'lab.big'] });
    await app.show(await signedIn(app));
    const user = app.cloud.onBehalfOf(await app.next('first'));
    const { value } = await user.accessToken();
    expect(value.length).toBeGreaterThan(16_384);
    await sleep(14_500);
    const renewed = await user.accessToken();
    expect(renewed.value.length).toBeGreaterThan(16_384);
    expect(renewed.value).not.toBe(value);
  });
});

describe('a Wave without sign-in', () => {
  it('case 91: has anonymous users, who are told how it is switched on', async () => {
    await using app = await startApp({ hasSignIn: false });
    await app.show(new Browser());
    const event = await app.next('first');
    expect(event.user).toEqual({ subject: 'anon', username: 'anon', isAnonymous: true });
    const error = await failureOf(app.cloud.onBehalfOf(event).mlops.projects.list().first());
    expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'ANONYMOUS' });
    expect(error.message).toMatch(/WaveClientID.*WaveClientSecret.*EnableOIDC/);
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { origin, TestCloud, textOf } from './cloud.js';

const listProjects = (cloud: TestCloud, authorization?: string) =>
  cloud.send('/mlops/storage/ai.h2o.storage.ProjectService/ListProjects', {
    method: 'POST',
    headers: authorization === undefined ? {} : { authorization },
    body: '{}',
  });
const unauthenticated = { status: 401, body: { code: 16, message: 'invalid or missing bearer token', details: [] } };

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the gateway', () => {
  it('takes a token of the platform client', async () => {
    const cloud = new TestCloud();
    const { accessToken } = await cloud.cloud.issueTokens('alice');
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject({ status: 200 });
    expect(await listProjects(cloud, `bearer ${accessToken}`)).toMatchObject({ status: 200 });
  });

  it('refuses a request without a token, or with something else', async () => {
    const cloud = new TestCloud();
    const { accessToken, refreshToken } = await cloud.cloud.issueTokens('alice');
    const [head, body] = accessToken.split('.');
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer junk',
      `Basic ${accessToken}`,
      `Bearer ${refreshToken}`,
      `Bearer ${head ?? ''}.${body ?? ''}.AAAA`,
    ]) {
      expect(await listProjects(cloud, authorization)).toMatchObject(unauthenticated);
    }
  });

  it('refuses an expired token', async () => {
    const cloud = new TestCloud({ accessTokenSeconds: 1.5 });
    const { accessToken } = await cloud.cloud.issueTokens('alice');
    await cloud.clock.advance(1499);
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject({ status: 200 });
    await cloud.clock.advance(1);
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject(unauthenticated);
  });

  it('refuses tokens of an ended session and of a disabled user', async () => {
    const cloud = new TestCloud();
    const tokens = { alice: await cloud.cloud.issueTokens('alice'), bob: await cloud.cloud.issueTokens('bob') };
    cloud.cloud.stopUserSession('alice');
    cloud.cloud.disableUser('bob');
    expect(await listProjects(cloud, `Bearer ${tokens.alice.accessToken}`)).toMatchObject(unauthenticated);
    expect(await listProjects(cloud, `Bearer ${tokens.bob.accessToken}`)).toMatchObject(unauthenticated);
  });

  it('names the scopes that a token lacks', async () => {
    const cloud = new TestCloud();
    const without = await cloud.cloud.issueTokens('alice', { client: 'no-scopes' });
    expect(await listProjects(cloud, `Bearer ${without.accessToken}`)).toMatchObject({
      status: 403,
      body: { code: 7, message: 'the token lacks the scope ai.h2o.storage ai.h2o.deploy' },
    });
    const storageOnly = await cloud.cloud.issueTokens('alice', { client: 'wave-app', scopes: ['openid', 'ai.h2o.storage'] });
    expect(await listProjects(cloud, `Bearer ${storageOnly.accessToken}`)).toMatchObject({
      status: 403,
      body: { message: 'the token lacks the scope ai.h2o.deploy' },
    });
  });
});

describe('tokens of another issuer', () => {
  const otherOrigin = 'http://127.0.0.1:8888';
  const issuer = `${otherOrigin}/auth/realms/hac`;

  function clouds(trustIssuers: readonly string[]) {
    const other = new TestCloud({ origin: otherOrigin });
    const cloud = new TestCloud({ trustIssuers, clock: other.clock });
    return { cloud, other };
  }

  function reachable({ cloud }: TestCloud): ReturnType<typeof vi.fn> {
    const fetch = vi.fn((input: string | URL, init?: RequestInit) => cloud.fetch(new Request(input, init)));
    vi.stubGlobal('fetch', fetch);
    return fetch;
  }

  it('are taken from an issuer that is trusted, whose keys are fetched when first needed', async () => {
    const { cloud, other } = clouds([`${issuer}/`]);
    const fetch = reachable(other);
    const { accessToken } = await other.cloud.issueTokens('alice');
    expect(fetch).not.toHaveBeenCalled();
    for (let count = 0; count < 2; count++) expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject({ status: 200 });
    expect(fetch.mock.calls.map(([url]) => String(url))).toEqual([
      `${issuer}/.well-known/openid-configuration`,
      `${issuer}/protocol/openid-connect/certs`,
    ]);
  });

  it('are refused when the issuer is not trusted, when expired, and while it cannot be reached', async () => {
    const { cloud, other } = clouds([issuer]);
    const { accessToken } = await other.cloud.issueTokens('alice');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject(unauthenticated);
    reachable(other);
    expect(await listProjects(new TestCloud({ clock: other.clock }), `Bearer ${accessToken}`)).toMatchObject(unauthenticated);
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject({ status: 200 });
    await other.clock.advance(300_000);
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject(unauthenticated);
  });

  it('are refused in the end when the issuer takes the connection and never answers', async () => {
    const { cloud, other } = clouds([issuer]);
    const { accessToken } = await other.cloud.issueTokens('alice');
    const silent = (_: unknown, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => {
          reject(new DOMException('The operation was aborted.', 'TimeoutError'));
        });
      });
    vi.stubGlobal('fetch', silent);
    const timeout = new AbortController();
    const timeouts = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal);
    const refused = listProjects(cloud, `Bearer ${accessToken}`);
    await vi.waitFor(() => {
      expect(timeouts).toHaveBeenCalledWith(expect.toSatisfy((ms: number) => ms <= 2500));
    });
    timeout.abort();
    expect(await refused).toMatchObject(unauthenticated);
    timeouts.mockRestore();
    reachable(other);
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject({ status: 200 });
  });

  it('are taken when they are access tokens, not ID tokens', async () => {
    const { cloud, other } = clouds([issuer]);
    reachable(other);
    const { body } = await other.granted({
      grant_type: 'password',
      client_id: 'hac-platform-public',
      username: 'alice',
      password: 'alice',
      scope: 'openid',
    });
    expect(await listProjects(cloud, `Bearer ${textOf(body, 'access_token')}`)).toMatchObject({ status: 200 });
    expect(await listProjects(cloud, `Bearer ${textOf(body, 'id_token')}`)).toMatchObject(unauthenticated);
  });

  it('speak for users of their own: alice there is not alice here', async () => {
    const { cloud, other } = clouds([issuer]);
    reachable(other);
    await (await cloud.user('alice')).project();
    const { accessToken } = await other.cloud.issueTokens('alice');
    expect(await listProjects(cloud, `Bearer ${accessToken}`)).toMatchObject({ body: { project: [] } });
  });

  it('named as the cloud itself are good only in the sessions that it knows', async () => {
    const forger = new TestCloud({ origin });
    const { accessToken } = await forger.cloud.issueTokens('alice');
    expect(await listProjects(new TestCloud(), `Bearer ${accessToken}`)).toMatchObject(unauthenticated);
  });
});

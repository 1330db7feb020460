import { describe, expect, it } from 'vitest';
import { serviceAt } from '../../../src/local/local-cloud.js';
import { createRecorder } from '../../../src/local/recorder.js';
import { claimsOf, origin, TestCloud } from './cloud.js';

describe('a local cloud', () => {
  it('tells how to reach it, with tokens that work', async () => {
    const cloud = new TestCloud();
    const description = await cloud.cloud.describe();
    expect(Object.keys(description)).toEqual(
      expect.arrayContaining(['cloudUrl', 'env', 'issuer', 'gatewayUrl', 'driveUrl', 'users', 'clients']),
    );
    expect(description).toMatchObject({
      cloudUrl: origin,
      env: { H2O_CLOUD_ENVIRONMENT: origin },
      issuer: `${origin}/auth/realms/hac`,
      gatewayUrl: `${origin}/mlops`,
      driveUrl: `${origin}/drive`,
      steamUrl: `${origin}/steam`,
      enginesUrl: `${origin}/engine-manager`,
      users: [
        { username: 'alice', password: 'alice', roles: ['user'] },
        { username: 'bob', password: 'bob', roles: ['admin'] },
      ],
    });
    const platform = { grant_type: 'refresh_token', client_id: 'hac-platform-public' };
    for (const refresh_token of [
      description.env['H2O_CLOUD_CLIENT_PLATFORM_TOKEN'] ?? '',
      ...description.users.map((user) => user.refreshToken),
    ]) {
      expect((await cloud.form('token', { ...platform, refresh_token })).status).toBe(200);
    }
    expect(claimsOf(description.users[1]?.accessToken ?? '')).toMatchObject({ preferred_username: 'bob' });
  });

  it('gives out a platform token that outlives any session', async () => {
    const cloud = new TestCloud();
    const { env } = await cloud.cloud.describe();
    await cloud.clock.advance(365 * 86_400_000);
    const form = {
      grant_type: 'refresh_token',
      client_id: 'hac-platform-public',
      refresh_token: env['H2O_CLOUD_CLIENT_PLATFORM_TOKEN'] ?? '',
    };
    expect((await cloud.form('token', form)).status).toBe(200);
  });

  it('names the users and clients it has when asked for others', async () => {
    const { cloud } = new TestCloud();
    await expect(async () => cloud.issueTokens('carol')).rejects.toThrow('It has: alice, bob.');
    await expect(async () => cloud.issueTokens('alice', { client: 'x' })).rejects.toThrow('wave-app');
    await expect(async () => cloud.issueTokens('alice', { client: 'no-scopes', scopes: ['ai.h2o.deploy'] })).rejects.toThrow(
      'Invalid scopes: ai.h2o.deploy',
    );
  });

  it.each([
    ['/auth/realms/hac/protocol/openid-connect/token', 'idp'],
    ['/mlops/storage/ai.h2o.storage.ProjectService/ListProjects', 'mlops-api'],
    ['/mlops', 'mlops-api'],
    ['/d8b2dd0b/model/score', 'scorer'],
    ['/steam/web', 'steam'],
    ['/engine-manager/v1/workspaces%2Fdefault/daiEngines', 'engine-manager'],
    ['/engines/workspaces/default/daiEngines/x/rpc', 'engine'],
    ['/d8b2dd0b/readyz', 'scorer'],
    ['/.ai.h2o.cloud.discovery/v1/environment', 'cloud'],
    ['/', 'cloud'],
  ])('knows whose path %s is', (path, service) => {
    expect(serviceAt(path)).toBe(service);
  });
});

describe('the record of requests', () => {
  it('has forms and JSON parsed, and no access token', async () => {
    const cloud = new TestCloud();
    const alice = await cloud.user();
    await alice.storage('ProjectService/ListProjects', { paging: { pageSize: 7 } });
    await cloud.form('token', { grant_type: 'password', client_id: 'wave-app' });
    await cloud.send('/.ai.h2o.cloud.discovery/v1/services?pageToken=0&pageToken=9');
    const [list, token, services] = cloud.cloud.requests;
    expect(list).toMatchObject({
      service: 'mlops-api',
      method: 'POST',
      path: '/mlops/storage/ai.h2o.storage.ProjectService/ListProjects',
      headers: { authorization: 'Bearer <redacted>' },
      body: { paging: { pageSize: 7 } },
      status: 200,
    });
    expect(token).toMatchObject({ service: 'idp', body: { grant_type: 'password', client_id: 'wave-app' }, status: 401 });
    expect(services).toMatchObject({ service: 'cloud', query: { pageToken: '0' }, body: undefined });
  });

  it('leaves a body as it came, to the byte, and adds no header', async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0xfe, 0x22]);
    const passed: unknown[] = [];
    await createRecorder().record('scorer', new Request(origin, { method: 'POST', body: bytes }), async (request) => {
      passed.push(request.headers.get('content-type'), new Uint8Array(await request.arrayBuffer()));
      return new Response();
    });
    expect(passed).toEqual([null, bytes]);
  });

  it('refuses a body that is too large to keep, when all of it has been read', async () => {
    const recorder = createRecorder(10);
    const answer = () => Promise.resolve(new Response('taken'));
    const statusOf = async (body: string) => (await recorder.record('cloud', new Request(origin, { method: 'POST', body }), answer)).status;
    expect(await statusOf('0123456789')).toBe(200);
    expect(await statusOf('0123456789+')).toBe(413);
    expect(recorder.requests).toMatchObject([
      { body: '0123456789', status: 200 },
      { body: undefined, status: 413 },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { discovery } from '../../../src/local/discovery.js';
import type { DiscoveryOptions } from '../../../src/local/discovery.js';
import { listOf, origin, TestCloud } from './cloud.js';
import type { PlatformName } from '../../../src/local/local-cloud.js';

const prefix = '/.ai.h2o.cloud.discovery/v1';
const services = ['one', 'two', 'three'].map((key) => ({ key, displayName: key, uri: `${origin}/${key}` }));

async function get(path: string, options: Partial<DiscoveryOptions> = {}): Promise<{ status: number; body: unknown }> {
  const response = await discovery({ origin, issuer: `${origin}/issuer`, services, ...options }).fetch(
    new Request(`${origin}${prefix}${path}`),
  );
  return { status: response.status, body: await response.json() };
}

describe('discovery of a local cloud', () => {
  it('says what a client has to know to connect', async () => {
    const { cloud } = new TestCloud();
    const answer = async (name: string): Promise<unknown> => (await cloud.fetch(new Request(`${origin}${prefix}/${name}`))).json();
    expect(await answer('environment')).toMatchObject({
      environment: { h2oCloudEnvironment: origin, issuerUrl: `${origin}/auth/realms/hac` },
    });
    const services = listOf((await new TestCloud().send(`${prefix}/services`)).body, 'services').map(({ name, uri }) => ({ name, uri }));
    expect(services).toContainEqual({ name: 'services/mlops-api', uri: `${origin}/mlops` });
    expect(services).toContainEqual({ name: 'services/drive-sts', uri: `${origin}/drive/sts/` });
    for (const name of ['services/userdrive', 'services/workspacedrive']) expect(services).toContainEqual({ name, uri: `${origin}/drive` });
    expect(services).toContainEqual({ name: 'services/engine-manager', uri: `${origin}/engine-manager/` });
    expect(await answer('clients')).toMatchObject({ clients: [{ name: 'clients/platform', oauth2ClientId: 'hac-platform-public' }] });
  });

  it.each<[PlatformName, readonly string[]]>([
    ['0.69', ['services/mlops-api']],
    ['1.0', ['services/mlops-api', 'services/authz-gateway']],
    ['1.2', ['services/mlops-api', 'services/authz-gateway', 'services/secure-store']],
  ])('tells platform %s by the services that it has', async (platform, names) => {
    const { body } = await new TestCloud({ platform }).send(`${prefix}/services`);
    const telling = ['services/mlops-api', 'services/authz-gateway', 'services/secure-store'];
    const found = listOf(body, 'services').map((service) => String(service['name']));
    expect(found.filter((name) => telling.includes(name))).toEqual(names);
  });
});

describe('pages of a collection', () => {
  it('are one, without a next token, as the official client never stops on an empty one', async () => {
    const { body } = await get('/services');
    expect(body).toHaveProperty('services.length', 3);
    expect(body).not.toHaveProperty('nextPageToken');
  });

  it('lead to each other', async () => {
    expect(await get('/services', { pageSize: 2 })).toMatchObject({
      body: { services: [{ name: 'services/one' }, { name: 'services/two' }], nextPageToken: '2' },
    });
    const last = await get('/services?pageToken=2', { pageSize: 2 });
    expect(last).toMatchObject({ body: { services: [{ name: 'services/three' }] } });
    expect(last.body).not.toHaveProperty('nextPageToken');
  });

  it('start anew with an empty token and refuse one that makes no sense', async () => {
    expect(await get('/services?pageToken=')).toMatchObject({ status: 200, body: { services: [{}, {}, {}] } });
    expect(await get('/services?pageToken=x')).toMatchObject({ status: 400 });
  });
});

describe('what there is not', () => {
  it('is 404: links and components of older servers, and any other path', async () => {
    expect((await get('/links')).status).toBe(200);
    expect((await get('/components')).status).toBe(200);
    expect((await get('/links', { links: false })).status).toBe(404);
    expect((await get('/components', { components: false })).status).toBe(404);
    expect((await get('/constructor')).status).toBe(404);
    expect((await new TestCloud().send('/somewhere/else')).status).toBe(404);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { listOf, objectOf, TestCloud, textOf, type Answer } from './cloud.js';

const secrets = '/v1/workspaces/default/secrets';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the secure store of a local cloud', () => {
  let cloud: TestCloud;
  let call: (method: string, path: string, body?: unknown, username?: string) => Promise<Answer>;

  beforeEach(() => {
    cloud = new TestCloud();
    call = async (method, path, body, username = 'alice') => {
      const { accessToken } = await cloud.cloud.issueTokens(username);
      const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
      return cloud.send(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    };
  });

  it('says its version to anybody, and nothing else without a token', async () => {
    expect((await cloud.send('/version')).status).toBe(200);
    expect((await cloud.send(secrets)).status).toBe(401);
  });

  it('keeps secrets in versions, and reveals a value only where that is asked for', async () => {
    const created = await call('POST', `${secrets}?secretId=db`, { displayName: 'Database' });
    expect(created.body).toMatchObject({
      secret: { name: 'workspaces/default/secrets/db', displayName: 'Database', state: 'STATE_ACTIVE' },
    });
    const first = await call('POST', `${secrets}/db/versions`, { value: base64('one') });
    expect(first.body).toMatchObject({ secretVersion: { value: '' } });
    await call('POST', `${secrets}/db/versions`, { value: base64('two') });
    expect((await call('GET', `${secrets}/db/versions/latest`)).body).toMatchObject({ secretVersion: { value: '' } });
    expect((await call('GET', `${secrets}/db/versions/latest:revealValue`)).body).toMatchObject({ value: base64('two') });
    const [, oldest] = listOf((await call('GET', `${secrets}/db/versions`)).body, 'secretVersions');
    const name = textOf(oldest ?? {}, 'name');
    expect((await call('GET', `/v1/${name}:revealValue`)).body).toMatchObject({ name, value: base64('one') });
    expect(JSON.stringify((await call('GET', `${secrets}/db/versions`)).body)).not.toContain(base64('one'));
  });

  it('gives a secret an id where none is asked for', async () => {
    const { body } = await call('POST', secrets, {});
    const name = textOf(objectOf(body, 'secret'), 'name');
    expect(name).toMatch(/^workspaces\/default\/secrets\/[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
    expect((await call('GET', `/v1/${name}`)).status).toBe(200);
  });

  it('takes names with their slashes percent-encoded', async () => {
    await call('POST', '/v1/workspaces%2Fdefault/secrets?secretId=db', {});
    expect((await call('GET', '/v1/workspaces%2Fdefault%2Fsecrets%2Fdb')).status).toBe(200);
  });

  it('shows a secret to its owner alone', async () => {
    await call('POST', `${secrets}?secretId=db`, {});
    expect((await call('GET', `${secrets}/db`, undefined, 'bob')).status).toBe(404);
    expect(listOf((await call('GET', secrets, undefined, 'bob')).body, 'secrets')).toEqual([]);
    expect((await call('POST', `${secrets}?secretId=db`, {}, 'bob')).status).toBe(200);
  });

  it('deletes a secret so that it can be brought back', async () => {
    await call('POST', `${secrets}?secretId=db`, {});
    await call('POST', `${secrets}/db/versions`, { value: base64('one') });
    expect((await call('DELETE', `${secrets}/db`)).body).toMatchObject({ secret: { state: 'STATE_DELETED' } });
    expect((await call('GET', `${secrets}/db/versions/latest:revealValue`)).status).toBe(400);
    expect(listOf((await call('GET', secrets)).body, 'secrets')).toEqual([]);
    expect(listOf((await call('GET', `${secrets}?showDeleted=True&pageSize=0&pageToken=`)).body, 'secrets')).toHaveLength(1);
    await call('POST', `${secrets}/db:undelete`, {});
    expect((await call('GET', `${secrets}/db/versions/latest:revealValue`)).body).toMatchObject({ value: base64('one') });
  });

  it('gives lists in pages', async () => {
    for (const id of ['a', 'b', 'c']) await call('POST', `${secrets}?secretId=${id}`, {});
    const first = (await call('GET', `${secrets}?pageSize=2`)).body;
    expect(listOf(first, 'secrets')).toHaveLength(2);
    const rest = (await call('GET', `${secrets}?pageSize=2&pageToken=${textOf(first, 'nextPageToken')}`)).body;
    expect(listOf(rest, 'secrets').map(({ name }) => name)).toEqual(['workspaces/default/secrets/c']);
  });

  it.each([
    ['a name that exists', 'POST', `${secrets}?secretId=db`, {}, 409],
    ['an id with spaces', 'POST', `${secrets}?secretId=my%20db`, {}, 400],
    ['a value that is no text', 'POST', `${secrets}/db/versions`, { value: 1 }, 400],
    ['a value over 64 KiB', 'POST', `${secrets}/db/versions`, { value: Buffer.alloc(65_537).toString('base64') }, 400],
    ['a secret that is not there', 'GET', `${secrets}/none`, undefined, 404],
    ['a version that is not there', 'GET', `${secrets}/db/versions/latest`, undefined, 404],
    ['another verb', 'POST', `${secrets}/db:copy`, {}, 404],
    ['another resource', 'GET', '/v1/oauthClients', undefined, 404],
  ])('refuses %s', async (_, method, path, body, status) => {
    await call('POST', `${secrets}?secretId=db`, {});
    expect((await call(method, path, body)).status).toBe(status);
  });
});

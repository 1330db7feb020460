import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { H2OCloud, type User } from 'h2o-ai-cloud';
import { startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';
import { pythonWith, runScript } from './python.js';

describe('the official client h2o-drive 5.1.0, unmodified', () => {
  let cloud: RunningCloud;
  let user: User;
  let results: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const python = await pythonWith('h2o-drive-5.1.0');
    cloud = await startLocalCloud({ drive: { pageSize: 7 } });
    const { accessToken } = await cloud.issueTokens('alice');
    user = new H2OCloud({ env: cloud.env, tokenStore: 'memory' }).onBehalfOf({ accessToken });
    await user.drive.put({ key: 'shared/from-node.txt', body: Buffer.from('from node') });
    const strangersToken = (await cloud.issueTokens('bob')).accessToken;
    results = z.record(z.string(), z.unknown()).parse(await runScript(python, 'h2o_drive_5_1_0.py', { env: cloud.env, strangersToken }));
  });

  afterAll(() => cloud.close());

  it.each(['user', 'workspace'])('stores, lists, reads, replaces and deletes in the bucket of the %s', (bucket) => {
    const folder = bucket.slice(0, 1);
    expect(results[bucket]).toEqual({
      listed: [`${folder}/a.txt`, `${folder}/dir/empty`],
      first: 'hello drive\n',
      empty: 0,
      second: 'second',
      left: [],
    });
  });

  it('finds the two buckets apart', () => {
    expect(results).toMatchObject({ separate: [], fullName: [] });
  });

  it('sees keys relative to a folder', () => {
    expect(results['home']).toEqual({ relative: ['k.bin'], absolute: ['home/k.bin'] });
  });

  it('keeps keys with spaces, umlauts and signs', () => {
    expect(results['odd']).toEqual({ kept: true, read: ['0', '1', '2', '3', '4'] });
  });

  it('moves a large object in parts and in ranges, unchanged', () => {
    expect(results['large']).toEqual({ size: 17 * 1024 ** 2, unchanged: true });
    expect(cloud.requests.filter(({ query }) => 'partNumber' in query)).toHaveLength(3);
  });

  it('gives out URLs that open one object for reading', () => {
    expect(results['presigned']).toEqual({ right: [200, '0'], changed: 403, delete: 403, unsigned: 403 });
  });

  it('reads all pages of a list', () => {
    expect(results['pages']).toBe(10);
  });

  it('shares objects with this package', async () => {
    expect(results['fromNode']).toBe('from node');
    expect(await (await user.drive.get('shared/from-python.txt')).text()).toBe('from python');
  });

  it('is refused in ways that it understands, and sees nothing of other users', () => {
    expect(results).toMatchObject({ refusals: { missing: '404', workspace: 'NoSuchBucket', token: 'InvalidIdentityToken' }, stranger: [] });
  });
});

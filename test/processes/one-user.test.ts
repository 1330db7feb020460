/** Four processes that serve one user, whose refresh tokens are good once. Token calls are counted where they arrive. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import { startRedis, type Redis } from '../lab/redis.js';
import type { WorkerJob } from './worker.js';
import { startWorker } from './workers.js';

const forMs = 4_000;
const lifeMs = 400;
let redis: Redis;
let directory: string;

beforeAll(async () => {
  redis = await startRedis();
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-processes-'));
});
afterAll(async () => {
  await redis.stop();
  await rm(directory, { recursive: true, force: true });
});

describe.each<[string, () => WorkerJob['store']]>([
  ['in files', () => ({ directory })],
  ['in Redis, by `redis`', () => ({ redisUrl: redis.url, client: 'redis' })],
  ['in Redis, by `ioredis`', () => ({ redisUrl: redis.url, client: 'ioredis' })],
])('a store %s', (_, store) => {
  it('case 39: makes four processes one, with tokens of 0.4 s and strict rotation', async () => {
    await using local = await startLocalCloud({ accessTokenSeconds: lifeMs / 1000, rotateRefreshTokens: true });
    const { refreshToken } = local.users[0]!;
    const { issuer, clientId } = await clientOf(local.url);
    const tokenCalls = (): number => local.requests.filter(({ service, path }) => service === 'idp' && path.endsWith('/token')).length;
    const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker({ issuer, clientId, refreshToken, store: store() })));
    const before = tokenCalls();
    const startedAt = performance.now();
    const reports = await Promise.all(workers.map((worker) => worker.order({ forMs })));
    const elapsedMs = performance.now() - startedAt;
    for (const worker of workers) worker[Symbol.dispose]();

    expect(reports.flatMap((report) => report?.failures ?? ['died'])).toEqual([]);
    expect(reports.map((report) => report?.stale)).toEqual([0, 0, 0, 0]);
    for (const report of reports) expect(report?.tokens).toBeGreaterThan(3);
    const most = elapsedMs / (lifeMs - lifeMs / 2) + 1;

    expect(tokenCalls() - before).toBeLessThanOrEqual(most);
    expect(tokenCalls() - before).toBeGreaterThan(forMs / lifeMs / 2);
  });
});

/** The identity provider of a local cloud, and the client that its refresh tokens are of. */
async function clientOf(url: string): Promise<{ readonly issuer: string; readonly clientId: string }> {
  const read = async (path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(url + path)).json()) as Record<string, unknown>;
  const { environment } = await read('/.ai.h2o.cloud.discovery/v1/environment');
  const { clients } = await read('/.ai.h2o.cloud.discovery/v1/clients');
  const platform = (clients as { readonly name: string; readonly oauth2ClientId: string }[]).find(
    ({ name }) => name === 'clients/platform',
  );
  return { issuer: (environment as { readonly issuerUrl: string }).issuerUrl, clientId: platform!.oauth2ClientId };
}

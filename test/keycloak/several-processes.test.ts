/** Four processes that serve one user of a real Keycloak, whose refresh tokens are good once and whose access tokens live five seconds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signIn } from '../lab/keycloak.js';
import { ProviderProxy } from '../lab/provider-proxy.js';
import { startRedis, type Redis } from '../lab/redis.js';
import type { WorkerJob } from '../processes/worker.js';
import { startWorker } from '../processes/workers.js';

const keycloak = inject('keycloak');
const client = 'wave-app-five-seconds';
const forMs = 16_000;
const lifeMs = 5_000;
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

describe.concurrent.each<[string, () => WorkerJob['store']]>([
  ['in files', () => ({ directory })],
  ['in Redis', () => ({ redisUrl: redis.url, client: 'redis' })],
])('a store %s', (_, store) => {
  it('case 39: makes four processes one, with tokens of 5 s and strict rotation', async () => {
    await using proxy = await ProviderProxy.start(keycloak.url);
    const issuer = proxy.behind(keycloak.issuer);
    const { refreshToken } = await signIn(issuer, { client });
    const job = { issuer, clientId: client, clientSecret: `${client}-secret`, refreshToken, store: store() };
    const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker(job)));
    const before = proxy.tokenCalls.length;
    const startedAt = performance.now();
    const reports = await Promise.all(workers.map((worker) => worker.order({ forMs })));
    const elapsedMs = performance.now() - startedAt;
    for (const worker of workers) worker[Symbol.dispose]();

    expect(reports.flatMap((report) => report?.failures ?? ['died'])).toEqual([]);
    expect(reports.map((report) => report?.stale)).toEqual([0, 0, 0, 0]);
    const calls = proxy.tokenCalls.slice(before);
    expect(new Set(calls.map(({ form }) => form['refresh_token'])).size).toBe(calls.length);
    expect(calls.length).toBeLessThanOrEqual(elapsedMs / (lifeMs / 2) + 1);
    expect(calls.length).toBeGreaterThan(forMs / lifeMs);
  });
});

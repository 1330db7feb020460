/**
 * A process that dies, or stands still for longer than its lease, at each moment of a refresh, and another one that needs the token.
 * The identity provider is a strict one, or one that lets a refresh token be used again, where a lost answer can be made good.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { startRedis, type Redis } from '../lab/redis.js';
import { reply, TokenServer, type Answer } from '../support/token-server.js';
import type { Moment, WorkerJob } from './worker.js';
import { startWorker, type Worker } from './workers.js';

const leaseMs = 600;
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

/** The refresh token is spent at once, and the answer comes when the process is gone or stands still. */
const late: Answer = (response, grant) => {
  const granted = grant();
  setTimeout(() => {
    reply(response, granted);
  }, 400);
};

interface Accident {
  readonly at: Moment;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly rotation: 'strict' | 'none';
  readonly store: WorkerJob['store'];
}

interface Scene extends AsyncDisposable {
  readonly server: TokenServer;
  /** The process that meets the accident. */
  readonly victim: Worker;
  readonly other: Worker;
}

async function startScene({ at, signal, rotation, store }: Accident): Promise<Scene> {
  const server = await TokenServer.start({ rotation });
  if (at === 'after sending') server.next(late);
  const job = { issuer: server.issuer, clientId: 'app', refreshToken: server.signIn(), store, leaseMs };
  const [victim, other] = await Promise.all([startWorker({ ...job, stop: { at, signal } }), startWorker(job)]);
  return {
    server,
    victim,
    other,
    async [Symbol.asyncDispose]() {
      victim[Symbol.dispose]();
      other[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe.each<[string, () => WorkerJob['store']]>([
  ['in files', () => ({ directory })],
  ['in Redis', () => ({ redisUrl: redis.url, client: 'redis' })],
])('with a store %s', (_, store) => {
  test.each<[Moment, 'strict' | 'none', number]>([
    ['before sending', 'strict', 1],
    ['after sending', 'none', 2],
    ['after the answer', 'none', 2],
    ['after the write', 'strict', 2],
  ])('cases 41, 42: one that is killed %s costs one more request at most', async (at, rotation, calls) => {
    await using scene = await startScene({ at, signal: 'SIGKILL', rotation, store: store() });
    const { server, victim, other } = scene;
    expect(await victim.order({ scopes: [] })).toBeUndefined();
    expect(await other.order({ scopes: [] })).toMatchObject({ failures: [], tokens: 1 });
    expect(server.forms).toHaveLength(calls);
    expect(await other.order({ scopes: ['later'] })).toMatchObject({ failures: [], tokens: 1 });
    expect(server.forms).toHaveLength(calls + 1);
  });

  test.each<[Moment]>([['after sending'], ['after the answer']])(
    'case 42: one that is killed %s of a strict provider costs the session, and the others are told why',
    async (at) => {
      await using scene = await startScene({ at, signal: 'SIGKILL', rotation: 'strict', store: store() });
      const { server, victim, other } = scene;
      expect(await victim.order({ scopes: [] })).toBeUndefined();
      const told = [await other.order({ scopes: [] }), await other.order({ scopes: [] })];
      for (const report of told)
        expect(report?.failures).toEqual([expect.stringMatching(/^REUSE_DETECTED: .*a process that was renewing it/)]);
      expect(server.forms).toHaveLength(2);
    },
  );

  test.each<[Moment, 'strict' | 'none', number]>([
    ['before sending', 'strict', 1],
    ['after sending', 'none', 2],
    ['after the answer', 'none', 2],
    ['after the write', 'strict', 2],
  ])(
    'case 43: one that stands still %s beyond its lease costs one more request at most, and overwrites nothing',
    async (at, rotation, calls) => {
      await using scene = await startScene({ at, signal: 'SIGSTOP', rotation, store: store() });
      const { server, victim, other } = scene;
      const late = victim.order({ scopes: [] });
      await victim.stopped();
      const taken = await other.order({ scopes: [] });
      expect(taken).toMatchObject({ failures: [], tokens: 1 });
      victim.resume();
      expect(await late).toMatchObject({ failures: [], tokens: 1 });
      expect(server.forms).toHaveLength(calls);
      // Both go on with the token that is stored, and only one of them spends it.
      expect(await victim.order({ scopes: ['later'] })).toMatchObject({ failures: [] });
      expect(await other.order({ scopes: ['later'] })).toMatchObject({ failures: [] });
      expect(server.forms).toHaveLength(calls + 1);
      const spent = server.forms.map((form) => form['refresh_token']);
      expect(spent.filter((token) => token === spent.at(-1))).toHaveLength(1);
    },
  );
});

it('case 45: a Redis that goes away and comes back costs errors that can be retried, and no session', async () => {
  const own = await startRedis();
  await using server = await TokenServer.start({ rotation: 'strict', accessTokenSeconds: 1 });
  using worker = await startWorker({
    issuer: server.issuer,
    clientId: 'app',
    refreshToken: server.signIn(),
    store: { redisUrl: own.url, client: 'ioredis' },
  });
  expect(await worker.order({ scopes: [] })).toMatchObject({ failures: [] });
  await own.stop();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const down = await worker.order({ scopes: [] });
  expect(down?.failures).toEqual([expect.stringMatching(/^STORE_UNAVAILABLE/)]);
  const again = await startRedis(own.port);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await worker.order({ scopes: [] })).toMatchObject({ failures: [], tokens: 1 });
  expect(server.forms).toHaveLength(2);
  await again.stop();
});

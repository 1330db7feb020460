import type { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { expectTypeOf, test } from 'vitest';
import { redisTokenStore, type RedisClient, type SharedTokenStore } from 'h2o-ai-cloud';

test('clients of both packages serve as they are', () => {
  expectTypeOf(createClient()).toExtend<RedisClient>();
  expectTypeOf(createCluster({ rootNodes: [] })).toExtend<RedisClient>();
  expectTypeOf<Redis>().toExtend<RedisClient>();
  expectTypeOf<Cluster>().toExtend<RedisClient>();
  expectTypeOf(redisTokenStore).returns.toEqualTypeOf<SharedTokenStore>();
});

test('something else does not', () => {
  expectTypeOf<Map<string, string>>().not.toExtend<RedisClient>();
  expectTypeOf<{ get(key: string): Promise<string> }>().not.toExtend<RedisClient>();
});

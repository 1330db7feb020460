/**
 * A stream of rows through real sockets, whose requests and answers break on the way.
 */
import { SecurityOptions, type Row } from 'h2o-ai-cloud';
import type { FaultEffect } from 'h2o-ai-cloud/testing';
import { expect, test } from 'vitest';
import { deployCredit, startTestCloud } from '../support/cloud.js';

const rows: readonly Row[] = Array.from({ length: 120 }, (_, id) => ({
  id,
  EDUCATION: 'university',
  MARRIAGE: 'single',
  SEX: 'female',
  LIMIT_BAL: 20_000 + 1_000 * id,
  AGE: 20 + (id % 50),
  PAY_1: id % 4,
  BILL_AMT1: 10 * id,
  PAY_AMT1: id,
}));

test.each<[string, FaultEffect]>([
  ['ends the connection before it has looked at a request', { dropSocket: true }],
  ['dies before its answer', { dropAnswer: true }],
  ['cuts its answers', { cutBodyAfterBytes: 300 }],
  ['cuts what is sent to it', { cutRequestAfterBytes: 300 }],
  ['stops in the middle of an answer', { stallBodyAfterBytes: 300 }],
  ['answers slowly', { delayMs: 60 }],
  ['is overloaded', { status: 503, headers: { 'retry-after': '0' } }],
])('a scorer that %s in the middle of a stream loses no row and doubles none', async (_, then) => {
  await using test = await startTestCloud();
  const { user, local } = test;
  const scorer = user.scorer(await deployCredit(user, SecurityOptions.none()));
  const expected = await scorer.scoreRows(rows, { idColumn: 'id' });
  local.faults.add({ when: { path: '/model/score' }, skip: 2, times: 3, then });
  const scored: unknown[] = [];
  for await (const row of scorer.scoreStream(rows, { idColumn: 'id', batchRows: 10, batchTimeoutMs: 300 })) scored.push(row);
  expect(scored).toEqual(expected);
  expect(local.faults.hits).toHaveLength(3);
});

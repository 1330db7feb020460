import { expect, it } from 'vitest';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import { pythonWith, runScript } from './python.js';

it('the official client h2o-secure-store 1.4.2, unmodified, keeps secrets in versions, for their owner alone', async () => {
  const python = await pythonWith('h2o-secure-store-1.4.2');
  await using cloud = await startLocalCloud();
  const [alice, bob] = [await cloud.issueTokens('alice'), await cloud.issueTokens('bob')];
  const input = { url: cloud.url, alice: alice.accessToken, bob: bob.accessToken };
  expect(await runScript(python, 'h2o_secure_store_1_4_2.py', input)).toEqual({
    created: { name: 'workspaces/default/secrets/db', display_name: 'Database', annotations: { a: 'b' }, state: 'STATE_ACTIVE' },
    again: 409,
    generated: true,
    listed: [true, true],
    hidden: '',
    revealed: ['one', 'two', 'two'],
    stranger: { list: 0, get: 404, reveal: 404 },
    pages: [50, 52],
    deleted: { state: 'STATE_DELETED', reveal: 400, restored: 'STATE_ACTIVE', revealed: 'one' },
    left: [0, 52],
  });
});

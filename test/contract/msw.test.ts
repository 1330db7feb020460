/** The whole SDK against the local cloud as msw handlers: no port, an https origin, the same behaviour. */
import { setupServer } from 'msw/node';
import { afterEach, expect, it } from 'vitest';
import { H2OCloud, ServerError } from 'h2o-ai-cloud';
import { localCloudHandlers } from 'h2o-ai-cloud/testing/msw';
import { deployCredit } from '../support/cloud.js';

const local = localCloudHandlers({ origin: 'https://cloud.example', platform: '0.69', healthyAfterMs: 0 });
const server = setupServer(...local.handlers);

afterEach(() => {
  server.close();
});

it('deploys and scores over handlers, and meets the faults that were ordered', async () => {
  server.listen({ onUnhandledRequest: 'error' });
  const { env } = await local.describe();
  const user = new H2OCloud({ env, tokenStore: 'memory', retry: { baseMs: 1 } }).asCurrentUser();
  const deployment = await deployCredit(user);
  const scorer = user.scorer(deployment);
  expect((await scorer.score(await scorer.sampleRequest())).score).toHaveLength(1);
  local.faults.add({ when: { path: 'ListProjects' }, times: 9, then: { status: 500 } });
  await expect(user.mlops.projects.list().first()).rejects.toThrow(ServerError);
});

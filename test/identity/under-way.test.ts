/** What happens to a user's tokens while something else is under way. */
import { beforeAll, describe, expect, it } from 'vitest';
import { H2OCloud, type FetchFunction } from 'h2o-ai-cloud';
import { FakeClock, startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';
import { creditMojo } from '../support/cloud.js';
import { held, TokenServer } from '../support/token-server.js';
import { failureOf } from '../unit/identity/world.js';

// The first import takes longer than a clock that stands still has patience.
beforeAll(async () => {
  await import('openid-client');
});

const refreshes = (local: RunningCloud): number =>
  local.requests.filter(({ body }) => JSON.stringify(body ?? '').includes('refresh_token')).length;

describe('case 52: a token that ends while a request with it is under way', () => {
  /** The token's whole life passes before the first request of this name reaches its service. */
  async function startSlowCloud(name: string) {
    const clock = new FakeClock();
    const local = await startLocalCloud({ clock, platform: '0.69', healthyAfterMs: 0, rotateRefreshTokens: true });
    const { refreshToken } = await local.issueTokens('alice');
    let isSlow = true;
    const fetch: FetchFunction = async (url, init) => {
      if (isSlow && url.includes(name)) {
        isSlow = false;
        await clock.advance(301_000);
      }
      return globalThis.fetch(url, init);
    };
    const { H2O_CLOUD_ENVIRONMENT } = local.env;
    const user = new H2OCloud({ env: { H2O_CLOUD_ENVIRONMENT }, clock, fetch, timeoutMs: 3_600_000 }).onBehalfOf({ refreshToken });
    return { local, user, [Symbol.asyncDispose]: () => local.close() };
  }

  it('is renewed once, and the request is sent again', async () => {
    await using world = await startSlowCloud('CreateProject');
    await world.user.mlops.projects.create({ name: 'demo' });
    expect(await world.user.mlops.projects.list().toArray()).toHaveLength(1);
    expect(refreshes(world.local)).toBe(2);
  });

  it('is renewed for an upload too, whose file is read again', async () => {
    await using world = await startSlowCloud('ByteStream');
    const project = await world.user.mlops.projects.create({ name: 'demo' });
    await world.user.mlops.experiments.create({ project, name: 'credit', artifact: creditMojo }, { idleTimeoutMs: 3_600_000 });
    expect(await world.user.mlops.experiments.list({ project }).toArray()).toHaveLength(1);
    expect(refreshes(world.local)).toBe(2);
  });
});

describe('case 29: a sign-out while a token is being renewed', () => {
  it('wins: who waits gets no token, and nobody after', async () => {
    await using server = await TokenServer.start();
    const { answer, asked, release } = held();
    server.next(answer);
    const cloud = new H2OCloud({ env: {}, oidc: { tokenEndpoint: server.tokenEndpoint, clientId: 'sdk' } });
    const user = cloud.onBehalfOf({ refreshToken: server.signIn() });
    const waiting = [failureOf(user.accessToken()), failureOf(user.accessToken({ scopes: ['a'] }))];
    await asked;
    await user.signOut();
    release();
    for (const error of [...(await Promise.all(waiting)), await failureOf(user.accessToken())])
      expect(error).toMatchObject({ name: 'SignInRequiredError', code: 'SESSION_ENDED' });
  });
});

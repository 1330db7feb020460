import { AuthenticationError, H2OCloud } from 'h2o-ai-cloud';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import type { RunningCloud } from 'h2o-ai-cloud/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signIn } from '../lab/keycloak.js';
import { startJavaScorers, type Started } from '../lab/scorers.js';
import { fixture } from '../support/csv.js';

const { issuer, issuerNoRotate } = inject('keycloak');

describe('a scorer that takes the tokens of Keycloak', () => {
  let scorers: Started;
  let local: RunningCloud;
  beforeAll(async () => {
    scorers = await startJavaScorers([{ mojo: fixture('models/iris-glm.zip'), issuer }]);
    local = await startLocalCloud();
  });
  afterAll(() => Promise.all([scorers.stop(), local.close()]));

  const scored = (accessToken: string): Promise<unknown> => {
    const origin = scorers.origins[0] ?? '';
    const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory', trustedScorerOrigins: [origin] });
    const scorer = cloud.onBehalfOf({ accessToken }).scorer(`${origin}/model/score`);
    return scorer.scoreRows([{ sepal_len: 5.1, sepal_wid: 3.5, petal_len: 1.4, petal_wid: 0.2 }]);
  };

  it('scores for a user who is signed in there', async () => {
    const { accessToken } = await signIn(issuer);
    const setosa: unknown = expect.closeTo(0.9998659222170783, 12);
    expect(await scored(accessToken)).toMatchObject([{ 'species.setosa': setosa }]);
  });

  it('refuses a token of another realm, and the error names that issuer and the setting that lacks it', async () => {
    const { accessToken } = await signIn(issuerNoRotate);
    const error: unknown = await scored(accessToken).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(String(error)).toContain(issuerNoRotate);
    expect(String(error)).toContain('oidcIssuers');
    expect(String(error)).not.toContain(accessToken);
  });
});

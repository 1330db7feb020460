import { pbkdf2Sync } from 'node:crypto';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import type { RunningCloud } from 'h2o-ai-cloud/testing';
import { expectedScores, fixture, inputs, scoredRows, target } from './credit.js';
import { peerFile, pythonWith, runScript } from './python.js';

const Results = z.looseObject({
  score: z.looseObject({ status: z.number(), id: z.string(), fields: z.array(z.string()), score: z.array(z.array(z.string())) }),
  experimentUid: z.string(),
  states: z.array(z.string()),
  sampleRequest: z.looseObject({ fields: z.array(z.string()) }),
  schema: z.looseObject({ inputFields: z.array(z.looseObject({ name: z.string() })) }),
});

const pageSize = 3;
function hashed(passphrase: string): string {
  const salt = 'c0ffee';
  return `pbkdf2:sha256:1000$${salt}$${pbkdf2Sync(passphrase, salt, 1000, 32, 'sha256').toString('hex')}`;
}

describe('the official client h2o-mlops 1.2.0, unmodified', () => {
  let cloud: RunningCloud;
  let results: z.infer<typeof Results>;

  beforeAll(async () => {
    const python = await pythonWith('h2o-mlops-1.2.0');
    cloud = await startLocalCloud({ healthyAfterMs: 400, pageSize });
    const { cloudUrl, gatewayUrl, issuer } = await cloud.describe();
    const argument = {
      cloudUrl,
      gatewayUrl,
      issuer,
      pageSize,
      refreshToken: (await cloud.issueTokens('alice')).refreshToken,
      strangersRefreshToken: (await cloud.issueTokens('bob')).refreshToken,
      mojo: fixture('credit-glm.zip'),
      notAModel: peerFile('h2o-mlops-1.2.0.requirements.txt'),
      hashedPassphrase: hashed('open sesame'),
      fields: inputs,
      rows: scoredRows,
    };
    results = Results.parse(await runScript(python, 'h2o_mlops_1_2_0.py', argument));
  });

  afterAll(() => cloud.close());

  it('creates and finds a project', () => {
    expect(results).toMatchObject({
      project: { name: 'peer', description: 'made by the official client', owner: 'alice' },
      listed: ['peer'],
    });
  });

  it('uploads a model, labels it and downloads it unchanged', () => {
    expect(results['experiment']).toEqual({
      name: 'credit',
      types: ['h2o3_mojo'],
      artifacts: [['h2o3/mojo', 'application/zip']],
      tags: ['candidate'],
      comments: ['looks good'],
      downloadedUnchanged: true,
    });
  });

  it('finds environment, runtimes and shortcuts', () => {
    expect(results).toMatchObject({ environment: 'DEV', runtimes: ['h2o3_mojo_runtime'], affinities: ['gpu-nodes'] });
  });

  it('waits for a deployment to pass through its states', () => {
    expect(results.states.at(-1)).toBe('HEALTHY');
    expect(['PENDING', 'PREPARING', 'LAUNCHING', 'HEALTHY'].filter((state) => results.states.includes(state))).toEqual(results.states);
    expect(results.states.length).toBeGreaterThan(1);
  });

  it('reads back how the deployment is protected, and by whom it was made', () => {
    expect(results).toMatchObject({ security: { _oidc_token_auth: true }, mode: 'Single Model', owner: 'alice' });
  });

  it('asks the scorer what it takes and gives', () => {
    expect(new Set(results.sampleRequest.fields)).toEqual(new Set(inputs));
    expect(new Set(results.schema.inputFields.map((field) => field.name))).toEqual(new Set(inputs));
    expect(results['capabilities']).toEqual(['SCORE']);
  });

  it("scores with the user's token as H2O-3 itself does", () => {
    expect(results.score).toMatchObject({ status: 200, id: results.experimentUid, fields: [`${target}.0`, `${target}.1`] });
    expect(results.score.score).toHaveLength(expectedScores.length);
    results.score.score.forEach((row, index) => {
      row.forEach((cell, column) => {
        expect(Number(cell)).toBeCloseTo(expectedScores[index]?.[column] ?? NaN, 12);
      });
    });
  });

  it('is refused by the scorer without the right token', () => {
    expect(results['unauthorised']).toEqual({ withoutToken: 401, withWrongToken: 401, withTokenAsBasic: 401 });
  });

  it('changes a running deployment', () => {
    expect(results['updated']).toMatchObject({ variables: { KEY: 'value' }, replicas: 2, requests: { cpu: '50m' } });
  });

  it('protects a deployment by a passphrase, plain or hashed', () => {
    expect(results['passphrase']).toEqual({ right: 200, wrong: 401, readBack: 'open sesame' });
    expect(results['hashedPassphrase']).toEqual({ right: 200, theHashItself: 401 });
  });

  it('manages endpoints', () => {
    expect(results['endpoints']).toEqual([['front door', 'credit/live']]);
  });

  it('finds the same work when it connects by the address of the gateway', () => {
    expect(results['byGateway']).toEqual({ sameProject: true, deployments: ['oidc', 'passphrase'], oneByName: [true] });
  });

  it('reads all pages of a list, and sees no other users’ projects', () => {
    expect(results).toMatchObject({ projectCount: pageSize + 3, strangersProjects: 0 });
  });

  it('is refused in ways that it understands', () => {
    expect(results['refusals']).toEqual({ strangersProject: 404, noProject: 404, badToken: 401, notAModel: 400 });
  });

  it('deletes what it made', () => {
    expect(results).toMatchObject({ afterDelete: ['oidc'], projectsAfterDelete: 0 });
  });

  it('is served by discovery without asking for a scope', () => {
    const tokenCalls = cloud.requests.filter((request) => request.path.endsWith('/token'));
    expect(tokenCalls.length).toBeGreaterThan(0);
    expect(tokenCalls.every((call) => call.status === 200)).toBe(true);
    expect(tokenCalls[0]?.body).not.toHaveProperty('scope');
  });
});

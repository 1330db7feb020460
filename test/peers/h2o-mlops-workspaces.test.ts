import { statSync } from 'node:fs';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import type { RunningCloud } from 'h2o-ai-cloud/testing';
import { expectedScores, fixture, inputs, scoredRows, target } from './credit.js';
import { peerFile, pythonWith, runScript } from './python.js';

const Results = z.looseObject({
  score: z.looseObject({ id: z.string(), fields: z.array(z.string()), score: z.array(z.array(z.string())) }),
  states: z.array(z.string()),
  sampleRequest: z.looseObject({ fields: z.array(z.string()) }),
  experimentUid: z.string(),
  experiment: z.looseObject({ inputs: z.array(z.string()) }),
});

const pageSize = 3;

describe.each([
  { version: '1.4.8', platform: '1.0' },
  { version: '1.5.4', platform: '1.0' },
  { version: '1.6.5', platform: '1.2' },
] as const)('the official client h2o-mlops $version, unmodified', ({ version, platform }) => {
  let cloud: RunningCloud;
  let results: z.infer<typeof Results>;

  beforeAll(async () => {
    const python = await pythonWith(`h2o-mlops-${version}`);
    // Not restricted to the client's platform: one cloud serves them all.
    cloud = await startLocalCloud({ healthyAfterMs: 200, pageSize });
    const argument = {
      cloudUrl: cloud.url,
      pageSize,
      refreshToken: (await cloud.issueTokens('alice')).refreshToken,
      strangersRefreshToken: (await cloud.issueTokens('bob')).refreshToken,
      mojo: fixture('credit-glm.zip'),
      data: fixture('credit.csv'),
      notAModel: peerFile(`h2o-mlops-${version}.requirements.txt`),
      fields: inputs,
      rows: scoredRows,
    };
    results = Results.parse(await runScript(python, 'h2o_mlops_workspaces.py', argument));
  });

  afterAll(() => cloud.close());

  it('learns who it is and what the platform offers', () => {
    expect(results).toMatchObject({
      me: 'alice',
      users: ['alice', 'bob'],
      requests: { cpu: '250m', memory: '512Mi' },
      runtimes: ['dai_mojo_runtime', 'mojo_scorer_shapley_all', 'h2o3_mojo_runtime'],
    });
    const kinds = ['DISABLED', 'HASHED_PASSPHRASE', 'OIDC_AUTH', 'PLAIN_PASSPHRASE'];
    expect(results['securityTypes']).toEqual(platform === '1.2' ? ['API_KEY', ...kinds] : kinds);
  });

  it('creates, changes, finds and counts a workspace', () => {
    expect(results['workspace']).toEqual({
      description: 'changed by it',
      creator: 'alice',
      byUid: 'peer',
      count: 1,
      listed: ['peer'],
    });
    expect(results['tags']).toEqual(['navy']);
  });

  it('uploads files and downloads them unchanged', () => {
    const size = String(statSync(fixture('credit-glm.zip')).size);
    expect(results['artifact']).toEqual({ name: 'credit-glm.zip', state: 'AVAILABLE', size, downloadedUnchanged: true });
    expect(results['dataset']).toEqual(['navy']);
  });

  it('makes an experiment of a model file, and pins things on it', () => {
    expect(new Set(results.experiment.inputs)).toEqual(new Set(inputs));
    expect(results.experiment).toMatchObject({
      name: 'credit 1',
      target,
      outputs: [`${target}.0`, `${target}.1`],
      artifacts: ['h2o3/mojo'],
      runtimes: ['h2o3_mojo_runtime'],
      tags: ['candidate'],
      comments: ['looks good'],
      metrics: [['auc', 0.5]],
      isRegistered: false,
    });
  });

  it('restores a deleted experiment', () => {
    expect(results['experimentCounts']).toEqual([2, 1, 2]);
  });

  it('manages models and their versions', () => {
    expect(results['model']).toEqual({
      versions: 2,
      newest: 'other',
      first: 'credit 1',
      byName: true,
      description: 'two versions',
      isRegistered: true,
    });
    expect(results['models']).toEqual(['model']);
  });

  it('deploys with every option, and waits until the deployment is up', () => {
    expect(results.states).toEqual(['PENDING', 'HEALTHY']);
    expect(results['deployment']).toEqual({
      mode: 'Single Model',
      creator: 'alice',
      security: ['OIDC_AUTH'],
      requests: { cpu: '250m' },
      affinity: 'gpu-nodes',
      variables: { KEY: '1' },
      origins: ['https://app.example.com'],
      bounds: [[100, 1000]],
      listed: ['oidc'],
      found: ['oidc'],
      statuses: 1,
    });
  });

  it("scores with the user's token as H2O-3 itself does", () => {
    expect(new Set(results.sampleRequest.fields)).toEqual(new Set(inputs));
    expect(results['capabilities']).toEqual(['SCORE']);
    expect(results.score).toMatchObject({ id: results.experimentUid, fields: [`${target}.0`, `${target}.1`] });
    expect(results.score.score).toHaveLength(expectedScores.length);
    results.score.score.forEach((row, index) => {
      row.forEach((cell, column) => {
        expect(Number(cell)).toBeCloseTo(expectedScores[index]?.[column] ?? NaN, 12);
      });
    });
  });

  it('is refused by the scorer without the right token', () => {
    expect(results['unauthorised']).toEqual({ withoutToken: 401, withWrongToken: 401 });
  });

  it('changes a running deployment', () => {
    expect(results['updated']).toEqual({
      name: 'renamed',
      description: '',
      variables: { KEY: '2' },
      replicas: 2,
      origins: null,
      hasNewRevision: true,
    });
  });

  it('protects a deployment by a passphrase, plain or hashed', () => {
    expect(results['passphrase']).toEqual({ right: 1, wrong: 401 });
    expect(results['hashedPassphrase']).toEqual({ right: 1, readBack: '' });
  });

  it('deploys two models at once, as A/B test and as champion and challenger', () => {
    expect(results).toMatchObject({ split: [30, 70], splitScores: 1, shadow: [true, false] });
  });

  it('manages endpoints, and reads logs', () => {
    expect(results).toMatchObject({ endpoint: ['renamed', 'front-door', true], detached: true, logs: [true], redeployed: null });
  });

  it('reads all pages of a list, and sees nothing of other users', () => {
    expect(results['workspaceCount']).toBe(pageSize + 3);
    expect(results['refusals']).toEqual({ strangersWorkspace: 404, strangersWorkspaces: 0, noWorkspace: 404, noDeployment: 404 });
  });

  it('is refused in ways that it understands', () => {
    // Where the inspection goes on while nobody waits, its failure is read from the artifact.
    expect(results['notAModel']).toBe(platform === '1.2' ? 'MLOpsModelIngestionError' : 400);
  });

  it('deletes what it made', () => {
    expect(results).toMatchObject({ afterDelete: [], emptied: [0, 0], goneWorkspace: 404 });
  });

  if (platform === '1.2') {
    it('protects a deployment in several ways, with an API key that is shown once', () => {
      expect(results['several']).toEqual({
        kinds: ['API_KEY', 'OIDC_AUTH', 'HASHED_PASSPHRASE'],
        shownAgain: [null, null, null],
        byKey: 1,
        byPassphrase: 1,
        byWrongKey: 401,
        byChangedPassphrase: 1,
        byOldPassphrase: 401,
      });
    });

    it('pauses a deployment and resumes it', () => {
      expect(results).toMatchObject({ paused: [true, true, 'STOPPED'], resumed: [false, 1] });
    });

    it('filters on the server, over all workspaces', () => {
      expect(results).toMatchObject({ everywhere: ['renamed', 'several'], healthy: 2 });
    });

    it('sends no token of the platform to the artifact store', () => {
      const transfers = cloud.requests.filter(({ service }) => service === 'artifact-store');
      expect(transfers.map(({ method }) => method)).toEqual(expect.arrayContaining(['PUT', 'GET']));
      expect(transfers.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
    });
  } else {
    it('reads who did what', () => {
      expect(results['events']).toEqual(['CREATE_DEPLOYMENT', 'CREATE_EXPERIMENT', 'CREATE_PROJECT', 'RETRY_DEPLOYMENT', 'UNDEPLOY']);
    });
  }
});

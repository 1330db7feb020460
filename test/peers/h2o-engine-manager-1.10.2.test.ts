import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import type { RunningCloud } from 'h2o-ai-cloud/testing';
import { pythonWith, runScript } from './python.js';

describe('the official client h2o-engine-manager 1.10.2, unmodified', () => {
  let cloud: RunningCloud;
  let results: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const python = await pythonWith('h2o-engine-manager-1.10.2');
    cloud = await startLocalCloud({ healthyAfterMs: 1000 });
    const { cloudUrl } = await cloud.describe();
    const alice = await cloud.issueTokens('alice');
    const bob = await cloud.issueTokens('bob');
    const argument = { cloudUrl, ...alice, strangersRefreshToken: bob.refreshToken };
    results = z.record(z.string(), z.unknown()).parse(await runScript(python, 'h2o_engine_manager_1_10_2.py', argument));
  });

  afterAll(() => cloud.close());

  it('is found by discovery, and reads what there is', () => {
    expect(results).toMatchObject({
      profiles: { assigned: ['workspaces/global/daiEngineProfiles/small'], one: 'Small' },
      versions: {
        dai: ['workspaces/global/daiEngineVersions/1.11.1.1', 'workspaces/global/daiEngineVersions/1.10.7.5'],
        h2o: ['workspaces/global/h2oEngineVersions/3.46.0.2'],
      },
    });
  });

  it('is refused in ways that it understands', () => {
    expect(results).toMatchObject({ refusals: { notFound: 404, badId: 400 }, dryRun: 404, twice: 409, deleted: 404, deleteAgain: 404 });
  });

  it('creates a Driverless AI engine, waits for it, and comes in with the user’s token', () => {
    expect(results).toMatchObject({
      created: { name: 'workspaces/default/daiEngines/peer', state: 'STATE_STARTING', idle: '15m', annotations: { 'made-by': 'peer' } },
      running: 'STATE_RUNNING',
      address: expect.stringMatching(/\/engines\/workspaces\/default\/daiEngines\/peer$/) as string,
      endpoint: { serverVersion: '1.11.1.1' },
      call: '1.11.1.1',
      logs: 'engine log\n',
    });
  });

  it('lists engines in pages, filtered and ordered', () => {
    expect(results['lists']).toEqual({ all: ['workspaces/default/daiEngines/peer'], page: 1, filtered: 1, filteredOut: 0, ordered: 1 });
  });

  it('pauses, changes and resumes it', () => {
    expect(results).toMatchObject({
      pausing: 'STATE_PAUSING',
      paused: 'STATE_PAUSED',
      updated: { name: 'Renamed', idle: '30m', annotations: { 'made-by': 'peer' } },
      resumed: 'STATE_RUNNING',
    });
  });

  it('deletes it, also when it is gone and that is allowed', () => {
    expect(results).toMatchObject({ deleting: 'STATE_DELETING', deleteMissing: null });
  });

  it('sizes, creates, enters and terminates an H2O-3 engine', () => {
    expect(results).toMatchObject({
      size: { nodes: 1 },
      cluster: { name: 'workspaces/default/h2oEngines/peer-cluster', state: 'STATE_STARTING', nodes: 1 },
      clusterRunning: 'STATE_RUNNING',
      clusters: ['workspaces/default/h2oEngines/peer-cluster'],
      clusterLogs: 'engine log\n',
      cloudSize: 1,
      terminated: 'STATE_TERMINATED',
    });
  });

  it('sees nothing of another user', () => {
    expect(results['stranger']).toBe(0);
  });
});

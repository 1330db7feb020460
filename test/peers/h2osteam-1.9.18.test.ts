import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startLocalCloud } from 'h2o-ai-cloud/testing';
import type { RunningCloud } from 'h2o-ai-cloud/testing';
import { pythonWith, runScript } from './python.js';

const parameters = {
  profile_name: 'default-driverless-kubernetes',
  version: '1.11.0',
  cpu_count: 4,
  gpu_count: 0,
  memory_gb: 16,
  storage_gb: 64,
  timeout_seconds: 1800,
  max_idle_hours: 2,
  max_uptime_hours: 8,
  config_toml: null,
  volumes: null,
};

describe('the official client h2osteam 1.9.18, unmodified', () => {
  let cloud: RunningCloud;
  let results: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const python = await pythonWith('h2osteam-1.9.18');
    cloud = await startLocalCloud({ healthyAfterMs: 1000 });
    const { steamUrl } = await cloud.describe();
    const alice = await cloud.issueTokens('alice');
    const bob = await cloud.issueTokens('bob');
    const argument = { steamUrl, parameters, ...alice, strangersAccessToken: bob.accessToken };
    results = z.record(z.string(), z.unknown()).parse(await runScript(python, 'h2osteam_1_9_18.py', argument));
  });

  afterAll(() => cloud.close());

  it('signs in with either token and with a password, and is refused without', () => {
    expect(results['refusedLogins']).toEqual({ token: true, password: true });
  });

  it('reads what there is', () => {
    expect(results).toMatchObject({
      ping: '1.9.18',
      meta: { version: '1.9.18', is_kubernetes_enabled: true },
      profiles: [
        ['default-driverless-kubernetes', 'driverless_kubernetes'],
        ['default-h2o-kubernetes', 'h2o_kubernetes'],
      ],
      limits: { min: 1, max: 6, initial: 2 },
      sameProfile: 'default-h2o-kubernetes',
      versions: { driverless: ['1.10.7.5', '1.11.0'], h2o: ['3.44.0.3', '3.46.0.2'] },
    });
  });

  it('is refused in the words of Steam', () => {
    expect(results).toMatchObject({
      notFound: {
        instance: expect.stringContaining('instance with id 999 not found') as string,
        cluster: expect.stringContaining("cluster 'nope' not found") as string,
        profile: expect.stringContaining("profile 'nope' not found") as string,
      },
      sameName: expect.stringContaining("instance with name 'peer' already exists") as string,
      overLimit: expect.stringContaining('cpu_count must be between 1 and 16') as string,
      terminateRunning: expect.stringContaining('only stopped instances can be terminated') as string,
    });
  });

  it('launches an instance, finds it, waits, and comes in with the token that Steam keeps', () => {
    expect(results).toMatchObject({
      before: 0,
      launched: { status: 'running', target_status: 'running', cpu_count: 4, max_idle_seconds: 7200, created_by: 'alice' },
      running: 'running',
      found: { all: [true], byName: true, byCreator: true },
      provider: { enabled: true, sameToken: true },
      engine: { page: 200, version: '1.11.0', call: '1.11.0', withoutToken: 401 },
      driverlessLogs: ['events.log', 'server.log'],
    });
  });

  it('stops an instance, starts it again, and terminates it', () => {
    expect(results).toMatchObject({ stopped: 'stopped', restarted: { status: 'running', idle: 3600 }, terminated: 'terminated' });
  });

  it('sizes a cluster for its data, launches it, and enters it with the session', () => {
    expect(results).toMatchObject({
      estimate: 8,
      cluster: { status: 'running', nodes: 3, memory: 16 },
      clustersFound: [true, true],
      listed: ['peer'],
      h2o: { withSession: 3, without: 401 },
      clusterLogs: ['events.log', 'server.log'],
      // Only the target has changed by then, as on a real Steam.
      stoppedCluster: ['running', 'stopped'],
      deleted: expect.stringContaining('not found') as string,
      after: 0,
    });
  });

  it('sees nothing of another user', () => {
    expect(results['stranger']).toEqual({ instances: 0, instance: expect.stringContaining('not found') as string });
  });
});

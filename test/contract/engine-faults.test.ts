/**
 * Every step of launching an engine and waiting for it meets every fault: the outcome is an engine or an error of ours, nothing hangs,
 * no engine is made twice, and one that was made without the caller's knowing is named.
 */
import { expect, test } from 'vitest';
import { H2OCloudError, type H2OCloudOptions, type User } from 'h2o-ai-cloud';
import type { FaultEffect } from 'h2o-ai-cloud/testing';
import { startTestCloud, type TestCloud } from '../support/cloud.js';

interface Flow {
  readonly name: string;
  /** The requests of the flow, in their order, by the end of their path. */
  readonly paths: readonly string[];
  readonly run: (user: User) => Promise<unknown>;
  /** How many engines there are in the end. */
  readonly engines: (user: User) => Promise<number>;
}

const flows: readonly Flow[] = [
  {
    name: 'Steam',
    paths: ['/steam/auth', '/steam/web', '/steam/web', '/steam/web', '/steam/web', '/steam/web'],
    run: async ({ steam: { driverlessai } }) => {
      const instance = await driverlessai.launch({ name: 'x' });
      return driverlessai.waitUntil(instance, 'running', { timeoutMs: 1500 });
    },
    engines: async ({ steam }) => (await steam.driverlessai.list()).length,
  },
  {
    name: 'AI Engine Manager',
    paths: ['/daiEngineProfiles:listAssigned', '/daiEngineVersions', '/daiEngines', '/daiEngines/x'],
    run: async ({ engines: { driverlessai } }) => {
      const engine = await driverlessai.create({ name: 'x' });
      return driverlessai.waitUntil(engine, 'RUNNING', { timeoutMs: 1500 });
    },
    engines: async ({ engines }) => (await engines.driverlessai.list().toArray()).length,
  },
];

const faults: readonly (readonly [name: string, then: FaultEffect, times: number])[] = [
  ['503 once', { status: 503 }, 1],
  ['503 for good', { status: 503 }, 20],
  ['500', { status: 500, body: { code: 13, message: 'internal', details: [] } }, 1],
  ['429 once', { status: 429, headers: { 'retry-after': '0' } }, 1],
  ['401 once', { status: 401 }, 1],
  ['403', { status: 403 }, 1],
  ['a page', { status: 200, body: '<html>maintenance</html>' }, 1],
  ['an empty answer', { status: 200, body: '' }, 1],
  ['an answer that means nothing', { status: 200, body: { unexpected: true } }, 1],
  ['a redirect', { status: 302, headers: { location: 'https://login.example' } }, 1],
  ['a connection that ends', { dropSocket: true }, 1],
  ['a request that is cut', { cutRequestAfterBytes: 1 }, 1],
  ['an answer that is cut', { cutBodyAfterBytes: 3 }, 1],
];

const sdk: H2OCloudOptions = { retry: { baseMs: 1 }, timeoutMs: 3000 };

/** A fault at the n-th request of a flow. */
function order({ local }: TestCloud, paths: readonly string[], step: number, then: FaultEffect, times: number): void {
  const path = paths[step]!;
  const skip = paths.slice(0, step).filter((earlier) => earlier === path).length;
  local.faults.add({ when: { path }, skip, times, then });
}

test.each(flows.flatMap((flow) => flow.paths.map((path, step) => [flow.name, step + 1, path, flow] as const)))(
  '%s, request %i (%s)',
  async (_, number, __, flow) => {
    const meet = async ([name, then, times]: (typeof faults)[number]): Promise<void> => {
      await using cloud = await startTestCloud({}, sdk);
      order(cloud, flow.paths, number - 1, then, times);
      const outcome: unknown = await flow.run(cloud.user).catch((error: unknown) => error);
      expect(cloud.local.faults.hits.length, `${name} was met`).toBeGreaterThan(0);
      cloud.local.faults.clear();
      const engines = await flow.engines(cloud.user);
      expect(engines, `engines after ${name}`).toBeLessThanOrEqual(1);
      if (!(outcome instanceof Error)) {
        expect(outcome, name).toMatchObject({ kind: 'driverlessai' });
        expect(engines, name).toBe(1);
        return;
      }
      expect(outcome, name).toBeInstanceOf(H2OCloudError);
      const isLaunch = flow.paths.lastIndexOf('/daiEngines') === number - 1 || (flow.name === 'Steam' && number === 4);
      // Of an engine that the caller has no word of, the error tells.
      if (isLaunch && engines === 1) expect(outcome, name).toMatchObject({ created: [{ kind: 'engine' }] });
      else if (engines === 0) expect(outcome, name).toMatchObject({ created: [] });
    };
    await Promise.all(faults.map(meet));
  },
);

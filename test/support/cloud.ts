/** A local cloud on a real port with a user of it, for tests that need both. */
import { H2OCloud, SecurityOptions, type Clock, type Deployment, type H2OCloudOptions, type SecurityInput, type User } from 'h2o-ai-cloud';
import { startLocalCloud, type RunningCloud, type StartLocalCloudOptions } from 'h2o-ai-cloud/testing';
import { fetchWithFaults } from '../../src/local/fault-effects.js';
import { createLocalCloud } from '../../src/local/local-cloud.js';
import { systemClock } from '../../src/internal/clock.js';
import { controlsOf } from '../../src/testing/controls.js';
import { fixture } from './csv.js';

export interface TestCloud extends AsyncDisposable {
  readonly local: RunningCloud;
  readonly cloud: H2OCloud;
  readonly user: User;
}

/** @param options of the local cloud; deployments are healthy at once unless it says otherwise */
export async function startTestCloud(options: StartLocalCloudOptions = {}, sdk: H2OCloudOptions = {}): Promise<TestCloud> {
  const local = await startLocalCloud({ healthyAfterMs: 0, platform: '0.69', ...options });
  const cloud = new H2OCloud({ env: local.env, retry: { baseMs: 1 }, tokenStore: 'memory', ...sdk });
  const user = cloud.onBehalfOf({ accessToken: accessTokenOf(local, 'alice') });
  return { local, cloud, user, [Symbol.asyncDispose]: () => local.close() };
}

/** The same without a port, for tests of hundreds of calls: requests go to the local cloud as they are. */
export async function startPortlessCloud(options: StartLocalCloudOptions = {}, sdk: H2OCloudOptions = {}): Promise<TestCloud> {
  const local = createLocalCloud({ healthyAfterMs: 0, ...options, origin: 'http://127.0.0.1:9999' });
  const answer = fetchWithFaults(local.faults, options.clock ?? systemClock, (request) => local.fetch(request));
  const fetch = (url: string, init: RequestInit): Promise<Response> => answer(new Request(url, init));
  const { env, users, cloudUrl: url } = await local.describe();
  const close = (): Promise<void> => Promise.resolve();
  const running = { ...controlsOf(local), url, env, users, close, [Symbol.asyncDispose]: close };
  const cloud = new H2OCloud({ env, retry: { baseMs: 1 }, tokenStore: 'memory', fetch, ...sdk });
  return { local: running, cloud, user: cloud.onBehalfOf({ accessToken: accessTokenOf(running, 'alice') }), [Symbol.asyncDispose]: close };
}

export function accessTokenOf(local: RunningCloud, username: string): string {
  return local.users.find((user) => user.username === username)!.accessToken;
}

export const creditMojo = fixture('models/credit-glm.zip');

/** A model of the credit data, deployed and healthy. */
export async function deployCredit(user: User, security: SecurityInput = SecurityOptions.oidc()): Promise<Deployment> {
  return user.mlops.deploy({ project: 'demo', artifact: creditMojo, name: 'credit', security });
}

/** What was asked of the MLOps gateway and the scorers, as `service method`. */
export function callsOf(local: RunningCloud): string[] {
  return local.requests.filter(({ service }) => service === 'mlops-api' || service === 'scorer').map(({ path }) => path.split('/').at(-1)!);
}

/** A clock that runs `factor` times as fast as the real one, for waits that cross real sockets. */
export function hurriedClock(factor: number): Clock {
  const start = performance.now();
  const startsAt = Date.now();
  const monotonic = (): number => (performance.now() - start) * factor;
  return {
    monotonic,
    now: () => startsAt + monotonic(),
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs / factor);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** A clock that only the test moves, while what waits by it waits a part of that time in truth. */
export function steppedClock(hurry = 1): { readonly clock: Clock; readonly step: (ms: number) => void } {
  const start = Date.now();
  let passedMs = 0;
  const clock: Clock = {
    now: () => start + passedMs,
    monotonic: () => passedMs,
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs / hurry);
      return () => {
        clearTimeout(timer);
      };
    },
  };
  return {
    clock,
    step: (ms) => {
      passedMs += ms;
    },
  };
}

/** A local cloud whose time only the test moves, with a program that does not sleep long between looks. */
export interface SteppedCloud extends TestCloud {
  /** Lets time pass in the local cloud. */
  step(ms: number): void;
  /** For waits: each look lets half a second pass. */
  readonly stepping: { readonly onProgress: () => void };
}

/** @param options of the local cloud; engines take two seconds */
export async function startSteppedCloud(options: StartLocalCloudOptions = {}): Promise<SteppedCloud> {
  const { clock, step } = steppedClock();
  const test = await startTestCloud({ healthyAfterMs: 2000, clock, ...options }, { clock: hurriedClock(25) });
  const stepping = {
    onProgress: () => {
      step(500);
    },
  };
  return { ...test, step, stepping, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

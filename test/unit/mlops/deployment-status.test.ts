/** What a state means for a wait: which ones end it, which are those of before an update, and how a wait is gone on with. */
import { describe, expect, it, test } from 'vitest';
import { ConfigurationError, DeploymentFailedError, WaitTimeoutError, type DeploymentStatus, type WaitProgress } from 'h2o-ai-cloud';
import { FakeClock } from 'h2o-ai-cloud/testing';
import { isStale, stateOf, statesOf, waitUntilHealthy, type PendingUpdate, type WaitPorts } from '../../../src/mlops/deployment-status.js';

interface Wait {
  readonly ports: WaitPorts;
  readonly clock: FakeClock;
  /** Lets time pass until the promise is settled. */
  readonly settle: <Result>(work: Promise<Result>) => Promise<Result>;
}

/** A deployment that is in these states, one a look, and stays in the last. */
function deployment(states: readonly (string | Partial<DeploymentStatus>)[], more: Partial<WaitPorts> = {}): Wait {
  const clock = new FakeClock();
  let look = 0;
  const read = (): Promise<DeploymentStatus> => {
    const state = states[Math.min(look, states.length - 1)]!;
    look += 1;
    const status = typeof state === 'string' ? { state: stateOf(state) } : state;
    return Promise.resolve({ deploymentId: 'd', message: '', state: 'UNKNOWN', ...status });
  };
  const settle = async <Result>(work: Promise<Result>): Promise<Result> => {
    const over = work.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([over, clock.advance(1000).then(() => false)])));
    return work;
  };
  return { ports: { deploymentId: 'd', read, clock, update: undefined, afterwards: 'goes on', ...more }, clock, settle };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a wait', () => {
  test.each(['FAILED', 'STOPPED', 'TERMINATING', 'TERMINATED'])('ends with an error in %s', async (state) => {
    const { ports, settle } = deployment(['LAUNCHING', state]);
    const error = await failure(settle(waitUntilHealthy(ports, {})));
    expect(error).toBeInstanceOf(DeploymentFailedError);
    expect(error).toMatchObject({ history: [{ state: 'LAUNCHING' }, { state }] });
  });

  test.each([
    'UNHEALTHY',
    'UNHEALTY',
    'PENDING',
    'PREPARING',
    'LAUNCHING',
    'DEPLOYED',
    'SOMETHING_NEW',
    '',
    'DEPLOYMENT_STATE_UNSPECIFIED',
  ])('goes on in %j until it is healthy', async (state) => {
    const { ports, settle } = deployment([state, state, 'HEALTHY']);
    expect(await settle(waitUntilHealthy(ports, {}))).toMatchObject({ state: 'HEALTHY' });
  });

  it('that is over says that the deployment goes on, or that it is removed where deploy() made it', async () => {
    const goesOn = deployment(['PENDING']);
    const error = await failure(goesOn.settle(waitUntilHealthy(goesOn.ports, { timeoutMs: 5000 })));
    expect(error).toBeInstanceOf(WaitTimeoutError);
    expect(String(error)).toContain('goes on by itself');
    const removed = deployment(['PENDING'], { afterwards: 'is removed' });
    const other = await failure(removed.settle(waitUntilHealthy(removed.ports, { timeoutMs: 5000 })));
    expect(String(other)).toContain('is removed');
    expect(String(other)).not.toContain('goes on by itself');
  });

  it('gives the states as they change', async () => {
    const { ports, settle } = deployment(['PENDING', 'PENDING', 'LAUNCHING', 'LAUNCHING', 'HEALTHY']);
    const states: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { state } of statesOf(ports, {})) states.push(state);
    };
    await settle(read());
    expect(states).toEqual(['PENDING', 'LAUNCHING', 'HEALTHY']);
  });

  it('gives a failed state before it rejects', async () => {
    const { ports, settle } = deployment(['LAUNCHING', { state: 'FAILED', message: 'out of memory' }]);
    const states: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { state, message } of statesOf(ports, {})) states.push(`${state} ${message}`);
    };
    await expect(settle(read())).rejects.toThrow('out of memory');
    expect(states).toEqual(['LAUNCHING ', 'FAILED out of memory']);
  });
});

describe('a saved wait', () => {
  it('is gone on with: its time and its history count', async () => {
    const first = deployment(['PENDING', 'PREPARING']);
    let saved: WaitProgress | undefined;
    const left = new Error('the process ends');
    const waiting = waitUntilHealthy(first.ports, {
      timeoutMs: 60_000,
      onProgress: (progress) => {
        saved = progress;
        if (progress.state === 'PREPARING') throw left;
      },
    });
    await expect(first.settle(waiting)).rejects.toBe(left);
    await first.clock.advance(50_000);
    const second = deployment(['LAUNCHING'], { clock: first.clock });
    const resumed = waitUntilHealthy(second.ports, { resumeToken: saved?.resumeToken });
    const error = await failure(first.settle(resumed));
    expect(error).toBeInstanceOf(WaitTimeoutError);
    expect(error).toMatchObject({ history: [{ state: 'PENDING' }, { state: 'PREPARING' }, { state: 'LAUNCHING' }] });
    expect(String(error)).toContain('60000 ms');
  });

  test.each([
    ['garbage', 'no token of a wait'],
    [
      Buffer.from(JSON.stringify({ v: 1, id: 'other', startedAt: 0, timeoutMs: 1, history: [] })).toString('base64url'),
      'another deployment',
    ],
  ])('%j is refused', async (resumeToken, word) => {
    const error = await failure(waitUntilHealthy(deployment(['HEALTHY']).ports, { resumeToken }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(word);
  });
});

describe('after an update', () => {
  const before = '2026-01-01T00:00:00Z';
  const after = '2026-01-01T00:01:00Z';
  const update: PendingUpdate = { answeredAt: 1_000_000, updatedAt: after };
  const healthy = (updatedAt?: string): DeploymentStatus => ({
    deploymentId: 'd',
    state: 'HEALTHY',
    message: '',
    ...(updatedAt === undefined ? {} : { updatedAt }),
  });

  test.each<[string, DeploymentStatus, PendingUpdate | undefined, boolean, number, boolean]>([
    ['nothing was updated', healthy(before), undefined, false, 0, false],
    ['a state of before it', healthy(before), update, false, 1000, true],
    ['a state of after it', healthy(after), update, false, 1000, false],
    ['a state without a time', healthy(), update, false, 1000, true],
    ['an update without a time', healthy(after), { answeredAt: 1_000_000 }, false, 1000, true],
    ['a state of before it, once it has been on its way', healthy(before), update, true, 1000, false],
    ['a state that stays as it was for long', healthy(before), update, false, 15_000, false],
  ])('%s', (_, status, pending, hasMoved, laterMs, stale) => {
    expect(isStale(status, pending, hasMoved, 1_000_000 + laterMs)).toBe(stale);
  });

  it('the HEALTHY of the old revision does not end the wait, nor does its FAILED', async () => {
    for (const old of ['HEALTHY', 'FAILED']) {
      const pending = { answeredAt: new FakeClock().now(), updatedAt: after };
      const { ports, settle } = deployment(
        [
          { state: old, updatedAt: before },
          { state: old, updatedAt: before },
          { state: 'LAUNCHING', updatedAt: after },
          { state: 'HEALTHY', updatedAt: after },
        ],
        { update: pending },
      );
      const seen: string[] = [];
      await settle(waitUntilHealthy(ports, { onProgress: ({ state }) => seen.push(state) }));
      expect(seen).toEqual([old, old, 'LAUNCHING', 'HEALTHY']);
    }
  });

  it('a platform that goes back to the old revision has failed', async () => {
    const pending = { answeredAt: new FakeClock().now(), updatedAt: after };
    const back = { state: 'HEALTHY', updatedAt: after, lastUpdateFailed: true, message: 'the image is missing' };
    const { ports, settle } = deployment([back], { update: pending });
    await expect(settle(waitUntilHealthy(ports, {}))).rejects.toThrow(/went back.*the image is missing/s);
    const untouched = deployment([back]);
    await expect(untouched.settle(waitUntilHealthy(untouched.ports, {}))).resolves.toMatchObject({ state: 'HEALTHY' });
  });
});

/** Scripts: the user who runs the program, across runs and under rotation. Each `H2OCloud` here stands for a run of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { H2OCloud, type TokenEvent } from 'h2o-ai-cloud';
import { FakeClock, startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-tokens-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** What is left between two runs: the environment and the store. The process's own memory of the token must not help. */
async function run(local: RunningCloud): Promise<number> {
  const script = `
    import { H2OCloud } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
    const cloud = new H2OCloud({ tokenStore: { directory: ${JSON.stringify(directory)} } });
    const { mlops } = cloud.asCurrentUser();
    await mlops.projects.create({ name: 'run' });
    console.log((await mlops.projects.list().toArray()).length);
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...process.env, ...local.env },
  });
  return Number(stdout);
}

const tokenRequests = (local: RunningCloud): number =>
  local.requests.filter(({ service, method }) => service === 'idp' && method === 'POST').length;

describe('a script that uses the platform token of the environment', () => {
  it('can run again and again under rotation', async () => {
    await using local = await startLocalCloud({ rotateRefreshTokens: true });
    expect(await run(local)).toBe(1);
    expect(await run(local)).toBe(2);
    expect(await run(local)).toBe(3);
  });

  it('can run several times at once under rotation', async () => {
    await using local = await startLocalCloud({ rotateRefreshTokens: true });
    const counts = await Promise.all([run(local), run(local), run(local)]);
    expect(Math.max(...counts)).toBe(3);
  });

  it('keeps the rotated token in a file that only its owner reads, and not as it is', async () => {
    await using local = await startLocalCloud({ rotateRefreshTokens: true });
    await run(local);
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    expect(files).toHaveLength(1);
    const path = join(files[0]!.parentPath, files[0]!.name);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    // Two parts of a JWT: three letters alone stand in encrypted text by chance.
    expect(await readFile(path, 'utf8')).not.toMatch(/eyJ[\w-]*\.eyJ/);
  });
});

it('many calls at once of a cold user are one token request, and it is reported without an identity', async () => {
  await using local = await startLocalCloud({ rotateRefreshTokens: true });
  const events: TokenEvent[] = [];
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory', onCall: (event) => event.type === 'token' && events.push(event) });
  const user = cloud.asCurrentUser();
  const before = tokenRequests(local);
  await Promise.all(Array.from({ length: 50 }, () => user.mlops.projects.list().first()));
  expect(tokenRequests(local) - before).toBe(1);
  expect(events).toMatchObject([{ type: 'token', grant: 'refresh_token', outcome: 'ok' }]);
  expect(JSON.stringify(events)).not.toMatch(/eyJ|alice/);
});

it('a rotated token is handed to onRotate', async () => {
  await using local = await startLocalCloud({ rotateRefreshTokens: true });
  const { refreshToken } = await local.issueTokens('alice');
  const rotated: string[] = [];
  const cloud = new H2OCloud({ env: local.env });
  const user = cloud.onBehalfOf({ refreshToken, onRotate: (newer) => void rotated.push(newer) });
  await user.mlops.projects.list().first();
  expect(rotated).toHaveLength(1);
  expect(rotated[0]).not.toBe(refreshToken);
  const later = cloud.onBehalfOf({ refreshToken: rotated[0]! });
  expect(await later.mlops.projects.list().toArray()).toEqual([]);
});

it('an app that makes a user for each request from the token of the session goes on under rotation', async () => {
  const clock = new FakeClock();
  await using local = await startLocalCloud({ rotateRefreshTokens: true, clock });
  const { refreshToken } = await local.issueTokens('alice');
  const cloud = new H2OCloud({ env: local.env, clock });
  for (let request = 0; request < 5; request++) {
    // Each comes after the end of the access token before.
    await clock.advance(301_000);
    await cloud.onBehalfOf({ refreshToken }).mlops.projects.create({ name: `request ${request}` });
  }
  expect(await cloud.onBehalfOf({ refreshToken }).mlops.projects.list().toArray()).toHaveLength(5);
});

it('the claims of a user are those of the token', async () => {
  await using local = await startLocalCloud();
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory' });
  expect(await cloud.asCurrentUser().claims()).toMatchObject({ username: 'alice', category: 'fullAccess' });
  const { accessToken } = await local.issueTokens('bob');
  expect(await cloud.onBehalfOf({ accessToken }).claims()).toMatchObject({ username: 'bob', category: 'admin' });
});

it('the access token of a user can be had with its end and scopes, and prints without its value', async () => {
  await using local = await startLocalCloud();
  const user = new H2OCloud({ env: local.env, tokenStore: 'memory' }).asCurrentUser();
  const token = await user.accessToken({ scopes: ['ai.h2o.storage'] });
  expect(token.value).toMatch(/^eyJ/);
  expect(token.expiresAt).toBeGreaterThan(Date.now());
  expect(token.scopes).toContain('ai.h2o.storage');
  expect(inspect([token, user], { depth: 9, showHidden: true }) + JSON.stringify([token, user]) + String(token)).not.toMatch(/eyJ/);
});

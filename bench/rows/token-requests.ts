/**
 * How many requests it takes to serve many callers at once, and what one costs beside the bare HTTP request. Requests are counted where
 * they arrive, never by what a client says of itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTokenStore, H2OCloud } from 'h2o-ai-cloud';
import { startLocalCloud, type RunningCloud } from 'h2o-ai-cloud/testing';
import { compare, cpuMicrosPerCall } from '../measure.js';
import { pythonWith, runWithInput } from '../python.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 11;
const perRound = 200;

export async function tokenRequests(world: World): Promise<Row[]> {
  return [await manyCallers(), await manyUsers(), ...(await costs(world)), ...(await besidePython())];
}

const countOf = (local: RunningCloud): number =>
  local.requests.filter(({ service, method, path }) => service === 'idp' && method === 'POST' && path.endsWith('/token')).length;

async function manyCallers(): Promise<Row> {
  await using local = await startLocalCloud({ rotateRefreshTokens: true });
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory' });
  const { refreshToken } = local.users[0]!;
  const before = countOf(local);
  // As an app has them: a user for each request that it serves.
  await Promise.all(Array.from({ length: 1_000 }, () => cloud.onBehalfOf({ refreshToken }).accessToken()));
  const ours = countOf(local) - before;
  return toRow({ name: '1,000 callers at once of one cold user', unit: 'token requests', ours, target: { of: 'ours', atMost: 1 } });
}

async function manyUsers(): Promise<Row> {
  await using local = await startLocalCloud({ rotateRefreshTokens: true });
  const cloud = new H2OCloud({ env: local.env, tokenStore: 'memory' });
  const issued = await Promise.all(Array.from({ length: 200 }, () => local.issueTokens(local.users[0]!.username)));
  const sessions = issued.map(({ refreshToken }) => refreshToken);
  const before = countOf(local);
  const start = performance.now();
  await Promise.all(sessions.flatMap((refreshToken) => Array.from({ length: 10 }, () => cloud.onBehalfOf({ refreshToken }).accessToken())));
  const seconds = (performance.now() - start) / 1_000;
  const ours = countOf(local) - before;
  const note = `in ${seconds.toFixed(2)} s, the local cloud's own work included`;
  return toRow({ name: '200 cold sessions, 10 callers each', unit: 'token requests', ours, target: { of: 'ours', atMost: 200 }, note });
}

/** The answer of the server has a token without a life, so each call is a refresh. */
async function costs({ url }: World): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-bench-'));
  const shared = fileTokenStore({ directory, encryptionKey: 'a key that only the bench has, which is long enough' });
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x'.repeat(700), client_id: 'bench' });
  const bare = async (): Promise<unknown> => (await fetch(`${url}/token`, { method: 'POST', body: form })).json();
  const refreshes = (tokenStore: 'memory' | typeof shared): (() => Promise<unknown>) => {
    const cloud = new H2OCloud({ env: {}, oidc: { tokenEndpoint: `${url}/token`, clientId: 'bench' }, tokenStore });
    const user = cloud.onBehalfOf({ refreshToken: `${tokenStore === 'memory' ? 'm' : 'f'}${'x'.repeat(699)}` });
    return () => user.accessToken();
  };
  const measured = (call: () => Promise<unknown>, count: number) => (): Promise<number> => cpuMicrosPerCall(call, count, 1);
  const inMemory = await compare(rounds, measured(refreshes('memory'), perRound), measured(bare, perRound));
  const inFiles = await compare(rounds, measured(refreshes(shared), perRound / 4), measured(bare, perRound / 4));
  await rm(directory, { recursive: true });
  const unit = 'CPU µs';
  const overhead = inMemory.ours - inMemory.baseline;
  return [
    toRow({ name: 'a refresh, against the bare request', unit, ...inMemory }),
    toRow({ name: '  what it adds', unit, ours: overhead, target: { of: 'ours', atMost: 150 } }),
    toRow({ name: 'a refresh with a token store in files', unit, ...inFiles }),
  ];
}

/** The official provider for Python asks once for each caller, which few of them survive where refresh tokens rotate. */
async function besidePython(): Promise<Row[]> {
  const found = await pythonWith('h2o-authn==3.1.0');
  return Promise.all([besidePythonWith(found, false), besidePythonWith(found, true)]);
}

async function besidePythonWith(found: Awaited<ReturnType<typeof pythonWith>>, rotateRefreshTokens: boolean): Promise<Row> {
  await using local = await startLocalCloud({ rotateRefreshTokens });
  const { username, refreshToken } = local.users[0]!;
  const user = new H2OCloud({ env: local.env, tokenStore: 'memory' }).onBehalfOf({ refreshToken });
  const before = countOf(local);
  await Promise.all(Array.from({ length: 50 }, () => user.accessToken()));
  const figures = {
    name: `50 callers at once, ${rotateRefreshTokens ? 'strict rotation' : 'no rotation'}`,
    unit: 'token requests',
    ours: countOf(local) - before,
  };
  if ('missing' in found) return toRow({ ...figures, note: found.missing });
  const { issuer } = await local.describe();
  const own = (await local.issueTokens(username)).refreshToken;
  const given = { issuer, clientId: 'hac-platform-public', refreshToken: own, callers: 50 };
  const { served } = (await runWithInput(found.python, 'h2o-authn-callers.py', given)) as { readonly served: number };
  const baseline = countOf(local) - before - figures.ours;
  return toRow({ ...figures, baseline, ratio: figures.ours / baseline, note: `h2o_authn 3.1.0 served ${served} of 50, this package all` });
}

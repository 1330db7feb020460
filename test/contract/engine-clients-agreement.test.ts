/**
 * The flows of the official Python clients h2osteam 1.9.18 and h2o-engine-manager 1.10.2 as they send them, against what this SDK sends
 * for the same flows. Answers are the recorded ones; each difference that is left is listed with its reason.
 */
import { expect, it } from 'vitest';
import { H2OCloud } from 'h2o-ai-cloud';
import { hurriedClock } from '../support/cloud.js';
import { differences, inTurn, recorded, type Recorded } from '../support/recorded.js';

interface Sent {
  readonly name: string;
  readonly headers: Headers;
  readonly content: unknown;
}

/** What is left of the differences, each once. A justified one that no longer occurs fails the test as an unlisted one does. */
function compare(
  sent: readonly Sent[],
  theirs: readonly { readonly name: string; readonly content: unknown; readonly entry: Recorded }[],
): string[] {
  const seen: string[] = [];
  for (const { name, headers, content } of sent) {
    const candidates = theirs.filter((entry) => entry.name === name);
    const found = candidates.map((candidate) => ({ candidate, left: differences(content, candidate.content) }));
    const best = found.sort((one, other) => one.left.length - other.left.length)[0];
    if (best === undefined) {
      seen.push(`not theirs: ${name}`);
      continue;
    }
    seen.push(...best.left.map((difference) => `${name}: ${difference}`));
    for (const header of ['content-type', 'authorization', 'cookie']) {
      const [our, their] = [headers.get(header) !== null, best.candidate.entry.headers[header] !== undefined];
      if (our !== their) seen.push(`${name}: ${header} is ${our ? 'ours' : 'theirs'} only`);
    }
  }
  const names = new Set(sent.map(({ name }) => name));
  for (const { name } of theirs) if (!names.has(name)) seen.push(`not sent: ${name}`);
  return [...new Set(seen)].sort();
}

it('Steam is sent what h2osteam sends, but for the justified differences', async () => {
  const official = recorded('h2osteam-1.9.18-engines.jsonl');
  const isRpc = ({ path }: Recorded): boolean => path === '/steam/web';
  const callOf = (entry: Recorded): { method: string; params: unknown } => entry.request as { method: string; params: unknown };
  const next = inTurn((entry) => JSON.stringify(isRpc(entry) ? entry.request : entry.path));
  const nextOfMethod = inTurn((entry) => (isRpc(entry) ? callOf(entry).method : entry.path));
  const sent: Sent[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const text = await new Response(init.body).text();
    const { pathname } = new URL(url);
    const headers = new Headers(init.headers);
    if (pathname === '/steam/auth') {
      const form = Object.fromEntries([...new URLSearchParams(text)].map(([name, value]) => [name, value === '' ? '' : '<redacted>']));
      sent.push({ name: 'auth', headers, content: { form } });
      expect(headers.get('content-type')).toBe('application/x-www-form-urlencoded');
      expect(headers.get('authorization')).toBe(`Basic ${Buffer.from('None:').toString('base64')}`);
      return new Response('', { headers: { 'set-cookie': 'steam-session=recorded; Path=/steam/; HttpOnly' } });
    }
    const { id, ...content } = JSON.parse(text) as { id: number; method: string; params: unknown };
    sent.push({ name: content.method, headers, content });
    const answer = next(JSON.stringify(content), official) ?? nextOfMethod(content.method, official);
    return answer === undefined ? new Response('not recorded', { status: 404 }) : Response.json({ ...(answer.response as object), id });
  };

  const clock = hurriedClock(50);
  const cloud = new H2OCloud({ env: {}, services: { steam: 'http://127.0.0.1:18120/steam' }, fetch, clock });
  const { steam } = cloud.onBehalfOf({ accessToken: 'token' });
  await steam.profiles();
  await steam.versions('driverlessai');
  await steam.versions('h2o3');
  const { driverlessai, h2o3 } = steam;
  await driverlessai.list();
  const launched = { name: 'flow-ac2f', profile: 'default-driverless-kubernetes', version: '1.11.0' };
  const instance = await driverlessai.launch(launched);
  await driverlessai.waitUntil(instance, 'running');
  await driverlessai.get({ name: 'flow-ac2f' });
  await driverlessai.get({ name: 'flow-ac2f', createdBy: 'jane' });
  await steam.call('GetOidcTokenProvider');
  await driverlessai.stop(instance);
  await driverlessai.start(instance, { maxIdleHours: 1 });
  // Recorded is a refusal first, of an instance that ran.
  await expect(driverlessai.delete(instance)).rejects.toThrow('only stopped instances');
  await driverlessai.delete(instance);
  await h2o3.estimateMemory({ sizeGb: 2 });
  const cluster = await h2o3.launch({ name: 'flow-ac2f', profile: 'default-h2o-kubernetes', version: '3.46.0.2' });
  await h2o3.waitUntil(cluster, 'running');
  await h2o3.list();
  await h2o3.get({ name: 'flow-ac2f' });
  await h2o3.get({ name: 'flow-ac2f', createdBy: 'jane' });
  await h2o3.stop(cluster);
  await h2o3.delete(cluster);

  const theirs = official
    .filter((entry) => isRpc(entry) || entry.path === '/steam/auth')
    .map((entry) => ({ name: isRpc(entry) ? callOf(entry).method : 'auth', content: entry.request, entry }));
  const justified: Readonly<Record<string, string>> = {
    'not sent: web.GetProfile': 'profiles are read by name, or all of them',
    'not sent: web.UpgradeDriverlessInstance': 'has no name in the SDK: steam.call() sends it',
  };
  expect(compare(sent, theirs)).toEqual(Object.keys(justified).sort());
});

it('AI Engine Manager is sent what h2o-engine-manager sends, but for the justified differences', async () => {
  const official = recorded('h2o-engine-manager-1.10.2-engines.jsonl');
  /** `GET daiEngines/*`, whatever the id and however slashes are written. */
  const nameOf = (method: string, path: string): string =>
    `${method} ${decodeURIComponent(path)
      .replace(/^\/v1\//, '')
      .replace(/^workspaces\/\w+\//, '')
      .replace(/^((?:dai|h2o)Engine(?:s|Profiles|Versions))\/[^:]+/, '$1/*')}`;
  /** The official client writes every default, which says the same as leaving it out. */
  const contentOf = (query: URLSearchParams, body: unknown): unknown => ({
    query: Object.fromEntries([...query].filter(([name, value]) => !['', '0', 'False'].includes(value) && name !== 'pageSize')),
    body: Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => !['null', 'false', '{}'].includes(JSON.stringify(value)))),
  });
  const nextByName = inTurn((entry) => nameOf(entry.method, entry.path));
  const good = official.filter(({ status }) => status === 200);
  const sent: Sent[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const text = await new Response(init.body).text();
    const { pathname, searchParams } = new URL(url);
    const name = nameOf(init.method ?? 'GET', pathname);
    const body: unknown = text === '' ? null : JSON.parse(text);
    sent.push({ name, headers: new Headers(init.headers), content: contentOf(searchParams, body) });
    const answer = nextByName(name, good);
    return answer === undefined ? new Response('not recorded', { status: 404 }) : Response.json(answer.response);
  };

  const clock = hurriedClock(50);
  const cloud = new H2OCloud({ env: {}, services: { engines: 'http://127.0.0.1:18121' }, fetch, clock });
  const { engines } = cloud.onBehalfOf({ accessToken: 'token' });
  const { driverlessai, h2o3 } = engines;
  const order = { id: 'flow-158c', name: 'Flow test', maxIdleMs: 900_000, maxRunningMs: 7_200_000, annotations: { 'made-by': 'flow' } };
  const engine = await driverlessai.create(order);
  await driverlessai.get(engine);
  await driverlessai.list().toArray();
  await engines.list().toArray();
  await driverlessai.logs(engine);
  await driverlessai.pause(engine);
  await driverlessai.update(engine, { name: 'Flow renamed' });
  await driverlessai.resume(engine);
  await driverlessai.delete(engine);
  const limits = { minNodeCount: 1, maxNodeCount: 8, minMemoryBytes: 2_147_483_648, maxMemoryBytes: 68_719_476_736 };
  await h2o3.size({ datasetBytes: 1_073_741_824, limits });
  await h2o3.size({ rows: 100_000, columns: 20, limits });
  const cluster = await h2o3.create({ name: 'Flow flow-158c', maxIdleMs: 3_600_000 });
  await h2o3.get(cluster);
  await h2o3.list().toArray();
  await h2o3.logs(cluster);
  await h2o3.terminate(cluster);
  await h2o3.delete(cluster);

  const theirs = official.map((entry) => ({
    name: nameOf(entry.method, entry.path),
    content: contentOf(new URLSearchParams(entry.query), entry.request),
    entry,
  }));
  expect(compare(sent, theirs)).toEqual(Object.keys(justifiedOfEngines).sort());
});

const notChanged = 'only what the update mask names is sent';

const justifiedOfEngines: Readonly<Record<string, string>> = {
  'PATCH daiEngines/*: body.annotations is theirs only': notChanged,
  'PATCH daiEngines/*: body.cpu is theirs only': notChanged,
  'PATCH daiEngines/*: body.daiEngineVersion is theirs only': notChanged,
  'PATCH daiEngines/*: body.gpu is theirs only': notChanged,
  'PATCH daiEngines/*: body.maxIdleDuration is theirs only': notChanged,
  'PATCH daiEngines/*: body.maxRunningDuration is theirs only': notChanged,
  'PATCH daiEngines/*: body.memoryBytes is theirs only': notChanged,
  'PATCH daiEngines/*: body.profile is theirs only': notChanged,
  'PATCH daiEngines/*: body.storageBytes is theirs only': notChanged,
  'not sent: GET /version': 'nothing is asked before it is needed',
  'not sent: GET daiEngineProfiles': 'the profiles that the user may use are listed',
  'not sent: GET daiEngineProfiles/*': 'the list has all of a profile',
  'not sent: GET daiEngineVersions/*': 'the list has all of a version',
};

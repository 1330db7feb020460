/**
 * The documentation flow as the official Python client h2o-mlops 1.2.0 sends it, against what this SDK sends for the same flow.
 * Every answer is the recorded one, so that ids and values agree; each difference that is left is listed with its reason.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { H2OCloud, SecurityOptions } from 'h2o-ai-cloud';
import { fixture } from '../support/csv.js';

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: unknown;
  readonly response: unknown;
}

const official: readonly Recorded[] = readFileSync(fixture('traces/h2o-mlops-1.2.0-documentation-flow.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) =>
    z
      .looseObject({
        method: z.string(),
        path: z.string(),
        headers: z.record(z.string(), z.string()),
        request: z.unknown(),
        response: z.unknown(),
      })
      .parse(JSON.parse(line)),
  );

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Answers each path as recorded, the last answer again when it is asked more often. */
function replay(sent: Sent[]): (url: string, init: RequestInit) => Promise<Response> {
  const asked = new Map<string, number>();
  return async (url, init) => {
    const path = new URL(url).pathname;
    const body = init.body === undefined ? null : parseBody(await new Response(init.body).text());
    sent.push({ method: init.method ?? 'GET', path, headers: new Headers(init.headers), body });
    const answers = official.filter((entry) => entry.path === path);
    const count = asked.get(path) ?? 0;
    asked.set(path, count + 1);
    const answer = answers[Math.min(count, answers.length - 1)];
    return answer === undefined ? new Response('not recorded', { status: 404 }) : Response.json(answer.response);
  };
}

function parseBody(text: string): unknown {
  const lines = text.trim().split('\n');
  return lines.length > 1 ? lines.map((line): unknown => JSON.parse(line)) : JSON.parse(text);
}

/** Where two bodies differ, as `path: how`. */
function differences(ours: unknown, theirs: unknown, at = ''): string[] {
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return [];
  if (!isObject(ours) || !isObject(theirs)) return [`${at} differs`];
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) => {
    const path = at === '' ? key : `${at}.${key}`;
    if (!(key in theirs)) return [`${path} is ours only`];
    if (!(key in ours)) return [`${path} is theirs only`];
    return differences(ours[key], theirs[key], path);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Every difference there is, with its reason. One that no longer occurs fails the test as an unlisted one does. */
const justified: Readonly<Record<string, string>> = {
  'CreateDeployment: deployment.monitor.enable differs':
    'monitoring is off unless it is asked for, on every platform; the default of the Python client has changed',
  'UpdateArtifact: artifact.createdTime differs': 'times go back as they came; the Python client reformats them',
  'UpdateArtifact: artifact.lastModifiedTime differs': 'the same',
  'not sent: GetProject': 'the answer to CreateProject and ListProjects is complete',
  'not sent: GetExperiment': 'ingestion has told the metadata already',
  'not sent: ListEntityArtifacts': 'the type of the artifact is known from its ingestion a moment ago',
  'not sent: ListModelVersionsForModel': 'the newest version was registered a moment ago',
  'not sent: GetDeploymentEnvironment': 'the list of environments is complete',
  'not sent: ListProjectDeployments': 'the answer to CreateDeployment is complete',
};

it('the SDK sends what the official client sends, but for the justified differences', async () => {
  const sent: Sent[] = [];
  const upload = official.find((entry) => entry.path.endsWith('/Write'))?.request;
  const [line] = z
    .tuple([z.looseObject({ data: z.string() })])
    .rest(z.unknown())
    .parse(upload);
  const artifact = Buffer.from(line.data, 'base64');
  const name = (call: string, member: string): string => {
    const body = official.find(({ path }) => path.endsWith(`/${call}`))?.request;
    return z.record(z.string(), z.looseObject({ displayName: z.string() }).catch({ displayName: '' })).parse(body)[member]!.displayName;
  };

  const scorerOrigin = 'http://127.0.0.1:18120';
  const cloud = new H2OCloud({
    env: {},
    services: { mlops: 'http://127.0.0.1:18119' },
    trustedScorerOrigins: [scorerOrigin],
    fetch: replay(sent),
    mlopsPlatform: '0.69',
  });
  const user = cloud.onBehalfOf({ accessToken: 'token' });
  const { mlops } = user;
  const project = await mlops.projects.create({ name: name('CreateProject', 'project') });
  const experiment = await mlops.experiments.create({ project, name: name('CreateExperiment', 'experiment'), artifact });
  const model = await mlops.models.create({ project, name: name('CreateRegisteredModel', 'registeredModel') });
  await mlops.models.register({ model, experiment });
  const deployment = await mlops.deployments.create({
    project,
    name: name('CreateDeployment', 'deployment'),
    composition: { model },
    security: SecurityOptions.oidc(),
  });
  await mlops.deployments.waitUntilHealthy(deployment);
  const scorer = user.scorer(deployment);
  await scorer.score(await scorer.sampleRequest());
  const found = await mlops.projects.list({ name: project.name }).first();
  await mlops.projects.delete(found!);

  const seen: string[] = [];
  for (const request of sent) {
    const call = request.path.split('/').at(-1)!;
    const theirs = official.find((entry) => entry.path === request.path && entry.method === request.method);
    if (theirs === undefined) {
      seen.push(`not theirs: ${call}`);
      continue;
    }
    seen.push(...differences(request.body, theirs.request).map((difference) => `${call}: ${difference}`));
    for (const header of ['content-type', 'authorization']) {
      const [our, their] = [request.headers.get(header) !== null, theirs.headers[header] !== undefined];
      if (our !== their) seen.push(`${call}: ${header} is ${our ? 'ours' : 'theirs'} only`);
      if (our && header === 'content-type') expect(request.headers.get(header)).toBe(theirs.headers[header]);
    }
  }
  const paths = new Set(sent.map(({ path }) => path));
  for (const { path } of official) if (!paths.has(path)) seen.push(`not sent: ${path.split('/').at(-1)!}`);
  expect([...new Set(seen)].sort()).toEqual(Object.keys(justified).sort());
});

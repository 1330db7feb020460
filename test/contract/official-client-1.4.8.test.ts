/**
 * What the official Python client h2o-mlops 1.4.8 sent to platform 1.0 for each operation, against what this SDK sends for the same one.
 * Every answer is the recorded one, so that ids and values agree; each difference that is left is listed with its reason, and the number
 * of requests stands beside the official client's.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { H2OCloud, SecurityOptions, type User } from 'h2o-ai-cloud';
import { fixture } from '../support/csv.js';

const RecordedSchema = z.looseObject({
  step: z.string(),
  service: z.string(),
  method: z.string(),
  path: z.string(),
  query: z.record(z.string(), z.array(z.string())),
  request: z.unknown(),
  status: z.number(),
  response: z.unknown(),
});
type Recorded = z.infer<typeof RecordedSchema>;

const official = readFileSync(fixture('traces/h2o-mlops-1.4.8.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => RecordedSchema.parse(JSON.parse(line)))
  // The client escapes the slashes of resource names; servers take both.
  .map((entry) => ({ ...entry, path: decodeURIComponent(entry.path) }));

const ids = {
  project: '07e09789-7854-45f5-a7cf-8d171444d055',
  experiment: '437ca5e7-3a56-4595-b36c-c9ad0b2c52d3',
  challenger: '7f1a1afc-ebf0-4d8e-b21c-3313c5f2897e',
  restored: 'b840740c-69e8-4a4a-bf02-44611204d17e',
  model: 'ea5e27ac-64aa-4cee-b116-10387ae13e94',
  deployment: '934f180e-bc56-45f9-8dba-0fc0b219d586',
};
const project = { id: ids.project };
const experiment = { id: ids.experiment, project };
const deployment = { id: ids.deployment, project };

interface Row {
  readonly step: string;
  /** Which requests of the step belong to the operation; all of them unless it says so. */
  readonly of?: readonly [from: number, to: number];
  readonly work: (user: User) => Promise<unknown>;
  readonly theirs: number;
  readonly ours: number;
  /** A call that was not recorded in the step, and one whose recorded answer serves for it. */
  readonly answers?: Readonly<Record<string, string>>;
  /** Differences, each with its reason. */
  readonly differences?: Readonly<Record<string, string>>;
}

const runtimesAreAsked = {
  'not theirs: GET experiments/*/artifactCompositions': 'which runtime fits is asked of the platform; their program passes it in',
  'not sent: POST ListModelVersionsForModel': 'their program deploys a model, ours an experiment',
  'not sent: POST GetExperiment': 'the experiment is not looked at',
};
const noOtherReads = 'the answer to the creation is complete';
const rows: Readonly<Record<string, Row>> = {
  'who am I': { step: 'users.me', work: ({ mlops }) => mlops.users.whoAmI(), theirs: 3, ours: 2 },
  'list users': { step: 'users.list', work: ({ mlops }) => mlops.users.list().toArray(), theirs: 1, ours: 1 },
  'create a project': {
    step: 'workspaces.create',
    work: ({ mlops }) => mlops.projects.create({ name: 'flow-249feb56', description: 'made by the flow' }),
    theirs: 2,
    ours: 1,
    differences: { 'not sent: GET users/*': noOtherReads },
  },
  'change a project': {
    step: 'workspaces.update',
    work: ({ mlops }) => mlops.projects.update(project, { description: 'changed' }),
    theirs: 2,
    ours: 1,
    differences: { 'not sent: GET workspaces/*': 'the answer to the update is complete' },
  },
  'create an experiment': {
    step: 'experiments.create',
    work: ({ mlops }) =>
      mlops.experiments.create({ project, name: 'flow-exp', description: 'first', artifact: fixture('models/credit-gbm.zip') }),
    theirs: 6,
    ours: 5,
    differences: {
      'POST CreateExperiment: responseMetadata.pattern differs': 'all metadata is asked for, not only what the client knows',
      'not sent: POST GetArtifact': 'the state that counts is that of the answer to UpdateArtifact',
    },
  },
  'restore an experiment, and see what it is': {
    step: 'experiments.delete_restore',
    of: [8, 10],
    work: ({ mlops }) => mlops.experiments.restore({ id: ids.restored, project }),
    answers: { GetExperiment: 'CreateExperiment' },
    theirs: 2,
    ours: 2,
    differences: {
      'not theirs: POST GetExperiment': 'the restored experiment is given back, which their call does not do',
      'not sent: POST ListExperiments': 'their program lists the project to see it',
    },
  },
  'create a model': {
    step: 'models.create',
    of: [0, 2],
    work: ({ mlops }) => mlops.models.create({ project, name: 'flow-model', description: 'm' }),
    theirs: 2,
    ours: 1,
    differences: { 'not sent: POST GetRegisteredModel': noOtherReads },
  },
  'register an experiment': {
    step: 'models.register',
    of: [0, 1],
    work: ({ mlops }) => mlops.models.register({ model: { id: ids.model, project }, experiment }),
    theirs: 1,
    ours: 1,
    differences: { 'POST CreateModelVersion: registeredModelDisplayName is theirs only': 'the model is named by its id' },
  },
  'runtimes of an experiment': {
    step: 'experiments.scoring_runtimes',
    of: [0, 1],
    work: ({ mlops }) => mlops.runtimes.list({ experiment }),
    theirs: 1,
    ours: 1,
  },
  'create a deployment': {
    step: 'deployments.create_oidc',
    work: ({ mlops }) =>
      mlops.deployments.create({
        project,
        name: 'flow-dep',
        description: 'the one',
        composition: { experiment },
        security: SecurityOptions.oidc(),
        replicas: 1,
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '250m', memory: '512Mi' } },
        affinity: 'gpu-node',
        toleration: 'spot',
        environmentVariables: { FLOW: '1' },
        autoscaling: { cpu: { unit: 'MILLICORES', max: 1000, min: 100 }, memory: { unit: 'MIB', max: 1024, min: 256 } },
        disruption: { maxUnavailable: 1 },
        corsOrigins: ['https://app.example.com'],
        monitoring: {
          enabled: true,
          timestampColumn: 'ts',
          columns: [
            { name: 'LIMIT_BAL', logicalType: 'NUMERICAL' },
            { name: 'default payment next month.0', logicalType: 'NUMERICAL', isModelOutput: true },
          ],
          baseline: [
            {
              name: 'LIMIT_BAL',
              logicalType: 'NUMERICAL',
              numerical: { binEdges: [0, 1], binCount: [1, 2, 3], mean: 0.5, standardDeviation: 0.1, min: 0, max: 1, sum: 3 },
            },
          ],
        },
      }),
    theirs: 6,
    ours: 2,
    differences: {
      'POST deployments: monitoringOptions.kafkaTopic is theirs only': 'empty',
      ...runtimesAreAsked,
      'not sent: GET configuration:discoverKubernetesConfigShortcuts': 'the platform itself refuses a shortcut that it does not have',
      'not sent: GET users/*': noOtherReads,
    },
  },
  'wait until it is healthy': {
    step: 'deployments.wait_for_healthy',
    work: ({ mlops }) => mlops.deployments.waitUntilHealthy(deployment),
    theirs: 8,
    ours: 7,
    differences: { 'not theirs: GET deployments/*/metadata': 'the status of a healthy deployment has its scoring address' },
  },
  'list deployments by name': {
    step: 'deployments.list',
    of: [1, 2],
    work: ({ mlops }) => mlops.deployments.list({ project, name: 'flow-dep', order: 'newestFirst' }).toArray(),
    theirs: 1,
    ours: 1,
  },
  'rename a deployment': {
    step: 'deployments.update_text',
    of: [1, 4],
    work: ({ mlops }) => mlops.deployments.update(deployment, { name: 'flow-dep-1', description: 'changed' }),
    theirs: 3,
    ours: 2,
  },
  'change how a deployment runs': {
    step: 'deployments.update_runtime_options',
    of: [0, 3],
    work: ({ mlops }) =>
      mlops.deployments.update(deployment, {
        replicas: 2,
        resources: { limits: { cpu: '2' }, requests: { cpu: '300m' } },
        affinity: null,
        toleration: null,
        environmentVariables: { FLOW: '2' },
        autoscaling: null,
        disruption: null,
      }),
    theirs: 3,
    ours: 2,
    differences: {
      'PATCH deployments/*: updateMask differs':
        'only what changes is named; their call names every option, and so clears CORS and monitoring',
      'PATCH deployments/*: single.kubernetesConfigShortcut.kubernetesAffinityShortcut is ours only':
        'cleared by an empty name, as the platform tells it',
      'PATCH deployments/*: single.kubernetesConfigShortcut.kubernetesTolerationShortcut is ours only': 'the same',
    },
  },
  'guard a deployment by a passphrase': {
    step: 'deployments.switch_to_passphrase',
    of: [0, 2],
    work: ({ mlops }) => mlops.deployments.update(deployment, { security: SecurityOptions.passphrase('open sesame') }),
    theirs: 2,
    ours: 2,
  },
  'create an A/B test': {
    step: 'deployments.ab_test',
    of: [0, 5],
    work: ({ mlops }) =>
      mlops.deployments.create({
        project,
        name: 'flow-ab',
        split: [
          { composition: { experiment }, weight: 30 },
          { composition: { experiment: { id: ids.challenger, project } }, weight: 70 },
        ],
        security: SecurityOptions.oidc(),
      }),
    theirs: 5,
    ours: 3,
    differences: runtimesAreAsked,
  },
  'create a champion and a challenger': {
    step: 'deployments.champion_challenger',
    of: [0, 5],
    work: ({ mlops }) =>
      mlops.deployments.create({
        project,
        name: 'flow-cc',
        shadow: { primary: { experiment: { id: ids.challenger, project } }, secondary: { experiment } },
        security: SecurityOptions.oidc(),
      }),
    theirs: 5,
    ours: 3,
    differences: runtimesAreAsked,
  },
  'delete a deployment': {
    step: 'cleanup.deployments',
    of: [1, 2],
    work: ({ mlops }) => mlops.deployments.delete(deployment),
    theirs: 1,
    ours: 1,
  },
  'delete a project': { step: 'cleanup.workspace', of: [0, 1], work: ({ mlops }) => mlops.projects.delete(project), theirs: 1, ours: 1 },
};

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Answers as the step was answered, else as any other one was; the last answer again when it is asked more often. */
function replay({ step, answers: others = {} }: Row, sent: Sent[]): (url: string, init: RequestInit) => Promise<Response> {
  const asked = new Map<string, number>();
  return async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    const path = decodeURIComponent(pathname);
    const method = init.method ?? 'GET';
    const body = init.body === undefined || init.body === null ? null : bodyOf(await new Response(init.body).text());
    sent.push({ method, path, query: Object.fromEntries(searchParams), body });
    const call = path.split('/').at(-1)!;
    const recorded = path.replace(call, others[call] ?? call);
    const isThis = (entry: Recorded): boolean => entry.method === method && entry.path === recorded;
    const inStep = official.filter((entry) => entry.step === step && isThis(entry));
    const answers = inStep.length > 0 ? inStep : official.filter(isThis);
    const key = `${method} ${path}`;
    const count = asked.get(key) ?? 0;
    asked.set(key, count + 1);
    const answer = answers[Math.min(count, answers.length - 1)] ?? similar(method, path);
    if (answer === undefined) return Response.json({ code: 5, message: `not recorded: ${key}` }, { status: 404 });
    const headers = path === '/me' ? { 'x-user-id': '0b5f4bd5-7c1d-4c61-9b54-b0e1d1a30001' } : {};
    return Response.json(answer.response, { status: answer.status, headers });
  };
}

/** What fits another experiment of the same file is what fits this one. */
function similar(method: string, path: string): Recorded | undefined {
  return official.find((entry) => entry.method === method && shortOf(entry.path) === shortOf(path));
}

/** Uploads are long, and the record says only how many bytes each line holds. */
function bodyOf(text: string): unknown {
  const lines = text.trim().split('\n');
  if (lines.length === 1) return JSON.parse(text);
  const ndjson = lines.map((line) => {
    const message = z.looseObject({ data: z.string().optional() }).parse(JSON.parse(line));
    return message.data === undefined ? message : { ...message, data: `<base64 of ${Buffer.from(message.data, 'base64').length} bytes>` };
  });
  return { transferEncoding: 'chunked', ndjson };
}

/** A path without what is in front of the resource, and without ids. */
function shortOf(path: string): string {
  if (path.startsWith('/storage') || path.startsWith('/ingest')) return path.split('/').at(-1)!;
  return path
    .replace(/^\/(?:deployer\/)?v\d\//, '')
    .replace(/^workspaces\/[0-9a-f-]{36}\//, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*');
}

/** Where two messages differ, as `path: how`; the order of members says nothing. */
function differences(ours: unknown, theirs: unknown, at = ''): string[] {
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
    return ours.flatMap((entry: unknown, index) => differences(entry, theirs[index], `${at}[]`));
  }
  if (!isObject(ours) || !isObject(theirs)) return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [`${at} differs`];
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) => {
    const path = at === '' ? key : `${at}.${key}`;
    if (!(key in theirs)) return [`${path} is ours only`];
    if (!(key in ours)) return [`${path} is theirs only`];
    return differences(ours[key], theirs[key], path);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('the SDK sends what the official client sends, but for what is listed', () => {
  it.each(Object.entries(rows))('%s', async (_, row) => {
    const sent: Sent[] = [];
    const cloud = new H2OCloud({
      env: {},
      services: { mlops: { gateway: 'http://127.0.0.1:21002', authz: 'http://127.0.0.1:21003' } },
      mlopsPlatform: '1.0',
      fetch: replay(row, sent),
      clock: { now: () => Date.now(), monotonic: () => 0, schedule: unscheduled },
    });
    await row.work(cloud.onBehalfOf({ accessToken: 'token' }));

    const theirs = official.filter(({ step }) => step === row.step).slice(...(row.of ?? [0]));
    const seen: string[] = [];
    for (const request of sent) {
      const call = `${request.method} ${shortOf(request.path)}`;
      const same = theirs.filter(({ method, path }) => `${method} ${shortOf(path)}` === call);
      const their = same.find(({ path }) => path === request.path) ?? same[0];
      if (their === undefined) {
        seen.push(`not theirs: ${call}`);
        continue;
      }
      const query = Object.fromEntries(Object.entries(their.query).map(([name, [value]]) => [name, value]));
      seen.push(
        ...differences({ ...request.query, ...asObject(request.body) }, { ...query, ...asObject(their.request) }).map(
          (text) => `${call}: ${text}`,
        ),
      );
    }
    const called = new Set(sent.map(({ method, path }) => `${method} ${shortOf(path)}`));
    for (const { method, path } of theirs) {
      const call = `${method} ${shortOf(path)}`;
      if (!called.has(call)) seen.push(`not sent: ${call}`);
    }
    expect([...new Set(seen)].sort()).toEqual(Object.keys(row.differences ?? {}).sort());
    expect({ theirs: theirs.length, ours: sent.length }).toEqual({ theirs: row.theirs, ours: row.ours });
  });

  it('with fewer requests or as many', () => {
    expect(Object.entries(rows).filter(([, { theirs, ours }]) => ours > theirs)).toEqual([]);
  });
});

/** Time in which waits between looks pass at once, and deadlines never come. */
function unscheduled(delayMs: number, callback: () => void): () => void {
  if (delayMs > 20_000) return () => undefined;
  const timer = setTimeout(callback, 1);
  return () => {
    clearTimeout(timer);
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

import { describe, expect, it, test } from 'vitest';
import { H2OCloud, RateLimitError, SignInRequiredError, type PlatformName, type User } from 'h2o-ai-cloud';
import { callAnEngine } from '../../examples/call-an-engine.js';
import { createDeployment, type Surroundings } from '../../examples/create-deployment.js';
import { creditJob, runMainJob } from '../../examples/main-job.js';
import { createApp, statusOf, type Sessions } from '../../examples/on-behalf-of-users.js';
import { findDeployment, scoreLines } from '../../examples/score.js';
import { countRows, importDataSet, inProject, linkToSummary, onDrive, type Place } from '../../examples/share-data.js';
import { accessTokenOf, creditMojo, deployCredit, startTestCloud, type TestCloud } from '../support/cloud.js';
import { fixture } from '../support/csv.js';

const nothing = (): void => undefined;

async function projectNames({ user }: TestCloud): Promise<string[]> {
  return (await user.mlops.projects.list().toArray()).map(({ name }) => name);
}

describe('examples/main-job.ts', () => {
  it('deploys, scores, compares and leaves nothing behind', async () => {
    await using test = await startTestCloud();
    const lines: string[] = [];
    await runMainJob(test.cloud.asCurrentUser(), await creditJob((line) => lines.push(line)));
    expect(lines.filter((line) => /^\s+\d+\.\d{3} s {2}/.test(line))).toHaveLength(9);
    expect(lines.filter((line) => /^ *\d+ {3}0\.\d+ +0\.\d+ +\d\.\de[+-]\d+$/.test(line))).toHaveLength(10);
    expect(await projectNames(test)).toEqual([]);
  });

  it('fails when a prediction differs by more than 1e-9, and cleans up all the same', async () => {
    await using test = await startTestCloud();
    const job = await creditJob(nothing);
    const expected = job.expected.map(([p0, p1], index) => (index === 3 ? ([p0, p1 + 2e-9] as const) : ([p0, p1] as const)));
    await expect(runMainJob(test.user, { ...job, expected })).rejects.toThrow(/differ from those of H2O-3 by up to (2|1\.99999)/);
    expect(await projectNames(test)).toEqual([]);
  });

  it('fails when a scorer that should be guarded answers a stranger', async () => {
    await using test = await startTestCloud();
    // The first call of this path scores the rows, the second is the stranger's.
    test.local.faults.add({ when: { path: '/model/score' }, skip: 1, then: { status: 200, body: {} } });
    await expect(runMainJob(test.user, await creditJob(nothing))).rejects.toThrow('answered 200 to a caller without a token');
    expect(await projectNames(test)).toEqual([]);
  });
});

describe('examples/create-deployment.ts', () => {
  interface Run {
    readonly status: number;
    readonly printed: string[];
    readonly complaints: string[];
  }

  async function run(cloud: TestCloud, args: readonly string[], surroundings: Partial<Surroundings> = {}): Promise<Run> {
    const printed: string[] = [];
    const complaints: string[] = [];
    const status = await createDeployment(cloud.user, args, {
      env: {},
      signal: new AbortController().signal,
      print: (line) => printed.push(line),
      complain: (line) => complaints.push(line),
      ...surroundings,
    });
    return { status, printed, complaints };
  }

  const args = ['--project', 'demo', '--artifact', creditMojo, '--name', 'credit'];

  it('prints the deployment as one line of JSON, and progress elsewhere', async () => {
    await using test = await startTestCloud();
    const { status, printed, complaints } = await run(test, args);
    expect(status).toBe(0);
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0]!)).toMatchObject({ name: 'credit', scoreUrl: expect.stringMatching(/\/model\/score$/) as string });
    expect(complaints.map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['project', 'upload', 'deployment', 'wait']));
  });

  it('takes the passphrase from the environment', async () => {
    await using test = await startTestCloud();
    const { status } = await run(test, [...args, '--security', 'passphrase'], { env: { DEPLOYMENT_PASSPHRASE: 'open sesame' } });
    expect(status).toBe(0);
    const { security } = await findDeployment(test.user, { project: 'demo', name: 'credit' });
    expect(security).toMatchObject([{ type: 'passphrase' }]);
  });

  test.each([
    ['an argument is missing', ['--project', 'demo']],
    ['an argument is unknown', [...args, '--colour', 'red']],
    ['a value makes no sense', [...args, '--security', 'hope']],
    ['the passphrase is not there', [...args, '--security', 'passphrase']],
    ['the time is no number', [...args, '--timeout-seconds', 'soon']],
  ])('ends with 2 and its usage when %s, and sends nothing', async (_, wrong) => {
    await using cloud = await startTestCloud();
    const { status, complaints } = await run(cloud, wrong);
    expect(status).toBe(2);
    expect(complaints.join('\n')).toContain('Usage: create-deployment');
    expect(cloud.local.requests).toEqual([]);
  });

  it('ends with 1 and says why when the platform refuses', async () => {
    await using test = await startTestCloud({ securityOptions: ['none'] });
    const { status, complaints } = await run(test, args);
    expect(status).toBe(1);
    expect(complaints.at(-1)).toContain('has not activated security of kind oidc');
    expect(await projectNames(test)).toEqual([]);
  });

  it('ends with 130 when it is interrupted, and leaves nothing behind', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const interrupted = new AbortController();
    const { status } = await run(test, args, {
      signal: interrupted.signal,
      complain: (line) => {
        if (line.startsWith('wait')) interrupted.abort();
      },
    });
    expect(status).toBe(130);
    expect(await projectNames(test)).toEqual([]);
  });
});

describe('examples/call-an-engine.ts', () => {
  async function run(cloud: TestCloud, args: readonly string[]): Promise<{ status: number; printed: string[]; complaints: string[] }> {
    const printed: string[] = [];
    const complaints: string[] = [];
    const { signal } = new AbortController();
    const status = await callAnEngine(cloud.user, args, {
      signal,
      print: (line) => printed.push(line),
      complain: (line) => complaints.push(line),
    });
    return { status, printed, complaints };
  }

  test.each([
    ['h2o3', 'engines', { cloud_healthy: true }],
    ['h2o3', 'steam', { cloud_healthy: true }],
    ['driverlessai', 'engines', { result: { version: '1.11.1.1' } }],
    ['driverlessai', 'steam', { result: { version: '1.11.0' } }],
  ] as const)('calls the API of an engine: %s of %s', async (kind, service, answer) => {
    await using test = await startTestCloud({ services: [service] });
    const { status, printed, complaints } = await run(test, ['--kind', kind]);
    expect(complaints.join('\n')).toContain(`sdk-${kind}`);
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0]!)).toMatchObject(answer);
    expect(status).toBe(0);
  });

  it('ends with 1 and the states seen when the engine does not run in time', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const { status, complaints } = await run(test, ['--kind', 'h2o3', '--timeout-seconds', '0.3']);
    expect(status).toBe(1);
    expect(complaints.at(-1)).toContain('"status":"STARTING"');
  });

  test.each([
    ['no kind', []],
    ['an unknown kind', ['--kind', 'spark']],
    ['no time', ['--kind', 'h2o3', '--timeout-seconds', '0']],
  ])('ends with 2 and its usage for %s', async (_, args) => {
    await using test = await startTestCloud();
    const { status, complaints } = await run(test, args);
    expect(status).toBe(2);
    expect(complaints.join()).toContain('Usage: call-an-engine');
  });
});

describe('examples/score.ts', () => {
  it('scores lines of JSON in order, also more than one request', async () => {
    await using test = await startTestCloud();
    await deployCredit(test.user);
    const { rows, expected } = await creditJob(nothing, 50);
    const many = Array.from({ length: 12 }, () => rows).flat();
    const predictions = await scored(test, [...many.map((row) => JSON.stringify(row)), '']);
    expect(predictions).toHaveLength(600);
    for (const [index, prediction] of predictions.entries()) {
      expect(prediction['default payment next month.1']).toBeCloseTo(expected[index % 50]![1], 9);
    }
  });

  test.each([
    ['a line is not JSON', '{"AGE": 54', 'row 0 is not JSON'],
    ['a line is not a row', '[54]', 'row 0 is not an object'],
    ['a row does not fit the model', '{"AGE": 54}', 'is missing'],
  ])('refuses when %s', async (_, line, message) => {
    await using test = await startTestCloud();
    await deployCredit(test.user);
    await expect(scored(test, [line])).rejects.toThrow(message);
  });

  it('does not guess between deployments of one name', async () => {
    await using test = await startTestCloud();
    await test.user.mlops.projects.create({ name: 'demo' });
    await expect(findDeployment(test.user, { project: 'demo', name: 'credit' })).rejects.toThrow('There is no deployment "credit"');
    await test.user.mlops.projects.create({ name: 'demo' });
    await expect(findDeployment(test.user, { project: 'demo', name: 'credit' })).rejects.toThrow('more than one project "demo"');
  });

  async function scored({ user }: TestCloud, lines: readonly string[]): Promise<Readonly<Record<string, unknown>>[]> {
    const deployment = await findDeployment(user, { project: 'demo', name: 'credit' });
    const predictions: Readonly<Record<string, unknown>>[] = [];
    for await (const prediction of scoreLines(user, deployment, linesOf(lines))) predictions.push(prediction);
    return predictions;
  }

  async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
    await Promise.resolve();
    for (const line of lines) yield `${line}\n`;
  }
});

describe('examples/on-behalf-of-users.ts', () => {
  interface App extends AsyncDisposable {
    readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
    readonly post: (path: string, body: unknown, headers: Record<string, string>) => Promise<Response>;
    readonly logged: unknown[];
  }

  async function startApp(cloud: H2OCloud, sessions: Sessions = new Map()): Promise<App> {
    const logged: unknown[] = [];
    const server = createApp(cloud, sessions, (entry) => logged.push(entry));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the app listens on no port');
    const url = `http://127.0.0.1:${address.port}`;
    return {
      logged,
      get: (path, headers = {}) => fetch(url + path, { headers }),
      post: (path, body, headers) => fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers }),
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  it('answers each of two users at once with what is theirs', async () => {
    await using test = await startTestCloud();
    await using app = await startApp(test.cloud);
    const users = ['alice', 'bob'].map((username) => ({ username, token: accessTokenOf(test.local, username) }));
    for (const { username, token } of users) {
      await test.cloud.onBehalfOf({ accessToken: token }).mlops.projects.create({ name: `of ${username}` });
    }
    const answers = await Promise.all(users.map(({ token }) => app.get('/projects', bearer(token))));
    const names = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { name: string }[]).map(({ name }) => name)));
    expect(names).toEqual([['of alice'], ['of bob']]);
  });

  it('refreshes the token of a session, and keeps the rotated one', async () => {
    await using test = await startTestCloud({ rotateRefreshTokens: true });
    const { refreshToken } = await test.local.issueTokens('bob');
    const sessions: Sessions = new Map([['b0b', { refreshToken }]]);
    await using app = await startApp(test.cloud, sessions);
    expect((await app.get('/projects', { cookie: 'theme=dark; session=b0b' })).status).toBe(200);
    const rotated = sessions.get('b0b')?.refreshToken;
    expect(rotated).not.toBe(refreshToken);
    // A new process has only what the session kept.
    await using restarted = await startApp(new H2OCloud({ env: test.local.env }), sessions);
    expect((await restarted.get('/projects', { cookie: 'session=b0b' })).status).toBe(200);
  });

  it('scores as the user who asks, and says which cells are wrong', async () => {
    await using test = await startTestCloud();
    await using app = await startApp(test.cloud);
    const { id, project } = await deployCredit(test.user);
    const { rows } = await creditJob(nothing, 2);
    const headers = bearer(accessTokenOf(test.local, 'alice'));
    const good = await app.post('/score', { deployment: { id, project }, rows }, headers);
    expect(good.status).toBe(200);
    expect(await good.json()).toHaveLength(2);
    const bad = await app.post('/score', { deployment: { id, project }, rows: [{ ...rows[0], AGE: 'old' }] }, headers);
    expect(bad.status).toBe(422);
    expect(await bad.json()).toMatchObject({ code: 'SCORING_ROWS_INVALID', problems: [{ row: 0, column: 'AGE' }] });
    expect((await app.post('/score', { rows }, headers)).status).toBe(400);
  });

  it('sends nobody in without a token, with a wrong one, or from a session that is over', async () => {
    await using test = await startTestCloud();
    const { refreshToken } = await test.local.issueTokens('bob');
    await using app = await startApp(test.cloud, new Map([['b0b', { refreshToken }]]));
    test.local.stopUserSession('bob');
    const answers = [
      await app.get('/projects'),
      await app.get('/projects', bearer('wrong')),
      await app.get('/projects', { cookie: 'session=b0b' }),
      await app.get('/projects', { cookie: 'session=unknown' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect(JSON.stringify(app.logged)).not.toContain(refreshToken);
  });

  it('answers 502 when the platform fails, with the id of the request', async () => {
    await using test = await startTestCloud();
    await using app = await startApp(test.cloud);
    test.local.faults.add({ when: { path: 'ListProjects' }, times: 10, then: { status: 503 } });
    const answer = await app.get('/projects', bearer(accessTokenOf(test.local, 'alice')));
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({ code: 'SERVER_ERROR', requestId: expect.stringMatching(/^[\da-f-]{36}$/) as string });
  });

  it('maps what the tests above do not meet', () => {
    expect(statusOf(new RateLimitError({ code: 'RATE_LIMITED', status: 429, what: 'Too many.' }))).toBe(429);
    expect(statusOf(new SignInRequiredError({ code: 'SESSION_ENDED', what: 'Over.' }))).toBe(401);
    expect(statusOf(new TypeError('a fault of the app'))).toBe(500);
  });
});

describe('examples/share-data.ts', () => {
  const ways: readonly [string, (user: User) => Place, PlatformName][] = [
    ['Drive', onDrive, '0.69'],
    ['MLOps 0.69', (user) => inProject(user, 'data-sets'), '0.69'],
    ['MLOps 1.0', (user) => inProject(user, 'data-sets'), '1.0'],
    ['MLOps 1.2', (user) => inProject(user, 'data-sets'), '1.2'],
  ];
  test.each(ways)('lets one app process what another has imported, as the same user and no other: %s', async (_, place, platform) => {
    await using test = await startTestCloud({ platform });
    const as = (app: string, username: string): Place => {
      const cloud = new H2OCloud({ env: { ...test.local.env, H2O_CLOUD_APP_NAME: app }, tokenStore: 'memory' });
      return place(cloud.onBehalfOf({ accessToken: accessTokenOf(test.local, username) }));
    };
    await importDataSet(as('importer', 'alice'), { name: 'credit', file: fixture('models/credit.csv') });
    expect(await countRows(as('processor', 'alice'), 'credit')).toBe(50);
    const summary: Uint8Array[] = [];
    for await (const piece of await as('importer', 'alice').read('credit.summary.json')) summary.push(piece);
    expect(Buffer.concat(summary).toString()).toBe('{"rows":50}');
    await expect(countRows(as('processor', 'bob'), 'credit')).rejects.toThrow(/NOT_FOUND|no "credit.csv"/);
  });

  it('gives a link that needs no account', async () => {
    await using test = await startTestCloud();
    const place = onDrive(test.user);
    await importDataSet(place, { name: 'credit', file: fixture('models/credit.csv') });
    await countRows(place, 'credit');
    expect(await (await fetch(await linkToSummary(test.user, 'credit'))).json()).toEqual({ rows: 50 });
  });
});

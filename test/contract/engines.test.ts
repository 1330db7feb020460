/**
 * `user.engines` and `user.engine()` against the local AI Engine Manager and the local Steam.
 */
import { describe, expect, it, test } from 'vitest';
import {
  ConfigurationError,
  ConflictError,
  EngineError,
  NotFoundError,
  PermissionDeniedError,
  Secret,
  type EngineProgress,
  type EngineWaitOptions,
} from 'h2o-ai-cloud';
import { accessTokenOf, startSteppedCloud, startTestCloud, type SteppedCloud, type TestCloud } from '../support/cloud.js';

const gibibyte = 2 ** 30;

const creations = ({ local }: TestCloud): string[] =>
  local.requests
    .filter(({ method, path }) => method === 'POST' && /Engines$/.test(path))
    .map(({ query }) => query['daiEngineId'] ?? query['h2oEngineId'] ?? '');

/** What a wait is told of, while each look lets time pass. */
function watched(test: SteppedCloud): { readonly seen: string[]; readonly stepping: EngineWaitOptions } {
  const seen: string[] = [];
  const onProgress = ({ status }: EngineProgress): void => {
    seen.push(status);
    test.step(500);
  };
  return { seen, stepping: { onProgress } };
}

describe('a Driverless AI engine', () => {
  it('is created with what the user may use, waited for, paused, changed, resumed and deleted', async () => {
    await using test = await startSteppedCloud();
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ name: 'Credit Risk', maxIdleMs: 900_000, annotations: { team: 'a' } });
    expect(engine).toMatchObject({
      kind: 'driverlessai',
      id: 'workspaces/default/daiEngines/credit-risk',
      workspace: 'default',
      name: 'Credit Risk',
      state: 'STARTING',
      reconciling: true,
      version: '1.11.1.1',
      profile: 'workspaces/global/daiEngineProfiles/small',
      creatorName: 'alice',
      cpuCount: 4,
      memoryBytes: 8 * gibibyte,
      storageBytes: 64 * gibibyte,
      maxIdleMs: 900_000,
      maxRunningMs: 43_200_000,
      annotations: { team: 'a' },
    });
    const seen: EngineProgress[] = [];
    const onProgress = (progress: EngineProgress): void => {
      seen.push(progress);
      test.step(500);
    };
    await driverlessai.waitUntil(engine, 'RUNNING', { onProgress });
    expect([...new Set(seen.map(({ status }) => status))]).toEqual(['STARTING', 'CONNECTING', 'RUNNING']);

    await driverlessai.pause(engine);
    expect((await driverlessai.get(engine)).state).toBe('PAUSING');
    await driverlessai.waitUntil(engine, 'PAUSED', test.stepping);
    const changed = await driverlessai.update(engine, { name: 'Credit', memoryBytes: 16 * gibibyte, maxIdleMs: null });
    expect(changed).toMatchObject({ name: 'Credit', memoryBytes: 16 * gibibyte, maxIdleMs: 3_600_000, annotations: { team: 'a' } });
    await driverlessai.resize(engine, 128 * gibibyte);
    await driverlessai.resume('credit-risk');
    expect(await driverlessai.waitUntil(engine, 'RUNNING', test.stepping)).toMatchObject({ storageBytes: 128 * gibibyte });
    expect(new TextDecoder().decode((await driverlessai.logs(engine)).data)).toBe('engine log\n');
    await driverlessai.delete(engine);
    await driverlessai.waitUntilDeleted(engine, test.stepping);
    await expect(driverlessai.get(engine)).rejects.toThrow(NotFoundError);
  });

  it('sends only what is changed, and nothing where nothing is', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ id: 'x' });
    await driverlessai.update(engine, { name: 'y', config: { enable_h2o: 'true' }, profile: 'small' });
    await driverlessai.update(engine, {});
    const patches = test.local.requests.filter(({ method }) => method === 'PATCH');
    expect(patches).toHaveLength(1);
    expect(patches[0]).toMatchObject({
      query: { updateMask: 'display_name,profile,config' },
      body: { displayName: 'y', config: { enable_h2o: 'true' }, profile: 'workspaces/global/daiEngineProfiles/small' },
    });
  });

  it('gets another id where the one from its name is taken', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.engines;
    await driverlessai.create({ name: 'Credit' });
    const second = await driverlessai.create({ name: 'Credit' });
    expect(second.id).toMatch(/^workspaces\/default\/daiEngines\/credit-\d{4}$/);
    expect(creations(test)).toEqual(['credit', 'credit', expect.stringMatching(/^credit-\d{4}$/)]);
  });

  it('keeps an id that was given, and says when that is taken', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.engines;
    await driverlessai.create({ id: 'credit' });
    await expect(driverlessai.create({ id: 'credit' })).rejects.toThrow(ConflictError);
    expect(creations(test)).toEqual(['credit', 'credit']);
  });

  it('does not try other ids for a conflict of another kind', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({
      when: { method: 'POST', path: '/daiEngines' },
      then: { status: 409, body: { code: 10, message: 'aborted', details: [] } },
    });
    await expect(test.user.engines.driverlessai.create({ name: 'x' })).rejects.toThrow(ConflictError);
    expect(creations(test)).toEqual([]);
  });

  it('is named when its creation went unanswered and it is there', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { method: 'POST', path: '/daiEngines' }, then: { cutBodyAfterBytes: 5 } });
    const error: unknown = await test.user.engines.driverlessai.create({ name: 'x' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ created: [{ kind: 'engine', id: 'workspaces/default/daiEngines/x' }] });
    expect(creations(test)).toEqual(['x']);
  });

  test.each([
    ['an id with capitals', { id: 'Credit' }],
    ['an id that ends in a dash', { id: 'credit-' }],
    ['a workspace that leaves its place', { workspace: '../x' }],
    ['memory as text', { memoryBytes: '8Gi' as never }],
    ['half a processor', { cpuCount: 0.5 }],
    ['a profile with a space', { profile: 'a b' }],
    ['settings that are no texts', { config: { a: 1 as never } }],
  ])('is not asked for with %s', async (_, params) => {
    await using test = await startTestCloud();
    await expect(test.user.engines.driverlessai.create(params)).rejects.toThrow(ConfigurationError);
    expect(creations(test)).toEqual([]);
  });

  it('is not waited for as running while the pause has only not begun, nor given up at once', async () => {
    await using test = await startSteppedCloud();
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ id: 'x' });
    test.step(2000);
    const seen: string[] = [];
    const waiting = driverlessai.waitUntil(engine, 'PAUSED', {
      onProgress: ({ status }) => {
        seen.push(status);
        // The pause is only asked for when the wait has looked.
        if (seen.length === 1) void driverlessai.pause(engine);
        else test.step(500);
      },
    });
    expect(await waiting).toMatchObject({ state: 'PAUSED' });
    expect(seen[0]).toBe('RUNNING');
  });

  test.each(['FAILED', 'DELETING'])('ends a wait when it is %s', async (state) => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ id: 'x' });
    const daiEngine = { name: engine.id, state: `STATE_${state}`, reconciling: false };
    test.local.faults.add({ when: { method: 'GET', path: '/daiEngines/x' }, then: { status: 200, body: { daiEngine } } });
    const error: unknown = await driverlessai.waitUntil(engine, 'RUNNING').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code: 'ENGINE_FAILED', engine: engine.id, history: [{ status: state }] });
  });

  it('passes states that nobody knows', async () => {
    await using test = await startSteppedCloud();
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ id: 'x' });
    const daiEngine = { name: engine.id, state: 'STATE_DREAMING' };
    test.local.faults.add({ when: { method: 'GET', path: '/daiEngines/x' }, then: { status: 200, body: { daiEngine } } });
    const seen: string[] = [];
    const onProgress = ({ status }: EngineProgress): void => {
      seen.push(status);
      test.step(500);
    };
    await driverlessai.waitUntil(engine, 'RUNNING', { onProgress });
    expect(seen[0]).toBe('DREAMING');
    expect(seen.at(-1)).toBe('RUNNING');
  });

  it('lets its owner in with the user’s own token', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ id: 'x' });
    const connection = await driverlessai.connection(engine);
    const headers = await connection.headers();
    expect(headers).toEqual({ authorization: `Bearer ${accessTokenOf(test.local, 'alice')}` });
    const body = '{"id":1,"method":"api_get_app_version","params":{}}';
    expect((await fetch(`${connection.url}/rpc`, { method: 'POST', headers, body })).status).toBe(200);
    expect((await fetch(`${connection.url}/rpc`, { method: 'POST', body })).status).toBe(401);
  });

  test.each([
    'https://evil.example/workspaces/default/daiEngines/x',
    'http://engines.cloud.example/x',
    'javascript:x',
    'https://u:p@127.0.0.1/',
  ])('gets no token at %s', async (apiUrl) => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ id: 'x' });
    const daiEngine = { name: engine.id, state: 'STATE_RUNNING', apiUrl };
    test.local.faults.add({ when: { method: 'GET', path: '/daiEngines/x' }, then: { status: 200, body: { daiEngine } } });
    await expect(driverlessai.connection(engine)).rejects.toMatchObject({ code: 'ORIGIN_NOT_TRUSTED' });
  });

  it('shows its settings to nobody who prints it', async () => {
    await using test = await startTestCloud();
    const engine = await test.user.engines.driverlessai.create({
      id: 'x',
      config: { secret_setting: 'planted', other: new Secret('planted too') },
    });
    expect(engine.config['other']?.reveal()).toBe('planted too');
    expect(JSON.stringify(engine)).not.toContain('planted');
  });
});

describe('lists of engines', () => {
  it('are filtered by what is looked for, whatever characters it has', async () => {
    await using test = await startTestCloud();
    const { driverlessai } = test.user.engines;
    const names = ['a "quoted" name', 'back\\slash', 'a*', 'ab', 'x" OR state = STATE_RUNNING'];
    for (const name of names) await driverlessai.create({ name });
    for (const name of names) expect((await driverlessai.list({ name }).toArray()).map((engine) => engine.name)).toEqual([name]);
    expect(await driverlessai.list({ state: 'PAUSED' }).toArray()).toEqual([]);
    expect(() => driverlessai.list({ state: 'RUNNING OR x' })).not.toThrow(NotFoundError);
  });

  it('have pages, and show each user what is theirs', async () => {
    await using test = await startTestCloud();
    const { engines } = test.user;
    for (let index = 0; index < 53; index++) await engines.h2o3.create({ id: `e-${index}` });
    await engines.driverlessai.create({ id: 'dai' });
    expect(await engines.h2o3.list().toArray()).toHaveLength(53);
    const all = await engines.list().toArray();
    expect(all).toHaveLength(54);
    expect(all.find(({ kind }) => kind === 'driverlessai')).toMatchObject({ id: 'workspaces/default/daiEngines/dai', version: '1.11.1.1' });
    expect(await engines.notebooks.list().toArray()).toEqual([]);
    const bob = test.cloud.onBehalfOf({ accessToken: accessTokenOf(test.local, 'bob') });
    expect(await bob.engines.list().toArray()).toEqual([]);
    await expect(bob.engines.driverlessai.get('dai')).rejects.toThrow(NotFoundError);
    await expect(engines.list({ workspace: 'of-somebody' }).toArray()).rejects.toThrow(PermissionDeniedError);
  });

  it('are no empty lists where the answer is none', async () => {
    await using test = await startTestCloud();
    test.local.faults.add({ when: { path: '/daiEngines' }, then: { status: 200, body: '' } });
    await expect(test.user.engines.driverlessai.list().toArray()).rejects.toMatchObject({ code: 'RESPONSE_INVALID' });
  });
});

describe('an H2O-3 engine', () => {
  it('is sized, created, entered, terminated', async () => {
    await using test = await startSteppedCloud();
    const { h2o3 } = test.user.engines;
    const size = await h2o3.size({ datasetBytes: 40 * gibibyte });
    expect(size).toEqual({ nodeCount: 3, memoryBytes: Math.ceil((160 * gibibyte) / 3) });
    expect(await h2o3.size({ rows: 1000, columns: 10, limits: { minNodeCount: 2 } })).toEqual({ nodeCount: 2, memoryBytes: 2 * gibibyte });
    const engine = await h2o3.create({ name: 'Frames', ...size });
    expect(engine).toMatchObject({ kind: 'h2o3', nodeCount: 3, version: '3.46.0.2', id: 'workspaces/default/h2oEngines/frames' });
    await h2o3.waitUntil(engine, 'RUNNING', test.stepping);
    const connection = await h2o3.connection(engine);
    const answer = await fetch(`${connection.url}/3/Cloud`, { headers: await connection.headers() });
    expect(await answer.json()).toMatchObject({ cloud_size: 3 });
    await h2o3.terminate(engine);
    await h2o3.waitUntil(engine, 'TERMINATED', test.stepping);
    await expect(h2o3.waitUntil(engine, 'RUNNING')).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});

describe('a wait that nobody ends', () => {
  it('says that nothing moves the engine, where it rests elsewhere, and that it goes on, where it moves', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000, services: ['engines'] });
    const { driverlessai } = test.user.engines;
    const engine = await driverlessai.create({ name: 'work' });
    const once = { timeoutMs: 50 };
    await expect(driverlessai.waitUntil(engine, 'RUNNING', once)).rejects.toThrow('the engine goes on by itself');
    const paused = { daiEngine: { name: engine.id, state: 'STATE_PAUSED', reconciling: false } };
    test.local.faults.add({ when: { method: 'GET', path: /daiEngines\/work$/ }, times: 99, then: { status: 200, body: paused } });
    await expect(driverlessai.waitUntil(engine, 'RUNNING', once)).rejects.toThrow('Nothing moves it');
  });
});

describe('user.engine()', () => {
  test.each([
    ['AI Engine Manager', 'engines', 'driverlessai'],
    ['AI Engine Manager', 'engines', 'h2o3'],
    ['Steam', 'steam', 'driverlessai'],
    ['Steam', 'steam', 'h2o3'],
  ] as const)('makes an engine where %s (%s) has none, and finds it the next time: %s', async (_, service, kind) => {
    await using test = await startSteppedCloud({ services: [service] });
    const states: string[] = [];
    const onProgress = ({ status }: EngineProgress): void => {
      states.push(status.toLowerCase());
      test.step(500);
    };
    const first = await test.user.engine({ kind, name: 'work' }, { onProgress });
    expect([states[0], states.at(-1)]).toEqual(['starting', 'running']);
    expect(first).toMatchObject({ kind, name: 'work' });
    const path = kind === 'h2o3' ? '/3/Cloud' : '/serverversion';
    expect((await fetch(first.url + path, { headers: await first.headers() })).status).toBe(200);
    const again = await test.cloud.onBehalfOf({ accessToken: accessTokenOf(test.local, 'alice') }).engine({ kind });
    expect(again.engine).toBe(first.engine);
  });

  it.each(['engines', 'steam'] as const)('starts a resting Driverless AI, and waits for one that is starting, in %s', async (service) => {
    await using test = await startSteppedCloud({ services: [service] });
    const order = { kind: 'driverlessai', name: 'work' } as const;
    const [one, other] = await Promise.all([test.user.engine(order, test.stepping), test.user.engine(order, test.stepping)]);
    expect(one.engine).toBe(other.engine);
    if (service === 'engines') {
      await test.user.engines.driverlessai.pause('work');
      await test.user.engines.driverlessai.waitUntil('work', 'PAUSED', test.stepping);
    } else {
      const { driverlessai } = test.user.steam;
      const instance = await driverlessai.get({ name: 'work' });
      await driverlessai.stop(instance);
      await driverlessai.waitUntil(instance, 'stopped', test.stepping);
    }
    expect((await test.user.engine(order, test.stepping)).engine).toBe(one.engine);
  });

  it('starts a Driverless AI that is being paused when it is paused', async () => {
    await using test = await startSteppedCloud();
    const { seen, stepping } = watched(test);
    const first = await test.user.engine({ kind: 'driverlessai' }, test.stepping);
    await test.user.engines.driverlessai.pause({ id: first.engine });
    expect((await test.user.engine({ kind: 'driverlessai' }, stepping)).engine).toBe(first.engine);
    expect([...new Set(seen)]).toEqual(['PAUSING', 'PAUSED', 'STARTING', 'CONNECTING', 'RUNNING']);
  });

  it('starts a Driverless AI of Steam that is being stopped when it is stopped', async () => {
    await using test = await startSteppedCloud({ services: ['steam'] });
    const { seen, stepping } = watched(test);
    const { driverlessai } = test.user.steam;
    const first = await test.user.engine({ kind: 'driverlessai' }, test.stepping);
    await driverlessai.stop(await driverlessai.get({ name: first.name }));
    expect(await driverlessai.get({ name: first.name })).toMatchObject({ status: 'stopping', targetStatus: 'stopped' });
    expect((await test.user.engine({ kind: 'driverlessai' }, stepping)).engine).toBe(first.engine);
    expect(seen).toEqual(expect.arrayContaining(['stopping', 'stopped', 'starting', 'running']));
    expect(await driverlessai.list()).toHaveLength(1);
  });

  it('makes another one where the id is taken by one that serves no more', async () => {
    await using test = await startTestCloud();
    const first = await test.user.engine({ kind: 'h2o3' });
    await test.user.engines.h2o3.terminate({ id: first.engine });
    const second = await test.user.engine({ kind: 'h2o3' });
    expect(second.engine).toMatch(/sdk-h2o3-\d{4}$/);
  });

  it('does not take an engine of another version, or of another user', async () => {
    await using test = await startTestCloud({ services: ['steam'] });
    await test.user.steam.driverlessai.launch({ name: 'old', version: '1.10.7.5' });
    const engine = await test.user.engine({ kind: 'driverlessai', version: '1.11.0' });
    expect(engine).toMatchObject({ name: 'sdk-driverlessai', version: '1.11.0' });
    const foreign = { id: 9, name: 'foreign', status: 'running', target_status: 'running', version: '1.11.0', created_by: 'somebody' };
    test.local.faults.add({
      when: { path: '/steam/web' },
      then: { status: 200, body: { result: { instances: [foreign] }, error: null, id: 1 } },
    });
    await expect(test.user.engine({ kind: 'driverlessai' })).resolves.toMatchObject({ name: 'sdk-driverlessai' });
  });

  it('names what it has made when the wait fails, and leaves it running', async () => {
    await using test = await startTestCloud({ healthyAfterMs: 60_000 });
    const error: unknown = await test.user.engine({ kind: 'driverlessai' }, { timeoutMs: 300 }).catch((reason: unknown) => reason);
    const id = 'workspaces/default/daiEngines/sdk-driverlessai';
    expect(error).toMatchObject({ code: 'ENGINE_WAIT_TIMEOUT', created: [{ kind: 'engine', id }] });
    expect(await test.user.engines.driverlessai.get(id)).toMatchObject({ reconciling: true });
  });

  test.each([
    ['no kind', {}],
    ['an unknown kind', { kind: 'sparkling' }],
    ['a size as text', { kind: 'h2o3', memoryGb: '4' }],
  ])('sends nothing for %s', async (_, order) => {
    await using test = await startTestCloud();
    await expect(test.user.engine(order as never)).rejects.toThrow(ConfigurationError);
    expect(test.local.requests).toEqual([]);
  });

  it('says what to configure where the cloud has neither service', async () => {
    await using test = await startTestCloud({ services: [] });
    await expect(test.user.engine({ kind: 'h2o3' })).rejects.toMatchObject({ code: 'CONFIGURATION_MISSING' });
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { TestCloud, idOf, listOf, objectOf, oidcSecurity, restElement, textOf } from './cloud.js';
import type { Answer, WorkspaceUser } from './cloud.js';
import type { JsonObject } from '../../../src/local/json.js';
import { exportedModel, glmMojo } from './models.js';

const model = exportedModel('credit-glm.zip');
const plain = (passphrase: string): JsonObject => ({ passphrase: { passphrase, hashAlgorithm: 'PLAINTEXT' } });
const hashed = (passphrase: string): JsonObject => ({ passphrase: { passphrase, hashAlgorithm: 'PBKDF2' } });
const replicas = (count: number): JsonObject => ({ kubernetesResourceSpec: { replicas: count } });

let cloud: TestCloud;
let alice: WorkspaceUser;
let workspace: string;
let experimentId: string;

beforeEach(async () => {
  cloud = new TestCloud({ healthyAfterMs: 1000 });
  alice = await cloud.workspaceUser();
  workspace = await alice.workspace();
  experimentId = await alice.experiment(workspace, model);
});

const patch = (deployment: JsonObject, mask: string, changes: JsonObject): Promise<Answer> =>
  alice.deployer('PATCH', `${textOf(deployment, 'name')}?updateMask=${encodeURIComponent(mask)}`, changes);

const read = async (deployment: JsonObject): Promise<JsonObject> =>
  objectOf((await alice.deployer('GET', textOf(deployment, 'name'))).body, 'deployment');

async function scoreStatus(deployment: JsonObject, authorization?: string): Promise<number> {
  const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
  const body = JSON.stringify({ fields: ['AGE'], rows: [['41']] });
  return (await cloud.send(`/${idOf(textOf(deployment, 'name'))}/model/score`, { method: 'POST', headers, body })).status;
}

describe('an update', () => {
  it('changes what its mask names, and starts a new revision', async () => {
    const before = await alice.deployment(workspace, experimentId, { description: 'old', cors: { origins: ['https://a.example'] } });
    await cloud.clock.advance(1000);
    const { body } = await patch(before, 'display_name,deployment.environment_variables,deployment.cors', {
      displayName: 'new',
      description: 'ignored',
      single: restElement(experimentId, { runtimeEnvironmentVariables: { snake_case: '1' } }),
    });
    const after = objectOf(body, 'deployment');
    expect(after).toMatchObject({
      displayName: 'new',
      description: 'old',
      cors: null,
      single: { runtimeEnvironmentVariables: { snake_case: '1' } },
    });
    expect(after['etag']).not.toBe(before['etag']);
    expect(await alice.state(after)).toBe('PENDING');
  });

  it('is refused with 409 ABORTED where somebody else was faster', async () => {
    const before = await alice.deployment(workspace, experimentId);
    expect(await patch(before, 'description', { description: 'first', etag: before['etag'] })).toMatchObject({ status: 200 });
    expect(await patch(before, 'description', { description: 'second', etag: before['etag'] })).toMatchObject({
      status: 409,
      body: { code: 10 },
    });
    expect(await patch(before, 'description', { description: 'third' })).toMatchObject({ status: 200 });
  });

  it('refuses a mask that names what is not there', async () => {
    const deployment = await alice.deployment(workspace, experimentId);
    expect(await patch(deployment, 'deployment.colour', {})).toMatchObject({ status: 400, body: { code: 3 } });
  });

  it('without a mask replaces everything', async () => {
    const deployment = await alice.deployment(workspace, experimentId, { description: 'old' });
    const { body } = await patch(deployment, '', { displayName: 'new', single: restElement(experimentId), securities: [oidcSecurity] });
    expect(objectOf(body, 'deployment')).toMatchObject({ displayName: 'new', description: '' });
  });
});

describe('replicas', () => {
  it('may be none from the start: the deployment is stopped, and its scorer away', async () => {
    const deployment = await alice.deployment(workspace, experimentId, { single: restElement(experimentId, replicas(0)) });
    expect(deployment).toMatchObject({ single: { kubernetesResourceSpec: { replicas: 0 } }, canResume: true, paused: false });
    expect(await alice.state(deployment)).toBe('STOPPED');
    expect(await scoreStatus(deployment)).toBe(503);
  });

  it('come back when a deployment is resumed, as many as there were', async () => {
    const deployment = await alice.deployment(workspace, experimentId, { single: restElement(experimentId, replicas(3)) });
    expect(await alice.deployer('POST', `${textOf(deployment, 'name')}:pause`, {})).toMatchObject({ status: 200, body: {} });
    expect(await read(deployment)).toMatchObject({
      paused: true,
      canPause: false,
      canResume: true,
      single: { kubernetesResourceSpec: { replicas: 0, previousReplicas: 3 } },
    });
    expect(await alice.state(deployment)).toBe('STOPPED');
    // Again, which changes nothing.
    expect(await alice.deployer('POST', `${textOf(deployment, 'name')}:pause`, {})).toMatchObject({ status: 200 });
    await alice.deployer('POST', `${textOf(deployment, 'name')}:resume`, {});
    expect(await read(deployment)).toMatchObject({ paused: false, canPause: true, single: { kubernetesResourceSpec: { replicas: 3 } } });
    await cloud.clock.advance(1000);
    expect(await alice.state(deployment)).toBe('HEALTHY');
  });

  it('that are set from none end the pause', async () => {
    const deployment = await alice.deployment(workspace, experimentId);
    await alice.deployer('POST', `${textOf(deployment, 'name')}:pause`, {});
    await patch(deployment, 'deployment.kubernetes_resource_spec', { single: restElement(experimentId, replicas(2)) });
    expect(await read(deployment)).toMatchObject({ paused: false, canPause: true });
  });
});

describe('several securities', () => {
  it('open the scorer each by itself, and show an API key once', async () => {
    const created = await alice.deployment(workspace, experimentId, { securities: [{ apiKey: {}, displayName: 'app' }, hashed('sesame')] });
    const [apiKey, passphrase] = listOf(created, 'securities');
    expect(passphrase).toMatchObject({ passphrase: { passphrase: '', hashAlgorithm: 'PBKDF2' } });
    expect(apiKey).toMatchObject({ displayName: 'app' });
    const key = textOf(objectOf(apiKey ?? {}, 'apiKey'), 'plaintext');
    expect(key.startsWith(textOf(objectOf(apiKey ?? {}, 'apiKey'), 'prefix'))).toBe(true);
    expect(objectOf(listOf(await read(created), 'securities')[0] ?? {}, 'apiKey')).not.toHaveProperty('plaintext');
    await cloud.clock.advance(1000);
    expect(await scoreStatus(created, `Bearer ${key}`)).toBe(200);
    expect(await scoreStatus(created, 'Bearer sesame')).toBe(200);
    expect(await scoreStatus(created, `Bearer ${key.slice(0, -1)}`)).toBe(401);
    expect(await scoreStatus(created)).toBe(401);
  });

  it('are added, replaced and removed one by one', async () => {
    const created = await alice.deployment(workspace, experimentId, { securities: [oidcSecurity, plain('first')] });
    const ids = listOf(created, 'securities').map((entry) => textOf(entry, 'id'));
    const added = await patch(created, 'deployment.securities.+1', { securities: [plain('added')] });
    expect(listOf(objectOf(added.body, 'deployment'), 'securities')).toMatchObject([oidcSecurity, plain('first'), plain('added')]);
    const replaced = await patch(created, `deployment.securities.${String(ids[1])}`, { securities: [{ ...plain('second'), id: ids[1] }] });
    expect(listOf(objectOf(replaced.body, 'deployment'), 'securities')).toMatchObject([
      oidcSecurity,
      { ...plain('second'), id: ids[1] },
      plain('added'),
    ]);
    const removed = await patch(created, `deployment.securities.${String(ids[0])}`, {});
    expect(listOf(objectOf(removed.body, 'deployment'), 'securities')).toMatchObject([plain('second'), plain('added')]);
    expect(await patch(created, 'deployment.securities.99', {})).toMatchObject({ status: 404 });
    expect(await patch(created, 'deployment.securities.+2', { securities: [plain('x')] })).toMatchObject({ status: 400 });
  });

  it('keep a hashed passphrase that is sent back blank, as it was read', async () => {
    const created = await alice.deployment(workspace, experimentId, { securities: [hashed('sesame')] });
    const { body } = await patch(created, 'deployment.securities', { securities: [...listOf(created, 'securities'), oidcSecurity] });
    await cloud.clock.advance(1000);
    expect(await scoreStatus(objectOf(body, 'deployment'), 'Bearer sesame')).toBe(200);
  });

  it.each<[string, readonly JsonObject[]]>([
    ['none beside another', [{ disabledSecurity: {} }, oidcSecurity]],
    ['a blank passphrase', [plain('')]],
    ['a hash that is not known', [{ passphrase: { passphrase: 'x', hashAlgorithm: 'MD5' } }]],
    ['an entry that is two', [{ apiKey: {}, ...oidcSecurity }]],
    ['an entry that is nothing', [{ displayName: 'x' }]],
  ])('refuse %s', async (_, securities) => {
    const answer = await alice.deployer('POST', `${workspace}/deployments`, { single: restElement(experimentId), securities });
    expect(answer).toMatchObject({ status: 400, body: { code: 3 } });
  });

  it('of a kind that is not switched on are refused', async () => {
    cloud = new TestCloud({ securityOptions: ['oidc'] });
    alice = await cloud.workspaceUser();
    workspace = await alice.workspace();
    experimentId = await alice.experiment(workspace, model);
    const answer = await alice.deployer('POST', `${workspace}/deployments`, {
      single: restElement(experimentId),
      securities: [plain('x')],
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 3 } });
    expect((await alice.deployer('GET', 'configuration/securityOptionTypes')).body).toMatchObject({
      securityOptionTypes: [{ authorizationProtocol: 'OIDC' }],
    });
  });
});

describe('the one security of platform 1.0', () => {
  it('is not taken away, and nothing says so', async () => {
    const created = await alice.deployment(workspace, experimentId, { securities: undefined, security: plain('sesame') });
    const { status, body } = await patch(created, 'deployment.security', { security: { disabledSecurity: {} } });
    expect(status).toBe(200);
    expect(objectOf(body, 'deployment')).toMatchObject({ security: plain('sesame') });
  });

  it('is, of several, one that platform 1.0 knows', async () => {
    const created = await alice.deployment(workspace, experimentId, { securities: [{ apiKey: {} }, oidcSecurity] });
    expect(created).toMatchObject({ security: oidcSecurity });
  });
});

describe('a deployment that cannot come up', () => {
  it('says why, and what of its pods', async () => {
    const unknown = await alice.experiment(workspace, glmMojo({ info: { algo: 'coxph' } }));
    const deployment = await alice.deployment(workspace, unknown);
    await cloud.clock.advance(1000);
    const { body } = await alice.deployer('GET', `${textOf(deployment, 'name')}/status`);
    const reason = expect.stringContaining('this one is coxph') as unknown;
    expect(objectOf(body, 'deploymentStatus')).toMatchObject({
      state: 'FAILED',
      message: reason,
      errorDetails: { summary: { affectedPods: 1, totalPods: 1 }, podDiagnostics: [{ podMessage: reason }] },
    });
  });
});

describe('lists', () => {
  it('find by name, state and mode, in an order', async () => {
    const first = await alice.deployment(workspace, experimentId, { displayName: "O'Brien" });
    await cloud.clock.advance(1000);
    await alice.deployment(workspace, experimentId, { displayName: 'second' });
    const names = async (query: string): Promise<readonly unknown[]> =>
      listOf((await alice.deployer('GET', `${workspace}/deployments?${query}`)).body, 'deployments').map((entry) => entry['displayName']);
    const filter = (text: string): string => new URLSearchParams({ filter: text }).toString();
    expect(await names(filter(`display_name = "O'Brien"`))).toEqual(["O'Brien"]);
    expect(await names(filter("deployment_state = 'HEALTHY'"))).toEqual(["O'Brien"]);
    expect(await names(filter(`experiment_ids : '${experimentId}'`))).toHaveLength(2);
    expect(await names('orderBy=create_time%20desc')).toEqual(['second', "O'Brien"]);
    expect((await alice.deployer('GET', `${workspace}/deployments:count`)).body).toEqual({ count: '2' });
    expect(listOf((await alice.deployer('GET', 'workspaces/-/deployments')).body, 'deployments')).toHaveLength(2);
    const statuses = await alice.deployer(
      'GET',
      `${workspace}/deployments/status:batchGet?names=${textOf(first, 'name')}/status&names=${workspace}/deployments/x/status`,
    );
    expect(statuses.body).toMatchObject({
      deploymentStatuses: [{ state: 'HEALTHY' }],
      errors: { [`${workspace}/deployments/x/status`]: { code: 5 } },
    });
  });

  it('go on page by page until the token is empty', async () => {
    for (const displayName of ['a', 'b', 'c']) await alice.deployment(workspace, experimentId, { displayName });
    const first = (await alice.deployer('GET', `${workspace}/deployments?pageSize=2`)).body;
    expect(listOf(first, 'deployments')).toHaveLength(2);
    const token = encodeURIComponent(textOf(first, 'nextPageToken'));
    const second = (await alice.deployer('GET', `${workspace}/deployments?pageSize=2&pageToken=${token}`)).body;
    expect(second).toMatchObject({ deployments: [{ displayName: 'c' }], nextPageToken: '' });
  });
});

describe('what one user may not see', () => {
  it('does not exist for them', async () => {
    const deployment = await alice.deployment(workspace, experimentId);
    const bob = await cloud.workspaceUser('bob');
    const name = textOf(deployment, 'name');
    const answers = [
      await bob.authz('GET', workspace),
      await bob.authz('DELETE', workspace),
      await bob.deployer('GET', `${workspace}/deployments`),
      await bob.deployer('GET', name),
      await bob.deployer('PATCH', `${name}?updateMask=description`, { description: 'x' }),
      await bob.deployer('DELETE', name),
      await bob.deployer('GET', `${name}/status`),
      await bob.storage('ExperimentService/GetExperiment', { id: experimentId }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect((await bob.deployer('GET', 'workspaces/-/deployments')).body).toEqual({ deployments: [], nextPageToken: '' });
  });
});

describe('what nobody has set up', () => {
  it.each([
    ['deployer/v2/deploymentSchedulePresets', { presets: [] }],
    ['runtime/v1/workspaces/-/runtimes', { runtimes: [], nextPageToken: '' }],
    ['runtime/v1/workspaces/-/runtimes:count', { count: '0' }],
    ['runtime/v1/workspaces/-/runtimeImages', { runtimeImages: [], nextPageToken: '' }],
  ])('is an empty list at %s, which platform 1.0 does not have', async (path, body) => {
    const ask = async (here: TestCloud): Promise<Answer> => {
      const { accessToken } = await here.cloud.issueTokens('alice');
      return here.send(`/mlops/${path}`, { headers: { authorization: `Bearer ${accessToken}` } });
    };
    expect(await ask(cloud)).toMatchObject({ status: 200, body });
    expect(await ask(new TestCloud({ platform: '1.0' }))).toMatchObject({ status: 404 });
  });
});

describe('a deleted workspace', () => {
  it('is out of sight with all that is in it, until it is restored', async () => {
    const deployment = await alice.deployment(workspace, experimentId, { securities: [{ disabledSecurity: {} }] });
    await cloud.clock.advance(1000);
    expect(await scoreStatus(deployment)).toBe(200);
    const { body } = await alice.authz('DELETE', workspace);
    expect(objectOf(body, 'workspace')['deleteTime']).not.toBeNull();
    expect(await alice.deployer('GET', textOf(deployment, 'name'))).toMatchObject({ status: 404 });
    expect(await scoreStatus(deployment)).toBe(404);
    expect(listOf((await alice.authz('GET', 'workspaces?showDeleted=true')).body, 'workspaces')).toHaveLength(1);
    await alice.authz('POST', `${workspace}:undelete`, {});
    expect(await alice.deployer('GET', textOf(deployment, 'name'))).toMatchObject({ status: 200 });
  });
});

describe('an endpoint', () => {
  it('has a path of its own, and points at nothing when its deployment is gone', async () => {
    const deployment = await alice.deployment(workspace, experimentId);
    const { body } = await alice.deployer('POST', `${workspace}/endpoints`, {
      displayName: 'e',
      path: 'front',
      target: deployment['name'],
    });
    const endpoint = objectOf(body, 'endpoint');
    expect(endpoint).toMatchObject({ path: 'front', target: deployment['name'] });
    expect(await alice.deployer('POST', `${workspace}/endpoints`, { path: 'front' })).toMatchObject({ status: 409, body: { code: 6 } });
    expect(await alice.deployer('POST', `${workspace}/endpoints`, { path: '/front' })).toMatchObject({ status: 400 });
    await alice.deployer('DELETE', textOf(deployment, 'name'));
    expect((await alice.deployer('GET', textOf(endpoint, 'name'))).body).toMatchObject({ endpoint: { target: '' } });
  });
});

import { pbkdf2Sync } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import type { LocalCloudOptions } from '../../../src/local/local-cloud.js';
import { weighted } from '../../../src/local/scorer-host.js';
import type { JsonObject } from '../../../src/local/json.js';
import { element, listOf, objectOf, TestCloud, textOf } from './cloud.js';
import type { GatewayUser } from './cloud.js';
import { exportedModel, glmMojo } from './models.js';

interface Bench {
  readonly cloud: TestCloud;
  readonly alice: GatewayUser;
  readonly token: string;
  readonly projectId: string;
  readonly experimentId: string;
}

/** A user with a project and a model in it. */
async function bench(options: Omit<LocalCloudOptions, 'origin' | 'clock'> = {}, model = exportedModel('credit-glm.zip')): Promise<Bench> {
  const cloud = new TestCloud(options);
  const alice = await cloud.user();
  const projectId = await alice.project();
  const experimentId = await alice.experiment(projectId, model);
  return { cloud, alice, token: (await cloud.cloud.issueTokens('alice')).accessToken, projectId, experimentId };
}

async function create({ alice, projectId, experimentId }: Bench, changes: JsonObject = {}): Promise<JsonObject> {
  const answer = await alice.deployer('DeploymentService/CreateDeployment', {
    deployment: await alice.deployment(projectId, experimentId, changes),
  });
  return answer.status === 200 ? objectOf(answer.body, 'deployment') : { refused: answer.status, ...answer.body };
}

const idOf = (deployment: JsonObject): string => textOf(deployment, 'id');
const update = ({ alice }: Bench, deployment: JsonObject, updateMask?: string) =>
  alice.deployer('DeploymentService/UpdateModelDeployment', { deployment, ...(updateMask === undefined ? {} : { updateMask }) });

const passphrase = (hash: string, type = 'PLAINTEXT'): JsonObject => ({
  passphrase: { hash, passphraseHashType: `PASSPHRASE_HASH_TYPE_${type}` },
});
const disabled: JsonObject = { disabledSecurity: 'DISABLED_STATE_SECURITY_TYPE_DISABLED' };
const oidc: JsonObject = { tokenAuth: { authenticationProtocol: 'AUTHORIZATION_PROTOCOL_OIDC' } };
const bcrypt = `$2b$12$${'a'.repeat(53)}`;

function pbkdf2(plain: string, digest = 'sha256'): string {
  return `pbkdf2:${digest}:1000$salt$${pbkdf2Sync(plain, 'salt', 1000, 32, digest).toString('hex')}`;
}

const row = { fields: ['LIMIT_BAL', 'AGE', 'PAY_1'], rows: [['750000', '54', '0']] };

const score = ({ cloud }: Bench, deploymentId: string, credential?: string) =>
  cloud.send(`/${deploymentId}/model/score`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }) },
    body: JSON.stringify(row),
  });

describe('a new deployment', () => {
  it('is answered with every zero value', async () => {
    const deployment = await create(await bench());
    expect(deployment).toMatchObject({
      singleDeployment: {
        kubernetesResourceSpec: { kubernetesResourceRequirement: { limits: {}, requests: {} }, replicas: 1 },
        kubernetesConfigurationShortcut: { kubernetesAffinityShortcutName: '', kubernetesTolerationShortcutName: '' },
        deploymentEnvironmentVariables: { runtimeVariables: {} },
        vpaSpec: null,
        podDisruptionBudget: null,
      },
      description: '',
      customCors: null,
      monitor: { enable: false, storeScoringTransactionEnable: false },
      monitoringOptions: null,
      userInfo: { ownerName: 'alice' },
    });
    expect(deployment['revisionId']).toMatch(/^[0-9a-f]{8}$/);
    expect(deployment).not.toHaveProperty('splitDeployment');
  });

  it('comes up as time passes, and has URLs from then on', async () => {
    const here = await bench({ healthyAfterMs: 1000 });
    const id = idOf(await create(here));
    const states: unknown[] = [];
    for (let step = 0; step < 5; step++) {
      const { state, scorer } = await here.alice.status(id);
      states.push(state);
      expect(scorer).toMatchObject({
        score: { url: state === 'HEALTHY' ? `http://127.0.0.1:9999/${id}/model/score` : '', method: 'POST' },
      });
      await here.cloud.clock.advance(250);
    }
    expect(states).toEqual(['PENDING', 'PREPARING', 'LAUNCHING', 'LAUNCHING', 'HEALTHY']);
  });

  it('scores when it is up, and not before', async () => {
    const here = await bench();
    const id = idOf(await create(here));
    expect(await score(here, id, here.token)).toMatchObject({ status: 503 });
    await here.cloud.clock.advance(1000);
    expect(await score(here, id, here.token)).toMatchObject({ status: 200, body: { id: here.experimentId } });
    expect(await score(here, 'no-such-deployment', here.token)).toMatchObject({ status: 404 });
  });

  it('fails for a model that cannot be evaluated, and says which can', async () => {
    const here = await bench({}, glmMojo({ info: { algo: 'coxph' } }));
    const id = idOf(await create(here));
    expect(await here.alice.status(id)).toMatchObject({ state: 'PENDING', message: '' });
    await here.cloud.clock.advance(1000);
    const status = await here.alice.status(id);
    expect(status).toMatchObject({ state: 'FAILED', scorer: { score: { url: '' } } });
    expect(textOf(status, 'message')).toMatch(/coxph/);
    expect(textOf(status, 'message')).toMatch(/glm/);
  });

  test.each<[string, JsonObject, number]>([
    ['no model', { singleDeployment: undefined }, 400],
    ['two kinds of deployment at once', { shadowDeployment: {} }, 400],
    ['an unknown runtime', { singleDeployment: { deploymentComposition: { runtimeName: 'x' } } }, 400],
    ['an environment that does not exist', { deploymentEnvironmentId: 'x' }, 404],
    ['an experiment that does not exist', { singleDeployment: element('x') }, 404],
    ['two protections at once', { security: { ...oidc, ...disabled } }, 400],
    ['an empty passphrase', { security: { passphrase: {} } }, 400],
    ['a hash that is none', { security: passphrase('plain', 'BCRYPT') }, 400],
  ])('is refused with %s', async (_, changes, refused) => {
    expect(await create(await bench(), changes)).toMatchObject({ refused });
  });

  it('is refused for an experiment without an artifact of that type', async () => {
    const here = await bench();
    const { body } = await here.alice.storage('ExperimentService/CreateExperiment', {
      experiment: { displayName: 'bare' },
      projectId: here.projectId,
    });
    const bare = idOf(objectOf(body, 'experiment'));
    expect(await create(here, { singleDeployment: element(bare) })).toMatchObject({ refused: 400, code: 9 });
  });

  it("is refused in another project's environment", async () => {
    const here = await bench();
    const elsewhere = await here.alice.environment(await here.alice.project('other'));
    expect(await create(here, { deploymentEnvironmentId: elsewhere })).toMatchObject({ refused: 400 });
  });
});

describe('several models in a deployment', () => {
  it('split the traffic by weight', async () => {
    const here = await bench({ healthyAfterMs: 0 });
    const second = await here.alice.experiment(here.projectId, glmMojo());
    const splitElements = [element(here.experimentId, { weight: 3 }), element(second, { weight: 1 })];
    const deployment = await create(here, { singleDeployment: undefined, splitDeployment: { splitElements } });
    expect(deployment).toMatchObject({ splitDeployment: { splitElements: [{ weight: 3 }, { weight: 1 }] } });
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => here.cloud.send(`/${idOf(deployment)}/model/id`, { headers: { authorization: `Bearer ${here.token}` } })),
    );
    const ids = answers.map((answer) => answer.body['text']);
    expect(ids.filter((id) => id === here.experimentId)).toHaveLength(3);
    expect(ids.filter((id) => id === second)).toHaveLength(1);
  });

  it('answer by the champion, not by the challenger', async () => {
    const here = await bench({ healthyAfterMs: 0 });
    const challenger = await here.alice.experiment(here.projectId, glmMojo());
    const shadowDeployment = { primaryElement: element(here.experimentId), secondaryElement: element(challenger) };
    const deployment = await create(here, { singleDeployment: undefined, shadowDeployment });
    expect(deployment).toMatchObject({ shadowDeployment: { secondaryElement: { deploymentComposition: { experimentId: challenger } } } });
    expect(await score(here, idOf(deployment), here.token)).toMatchObject({ body: { id: here.experimentId } });
  });

  it('need a positive weight', async () => {
    const here = await bench();
    const splitDeployment = { splitElements: [element(here.experimentId, { weight: 0 })] };
    expect(await create(here, { singleDeployment: undefined, splitDeployment })).toMatchObject({ refused: 400 });
  });

  test('take turns by weight', () => {
    const turns = [0, 1, 2, 3].map((turn) => weighted([{ weight: 2 }, { weight: 1 }], turn)?.weight);
    expect(turns).toEqual([2, 2, 1, 2]);
  });
});

describe('an update', () => {
  it('starts the deployment anew as another revision', async () => {
    const here = await bench();
    const deployment = await create(here);
    await here.cloud.clock.advance(1000);
    expect(await here.alice.status(idOf(deployment))).toMatchObject({ state: 'HEALTHY' });
    const changed = objectOf((await update(here, { ...deployment, displayName: 'new' })).body, 'deployment');
    expect(changed).toMatchObject({ displayName: 'new', createdTime: deployment['createdTime'] });
    expect(changed['revisionId']).not.toBe(deployment['revisionId']);
    expect(await here.alice.status(idOf(deployment))).toMatchObject({ state: 'PENDING', scorer: { score: { url: '' } } });
    await here.cloud.clock.advance(1000);
    expect(await here.alice.status(idOf(deployment))).toMatchObject({ state: 'HEALTHY' });
  });

  it('with a mask leaves the rest alone', async () => {
    const here = await bench();
    const deployment = await create(here, { description: 'kept' });
    const id = idOf(deployment);
    const variables = { deploymentEnvironmentVariables: { runtimeVariables: { KEY: '1' } }, kubernetesResourceSpec: { replicas: 9 } };
    const sent = { id, displayName: 'ignored', singleDeployment: element(here.experimentId, variables) };
    const { body } = await update(here, sent, 'deployment.single_deployment.deployment_environment_variables');
    expect(body).toMatchObject({
      deployment: {
        displayName: 'credit',
        description: 'kept',
        singleDeployment: { deploymentEnvironmentVariables: { runtimeVariables: { KEY: '1' } }, kubernetesResourceSpec: { replicas: 1 } },
      },
    });
    expect((await update(here, { id, monitor: { enable: true } }, 'deployment.monitor')).body).toMatchObject({
      deployment: { monitor: { enable: true } },
    });
    expect((await update(here, sent, 'deployment.kubernetes_resource_spec')).body).toMatchObject({
      deployment: { singleDeployment: { kubernetesResourceSpec: { replicas: 9 } } },
    });
    expect(await update(here, { id }, 'deployment.owner')).toMatchObject({ status: 400, body: { code: 3 } });
  });

  it('of nothing that exists is 404', async () => {
    const here = await bench();
    expect(await update(here, { id: 'x' })).toMatchObject({ status: 404, body: { code: 5 } });
  });

  test.each<[string, JsonObject, JsonObject, number]>([
    ['nothing to a passphrase', disabled, passphrase('a'), 200],
    ['nothing to tokens', disabled, oidc, 200],
    ['one passphrase to another', passphrase('a'), passphrase('b'), 200],
    ['a plain passphrase to a hashed one', passphrase('a'), passphrase(pbkdf2('a'), 'PBKDF2'), 200],
    ['a hashed passphrase to a plain one', passphrase(bcrypt, 'BCRYPT'), passphrase('a'), 200],
    ['a passphrase to nothing', passphrase('a'), disabled, 400],
    ['a passphrase to tokens', passphrase('a'), oidc, 400],
    ['tokens to a passphrase', oidc, passphrase('a'), 400],
    ['tokens to nothing', oidc, disabled, 400],
  ])('from %s', async (_, from, to, status) => {
    const here = await bench();
    const deployment = await create(here, { security: from });
    expect(await update(here, { id: idOf(deployment), security: to }, 'deployment.security')).toMatchObject({ status });
  });
});

describe('protection that the administrator has not switched on', () => {
  const options = (alice: GatewayUser) => alice.deployer('EnvironmentService/ListSecurityOptions', { environmentName: 'kubernetes' });

  it('is not offered', async () => {
    const all = await bench();
    expect(listOf((await options(all.alice)).body, 'securityOptionTypes')).toHaveLength(5);
    const some = await bench({ securityOptions: ['none', 'passphrase'] });
    expect((await options(some.alice)).body).toEqual({
      securityOptionTypes: [
        { disableStateSecurityType: 'DISABLED_STATE_SECURITY_TYPE_DISABLED' },
        { passphraseHashType: 'PASSPHRASE_HASH_TYPE_PLAINTEXT' },
      ],
      defaultSecurityOptionType: { disableStateSecurityType: 'DISABLED_STATE_SECURITY_TYPE_DISABLED' },
    });
  });

  it('is refused, at a create and at an update', async () => {
    const here = await bench({ securityOptions: ['none', 'passphrase'] });
    for (const security of [oidc, passphrase(bcrypt, 'BCRYPT')])
      expect(await create(here, { security })).toMatchObject({ refused: 400, code: 3 });
    const deployment = await create(here, { security: disabled });
    const answer = await update(here, { id: idOf(deployment), security: oidc }, 'deployment.security');
    expect(answer).toMatchObject({ status: 400 });
    expect(textOf(answer.body, 'message')).toContain('none, passphrase');
  });

  it('is not what an unprotected wish becomes', async () => {
    expect(await create(await bench(), { security: undefined })).toMatchObject({ security: oidc });
    expect(await create(await bench({ securityOptions: ['none'] }), { security: undefined })).toMatchObject({ security: disabled });
  });
});

describe('the scorer of a deployment', () => {
  const protectedBy = async (security: JsonObject): Promise<(credential?: string) => Promise<number>> => {
    const here = await bench({ healthyAfterMs: 0, accessTokenSeconds: 60 });
    const id = idOf(await create(here, { security }));
    return async (credential) => (await score(here, id, credential)).status;
  };

  it('is open to all where protection is off', async () => {
    expect(await (await protectedBy(disabled))()).toBe(200);
  });

  test.each([
    ['plain', passphrase('open sesame')],
    ['PBKDF2 with SHA-256', passphrase(pbkdf2('open sesame'), 'PBKDF2')],
    ['bcrypt', passphrase('$2b$06$lIDxXuwLedDjEGVVdWA84ezcNuUwqd2.HdbnHmrLzkpgE.jeJ4JIW', 'BCRYPT')],
    ['PBKDF2 called BCRYPT, as clients of 1.1 call it', passphrase(pbkdf2('open sesame'), 'BCRYPT')],
    ['PBKDF2 with SHA-512', passphrase(pbkdf2('open sesame', 'sha512'), 'PBKDF2')],
  ])('opens to the plain passphrase, kept as %s', async (_, security) => {
    const status = await protectedBy(security);
    expect(await status('open sesame')).toBe(200);
    expect(await status('open barley')).toBe(401);
    expect(
      await status(
        textOf(objectOf(security, 'passphrase'), 'hash') === 'open sesame' ? '' : textOf(objectOf(security, 'passphrase'), 'hash'),
      ),
    ).toBe(401);
    expect(await status()).toBe(401);
  });

  test.each([
    'pbkdf2:sha256:0$salt$ab',
    'pbkdf2:sha256:99999999999$salt$ab',
    'pbkdf2:sha256:10000001$salt$ab',
    'pbkdf2:sha256:1000$salt$a',
    'pbkdf2:sha256:1000$salt$xyz',
    `$2b$03$${'a'.repeat(53)}`,
    `$2b$17$${'a'.repeat(53)}`,
    `$2b$31$${'a'.repeat(53)}`,
  ])('opens to nothing when it is kept as %s, which no passphrase is compared with', async (hash) => {
    const status = await protectedBy(passphrase(hash, hash.startsWith('$2b$') ? 'BCRYPT' : 'PBKDF2'));
    expect(await status('open sesame')).toBe(401);
  });

  it('opens to a token of any user, with whatever scopes, until it expires', async () => {
    const here = await bench({ healthyAfterMs: 0, accessTokenSeconds: 60 });
    const id = idOf(await create(here, { security: oidc }));
    const { accessToken } = await here.cloud.cloud.issueTokens('bob', { client: 'no-scopes' });
    expect(await score(here, id, accessToken)).toMatchObject({ status: 200 });
    await here.cloud.clock.advance(60_000);
    const expired = await score(here, id, accessToken);
    expect(expired.status).toBe(401);
    expect(expired.headers.get('www-authenticate')).toContain('Jwt expired at 2030-01-01T00:01:00Z');
    expect((await score(here, id)).headers.get('www-authenticate')).toBe('Bearer');
  });

  describe('of a GBM', () => {
    const capabilities = async (
      options: Omit<LocalCloudOptions, 'origin' | 'clock'>,
      variables: JsonObject = {},
      model = 'credit-gbm.zip',
    ): Promise<{ state: unknown; type: string | null; list: unknown }> => {
      const here = await bench({ healthyAfterMs: 0, ...options }, exportedModel(model));
      const changes = { deploymentEnvironmentVariables: { runtimeVariables: variables } };
      const id = idOf(await create(here, { security: disabled, singleDeployment: element(here.experimentId, changes) }));
      const answer = await here.cloud.send(`/${id}/model/capabilities`);
      const { state } = await here.alice.status(id);
      return { state, type: answer.headers.get('content-type'), list: answer.body['value'] };
    };

    it('is healthy and explains its scores, by either kind of Shapley value', async () => {
      const list = ['SCORE', 'CONTRIBUTION_ORIGINAL', 'CONTRIBUTION_TRANSFORMED'];
      expect(await capabilities({})).toEqual({ state: 'HEALTHY', type: 'application/json', list });
    });

    test.each([
      ['ALL', ['SCORE', 'CONTRIBUTION_ORIGINAL', 'CONTRIBUTION_TRANSFORMED']],
      ['TRANSFORMED', ['SCORE', 'CONTRIBUTION_TRANSFORMED']],
      ['NONE', ['SCORE']],
    ])('explains what its variable SHAPLEY_TYPES_ENABLED says: %s', async (setting, list) => {
      expect(await capabilities({}, { SHAPLEY_TYPES_ENABLED: setting })).toMatchObject({ list });
      expect(await capabilities({}, { SHAPLEY_TYPES_ENABLED: setting }, 'credit-glm.zip')).toMatchObject({ list: ['SCORE'] });
    });

    it('answers by the contract that the cloud was started with', async () => {
      const { type } = await capabilities({ scorerContract: 'python-pydantic2' });
      expect(type).toBe('text/plain; charset=utf-8');
    });
  });

  it('is gone with its deployment', async () => {
    const here = await bench({ healthyAfterMs: 0 });
    const id = idOf(await create(here));
    expect((await here.alice.deployer('DeploymentService/DeleteDeployment', { id })).body).toEqual({});
    expect(await score(here, id, here.token)).toMatchObject({ status: 404 });
    expect(
      listOf((await here.alice.deployer('DeploymentService/ListProjectDeployments', { projectId: here.projectId })).body, 'deployment'),
    ).toEqual([]);
  });
});

describe('endpoints', () => {
  it('are made, moved, detached and deleted', async () => {
    const here = await bench();
    const environmentId = await here.alice.environment(here.projectId);
    const parent = `projects/${here.projectId}/environments/${environmentId}`;
    const target = `${parent}/deployments/${idOf(await create(here))}`;
    const created = await here.alice.deployer('EndpointService/CreateEndpoint', {
      parent,
      endpoint: { displayName: 'live', path: 'credit/live', target },
    });
    const endpoint = objectOf(created.body, 'endpoint');
    const name = textOf(endpoint, 'name');
    expect((await here.alice.deployer('EndpointService/ListEndpoints', { parent })).body).toEqual({
      endpoints: [endpoint],
      nextPageToken: '',
    });
    const detached = await here.alice.deployer('EndpointService/UpdateEndpoint', { endpoint: { ...endpoint, target: '' } });
    expect(detached.body).toMatchObject({ endpoint: { name, path: 'credit/live', target: '' } });
    const renamed = await here.alice.deployer('EndpointService/UpdateEndpoint', {
      endpoint: { name, displayName: 'n' },
      updateMask: 'displayName',
    });
    expect(renamed.body).toMatchObject({ endpoint: { displayName: 'n', path: 'credit/live' } });
    await here.alice.deployer('EndpointService/DeleteEndpoint', { name });
    expect(await here.alice.deployer('EndpointService/GetEndpoint', { name })).toMatchObject({ status: 404 });
  });

  it('refuse a path with stray slashes', async () => {
    const here = await bench();
    const parent = `projects/${here.projectId}/environments/${await here.alice.environment(here.projectId)}`;
    for (const path of ['', '/a', 'a/', 'a//b']) {
      expect(await here.alice.deployer('EndpointService/CreateEndpoint', { parent, endpoint: { path } })).toMatchObject({ status: 400 });
    }
  });
});

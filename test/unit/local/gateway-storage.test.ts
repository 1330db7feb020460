import { createHash } from 'node:crypto';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it, test } from 'vitest';
import { element, listOf, objectOf, TestCloud, textOf, uploadLines } from './cloud.js';
import { exportedModel, glmMojo } from './models.js';

const names = (entries: readonly Readonly<Record<string, unknown>>[]) => entries.map((entry) => entry['displayName']);
const named = (field: string, operator: string, stringValue: string) => ({
  filter: { query: { clause: [{ propertyConstraint: [{ property: { field }, operator, value: { stringValue } }] }] } },
});

describe('messages', () => {
  it('are taken in both spellings', async () => {
    const alice = await new TestCloud().user();
    const { body } = await alice.storage('ProjectService/CreateProject', { project: { display_name: 'snake' } });
    const project = objectOf(body, 'project');
    expect(project).toMatchObject({ displayName: 'snake' });
    expect((await alice.storage('ProjectService/GetProject', { project_id: project['id'] })).body).toEqual({ project });
  });

  it('keep the keys of maps as they are', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const values = { tool_version: { string_value: '1' }, 'dai/score': { doubleValue: 0.5 } };
    const created = await alice.storage('ExperimentService/CreateExperiment', {
      experiment: { display_name: 'e', metadata: { values } },
      project_id: projectId,
      response_metadata: { pattern: ['%'] },
    });
    expect(objectOf(created.body, 'experiment')).toMatchObject({
      metadata: { values: { tool_version: { stringValue: '1' }, 'dai/score': { doubleValue: 0.5 } } },
    });
  });

  it('write out every zero value', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const { body } = await alice.storage('ExperimentService/CreateExperiment', { experiment: { displayName: 'e' }, projectId });
    expect(objectOf(body, 'experiment')).toMatchObject({
      metadata: null,
      statistics: { trainingDuration: null },
      tag: [],
      description: '',
      parameters: { targetColumn: '', foldColumn: '' },
    });
  });

  test.each([
    ['JSON that is none', '{', 400, 3],
    ['a list', '[]', 400, 3],
    ['a number where a text belongs', '{"project":{"displayName":5}}', 400, 3],
    ['a text where a message belongs', '{"project":"x"}', 400, 3],
  ])('are refused: %s', async (_, body, status, code) => {
    const alice = await new TestCloud().user();
    expect(await alice.send('storage/ai.h2o.storage.ProjectService/CreateProject', body)).toMatchObject({
      status,
      body: { code, details: [] },
    });
  });

  it('to a method that does not exist are 404 in JSON, which tells the platform', async () => {
    const cloud = new TestCloud({ platform: '0.69' });
    const { accessToken } = await cloud.cloud.issueTokens('alice');
    const answer = await cloud.send('/mlops/deployer/v2/configuration/securityOptionTypes', {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer).toMatchObject({ status: 404, body: { code: 5 } });
    expect(answer.headers.get('content-type')).toContain('application/json');
  });
});

describe('projects', () => {
  it('may share a name, and have two environments from the start', async () => {
    const alice = await new TestCloud().user();
    const [one, other] = [await alice.project(), await alice.project()];
    expect(one).not.toBe(other);
    const { body } = await alice.storage('DeploymentEnvironmentService/ListDeploymentEnvironments', { projectId: one });
    expect(names(listOf(body, 'deploymentEnvironment'))).toEqual(['DEV', 'PROD']);
    expect(body['paging']).toBeNull();
  });

  it('change what the mask names, or all that can change', async () => {
    const alice = await new TestCloud().user();
    const id = await alice.project('old');
    const masked = await alice.storage('ProjectService/UpdateProject', {
      project: { id, displayName: 'new', description: 'ignored' },
      updateMask: 'display_name',
    });
    expect(masked.body).toMatchObject({ project: { displayName: 'new', description: '' } });
    const whole = await alice.storage('ProjectService/UpdateProject', { project: { id, displayName: 'newer', description: 'd' } });
    expect(whole.body).toMatchObject({ project: { displayName: 'newer', description: 'd' } });
    expect(await alice.storage('ProjectService/UpdateProject', { project: { id }, updateMask: 'ownerId' })).toMatchObject({ status: 400 });
  });

  it('go with everything in them, a live deployment too', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const experimentId = await alice.experiment(projectId, exportedModel('credit-glm.zip'));
    const created = await alice.deployer('DeploymentService/CreateDeployment', {
      deployment: await alice.deployment(projectId, experimentId),
    });
    const deploymentId = textOf(objectOf(created.body, 'deployment'), 'id');
    expect(await alice.storage('ProjectService/DeleteProject', { projectId })).toMatchObject({ status: 200, body: {} });
    expect(await alice.deployer('DeploymentStatusService/GetDeploymentStatus', { deploymentId })).toMatchObject({
      status: 404,
      body: { code: 5 },
    });
    expect(await alice.storage('ExperimentService/GetExperiment', { id: experimentId })).toMatchObject({ status: 404 });
  });
});

describe('lists', () => {
  it('come in pages, the last without paging', async () => {
    const alice = await new TestCloud({ pageSize: 2 }).user();
    for (const name of ['a', 'b', 'c']) await alice.project(name);
    const first = (await alice.storage('ProjectService/ListProjects')).body;
    expect(names(listOf(first, 'project'))).toEqual(['a', 'b']);
    expect(first).toMatchObject({ paging: { nextPageToken: Buffer.from('2').toString('base64') }, userProjectCount: '3' });
    const last = (await alice.storage('ProjectService/ListProjects', { paging: { pageToken: objectOf(first, 'paging')['nextPageToken'] } }))
      .body;
    expect(names(listOf(last, 'project'))).toEqual(['c']);
    expect(last['paging']).toBeNull();
  });

  it('take the page size that is asked for', async () => {
    const alice = await new TestCloud().user();
    for (const name of ['a', 'b', 'c']) await alice.project(name);
    expect((await alice.storage('ProjectService/ListProjects', { paging: { page_size: 1 } })).body).toMatchObject({
      project: [{ displayName: 'a' }],
      paging: {},
    });
    expect((await alice.storage('ProjectService/ListProjects', { paging: { pageSize: 3 } })).body).toMatchObject({ paging: null });
  });

  it('refuse a page token that is none of theirs', async () => {
    const alice = await new TestCloud().user();
    for (const pageToken of ['!', 'YWJj']) {
      expect(await alice.storage('ProjectService/ListProjects', { paging: { pageToken } })).toMatchObject({
        status: 400,
        body: { code: 3 },
      });
    }
  });

  test.each([
    ['EQUAL_TO', 'ab', ['ab']],
    ['NOT_EQUAL_TO', 'ab', ['b', 'c']],
    ['CONTAINS', 'b', ['b', 'ab']],
  ])('are filtered by display_name %s', async (operator, value, expected) => {
    const alice = await new TestCloud().user();
    for (const name of ['b', 'ab', 'c']) await alice.project(name);
    const { body } = await alice.storage('ProjectService/ListProjects', named('display_name', operator, value));
    expect(names(listOf(body, 'project'))).toEqual(expected);
  });

  it('are filtered before they are cut into pages, and sorted', async () => {
    const alice = await new TestCloud({ pageSize: 1 }).user();
    for (const name of ['x', 'b', 'a']) await alice.project(name);
    expect((await alice.storage('ProjectService/ListProjects', named('display_name', 'EQUAL_TO', 'a'))).body).toMatchObject({
      project: [{ displayName: 'a' }],
      paging: null,
    });
    const sorting = { property: [{ property: { field: 'display_name' }, order: 'DESCENDING' }] };
    expect(
      names(listOf((await alice.storage('ProjectService/ListProjects', { sorting, paging: { pageSize: 3 } })).body, 'project')),
    ).toEqual(['x', 'b', 'a']);
  });

  it('filter experiments, models and tags too', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    for (const displayName of ['one', 'two']) {
      await alice.storage('ExperimentService/CreateExperiment', { experiment: { displayName }, projectId });
      await alice.storage('RegisteredModelService/CreateRegisteredModel', { registeredModel: { displayName, projectId } });
      await alice.storage('TagService/CreateTag', { tag: { displayName }, projectId });
    }
    const filter = named('display_name', 'EQUAL_TO', 'two');
    const lists = [
      ['ExperimentService/ListExperiments', 'experiment'],
      ['RegisteredModelService/ListRegisteredModels', 'registeredModels'],
      ['TagService/ListTags', 'tag'],
    ] as const;
    for (const [method, field] of lists) {
      expect(names(listOf((await alice.storage(method, { projectId, ...filter })).body, field))).toEqual(['two']);
    }
  });

  it('filter experiments by their tag', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    for (const displayName of ['one', 'two'])
      await alice.storage('ExperimentService/CreateExperiment', { experiment: { displayName }, projectId });
    const experiments = listOf((await alice.storage('ExperimentService/ListExperiments', { projectId })).body, 'experiment');
    const tagId = textOf(
      objectOf((await alice.storage('TagService/CreateTag', { tag: { displayName: 't' }, projectId })).body, 'tag'),
      'id',
    );
    await alice.storage('ExperimentService/TagExperiment', { experimentId: experiments[1]?.['id'], tagId });
    const tagged = { projectId, filter: { query: { clause: [{ tagConstraint: [{ tagId }] }] } } };
    expect(names(listOf((await alice.storage('ExperimentService/ListExperiments', tagged)).body, 'experiment'))).toEqual(['two']);
  });

  it('refuse a filter that they do not understand, rather than ignore it', async () => {
    const alice = await new TestCloud().user();
    await alice.project();
    for (const filter of [named('no_such_field', 'EQUAL_TO', 'x'), named('display_name', 'RESEMBLES', 'x')]) {
      expect(await alice.storage('ProjectService/ListProjects', filter)).toMatchObject({ status: 400, body: { code: 3 } });
    }
  });
});

describe('the metadata of an experiment', () => {
  it('is answered for the keys asked for, with % for any text and %% for itself', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const values = Object.fromEntries(['score', 'dai/score', '100%', 'a.c', 'abc'].map((key) => [key, { stringValue: key }]));
    const created = await alice.storage('ExperimentService/CreateExperiment', { experiment: { metadata: { values } }, projectId });
    const id = textOf(objectOf(created.body, 'experiment'), 'id');
    const keys = async (pattern: readonly string[]): Promise<readonly string[]> => {
      const { body } = await alice.storage('ExperimentService/GetExperiment', { id, responseMetadata: { pattern } });
      return Object.keys(objectOf(objectOf(objectOf(body, 'experiment'), 'metadata'), 'values'));
    };
    expect(await keys(['score'])).toEqual(['score']);
    expect(await keys(['%score'])).toEqual(['score', 'dai/score']);
    expect(await keys(['100%%'])).toEqual(['100%']);
    expect(await keys(['a.c'])).toEqual(['a.c']);
    expect(await keys([])).toEqual([]);
    expect((await alice.storage('ExperimentService/GetExperiment', { id })).body).toMatchObject({ experiment: { metadata: null } });
  });
});

describe('what is pinned on an experiment', () => {
  it('is counted as it is listed', async () => {
    const alice = await new TestCloud({ pageSize: 1 }).user();
    const projectId = await alice.project();
    const created = await alice.storage('ExperimentService/CreateExperiment', { experiment: { displayName: 'e' }, projectId });
    const experimentId = textOf(objectOf(created.body, 'experiment'), 'id');
    const dataset = objectOf((await alice.storage('DatasetService/CreateDataset', { dataset: {}, projectId })).body, 'dataset');
    for (const commentMessage of ['one', 'two'])
      await alice.storage('ExperimentService/CreateExperimentComment', { experimentId, commentMessage });
    const metric = { experimentId, datasetId: dataset['id'], key: 'auc', value: { doubleValue: 0.5 } };
    await alice.storage('ExperimentService/CreateExperimentMetric', metric);
    const of = { experimentId };
    expect(listOf((await alice.storage('ExperimentService/ListExperimentComments', of)).body, 'comment')).toHaveLength(1);
    expect(await alice.storage('ExperimentService/CountExperimentComments', of)).toMatchObject({ body: { count: '2' } });
    expect(await alice.storage('ExperimentService/CountExperimentMetrics', of)).toMatchObject({ body: { count: '1' } });
  });
});

describe('a dataset', () => {
  it('is shown in other projects that it is linked into', async () => {
    const alice = await new TestCloud().user();
    const [projectId, other] = [await alice.project('one'), await alice.project('other')];
    const dataset = objectOf(
      (await alice.storage('DatasetService/CreateDataset', { dataset: { displayName: 'd' }, projectId })).body,
      'dataset',
    );
    const link = { projectId: other, datasetId: dataset['id'] };
    const shown = async () => names(listOf((await alice.storage('DatasetService/ListDatasets', { projectId: other })).body, 'dataset'));
    expect(await alice.storage('DatasetService/LinkDatasetIntoProject', link)).toMatchObject({ status: 200 });
    expect(await shown()).toEqual(['d']);
    await alice.storage('DatasetService/UnlinkDatasetFromProject', link);
    expect(await shown()).toEqual([]);
  });
});

describe('an upload', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);

  it('is read back unchanged, whole or in part', async () => {
    const alice = await new TestCloud().user();
    const artifactId = await alice.artifact(await alice.project());
    expect(await alice.write(uploadLines(artifactId, bytes))).toMatchObject({ status: 200, body: { committedSize: '100000' } });
    const { body } = await alice.storage('ArtifactService/GetArtifact', { id: artifactId });
    expect(body).toMatchObject({
      artifact: { state: 'AVAILABLE', size: '100000', md5Digest: createHash('md5').update(bytes).digest('base64') },
    });
    const read = async (range: Readonly<Record<string, unknown>> = {}): Promise<Buffer> => {
      const { body: answer } = await alice.send(
        'storage/google.bytestream.ByteStream/Read',
        JSON.stringify({ resourceName: artifactId, ...range }),
      );
      const lines = 'text' in answer ? textOf(answer, 'text').trim().split('\n') : [JSON.stringify(answer)];
      return Buffer.concat(lines.map((line) => Buffer.from(/"data":"([^"]*)"/.exec(line)?.[1] ?? '', 'base64')));
    };
    expect(Buffer.compare(await read(), bytes)).toBe(0);
    expect(Buffer.compare(await read({ readOffset: '70000', readLimit: '9' }), bytes.subarray(70_000, 70_009))).toBe(0);
  });

  it('arrives in any pieces that the network makes of it', async () => {
    const cloud = new TestCloud();
    const alice = await cloud.user();
    const artifactId = await alice.artifact(await alice.project());
    const lines = Buffer.from(uploadLines(artifactId, bytes));
    const { accessToken } = await cloud.cloud.issueTokens('alice');
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= lines.length) controller.close();
        else controller.enqueue(lines.subarray(sent, (sent += 777)));
      },
    });
    const request = new Request(`${cloud.cloud.origin}/mlops/storage/google.bytestream.ByteStream/Write`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
      body,
      duplex: 'half',
    });
    expect(await (await cloud.cloud.fetch(request)).json()).toEqual({ committedSize: '100000' });
    expect(cloud.cloud.requests.at(-1)).toMatchObject({ body: { ndjson: { lines: 5, bytes: lines.length } }, status: 200 });
  });

  it('that stops short is an error, and leaves what came', async () => {
    const alice = await new TestCloud().user();
    const artifactId = await alice.artifact(await alice.project());
    const state = async (): Promise<unknown> =>
      objectOf((await alice.storage('ArtifactService/GetArtifact', { id: artifactId })).body, 'artifact')['state'];
    expect(await state()).toBe('EMPTY');
    expect(await alice.write('')).toMatchObject({ status: 400 });
    expect(await state()).toBe('EMPTY');
    const half = bytes.subarray(0, 50_000);
    expect(await alice.write(uploadLines(artifactId, half, { finish: false }))).toMatchObject({ status: 400, body: { code: 11 } });
    expect(await state()).toBe('BEING_UPLOADED');
    expect(await alice.ingest(artifactId)).toMatchObject({ status: 400, body: { code: 9 } });
  });

  it('goes on from where it stopped', async () => {
    const alice = await new TestCloud().user();
    const artifactId = await alice.artifact(await alice.project());
    await alice.write(uploadLines(artifactId, bytes.subarray(0, 50_000), { finish: false }));
    const status = await alice.send('storage/google.bytestream.ByteStream/QueryWriteStatus', JSON.stringify({ resourceName: artifactId }));
    expect(status.body).toEqual({ committedSize: '50000', complete: false });
    expect(await alice.write(uploadLines(artifactId, bytes, { from: 50_000 }))).toMatchObject({ body: { committedSize: '100000' } });
  });

  it('is refused with a hole, twice over, as no base64, or by halves of two artifacts', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const [artifactId, other] = [await alice.artifact(projectId), await alice.artifact(projectId)];
    expect(await alice.write(uploadLines(artifactId, bytes, { from: 10 }))).toMatchObject({ status: 400, body: { code: 11 } });
    expect(await alice.write(`{"resourceName":"${artifactId}","data":"a-_b"}\n`)).toMatchObject({ status: 400, body: { code: 3 } });
    expect(await alice.write(`{"resourceName":"${artifactId}"}\n{"resourceName":"${other}"}\n`)).toMatchObject({
      status: 400,
      body: { code: 3 },
    });
    expect(await alice.write(`{"resourceName":"${artifactId}"}\nnonsense\n`)).toMatchObject({ status: 400, body: { code: 3 } });
    await alice.write(uploadLines(artifactId, bytes));
    expect(await alice.write(uploadLines(artifactId, bytes))).toMatchObject({ status: 400, body: { code: 9 } });
  });
});

describe('ingestion', () => {
  it('reads an H2O-3 model', async () => {
    const alice = await new TestCloud().user();
    const artifactId = await alice.artifact(await alice.project());
    await alice.write(uploadLines(artifactId, exportedModel('credit-glm.zip')));
    expect((await alice.ingest(artifactId)).body).toMatchObject({
      ingestion: {
        artifactId,
        artifactType: 'h2o3/mojo',
        modelParameters: { targetColumn: 'default payment next month' },
        modelMetadata: {
          values: { tool_version: { stringValue: '3.46.0.6' }, model_type: { stringValue: 'Generalized Linear Modeling' } },
        },
      },
    });
  });

  it('takes models that cannot be evaluated here', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const driverless = zipSync({ 'mojo-pipeline/pipeline.mojo': strToU8('x') });
    for (const [bytes, artifactType] of [
      [glmMojo({ info: { algo: 'coxph' } }), 'h2o3/mojo'],
      [driverless, 'dai/mojo_pipeline'],
    ] as const) {
      const artifactId = await alice.artifact(projectId);
      await alice.write(uploadLines(artifactId, bytes));
      expect((await alice.ingest(artifactId)).body).toMatchObject({ ingestion: { artifactType } });
    }
  });

  test.each([
    ['text', strToU8('not a zip')],
    ['a zip of something else', zipSync({ 'readme.txt': strToU8('x') })],
    ['a zip cut short', exportedModel('credit-glm.zip').subarray(0, 1000)],
  ])('refuses %s', async (_, bytes) => {
    const alice = await new TestCloud().user();
    const artifactId = await alice.artifact(await alice.project());
    await alice.write(uploadLines(artifactId, bytes));
    const answer = await alice.ingest(artifactId);
    expect(answer).toMatchObject({ status: 400, body: { code: 3 } });
    expect(textOf(answer.body, 'message')).toContain('is not a model');
  });
});

describe('registered models', () => {
  it('number their versions, and never give a number twice while one is there', async () => {
    const alice = await new TestCloud().user();
    const projectId = await alice.project();
    const experimentId = await alice.experiment(projectId, exportedModel('credit-glm.zip'));
    const created = await alice.storage('RegisteredModelService/CreateRegisteredModel', {
      registeredModel: { displayName: 'm', projectId },
    });
    const registeredModelId = textOf(objectOf(created.body, 'registeredModel'), 'id');
    const register = () =>
      alice.storage('RegisteredModelVersionService/CreateModelVersion', { registeredModelVersion: { registeredModelId, experimentId } });
    const first = objectOf((await register()).body, 'registeredModelVersion');
    expect((await register()).body).toMatchObject({ registeredModelVersion: { version: 2 } });
    await alice.storage('RegisteredModelVersionService/DeleteModelVersion', { id: first['id'] });
    expect((await register()).body).toMatchObject({ registeredModelVersion: { version: 3 } });
    const { body } = await alice.storage('RegisteredModelVersionService/ListModelVersionsForModel', { registeredModelId });
    expect(listOf(body, 'modelVersions').map((version) => version['version'])).toEqual([2, 3]);
  });
});

describe("another user's things", () => {
  it('do not exist', async () => {
    const cloud = new TestCloud();
    const [alice, bob] = [await cloud.user('alice'), await cloud.user('bob')];
    const projectId = await alice.project();
    const experimentId = await alice.experiment(projectId, exportedModel('credit-glm.zip'));
    const created = await alice.deployer('DeploymentService/CreateDeployment', {
      deployment: await alice.deployment(projectId, experimentId),
    });
    const deploymentId = textOf(objectOf(created.body, 'deployment'), 'id');
    const artifactId = textOf(
      listOf((await alice.storage('ArtifactService/ListEntityArtifacts', { entityId: experimentId })).body, 'artifact')[0] ?? {},
      'id',
    );

    expect((await bob.storage('ProjectService/ListProjects')).body).toMatchObject({ project: [], userProjectCount: '0' });
    const attempts = [
      bob.storage('ProjectService/GetProject', { projectId }),
      bob.storage('ProjectService/DeleteProject', { projectId }),
      bob.storage('ExperimentService/ListExperiments', { projectId }),
      bob.storage('ExperimentService/GetExperiment', { id: experimentId }),
      bob.storage('ArtifactService/GetArtifact', { id: artifactId }),
      bob.send('storage/google.bytestream.ByteStream/Read', JSON.stringify({ resourceName: artifactId })),
      bob.write(uploadLines(artifactId, new Uint8Array(1))),
      bob.ingest(artifactId),
      bob.deployer('DeploymentService/ListProjectDeployments', { projectId }),
      bob.deployer('DeploymentStatusService/GetDeploymentStatus', { deploymentId }),
      bob.deployer('DeploymentService/DeleteDeployment', { id: deploymentId }),
    ];
    for (const { status, body } of await Promise.all(attempts)) expect({ status, code: body['code'] }).toEqual({ status: 404, code: 5 });
  });

  it('cannot be deployed from a project of one’s own', async () => {
    const cloud = new TestCloud();
    const [alice, bob] = [await cloud.user('alice'), await cloud.user('bob')];
    const experimentId = await alice.experiment(await alice.project(), exportedModel('credit-glm.zip'));
    const projectId = await bob.project();
    const deployment = { ...(await bob.deployment(projectId, experimentId)), singleDeployment: element(experimentId) };
    expect(await bob.deployer('DeploymentService/CreateDeployment', { deployment })).toMatchObject({ status: 404 });
  });

  it('have an owner whose name can be asked', async () => {
    const alice = await new TestCloud().user();
    const { body } = await alice.storage('UserService/WhoAmI');
    const user = objectOf(body, 'user');
    expect(user).toMatchObject({ username: 'alice', primaryEmail: 'alice@example.com' });
    expect((await alice.storage('UserService/GetUser', { id: user['id'] })).body).toEqual({ user });
    expect(await alice.storage('UserService/GetUser', { id: 'nobody' })).toMatchObject({ status: 404 });
  });
});

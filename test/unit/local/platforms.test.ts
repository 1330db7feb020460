import { describe, expect, it } from 'vitest';
import { TestCloud, idOf, listOf, objectOf, oidcSecurity, restElement, textOf, uploadLines } from './cloud.js';
import { exportedModel } from './models.js';

const model = exportedModel('credit-glm.zip');

describe('one state behind all platforms', () => {
  it('shows a project of 0.69 as a workspace of 1.2, and the other way round', async () => {
    const cloud = new TestCloud();
    const [rpc, rest] = [await cloud.user(), await cloud.workspaceUser()];
    const projectId = await rpc.project('made as a project');
    const workspace = await rest.workspace('made as a workspace');
    const workspaces = listOf((await rest.authz('GET', 'workspaces')).body, 'workspaces');
    expect(workspaces).toMatchObject([{ name: `workspaces/${projectId}`, displayName: 'made as a project' }, { name: workspace }]);
    const projects = listOf((await rpc.storage('ProjectService/ListProjects')).body, 'project');
    expect(projects).toMatchObject([{ id: projectId }, { id: idOf(workspace), displayName: 'made as a workspace' }]);
    expect(await rpc.environment(idOf(workspace))).not.toBe('');
  });

  it('shows a deployment of 1.2 to a client of 0.69', async () => {
    const cloud = new TestCloud({ healthyAfterMs: 0 });
    const [rpc, rest] = [await cloud.user(), await cloud.workspaceUser()];
    const workspace = await rest.workspace();
    const deployment = await rest.deployment(workspace, await rest.experiment(workspace, model));
    const { body } = await rpc.deployer('DeploymentService/ListProjectDeployments', { projectId: idOf(workspace) });
    expect(listOf(body, 'deployment')).toMatchObject([
      {
        id: idOf(textOf(deployment, 'name')),
        displayName: 'credit',
        singleDeployment: { deploymentComposition: { runtimeName: 'h2o3_mojo_runtime' } },
        security: { tokenAuth: { authenticationProtocol: 'AUTHORIZATION_PROTOCOL_OIDC' } },
      },
    ]);
  });

  it('shows a deployment of 0.69 to clients of 1.0 and of 1.2', async () => {
    const cloud = new TestCloud({ healthyAfterMs: 0 });
    const [rpc, rest] = [await cloud.user(), await cloud.workspaceUser()];
    const projectId = await rpc.project();
    const sent = await rpc.deployment(projectId, await rpc.experiment(projectId, model));
    await rpc.deployer('DeploymentService/CreateDeployment', { deployment: sent });
    const { body } = await rest.deployer('GET', `workspaces/${projectId}/deployments`);
    expect(listOf(body, 'deployments')).toMatchObject([{ displayName: 'credit', security: oidcSecurity, securities: [oidcSecurity] }]);
    expect(body['nextPageToken']).toBe('');
  });
});

describe('the main flow of platform 1.2', () => {
  it('leads from a workspace to a score, and leaves nothing behind', async () => {
    const cloud = new TestCloud({ platform: '1.2', healthyAfterMs: 0 });
    const alice = await cloud.workspaceUser();
    const workspace = await alice.workspace();
    const experimentId = await alice.experiment(workspace, model);
    const experiment = await alice.storage('ExperimentService/GetExperiment', {
      id: experimentId,
      responseMetadata: { pattern: ['%schema'] },
    });
    expect(objectOf(experiment.body, 'experiment')).toMatchObject({
      parameters: { targetColumn: 'default payment next month' },
      metadata: { values: { input_schema: {}, output_schema: {} } },
    });
    const registered = await alice.storage('RegisteredModelVersionService/CreateModelVersion', {
      registeredModelVersion: { experimentId },
      registeredModelDisplayName: 'credit',
      projectId: idOf(workspace),
    });
    expect(objectOf(registered.body, 'registeredModelVersion')).toMatchObject({ version: 1 });

    const deployment = await alice.deployment(workspace, experimentId);
    expect(deployment).not.toHaveProperty('security');
    expect(await alice.state(deployment)).toBe('HEALTHY');
    const metadata = await alice.deployer('GET', `${textOf(deployment, 'name')}/metadata`);
    const uri = textOf(objectOf(objectOf(objectOf(metadata.body, 'deploymentMetadata'), 'scoringInterface'), 'score'), 'uri');
    const scored = await alice.send('POST', new URL(uri).pathname, { fields: ['AGE'], rows: [['41']] });
    expect(scored.body).toMatchObject({ id: experimentId });

    expect(await alice.deployer('DELETE', textOf(deployment, 'name'))).toMatchObject({ status: 200, body: {} });
    expect(await alice.authz('DELETE', workspace)).toMatchObject({ status: 200 });
    expect(await alice.authz('GET', workspace)).toMatchObject({ status: 404, body: { code: 5 } });
    expect((await alice.authz('GET', 'workspaces')).body).toEqual({ workspaces: [], nextPageToken: '' });
  });
});

describe('the main flow of platform 1.0', () => {
  it('uploads in pieces, inspects at once and deploys with one security', async () => {
    const cloud = new TestCloud({ platform: '1.0', healthyAfterMs: 0 });
    const [alice, bytes] = [await cloud.workspaceUser(), await cloud.user()];
    const workspace = await alice.workspace();
    const artifactId = await bytes.artifact(idOf(workspace));
    await bytes.write(uploadLines(artifactId, model));
    expect(objectOf((await bytes.ingest(artifactId)).body, 'ingestion')).toMatchObject({ artifactType: 'h2o3/mojo' });
    const experimentId = await bytes.experiment(idOf(workspace), model);
    const { status, body } = await alice.deployer('POST', `${workspace.replace('/', '%2F')}/deployments`, {
      displayName: 'credit',
      single: restElement(experimentId),
      security: { passphrase: { passphrase: 'open sesame', hashAlgorithm: 'PBKDF2' } },
    });
    expect(status).toBe(200);
    expect(objectOf(body, 'deployment')).toMatchObject({ security: { passphrase: { passphrase: '', hashAlgorithm: 'PBKDF2' } } });
    expect(objectOf(body, 'deployment')).not.toHaveProperty('securities');
  });
});

describe('a cloud that is restricted to one platform', () => {
  it.each<['0.69' | '1.0' | '1.2', string, string, number]>([
    ['0.69', 'GET', '/mlops/deployer/v2/artifactCompositions', 404],
    ['0.69', 'GET', '/authz/v1/workspaces', 404],
    ['0.69', 'GET', '/mlops/me', 404],
    ['0.69', 'POST', '/mlops/storage/ai.h2o.storage.ProjectService/ListProjects', 200],
    ['1.0', 'POST', '/mlops/storage/ai.h2o.storage.ProjectService/ListProjects', 404],
    ['1.0', 'POST', '/mlops/deployer/ai.h2o.deploy.CompositionService/ListArtifactCompositions', 404],
    ['1.0', 'POST', '/mlops/storage/ai.h2o.storage.ArtifactService/GenerateArtifactUploadURL', 404],
    ['1.0', 'GET', '/mlops/deployer/v2/artifactCompositions', 200],
    ['1.2', 'POST', '/mlops/storage/google.bytestream.ByteStream/Write', 404],
    ['1.2', 'POST', '/mlops/ingest/ai.h2o.ingest.ModelIngest/CreateModelIngestion', 404],
    ['1.2', 'GET', '/mlops/me', 200],
  ])('%s answers %s %s with %i', async (platform, method, path, status) => {
    const alice = await new TestCloud({ platform }).workspaceUser();
    expect(await alice.send(method, path, method === 'GET' ? undefined : {})).toMatchObject({ status });
  });

  it('says who the caller is in a header of the answer', async () => {
    const alice = await new TestCloud().workspaceUser();
    const { headers } = await alice.send('GET', '/mlops/me');
    const id = headers.get('x-user-id') ?? '';
    expect((await alice.authz('GET', `users/${id}`)).body).toMatchObject({
      user: { name: `users/${id}`, displayName: 'Alice Archer', active: true, loginPrincipal: 'alice' },
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/local/json.js';
import { TestCloud, idOf, listOf, objectOf, textOf } from './cloud.js';
import { exportedModel } from './models.js';

async function shared({ readOnly }: { readonly readOnly: boolean }) {
  const cloud = new TestCloud();
  const [alice, bob, rpc] = [await cloud.workspaceUser(), await cloud.workspaceUser('bob'), await cloud.user()];
  const workspace = await alice.workspace();
  const projectId = idOf(workspace);
  const experimentId = await alice.experiment(workspace, exportedModel('credit-glm.zip'));
  const bobsId = textOf(objectOf((await alice.storage('UserService/GetUserByUsername', { username: 'bob' })).body, 'user'), 'id');
  const role = listOf((await rpc.storage('RoleService/ListRoles')).body, 'role')[0]?.['id'];
  const message: JsonObject = { projectId, userId: bobsId, restrictionRoleId: readOnly ? role : '' };
  const { body } = await rpc.storage('ProjectService/ShareProject', message);
  return { alice, bob, rpc, workspace, projectId, experimentId, sharingId: textOf(objectOf(body, 'sharing'), 'id') };
}

describe('a project that is shared', () => {
  it('is seen with all that is in it, on every platform', async () => {
    const { bob, workspace, projectId, experimentId } = await shared({ readOnly: true });
    expect(listOf((await bob.authz('GET', 'workspaces')).body, 'workspaces')).toMatchObject([{ name: workspace }]);
    expect(listOf((await bob.storage('ProjectService/ListProjects')).body, 'project')).toMatchObject([{ id: projectId }]);
    expect(await bob.storage('ExperimentService/GetExperiment', { id: experimentId })).toMatchObject({ status: 200 });
    const artifacts = listOf((await bob.storage('ArtifactService/ListEntityArtifacts', { entityId: experimentId })).body, 'artifact');
    const download = await bob.storage('ArtifactService/GenerateArtifactDownloadURL', { id: artifacts[0]?.['id'] });
    expect(download).toMatchObject({ status: 200 });
  });

  it('to read is not changed: 403, not 404', async () => {
    const { bob, workspace, projectId, experimentId } = await shared({ readOnly: true });
    const refused = { status: 403, body: { code: 7 } };
    expect(await bob.authz('PATCH', `${workspace}?updateMask=description`, { description: 'x' })).toMatchObject(refused);
    expect(await bob.deployer('POST', `${workspace}/deployments`, {})).toMatchObject(refused);
    expect(await bob.storage('ExperimentService/DeleteExperiment', { id: experimentId, projectId })).toMatchObject(refused);
    expect(await bob.storage('RegisteredModelService/CreateRegisteredModel', { registeredModel: { projectId } })).toMatchObject(refused);
  });

  it('without a restriction is changed by both, and deleted by its owner alone', async () => {
    const { alice, bob, workspace } = await shared({ readOnly: false });
    expect(await bob.authz('PATCH', `${workspace}?updateMask=description`, { description: 'x' })).toMatchObject({ status: 200 });
    expect(await bob.authz('DELETE', workspace)).toMatchObject({ status: 403 });
    expect(await alice.authz('DELETE', workspace)).toMatchObject({ status: 200 });
  });

  it('is out of sight again when it is no longer shared', async () => {
    const { bob, rpc, workspace, projectId, sharingId } = await shared({ readOnly: false });
    expect(listOf((await rpc.storage('ProjectService/ListProjectSharings', { projectId })).body, 'sharing')).toHaveLength(2);
    expect(await bob.storage('ProjectService/UnshareProject', { projectId, sharingId })).toMatchObject({ status: 403 });
    await rpc.storage('ProjectService/UnshareProject', { projectId, sharingId });
    expect(await bob.authz('GET', workspace)).toMatchObject({ status: 404 });
  });
});

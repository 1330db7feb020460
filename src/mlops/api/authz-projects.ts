/**
 * Projects as workspaces of the authorization service, platform 1.x.
 */
import * as z from 'zod/mini';
import { NotFoundError } from '../../errors/api-error.js';
import { operation } from '../../http/operation.js';
import { createList } from '../../http/pagination.js';
import { redact } from '../../internal/redact.js';
import { matches } from '../list-filter.js';
import type { Project, ProjectsApi } from '../projects.js';
import { aipQuery } from './aip-filter.js';
import { idIn, idUnder, name, nextPageToken, pageQuery, workspaceName } from './rest.js';
import { compact, known, listOf, NothingSchema, text, theOne } from './rpc.js';
import type { Wires } from './wires.js';

const WorkspaceSchema = z.looseObject({
  name,
  displayName: text,
  description: text,
  creator: text,
  createTime: text,
  updateTime: text,
  deleteTime: text,
});
type WireWorkspace = z.infer<typeof WorkspaceSchema>;

function toProject(wire: WireWorkspace): Project {
  return {
    id: idIn(wire.name),
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    ...compact({ ownerId: idUnder('users', wire.creator), createdAt: known(wire.createTime), updatedAt: known(wire.updateTime) }),
  };
}

const OneWorkspaceSchema = z.looseObject({ workspace: WorkspaceSchema });
const path = '/v1/{+workspace}';

const createWorkspace = operation({
  name: 'CreateWorkspace',
  method: 'POST',
  path: '/v1/workspaces',
  safe: false,
  answer: OneWorkspaceSchema,
});
const getWorkspace = operation({ name: 'GetWorkspace', method: 'GET', path, safe: true, answer: OneWorkspaceSchema });
const updateWorkspace = operation({ name: 'UpdateWorkspace', method: 'PATCH', path, safe: true, answer: OneWorkspaceSchema });
const deleteWorkspace = operation({ name: 'DeleteWorkspace', method: 'DELETE', path, safe: false, answer: NothingSchema });
const listWorkspaces = operation({
  name: 'ListWorkspaces',
  method: 'GET',
  path: '/v1/workspaces',
  safe: true,
  answer: z.looseObject({ workspaces: listOf(WorkspaceSchema), nextPageToken }),
});

export function authzProjects({ authz: send }: Wires): ProjectsApi {
  let removals = 0;
  const parametersOf = (id: string): Readonly<Record<string, string>> => ({ workspace: workspaceName(id) });
  const get: ProjectsApi['get'] = async (id, options) => {
    const { workspace } = await send({ operation: getWorkspace, parameters: parametersOf(id) }, options);
    theOne({ id: idIn(workspace.name) }, id, getWorkspace.name);
    if (known(workspace.deleteTime) !== undefined) throw deleted(id);
    return toProject(workspace);
  };
  return {
    create: async ({ name: displayName, description }, options) => {
      const answer = await send({ operation: createWorkspace, body: { displayName, ...compact({ description }) } }, options);
      return toProject(answer.workspace);
    },
    get,
    list: (filter, options) =>
      createList({
        call: listWorkspaces.name,
        fetchPage: async (pageToken) => {
          const query = { ...aipQuery(filter), ...pageQuery(pageToken) };
          const answer = await send({ operation: listWorkspaces, query }, options);
          const workspaces = (answer.workspaces ?? []).filter((wire) => known(wire.deleteTime) === undefined);
          return { items: workspaces.map(toProject), nextPageToken: answer.nextPageToken };
        },
        key: (project) => project.id,
        keeps: (project) => matches(project, filter),
        removals: () => removals,
      }),
    update: async (id, { name: displayName, description }, options) => {
      const mask = [...(displayName === undefined ? [] : ['display_name']), ...(description === undefined ? [] : ['description'])].join(
        ',',
      );
      // An empty mask would mean every field.
      if (mask === '') return get(id, options);
      const body = { ...compact({ displayName }), ...(typeof description === 'string' ? { description } : {}) };
      const call = { operation: updateWorkspace, parameters: parametersOf(id), query: { updateMask: mask }, body };
      const { workspace } = await send(call, options);
      theOne({ id: idIn(workspace.name) }, id, updateWorkspace.name);
      return toProject(workspace);
    },
    delete: async (id, options) => {
      await send({ operation: deleteWorkspace, parameters: parametersOf(id) }, options);
      removals += 1;
    },
  };
}

/** The service keeps a deleted workspace for a while and may still show it. */
function deleted(id: string): NotFoundError {
  return new NotFoundError({
    code: 'NOT_FOUND',
    status: 404,
    what: `Project ${redact(id)} has been deleted.`,
    fix: 'Use another one; an administrator can restore it for a while.',
    call: getWorkspace.name,
  });
}

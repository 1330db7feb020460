/**
 * Workspaces of the authorization gateway: the projects of the storage, under another name. A deleted one is kept, and can be restored.
 */
import type { JsonObject } from '../../json.js';
import type { Project, State } from '../../state.js';
import { optionalTimestamp, timestamp } from '../context.js';
import type { GatewayContext } from '../context.js';
import { createProject } from '../create-project.js';
import { maskPaths, nested, text } from '../message.js';
import { restFiltered, restListAnswer } from '../rest/lists.js';
import { queryMask } from '../rest/routes.js';
import type { RestCall, Routes } from '../rest/routes.js';
import { invalidArgument, notFound } from '../rpc-error.js';
import { Visible } from '../visible.js';

/** How long a deleted workspace is kept. */
const keptForMs = 30 * 24 * 3600 * 1000;

const wireWorkspace = (project: Project): JsonObject => {
  const owner = `users/${project.ownerId}`;
  return {
    name: `workspaces/${project.id}`,
    displayName: project.name,
    description: project.description,
    annotations: project.annotations,
    createTime: timestamp(project.createdAt),
    updateTime: timestamp(project.modifiedAt),
    creator: owner,
    updater: owner,
    deleteTime: optionalTimestamp(project.deletedAt),
    deleter: project.deletedAt === undefined ? '' : owner,
    personalWorkspaceSubject: '',
    purgeTime: project.deletedAt === undefined ? null : timestamp(project.deletedAt + keptForMs),
    archiveTime: optionalTimestamp(project.archivedAt),
    archiver: project.archivedAt === undefined ? '' : owner,
  };
};

const all = '/v1/workspaces';
const one = `${all}/{workspace}`;

export function workspaceRoutes(context: GatewayContext): Routes {
  const { state, clock, pageSize } = context;
  const change = (project: Project, changes: Partial<Project>): JsonObject => {
    const changed = { ...project, ...changes, modifiedAt: clock.now() };
    state.projects.set(project.id, changed);
    return { workspace: wireWorkspace(changed) };
  };
  return {
    [`POST ${all}`]({ user, body }) {
      const params = { name: text(body, 'displayName'), description: text(body, 'description'), annotations: nested(body, 'annotations') };
      return { workspace: wireWorkspace(createProject(context, user, params)) };
    },
    [`GET ${all}`]: (call) => restListAnswer('workspaces', listed(state, call), { query: call.query, pageSize }),
    [`GET ${all}:count`]: (call) => ({ totalSize: String(restFiltered(listed(state, call), call.query).length) }),
    [`GET ${one}`]: (call) => ({ workspace: wireWorkspace(workspaceAt(state, call)) }),
    [`PATCH ${one}`]: (call) => change(workspaceAt(state, call), changes(call)),
    [`DELETE ${one}`]: (call) => change(new Visible(state, call.user).ownProject(workspaceAt(state, call).id), { deletedAt: clock.now() }),
    [`POST ${one}:undelete`]: (call) => change(deletedWorkspaceAt(state, call), { deletedAt: undefined }),
    [`POST ${one}:archive`]: (call) => change(workspaceAt(state, call), { archivedAt: clock.now() }),
    [`POST ${one}:unarchive`]: (call) => change(workspaceAt(state, call), { archivedAt: undefined }),
  };
}

function listed(state: State, { user, query }: RestCall): readonly JsonObject[] {
  const shows = (name: string): boolean => query.get(name)?.toLowerCase() === 'true';
  const deleted = [...state.projects.values()].filter(({ ownerId, deletedAt }) => ownerId === user.id && deletedAt !== undefined);
  return [...new Visible(state, user).projects(), ...(shows('showDeleted') ? deleted : [])]
    .filter(({ archivedAt }) => archivedAt === undefined || shows('showArchived'))
    .map(wireWorkspace);
}

function workspaceAt(state: State, { user, param }: RestCall): Project {
  const id = param('workspace');
  // Worded as the gateway of workspaces words it.
  if (!new Visible(state, user).projects().some((project) => project.id === id)) throw notFound('workspace', id);
  return new Visible(state, user).project(id);
}

function deletedWorkspaceAt(state: State, { user, param }: RestCall): Project {
  const project = state.projects.get(param('workspace'));
  if (project?.ownerId !== user.id) throw notFound('workspace', param('workspace'));
  return project;
}

/** The fields in the mask, or all without one; the annotations are replaced as a whole. */
function changes({ query, body }: RestCall): Partial<Project> {
  const paths = maskPaths(queryMask(query));
  const unknown = paths.find((path) => !['displayName', 'description', 'annotations'].includes(path));
  if (unknown !== undefined) throw invalidArgument(`update_mask: ${unknown} cannot be updated`);
  const takes = (path: string): boolean => paths.length === 0 || paths.includes(path);
  return {
    ...(takes('displayName') ? { name: text(body, 'displayName') } : {}),
    ...(takes('description') ? { description: text(body, 'description') } : {}),
    ...(takes('annotations') ? { annotations: nested(body, 'annotations') } : {}),
  };
}

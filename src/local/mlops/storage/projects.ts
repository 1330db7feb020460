/**
 * Projects and their environments.
 */
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Environment, Project } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { listAnswer } from './lists.js';
import { createProject } from '../create-project.js';
import { maskPaths, nested, text } from '../message.js';
import { invalidArgument } from '../rpc-error.js';
import { Visible } from '../visible.js';

export const wireProject = (project: Project): JsonObject => ({
  id: project.id,
  displayName: project.name,
  ownerId: project.ownerId,
  createdTime: timestamp(project.createdAt),
  lastModifiedTime: timestamp(project.modifiedAt),
  description: project.description,
});

export function projectMethods(context: GatewayContext): Methods {
  const { state, clock } = context;
  return service('storage/ai.h2o.storage.ProjectService', {
    // Two projects of one name are two projects.
    CreateProject(message, user) {
      const sent = nested(message, 'project');
      return {
        project: wireProject(createProject(context, user, { name: text(sent, 'displayName'), description: text(sent, 'description') })),
      };
    },
    GetProject: (message, user) => ({ project: wireProject(new Visible(state, user).project(text(message, 'projectId'))) }),
    ListProjects(message, user) {
      const own = new Visible(state, user).projects();
      return {
        ...listAnswer('project', own.map(wireProject), { message, pageSize: context.pageSize }),
        userProjectCount: String(own.length),
      };
    },
    UpdateProject(message, user) {
      const sent = nested(message, 'project');
      const project = new Visible(state, user).project(text(sent, 'id'));
      const changed = { ...project, ...changedTexts(message, sent, project), modifiedAt: clock.now() };
      state.projects.set(project.id, changed);
      return { project: wireProject(changed) };
    },
    DeleteProject(message, user) {
      state.removeProject(new Visible(state, user).ownProject(text(message, 'projectId')).id);
      return {};
    },
  });
}

/** Name and description as an update leaves them: those in the mask, or both without one. */
export function changedTexts(
  message: JsonObject,
  sent: JsonObject,
  old: { readonly name: string; readonly description: string },
): { readonly name: string; readonly description: string } {
  // For models the mask has `name` where the message has `displayName`; both name the same.
  const paths = maskPaths(message).map((path) => (path === 'name' ? 'displayName' : path));
  const unknown = paths.find((path) => !['displayName', 'description'].includes(path));
  if (unknown !== undefined) throw invalidArgument(`update_mask: ${unknown} cannot be updated`);
  const takes = (path: string): boolean => paths.length === 0 || paths.includes(path);
  return {
    name: takes('displayName') ? text(sent, 'displayName') : old.name,
    description: takes('description') ? text(sent, 'description') : old.description,
  };
}

const wireEnvironment = (environment: Environment): JsonObject => ({
  id: environment.id,
  displayName: environment.name,
  createdTime: timestamp(environment.createdAt),
  lastModifiedTime: timestamp(environment.createdAt),
  projectId: environment.projectId,
  deploymentTargetName: 'kubernetes',
});

export function environmentMethods({ state, pageSize }: GatewayContext): Methods {
  return service('storage/ai.h2o.storage.DeploymentEnvironmentService', {
    GetDeploymentEnvironment: (message, user) => ({
      deploymentEnvironment: wireEnvironment(new Visible(state, user).environment(text(message, 'deploymentEnvironmentId'))),
    }),
    ListDeploymentEnvironments(message, user) {
      const project = new Visible(state, user).project(text(message, 'projectId'));
      return listAnswer('deploymentEnvironment', inProject(state.environments, project.id).map(wireEnvironment), { message, pageSize });
    },
  });
}

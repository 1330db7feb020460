/**
 * Resource names of the REST APIs, and the entries that they stand for.
 */
import type { Deployment, Project, State } from '../../state.js';
import { notFound } from '../rpc-error.js';
import type { RestCall } from '../rest/routes.js';
import { Visible } from '../visible.js';

export const workspaceName = (projectId: string): string => `workspaces/${projectId}`;

export const deploymentName = ({ projectId, id }: Pick<Deployment, 'projectId' | 'id'>): string =>
  `${workspaceName(projectId)}/deployments/${id}`;

export const userName = (userId: string): string => `users/${userId}`;

/** The workspaces that a parent stands for: one, or with `-` all of the user's. */
export function workspacesAt(state: State, { user, param }: RestCall): readonly Project[] {
  const visible = new Visible(state, user);
  return param('workspace') === '-' ? visible.projects() : [visible.project(param('workspace'))];
}

/** The deployment that a call is about. */
export function deploymentAt(state: State, { user, param }: RestCall): Deployment {
  const name = deploymentName({ projectId: param('workspace'), id: param('deployment') });
  const deployment = state.deployments.get(param('deployment'));
  if (deployment?.projectId !== new Visible(state, user).project(param('workspace')).id) throw notFound('deployment', name);
  return deployment;
}

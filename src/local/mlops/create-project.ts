/**
 * A new project, whatever the API that asks for it calls it.
 */
import type { Project, User } from '../state.js';
import type { GatewayContext } from './context.js';
import { recordEvent } from './events.js';

export function createProject(
  context: GatewayContext,
  owner: User,
  params: Pick<Project, 'name' | 'description'> & Partial<Pick<Project, 'annotations'>>,
): Project {
  const project = context.state.createProject(owner, params, context.clock.now());
  recordEvent(context, owner, { projectId: project.id, operation: 'CREATE_PROJECT', message: 'Project created' });
  return project;
}

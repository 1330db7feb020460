/**
 * Projects with the counts of what is in them.
 */
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Project } from '../../state.js';
import { service } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text } from '../message.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { listAnswer } from './lists.js';
import { wireProject } from './projects.js';
import { wireUser } from './users.js';

export function aggregateMethods({ state, pageSize }: GatewayContext): Methods {
  const wire = (project: Project, user: Actor): JsonObject => {
    const visible = new Visible(state, user);
    const sharedWith = inProject(state.sharings, project.id);
    const models = inProject(state.models, project.id);
    const versions = visible.versions().filter(({ modelId }) => models.some(({ id }) => id === modelId));
    return {
      project: wireProject(project),
      registeredModelCount: models.length,
      shareCount: sharedWith.length,
      experimentCount: String(visible.experiments(project.id).length),
      sharedUser: sharedWith.flatMap(({ userId }) => state.users.get(userId) ?? []).map(wireUser),
      registeredModelVersionCount: versions.length,
    };
  };
  return service('storage/ai.h2o.storage.GatewayAggregatorServices', {
    GetProjectWithAggregatedInfo: (message, user) => ({
      projectInfo: wire(new Visible(state, user).project(text(message, 'projectId')), user),
    }),
    ListProjectsWithAggregatedInfo(message, user) {
      const projects = new Visible(state, user).projects();
      const infos = projects.map((project) => wire(project, user));
      return { ...listAnswer('projectInfo', infos, { message, pageSize }), userProjectCount: String(projects.length) };
    },
  });
}

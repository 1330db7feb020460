/**
 * Projects with the counts of what is in them.
 */
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Project, User } from '../../state.js';
import { service } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text } from '../message.js';
import { Visible } from '../visible.js';
import { listAnswer } from './lists.js';
import { wireProject } from './projects.js';

export function aggregateMethods({ state, pageSize }: GatewayContext): Methods {
  const wire = (project: Project, user: User): JsonObject => {
    const visible = new Visible(state, user);
    const models = inProject(state.models, project.id);
    const versions = visible.versions().filter(({ modelId }) => models.some(({ id }) => id === modelId));
    return {
      project: wireProject(project),
      registeredModelCount: models.length,
      shareCount: 0,
      experimentCount: String(visible.experiments(project.id).length),
      sharedUser: [],
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

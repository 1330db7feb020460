/**
 * Projects and their deployment environments in the storage RPC of platform 0.69.
 */
import * as z from 'zod/mini';
import { createList } from '../../http/pagination.js';
import type { Environment, EnvironmentsApi } from '../environments.js';
import { matches, sorted } from '../list-filter.js';
import type { Project, ProjectsApi } from '../projects.js';
import { changesOf, compact, known, listOf, NothingSchema, pageRequest, PagingSchema, rpc, text, theOne, toPage } from './rpc.js';
import type { Wires } from './wires.js';

const ProjectSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  displayName: text,
  description: text,
  ownerId: text,
  createdTime: text,
  lastModifiedTime: text,
});
type WireProject = z.infer<typeof ProjectSchema>;

function toProject(wire: WireProject): Project {
  return {
    id: wire.id,
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    ...compact({ ownerId: known(wire.ownerId), createdAt: known(wire.createdTime), updatedAt: known(wire.lastModifiedTime) }),
  };
}

const service = 'ai.h2o.storage.ProjectService';
const OneProjectSchema = z.looseObject({ project: ProjectSchema });

const createProject = rpc({ service, mount: '/storage', method: 'CreateProject', safe: false, answer: OneProjectSchema });
const getProject = rpc({ service, mount: '/storage', method: 'GetProject', safe: true, answer: OneProjectSchema });
const updateProject = rpc({ service, mount: '/storage', method: 'UpdateProject', safe: true, answer: OneProjectSchema });
const deleteProject = rpc({ service, mount: '/storage', method: 'DeleteProject', safe: false, answer: NothingSchema });
const listProjects = rpc({
  service,
  mount: '/storage',
  method: 'ListProjects',
  safe: true,
  answer: z.looseObject({ project: listOf(ProjectSchema), paging: PagingSchema }),
});

export function storageProjects({ gateway: send }: Wires): ProjectsApi {
  let removals = 0;
  const get: ProjectsApi['get'] = async (id, options) => {
    const { project } = await send({ operation: getProject, body: { projectId: id } }, options);
    return toProject(theOne(project, id, getProject.name));
  };
  return {
    create: async ({ name, description }, options) => {
      const answer = await send(
        { operation: createProject, body: { project: { displayName: name, ...compact({ description }) } } },
        options,
      );
      return toProject(answer.project);
    },
    get,
    list: (filter, options) =>
      sorted(
        createList({
          call: listProjects.name,
          fetchPage: async (pageToken) => {
            const answer = await send({ operation: listProjects, body: pageRequest(pageToken) }, options);
            return toPage(answer.project, answer.paging, toProject);
          },
          key: (project) => project.id,
          keeps: (project) => matches(project, filter),
          removals: () => removals,
        }),
        filter.order,
      ),
    update: async (id, params, options) => {
      const { fields, mask } = changesOf(params);
      if (mask === '') return get(id, options);
      const { project } = await send({ operation: updateProject, body: { project: { id, ...fields }, updateMask: mask } }, options);
      return toProject(theOne(project, id, updateProject.name));
    },
    delete: async (id, options) => {
      await send({ operation: deleteProject, body: { projectId: id } }, options);
      removals += 1;
    },
  };
}

const EnvironmentSchema = z.looseObject({ id: z.string().check(z.minLength(1)), displayName: text });

const listDeploymentEnvironments = rpc({
  service: 'ai.h2o.storage.DeploymentEnvironmentService',
  mount: '/storage',
  method: 'ListDeploymentEnvironments',
  safe: true,
  answer: z.looseObject({ deploymentEnvironment: listOf(EnvironmentSchema), paging: PagingSchema }),
});

export function storageEnvironments({ gateway: send }: Wires): EnvironmentsApi {
  return {
    list: (projectId, options) =>
      createList<Environment>({
        call: listDeploymentEnvironments.name,
        fetchPage: async (pageToken) => {
          const answer = await send({ operation: listDeploymentEnvironments, body: { projectId, ...pageRequest(pageToken) } }, options);
          return toPage(answer.deploymentEnvironment, answer.paging, (wire) => ({
            id: wire.id,
            project: { id: projectId },
            name: wire.displayName ?? '',
          }));
        },
        key: (environment) => environment.id,
        removals: () => 0,
      }),
  };
}

/**
 * Registered models and their versions in the storage RPC, which all platforms have; 1.x filters and sorts, and is told a project with each version.
 */
import * as z from 'zod/mini';
import { ApiError } from '../../errors/api-error.js';
import { createList, type List } from '../../http/pagination.js';
import { redact } from '../../internal/redact.js';
import { matches, sorted, type ListFilter } from '../list-filter.js';
import type { Model, ModelsApi, ModelVersion } from '../models.js';
import { compact, known, listOf, pageRequest, PagingSchema, rpc, text, theOne, toPage } from './rpc.js';
import { storageFilter } from './storage-filter.js';
import type { Wires } from './wires.js';

const ModelSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  displayName: text,
  description: text,
  projectId: text,
  createdTime: text,
  updatedTime: text,
});
const VersionSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  registeredModelId: text,
  experimentId: text,
  version: z.int(),
  createdTime: text,
});

function toModel(wire: z.infer<typeof ModelSchema>, projectId: string): Model {
  return {
    id: wire.id,
    project: { id: known(wire.projectId) ?? projectId },
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    ...compact({ createdAt: known(wire.createdTime), updatedAt: known(wire.updatedTime) }),
  };
}

function toVersion(wire: z.infer<typeof VersionSchema>, modelId: string, projectId: string): ModelVersion {
  return {
    id: wire.id,
    project: { id: projectId },
    model: { id: known(wire.registeredModelId) ?? modelId },
    version: wire.version,
    experiment: { id: wire.experimentId ?? '' },
    ...compact({ createdAt: known(wire.createdTime) }),
  };
}

const models = { service: 'ai.h2o.storage.RegisteredModelService', mount: '/storage' } as const;
const versions = { service: 'ai.h2o.storage.RegisteredModelVersionService', mount: '/storage' } as const;
const OneModelSchema = z.looseObject({ registeredModel: ModelSchema });
/** Deletions may fail with status 200. */
const DeletionSchema = z.nullish(z.looseObject({ status: z.nullish(z.boolean()), message: text }));

const createModel = rpc({ ...models, method: 'CreateRegisteredModel', safe: false, answer: OneModelSchema });
const getModel = rpc({ ...models, method: 'GetRegisteredModel', safe: true, answer: OneModelSchema });
const updateModel = rpc({ ...models, method: 'UpdateRegisteredModel', safe: true, answer: OneModelSchema });
const deleteModel = rpc({ ...models, method: 'DeleteRegisteredModel', safe: false, answer: DeletionSchema });
const listModels = rpc({
  ...models,
  method: 'ListRegisteredModels',
  safe: true,
  answer: z.looseObject({ registeredModels: listOf(ModelSchema), paging: PagingSchema }),
});
const createVersion = rpc({
  ...versions,
  method: 'CreateModelVersion',
  safe: false,
  answer: z.looseObject({ registeredModelVersion: VersionSchema }),
});
const deleteVersion = rpc({ ...versions, method: 'DeleteModelVersion', safe: false, answer: DeletionSchema });
const listVersions = rpc({
  ...versions,
  method: 'ListModelVersionsForModel',
  safe: true,
  answer: z.looseObject({ modelVersions: listOf(VersionSchema), paging: PagingSchema }),
});

/** Filters name the field otherwise than the message does. */
const filterFields = { name: 'name', createdAt: 'created_time' };

/** Models of platform 0.69. */
export function storageModels(wires: Wires): ModelsApi {
  return modelsApi(wires, { filters: () => ({}), order: (list, filter) => sorted(list, filter.order), ofVersion: () => ({}) });
}

/** Models of platform 1.x. */
export function workspaceModels(wires: Wires): ModelsApi {
  return modelsApi(wires, {
    filters: (filter) => storageFilter(filter, filterFields),
    order: (list) => list,
    ofVersion: (projectId) => ({ projectId }),
  });
}

/** In what the platforms differ. */
interface ModelsDialect {
  readonly filters: (filter: ListFilter) => Readonly<Record<string, unknown>>;
  readonly order: (list: List<Model>, filter: ListFilter) => List<Model>;
  readonly ofVersion: (projectId: string) => Readonly<Record<string, unknown>>;
}

function modelsApi({ gateway: send }: Wires, dialect: ModelsDialect): ModelsApi {
  let removals = 0;
  const get: ModelsApi['get'] = async (id, projectId, options) => {
    const answer = await send({ operation: getModel, body: { modelId: id } }, options);
    return toModel(theOne(answer.registeredModel, id, getModel.name), projectId);
  };
  return {
    create: async ({ projectId, name, description }, options) => {
      const registeredModel = { displayName: name, description: description ?? '', projectId };
      const answer = await send({ operation: createModel, body: { registeredModel } }, options);
      return toModel(answer.registeredModel, projectId);
    },
    get,
    list: (projectId, filter, options) =>
      dialect.order(
        createList({
          call: listModels.name,
          fetchPage: async (pageToken) => {
            const body = { projectId, ...dialect.filters(filter), ...pageRequest(pageToken) };
            const answer = await send({ operation: listModels, body }, options);
            return toPage(answer.registeredModels, answer.paging, (wire) => toModel(wire, projectId));
          },
          key: (model) => model.id,
          keeps: (model) => matches(model, filter),
          removals: () => removals,
        }),
        filter,
      ),
    update: async (id, projectId, { name, description }, options) => {
      const cleared = description === null ? '' : description;
      // The mask names the field otherwise than the message does.
      const mask = [...(name === undefined ? [] : ['name']), ...(cleared === undefined ? [] : ['description'])].join(',');
      if (mask === '') return get(id, projectId, options);
      const registeredModel = { id, projectId, ...compact({ displayName: name, description: cleared }) };
      const answer = await send({ operation: updateModel, body: { registeredModel, updateMask: mask } }, options);
      return toModel(theOne(answer.registeredModel, id, updateModel.name), projectId);
    },
    delete: async (id, options) => {
      checkDeleted(await send({ operation: deleteModel, body: { modelId: id } }, options), deleteModel.name);
      removals += 1;
    },
    register: async ({ modelId, experimentId, projectId }, options) => {
      const registeredModelVersion = { registeredModelId: modelId, experimentId };
      const body = { registeredModelVersion, ...dialect.ofVersion(projectId) };
      const answer = await send({ operation: createVersion, body }, options);
      return toVersion(answer.registeredModelVersion, modelId, projectId);
    },
    versions: (modelId, projectId, options) =>
      createList({
        call: listVersions.name,
        fetchPage: async (pageToken) => {
          const answer = await send({ operation: listVersions, body: { registeredModelId: modelId, ...pageRequest(pageToken) } }, options);
          return toPage(answer.modelVersions, answer.paging, (wire) => toVersion(wire, modelId, projectId));
        },
        key: (version) => version.id,
        removals: () => removals,
      }),
    unregister: async (versionId, options) => {
      checkDeleted(await send({ operation: deleteVersion, body: { id: versionId } }, options), deleteVersion.name);
      removals += 1;
    },
  };
}

function checkDeleted(answer: z.infer<typeof DeletionSchema>, call: string): void {
  if (answer?.status !== false) return;
  const message = known(answer.message);
  throw new ApiError({
    code: 'API_ERROR',
    status: 200,
    what: `The platform did not delete it${message === undefined ? '' : `: ${redact(message)}`}.`,
    fix: 'Remove what still uses it, for instance its deployments, and repeat the call.',
    call,
    serviceMessage: message === undefined ? undefined : redact(message),
  });
}

/**
 * Registered models and their versions.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Model, ModelVersion } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { nested, text, texts } from '../message.js';
import { invalidArgument, notFound } from '../rpc-error.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { attempt } from './batch.js';
import { filtered, listAnswer } from './lists.js';
import { changedTexts } from './projects.js';

const wireModel = (model: Model): JsonObject => ({
  id: model.id,
  displayName: model.name,
  description: model.description,
  projectId: model.projectId,
  createdTime: timestamp(model.createdAt),
  createdBy: model.ownerId,
  updatedTime: timestamp(model.modifiedAt),
  updatedBy: model.ownerId,
  status: 'ACTIVE',
});

const wireVersion = (version: ModelVersion): JsonObject => ({
  id: version.id,
  registeredModelId: version.modelId,
  experimentId: version.experimentId,
  version: version.version,
  status: 'ACTIVE',
  createdTime: timestamp(version.createdAt),
  createdBy: version.ownerId,
  updatedTime: timestamp(version.createdAt),
  updatedBy: version.ownerId,
});

function createModel({ state, clock }: GatewayContext, user: Actor, params: Pick<Model, 'projectId' | 'name' | 'description'>): Model {
  const now = clock.now();
  const model: Model = { id: randomUUID(), ownerId: user.id, ...params, createdAt: now, modifiedAt: now };
  state.models.set(model.id, model);
  return model;
}

function createVersion(
  { state, clock }: GatewayContext,
  user: Actor,
  params: Pick<ModelVersion, 'modelId' | 'experimentId'>,
): ModelVersion {
  const taken = [...state.versions.values()].filter(({ modelId }) => modelId === params.modelId).map(({ version }) => version);
  const version: ModelVersion = {
    id: randomUUID(),
    ...params,
    version: 1 + Math.max(0, ...taken),
    ownerId: user.id,
    createdAt: clock.now(),
  };
  state.versions.set(version.id, version);
  return version;
}

/** Makes a version of the model of that name, and the model where there is none. */
export function registerExperiment(
  context: GatewayContext,
  user: Actor,
  { projectId, modelName, experimentId }: { readonly projectId: string; readonly modelName: string; readonly experimentId: string },
): ModelVersion {
  const known = inProject(context.state.models, projectId).find((model) => model.name === modelName);
  const model = known ?? createModel(context, user, { projectId, name: modelName, description: '' });
  return createVersion(context, user, { modelId: model.id, experimentId });
}

export function modelMethods(context: GatewayContext): Methods {
  const { state, clock, pageSize } = context;
  const remove = (modelId: string, user: Actor): JsonObject => {
    state.removeModel(new Visible(state, user).model(modelId).id);
    return { modelId, status: true, message: '' };
  };
  const modelsOf = (message: JsonObject, user: Actor): readonly JsonObject[] => {
    const visible = new Visible(state, user);
    const projectId = text(message, 'projectId');
    const projects = projectId === '' ? visible.projects() : [visible.project(projectId)];
    return projects.flatMap(({ id }) => inProject(state.models, id).map(wireModel));
  };
  return service('storage/ai.h2o.storage.RegisteredModelService', {
    CreateRegisteredModel(message, user) {
      const sent = nested(message, 'registeredModel');
      const projectId = new Visible(state, user).project(text(sent, 'projectId')).id;
      const params = { projectId, name: text(sent, 'displayName'), description: text(sent, 'description') };
      return { registeredModel: wireModel(createModel(context, user, params)) };
    },
    GetRegisteredModel: (message, user) => ({ registeredModel: wireModel(new Visible(state, user).model(text(message, 'modelId'))) }),
    GetRegisteredModelByName(message, user) {
      const name = text(message, 'modelName');
      const registeredModel = modelsOf(message, user).find((entry) => entry['displayName'] === name);
      if (registeredModel === undefined) throw notFound('registered model', name);
      return { registeredModel };
    },
    ListRegisteredModels: (message, user) => listAnswer('registeredModels', modelsOf(message, user), { message, pageSize }),
    CountRegisteredModels: (message, user) => ({ registeredModelCount: filtered(modelsOf(message, user), message).length }),
    UpdateRegisteredModel(message, user) {
      const sent = nested(message, 'registeredModel');
      const model = new Visible(state, user).model(text(sent, 'id'));
      const changed = { ...model, ...changedTexts(message, sent, model), modifiedAt: clock.now() };
      state.models.set(model.id, changed);
      return { registeredModel: wireModel(changed) };
    },
    DeleteRegisteredModel: (message, user) => remove(text(message, 'modelId'), user),
    BatchDeleteRegisteredModel: (message, user) => ({
      deleteRegisteredModelResponse: texts(message, 'modelIds').map((modelId) => attempt({ modelId }, () => remove(modelId, user))),
    }),
  });
}

export function versionMethods(context: GatewayContext): Methods {
  const { state, pageSize } = context;
  const remove = (id: string, user: Actor): JsonObject => {
    state.versions.delete(new Visible(state, user).version(id).id);
    return { id, status: true, message: '' };
  };
  const versionsOf = (message: JsonObject, user: Actor): readonly JsonObject[] => {
    const visible = new Visible(state, user);
    const model = visible.model(text(message, 'registeredModelId'));
    return visible
      .versions()
      .filter((version) => version.modelId === model.id)
      .map(wireVersion);
  };
  return service('storage/ai.h2o.storage.RegisteredModelVersionService', {
    CreateModelVersion: (message, user) => ({ registeredModelVersion: wireVersion(newVersion(context, user, message)) }),
    GetModelVersion: (message, user) => ({
      registeredModelVersion: wireVersion(new Visible(state, user).version(text(message, 'modelVersionId'))),
    }),
    // The project to filter by is that of the model.
    GetModelVersionForExperiment(message, user) {
      const visible = new Visible(state, user);
      const { id } = visible.experiment(text(message, 'experimentId'));
      const versions = visible.versions().filter((version) => version.experimentId === id);
      const entries = versions.map((version) => ({
        ...wireVersion(version),
        projectId: state.models.get(version.modelId)?.projectId ?? '',
      }));
      return { registeredModelVersion: filtered(entries, message).map((entry) => ({ ...entry, projectId: undefined })) };
    },
    ListModelVersionsForModel: (message, user) => listAnswer('modelVersions', versionsOf(message, user), { message, pageSize }),
    CountModelVersions: (message, user) => ({ count: filtered(versionsOf(message, user), message).length }),
    DeleteModelVersion: (message, user) => remove(text(message, 'id'), user),
    BatchDeleteModelVersion: (message, user) => ({
      deleteModelVersionResponse: texts(message, 'ids').map((id) => attempt({ id }, () => remove(id, user))),
    }),
  });
}

/** A version of the model with that id; or, without one, of the model of that name in the project, which is made where there is none. */
function newVersion(context: GatewayContext, user: Actor, message: JsonObject): ModelVersion {
  const visible = new Visible(context.state, user);
  const sent = nested(message, 'registeredModelVersion');
  const experimentId = visible.experiment(text(sent, 'experimentId')).id;
  const modelId = text(sent, 'registeredModelId');
  if (modelId !== '') return createVersion(context, user, { modelId: visible.model(modelId).id, experimentId });
  const modelName = text(message, 'registeredModelDisplayName');
  if (modelName === '') throw invalidArgument('registered_model_id or registered_model_display_name must be set');
  return registerExperiment(context, user, { projectId: visible.project(text(message, 'projectId')).id, modelName, experimentId });
}

/**
 * Registered models and their versions.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { inProject } from '../state.js';
import type { Model, ModelVersion, State, User } from '../state.js';
import { Visible, service, timestamp } from './context.js';
import type { GatewayContext, Methods } from './context.js';
import { listAnswer } from './lists.js';
import { nested, text } from './message.js';
import { changedTexts } from './projects.js';
import { invalidArgument, notFound } from './rpc-error.js';

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

function createModel(
  state: State,
  user: User,
  params: { readonly projectId: string; readonly name: string; readonly description: string; readonly now: number },
): Model {
  const { now, ...named } = params;
  const model: Model = { id: randomUUID(), ownerId: user.id, ...named, createdAt: now, modifiedAt: now };
  state.models.set(model.id, model);
  return model;
}

export function modelMethods({ state, clock, pageSize }: GatewayContext): Methods {
  return service('storage/ai.h2o.storage.RegisteredModelService', {
    CreateRegisteredModel(message, user) {
      const sent = nested(message, 'registeredModel');
      const projectId = new Visible(state, user).project(text(sent, 'projectId')).id;
      const model = createModel(state, user, {
        projectId,
        name: text(sent, 'displayName'),
        description: text(sent, 'description'),
        now: clock.now(),
      });
      return { registeredModel: wireModel(model) };
    },
    GetRegisteredModel: (message, user) => ({ registeredModel: wireModel(new Visible(state, user).model(text(message, 'modelId'))) }),
    GetRegisteredModelByName(message, user) {
      const project = new Visible(state, user).project(text(message, 'projectId'));
      const name = text(message, 'modelName');
      const model = inProject(state.models, project.id).find((entry) => entry.name === name);
      if (model === undefined) throw notFound('registered model', name);
      return { registeredModel: wireModel(model) };
    },
    ListRegisteredModels(message, user) {
      const project = new Visible(state, user).project(text(message, 'projectId'));
      return listAnswer('registeredModels', inProject(state.models, project.id).map(wireModel), { message, pageSize });
    },
    UpdateRegisteredModel(message, user) {
      const sent = nested(message, 'registeredModel');
      const model = new Visible(state, user).model(text(sent, 'id'));
      const changed = { ...model, ...changedTexts(message, sent, model), modifiedAt: clock.now() };
      state.models.set(model.id, changed);
      return { registeredModel: wireModel(changed) };
    },
    DeleteRegisteredModel(message, user) {
      const modelId = new Visible(state, user).model(text(message, 'modelId')).id;
      state.removeModel(modelId);
      return { modelId, status: true, message: '' };
    },
  });
}

export function versionMethods({ state, clock, pageSize }: GatewayContext): Methods {
  const versionsOf = (modelId: string): readonly ModelVersion[] =>
    [...state.versions.values()].filter((version) => version.modelId === modelId);
  /** The model by its id, or by name and project, which makes it where there is none. */
  const modelOf = (message: JsonObject, user: User): Model => {
    const visible = new Visible(state, user);
    const modelId = text(nested(message, 'registeredModelVersion'), 'registeredModelId');
    if (modelId !== '') return visible.model(modelId);
    const name = text(message, 'registeredModelDisplayName');
    if (name === '') throw invalidArgument('registered_model_id or registered_model_display_name must be set');
    const projectId = visible.project(text(message, 'projectId')).id;
    const known = inProject(state.models, projectId).find((model) => model.name === name);
    return known ?? createModel(state, user, { projectId, name, description: '', now: clock.now() });
  };
  return service('storage/ai.h2o.storage.RegisteredModelVersionService', {
    CreateModelVersion(message, user) {
      const experimentId = new Visible(state, user).experiment(text(nested(message, 'registeredModelVersion'), 'experimentId')).id;
      const modelId = modelOf(message, user).id;
      const number = 1 + Math.max(0, ...versionsOf(modelId).map((version) => version.version));
      const version: ModelVersion = { id: randomUUID(), modelId, experimentId, version: number, ownerId: user.id, createdAt: clock.now() };
      state.versions.set(version.id, version);
      return { registeredModelVersion: wireVersion(version) };
    },
    GetModelVersion: (message, user) => ({
      registeredModelVersion: wireVersion(new Visible(state, user).version(text(message, 'modelVersionId'))),
    }),
    GetModelVersionForExperiment(message, user) {
      const { id } = new Visible(state, user).experiment(text(message, 'experimentId'));
      return { registeredModelVersion: [...state.versions.values()].filter((version) => version.experimentId === id).map(wireVersion) };
    },
    ListModelVersionsForModel(message, user) {
      const model = new Visible(state, user).model(text(message, 'registeredModelId'));
      return listAnswer('modelVersions', versionsOf(model.id).map(wireVersion), { message, pageSize });
    },
    DeleteModelVersion(message, user) {
      const { id } = new Visible(state, user).version(text(message, 'id'));
      state.versions.delete(id);
      return { id, status: true, message: '' };
    },
  });
}

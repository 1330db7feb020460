/**
 * Experiments: made, read, changed, deleted and restored. What users pin on them is in experiment-annotations.ts.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import type { Artifact, Experiment, IngestionOutcome, State } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { recordEvent } from '../events.js';
import { maskPaths, messages, nested, text } from '../message.js';
import { failedPrecondition, invalidArgument } from '../rpc-error.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { attempt } from './batch.js';
import { annotationMethods } from './experiment-annotations.js';
import { ingestionState } from './ingestion.js';
import { countAnswer, listAnswer } from './lists.js';
import { selectedMetadata } from './metadata.js';
import { registerExperiment } from './models.js';
import { wireTag } from './tags.js';

const parameterNames = ['trainingDatasetId', 'validationDatasetId', 'testDatasetId', 'targetColumn', 'weightColumn', 'foldColumn'];

function wireExperiment(state: State, experiment: Experiment, message: JsonObject): JsonObject {
  return {
    id: experiment.id,
    displayName: experiment.name,
    ownerId: experiment.ownerId,
    createdTime: timestamp(experiment.createdAt),
    lastModifiedTime: timestamp(experiment.modifiedAt),
    metadata: selectedMetadata(experiment.metadata, message),
    parameters: experiment.parameters,
    status: 'EXPERIMENT_STATUS_UNSPECIFIED',
    statistics: { trainingDuration: null },
    tag: experiment.tagIds.flatMap((id) => state.tags.get(id) ?? []).map(wireTag),
    description: experiment.description,
  };
}

const parametersOf = (sent: JsonObject): JsonObject => {
  const parameters = nested(sent, 'parameters');
  return Object.fromEntries(parameterNames.map((name) => [name, text(parameters, name)]));
};

const metadataOf = (sent: JsonObject): JsonObject => nested(nested(sent, 'metadata'), 'values');

export function experimentMethods(context: GatewayContext): Methods {
  const path = 'storage/ai.h2o.storage.ExperimentService';
  return {
    ...service(path, basicMethods(context)),
    ...service(path, deletionMethods(context)),
    ...service(path, annotationMethods(context)),
  };
}

function basicMethods(context: GatewayContext): Methods {
  const { state, clock, pageSize } = context;
  const listed = (message: JsonObject, user: Actor): readonly JsonObject[] =>
    new Visible(state, user).experiments(text(message, 'projectId')).map((experiment) => wireExperiment(state, experiment, message));
  const change = (experiment: Experiment, changes: Partial<Experiment>): Experiment => {
    const changed = { ...experiment, ...changes };
    state.experiments.set(experiment.id, changed);
    return changed;
  };
  return {
    CreateExperiment: (message, user) => ({ experiment: wireExperiment(state, createExperiment(context, user, message), message) }),
    GetExperiment: (message, user) => ({
      experiment: wireExperiment(state, new Visible(state, user).experiment(text(message, 'id')), message),
    }),
    ListExperiments: (message, user) => listAnswer('experiment', listed(message, user), { message, pageSize }),
    CountExperiments: (message, user) => countAnswer(listed(message, user), message),
    UpdateExperiment(message, user) {
      const sent = nested(message, 'experiment');
      const experiment = new Visible(state, user).experiment(text(sent, 'id'));
      const changed = change(experiment, { ...changes(message, sent), modifiedAt: clock.now() });
      return { experiment: wireExperiment(state, changed, message) };
    },
    LinkExperimentIntoProject(message, user) {
      const visible = new Visible(state, user);
      const experiment = visible.experiment(text(message, 'experimentId'));
      const project = visible.project(text(message, 'projectId'));
      change(experiment, { linkedProjectIds: [...new Set([...experiment.linkedProjectIds, project.id])] });
      return {};
    },
    UnlinkExperimentFromProject(message, user) {
      const experiment = new Visible(state, user).experiment(text(message, 'experimentId'));
      const projectId = text(message, 'projectId');
      change(experiment, { linkedProjectIds: experiment.linkedProjectIds.filter((id) => id !== projectId) });
      return {};
    },
    IsExperimentRegistered(message, user) {
      const { id } = new Visible(state, user).experiment(text(message, 'experimentId'));
      return { isRegistered: [...state.versions.values()].some((version) => version.experimentId === id) };
    },
  };
}

/** What an update changes: the fields in its mask, or name and description without one. */
function changes(message: JsonObject, sent: JsonObject): Partial<Experiment> {
  const readers: Readonly<Record<string, () => Partial<Experiment>>> = {
    displayName: () => ({ name: text(sent, 'displayName') }),
    description: () => ({ description: text(sent, 'description') }),
    metadata: () => ({ metadata: metadataOf(sent) }),
    parameters: () => ({ parameters: parametersOf(sent) }),
  };
  const paths = maskPaths(message);
  return (paths.length === 0 ? ['displayName', 'description'] : paths).reduce<Partial<Experiment>>((all, path) => {
    const read = Object.hasOwn(readers, path) ? readers[path] : undefined;
    if (read === undefined) throw invalidArgument(`update_mask: ${path} cannot be updated`);
    return { ...all, ...read() };
  }, {});
}

function createExperiment(context: GatewayContext, user: Actor, message: JsonObject): Experiment {
  const { state, clock } = context;
  const visible = new Visible(state, user);
  const project = visible.project(text(message, 'projectId'));
  const sent = nested(message, 'experiment');
  const artifactId = context.serves('presigned-urls') ? text(message, 'artifactId') : '';
  const ingested = artifactId === '' ? undefined : ingestedArtifact(context, visible.artifact(artifactId));
  const parameters = parametersOf(sent);
  const now = clock.now();
  const experiment: Experiment = {
    id: randomUUID(),
    projectId: project.id,
    linkedProjectIds: [],
    ownerId: user.id,
    name: text(sent, 'displayName'),
    description: text(sent, 'description'),
    metadata: { ...ingested?.metadata, ...metadataOf(sent) },
    parameters: { ...parameters, targetColumn: parameters['targetColumn'] || (ingested?.targetColumn ?? '') },
    tagIds: [],
    comments: [],
    metrics: [],
    createdAt: now,
    modifiedAt: now,
    deletedAt: undefined,
  };
  state.experiments.set(experiment.id, experiment);
  const occurrence = { operation: 'CREATE_EXPERIMENT', message: 'Experiment created', experimentId: experiment.id };
  recordEvent(context, user, { projectId: project.id, ...occurrence });
  if (ingested !== undefined) {
    const moved = { entityId: experiment.id, entityType: 'EXPERIMENT', type: ingested.artifactType, modifiedAt: now };
    Object.assign(ingested.artifact, moved);
  }
  const modelName = text(message, 'modelName');
  if (modelName !== '') registerExperiment(context, user, { projectId: project.id, modelName, experimentId: experiment.id });
  return experiment;
}

function ingestedArtifact(
  context: GatewayContext,
  artifact: Artifact,
): Exclude<IngestionOutcome, { failure: string }> & { readonly artifact: Artifact } {
  const status = ingestionState(artifact, context)?.['status'];
  const outcome = artifact.ingestion?.outcome;
  if (status !== 'SUCCEEDED' || outcome === undefined || 'failure' in outcome)
    throw failedPrecondition(`artifact ${artifact.id} has not been ingested`);
  return { ...outcome, artifact };
}

/** Deleted experiments are kept, out of sight, to be restored. */
function deletionMethods({ state, clock }: GatewayContext): Methods {
  const setDeleted = (experiment: Experiment, deletedAt: number | undefined): void => {
    state.experiments.set(experiment.id, { ...experiment, deletedAt });
  };
  const remove = (message: JsonObject, user: Actor): JsonObject => {
    const id = text(message, 'id');
    setDeleted(new Visible(state, user).experiment(id), clock.now());
    return { id, status: true, message: '', projectId: text(message, 'projectId') };
  };
  const recover = (message: JsonObject, user: Actor): JsonObject => {
    const experimentId = text(message, 'experimentId');
    setDeleted(new Visible(state, user).experimentEvenDeleted(experimentId), undefined);
    return { experimentId, projectId: text(message, 'projectId'), status: true, message: '' };
  };
  return {
    DeleteExperiment: remove,
    RecoverDeletedExperiment: recover,
    BatchDeleteExperiment: (message, user) => ({
      experimentDeleteResponse: messages(message, 'experimentRequest').map((request) => attempt(request, () => remove(request, user))),
    }),
    BatchRecoverDeletedExperiment: (message, user) => ({
      recoverExperimentResponses: messages(message, 'recoverExperimentRequests').map((request) =>
        attempt(request, () => recover(request, user)),
      ),
    }),
  };
}

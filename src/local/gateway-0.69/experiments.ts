/**
 * Experiments with their metadata, tags and comments.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { inProject } from '../state.js';
import type { Comment, Experiment, State } from '../state.js';
import { Visible, service, timestamp } from './context.js';
import type { GatewayContext, Methods } from './context.js';
import { listAnswer } from './lists.js';
import { nested, optionalMessage, text, texts } from './message.js';
import { changedTexts, wireTag } from './projects.js';

const parameterNames = ['trainingDatasetId', 'validationDatasetId', 'testDatasetId', 'targetColumn', 'weightColumn', 'foldColumn'];

/** What a key pattern stands for: `%` any text, `%%` a per cent sign. */
function keyPattern(pattern: string): RegExp {
  const parts = pattern.split('%%').map((part) =>
    part
      .split('%')
      .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*'),
  );
  return new RegExp(`^${parts.join('%')}$`, 's');
}

/** The values whose keys the request asks for; nothing at all where it asks for none. */
function selectedMetadata(metadata: JsonObject, message: JsonObject): JsonObject | null {
  const selection = optionalMessage(message, 'responseMetadata');
  if (selection === undefined) return null;
  const patterns = texts(selection, 'pattern').map(keyPattern);
  return { values: Object.fromEntries(Object.entries(metadata).filter(([key]) => patterns.some((pattern) => pattern.test(key)))) };
}

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
    statistics: null,
    tag: experiment.tagIds.flatMap((id) => state.tags.get(id) ?? []).map(wireTag),
    description: experiment.description,
  };
}

const wireComment = (comment: Comment, experimentId: string): JsonObject => ({
  id: comment.id,
  authorId: comment.authorId,
  projectId: '',
  experimentId,
  datasetId: '',
  message: comment.message,
  createdTime: timestamp(comment.createdAt),
});

const parametersOf = (sent: JsonObject): JsonObject => {
  const parameters = nested(sent, 'parameters');
  return Object.fromEntries(parameterNames.map((name) => [name, text(parameters, name)]));
};

export function experimentMethods(context: GatewayContext): Methods {
  const { state, clock, pageSize } = context;
  const path = 'storage/ai.h2o.storage.ExperimentService';
  return {
    ...service(path, {
      CreateExperiment(message, user) {
        const project = new Visible(state, user).project(text(message, 'projectId'));
        const sent = nested(message, 'experiment');
        const now = clock.now();
        const experiment: Experiment = {
          id: randomUUID(),
          projectId: project.id,
          ownerId: user.id,
          name: text(sent, 'displayName'),
          description: text(sent, 'description'),
          metadata: nested(nested(sent, 'metadata'), 'values'),
          parameters: parametersOf(sent),
          tagIds: [],
          comments: [],
          createdAt: now,
          modifiedAt: now,
        };
        state.experiments.set(experiment.id, experiment);
        return { experiment: wireExperiment(state, experiment, message) };
      },
      GetExperiment: (message, user) => ({
        experiment: wireExperiment(state, new Visible(state, user).experiment(text(message, 'id')), message),
      }),
      ListExperiments(message, user) {
        const project = new Visible(state, user).project(text(message, 'projectId'));
        const experiments = inProject(state.experiments, project.id).map((experiment) => wireExperiment(state, experiment, message));
        return listAnswer('experiment', experiments, { message, pageSize });
      },
      UpdateExperiment(message, user) {
        const sent = nested(message, 'experiment');
        const experiment = new Visible(state, user).experiment(text(sent, 'id'));
        const changed = { ...experiment, ...changedTexts(message, sent, experiment), modifiedAt: clock.now() };
        state.experiments.set(experiment.id, changed);
        return { experiment: wireExperiment(state, changed, message) };
      },
      DeleteExperiment(message, user) {
        state.removeExperiment(new Visible(state, user).experiment(text(message, 'id')).id);
        return {};
      },
    }),
    ...service(path, annotationMethods(context)),
  };
}

/** Tags and comments on an experiment. */
function annotationMethods({ state, clock, pageSize }: GatewayContext): Methods {
  return {
    TagExperiment(message, user) {
      const visible = new Visible(state, user);
      const experiment = visible.experiment(text(message, 'experimentId'));
      const tag = visible.tag(text(message, 'tagId'));
      state.experiments.set(experiment.id, { ...experiment, tagIds: [...new Set([...experiment.tagIds, tag.id])] });
      return {};
    },
    UntagExperiment(message, user) {
      const experiment = new Visible(state, user).experiment(text(message, 'experimentId'));
      const tagId = text(message, 'tagId');
      state.experiments.set(experiment.id, { ...experiment, tagIds: experiment.tagIds.filter((id) => id !== tagId) });
      return {};
    },
    CreateExperimentComment(message, user) {
      const experiment = new Visible(state, user).experiment(text(message, 'experimentId'));
      const comment: Comment = { id: randomUUID(), authorId: user.id, message: text(message, 'commentMessage'), createdAt: clock.now() };
      state.experiments.set(experiment.id, { ...experiment, comments: [...experiment.comments, comment] });
      return { comment: wireComment(comment, experiment.id) };
    },
    ListExperimentComments(message, user) {
      const experiment = new Visible(state, user).experiment(text(message, 'experimentId'));
      return listAnswer(
        'comment',
        experiment.comments.map((comment) => wireComment(comment, experiment.id)),
        { message, pageSize },
      );
    },
  };
}

/**
 * What users pin on an experiment: tags, comments and metrics.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import type { Comment, Experiment, Metric } from '../../state.js';
import { timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { nested, text } from '../message.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { countAnswer, listAnswer } from './lists.js';

const wireComment = (comment: Comment, experimentId: string): JsonObject => ({
  id: comment.id,
  authorId: comment.authorId,
  projectId: '',
  experimentId,
  datasetId: '',
  message: comment.message,
  createdTime: timestamp(comment.createdAt),
});

export function annotationMethods({ state, clock, pageSize }: GatewayContext): Methods {
  const change = (experiment: Experiment, changes: Partial<Experiment>): void => {
    state.experiments.set(experiment.id, { ...experiment, ...changes });
  };
  const experimentOf = (message: JsonObject, user: Actor): Experiment => new Visible(state, user).experiment(text(message, 'experimentId'));
  const comments = (message: JsonObject, user: Actor): readonly JsonObject[] => {
    const experiment = experimentOf(message, user);
    return experiment.comments.map((comment) => wireComment(comment, experiment.id));
  };
  const metrics = (message: JsonObject, user: Actor): readonly JsonObject[] => {
    const experiment = experimentOf(message, user);
    return experiment.metrics.map((metric) => ({ experimentId: experiment.id, ...metric }));
  };
  return {
    TagExperiment(message, user) {
      const visible = new Visible(state, user);
      const experiment = visible.experiment(text(message, 'experimentId'));
      const tag = visible.tag(text(message, 'tagId'));
      change(experiment, { tagIds: [...new Set([...experiment.tagIds, tag.id])] });
      return {};
    },
    UntagExperiment(message, user) {
      const experiment = experimentOf(message, user);
      const tagId = text(message, 'tagId');
      change(experiment, { tagIds: experiment.tagIds.filter((id) => id !== tagId) });
      return {};
    },
    CreateExperimentComment(message, user) {
      const experiment = experimentOf(message, user);
      const comment: Comment = { id: randomUUID(), authorId: user.id, message: text(message, 'commentMessage'), createdAt: clock.now() };
      change(experiment, { comments: [...experiment.comments, comment] });
      return { comment: wireComment(comment, experiment.id) };
    },
    ListExperimentComments: (message, user) => listAnswer('comment', comments(message, user), { message, pageSize }),
    CountExperimentComments: (message, user) => countAnswer(comments(message, user), message),
    CreateExperimentMetric(message, user) {
      const visible = new Visible(state, user);
      const experiment = visible.experiment(text(message, 'experimentId'));
      const dataset = visible.dataset(text(message, 'datasetId'));
      const metric: Metric = { datasetId: dataset.id, key: text(message, 'key'), value: nested(message, 'value') };
      change(experiment, { metrics: [...experiment.metrics, metric] });
      return { metric: { experimentId: experiment.id, ...metric } };
    },
    ListExperimentMetrics: (message, user) => listAnswer('metric', metrics(message, user), { message, pageSize }),
    CountExperimentMetrics: (message, user) => countAnswer(metrics(message, user), message),
  };
}

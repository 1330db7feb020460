/**
 * The audit events of a project.
 */
import type { JsonObject } from '../../json.js';
import type { AuditEvent } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text } from '../message.js';
import { Visible } from '../visible.js';
import { listAnswer } from './lists.js';

const wireEvent = (event: AuditEvent): JsonObject => ({
  id: event.id,
  actorId: event.actorId,
  userId: '',
  groupId: '',
  projectId: event.projectId,
  experimentId: event.experimentId,
  datasetId: '',
  tagId: '',
  commentId: '',
  deploymentId: event.deploymentId,
  deploymentEnvironmentId: '',
  restrictionRoleId: '',
  message: event.message,
  timestamp: timestamp(event.at),
  operation: event.operation,
  registeredModelId: '',
  registeredModelVersionId: '',
});

export function eventMethods({ state, pageSize }: GatewayContext): Methods {
  return service('storage/ai.h2o.storage.ProjectService', {
    ListProjectEvents(message, user) {
      const { id } = new Visible(state, user).project(text(message, 'projectId'));
      const events = state.events.filter(({ projectId }) => projectId === id).map(wireEvent);
      return { ...listAnswer('event', events, { message, pageSize }), eventCount: String(events.length) };
    },
  });
}

/**
 * Tags: the labels that a project has for its experiments and datasets.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Tag } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { nested, text } from '../message.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { countAnswer, listAnswer } from './lists.js';

export const wireTag = (tag: Tag): JsonObject => ({
  id: tag.id,
  displayName: tag.name,
  createdTime: timestamp(tag.createdAt),
  projectId: tag.projectId,
});

export function tagMethods({ state, clock, pageSize }: GatewayContext): Methods {
  const tagsOf = (message: JsonObject, user: Actor): readonly JsonObject[] =>
    inProject(state.tags, new Visible(state, user).project(text(message, 'projectId')).id).map(wireTag);
  return service('storage/ai.h2o.storage.TagService', {
    CreateTag(message, user) {
      const { id: projectId } = new Visible(state, user).project(text(message, 'projectId'));
      const name = text(nested(message, 'tag'), 'displayName');
      const tag: Tag = { id: randomUUID(), projectId, name, createdAt: clock.now() };
      state.tags.set(tag.id, tag);
      return { tag: wireTag(tag) };
    },
    GetTag: (message, user) => ({ tag: wireTag(new Visible(state, user).tag(text(message, 'id'))) }),
    ListTags: (message, user) => listAnswer('tag', tagsOf(message, user), { message, pageSize }),
    CountTags: (message, user) => countAnswer(tagsOf(message, user), message),
    UpdateTag(message, user) {
      const sent = nested(message, 'tag');
      const tag: Tag = { ...new Visible(state, user).tag(text(sent, 'id')), name: text(sent, 'displayName') };
      state.tags.set(tag.id, tag);
      return { tag: wireTag(tag) };
    },
    DeleteTag(message, user) {
      state.removeTag(new Visible(state, user).tag(text(message, 'id')).id);
      return {};
    },
  });
}

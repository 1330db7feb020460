/**
 * Projects that users share with each other, to read or also to change.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Project, Sharing } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text } from '../message.js';
import { invalidArgument, notFound } from '../rpc-error.js';
import { Visible } from '../visible.js';

/** The role of who may read a shared project only. */
const reader = { id: '00000000-0000-4000-8000-000000000001', displayName: 'Reader' };

const wireSharing = (sharing: Sharing): JsonObject => ({
  id: sharing.id,
  entityId: sharing.projectId,
  rootSharingId: '',
  userId: sharing.userId,
  groupId: '',
  restrictionRoleId: sharing.isReadOnly ? reader.id : '',
  type: 'USER_CREATED',
  createdTime: timestamp(sharing.createdAt),
});

const wireOwner = (project: Project): JsonObject => ({
  ...wireSharing({ id: project.id, projectId: project.id, userId: project.ownerId, isReadOnly: false, createdAt: project.createdAt }),
  type: 'OWNER',
});

export function sharingMethods({ state, clock }: GatewayContext): Methods {
  return {
    ...service('storage/ai.h2o.storage.ProjectService', {
      ShareProject(message, user) {
        const project = new Visible(state, user).ownProject(text(message, 'projectId'));
        const userId = text(message, 'userId');
        if (!state.users.has(userId)) throw notFound('user', userId);
        const roleId = text(message, 'restrictionRoleId');
        if (!['', reader.id].includes(roleId)) throw notFound('role', roleId);
        const known = inProject(state.sharings, project.id).find((sharing) => sharing.userId === userId);
        const isReadOnly = roleId !== '';
        const sharing: Sharing = { id: known?.id ?? randomUUID(), projectId: project.id, userId, isReadOnly, createdAt: clock.now() };
        state.sharings.set(sharing.id, sharing);
        return { sharing: wireSharing(sharing) };
      },
      UnshareProject(message, user) {
        const project = new Visible(state, user).ownProject(text(message, 'projectId'));
        const id = text(message, 'sharingId');
        if (id === project.id) throw invalidArgument('a project cannot be taken from its owner');
        if (state.sharings.get(id)?.projectId !== project.id) throw notFound('sharing', id);
        state.sharings.delete(id);
        return {};
      },
      ListProjectSharings(message, user) {
        const project = new Visible(state, user).project(text(message, 'projectId'));
        return { sharing: [wireOwner(project), ...inProject(state.sharings, project.id).map(wireSharing)] };
      },
    }),
    ...service('storage/ai.h2o.storage.RoleService', {
      ListRoles: () => ({ role: [{ ...reader, createdTime: timestamp(0) }] }),
    }),
  };
}

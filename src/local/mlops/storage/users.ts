/**
 * Users: those of the identity provider, and whoever has called this cloud once.
 */
import type { JsonObject } from '../../json.js';
import type { User } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text, texts } from '../message.js';
import { notFound } from '../rpc-error.js';
import { listAnswer } from './lists.js';

export const wireUser = (user: User): JsonObject => ({
  id: user.id,
  username: user.username,
  primaryEmail: user.email,
  createdTime: timestamp(user.createdAt),
  idpId: user.subject,
});

export function userMethods({ state, pageSize }: GatewayContext): Methods {
  const found = (user: User | undefined, name: string): JsonObject => {
    if (user === undefined) throw notFound('user', name);
    return { user: wireUser(user) };
  };
  return service('storage/ai.h2o.storage.UserService', {
    GetUser: (message) => found(state.users.get(text(message, 'id')), text(message, 'id')),
    GetUserByUsername(message) {
      const username = text(message, 'username');
      return found(
        [...state.users.values()].find((user) => user.username === username),
        username,
      );
    },
    BatchGetUsers: (message) => ({
      users: texts(message, 'IDs')
        .flatMap((id) => state.users.get(id) ?? [])
        .map(wireUser),
    }),
    ListUsers: (message) => listAnswer('user', [...state.users.values()].map(wireUser), { message, pageSize }),
    WhoAmI: (_, user) => ({ user: wireUser(user) }),
  });
}

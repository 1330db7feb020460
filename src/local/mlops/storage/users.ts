/**
 * Users: whoever has called this cloud once.
 */
import type { JsonObject } from '../../json.js';
import type { User } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text } from '../message.js';
import { notFound } from '../rpc-error.js';

const wireUser = (user: User): JsonObject => ({
  id: user.id,
  username: user.username,
  primaryEmail: user.email,
  createdTime: timestamp(user.createdAt),
  idpId: user.subject,
});

export function userMethods({ state }: GatewayContext): Methods {
  return service('storage/ai.h2o.storage.UserService', {
    GetUser(message) {
      const id = text(message, 'id');
      const user = state.users.get(id);
      if (user === undefined) throw notFound('user', id);
      return { user: wireUser(user) };
    },
    WhoAmI: (_, user) => ({ user: wireUser(user) }),
  });
}

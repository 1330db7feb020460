/**
 * Users in the storage RPC of platform 0.69.
 */
import * as z from 'zod/mini';
import { createList } from '../../http/pagination.js';
import type { MlopsUser, UsersApi } from '../users.js';
import { compact, known, listOf, pageRequest, PagingSchema, rpc, text, theOne, toPage } from './rpc.js';
import type { Wires } from './wires.js';

const UserSchema = z.looseObject({ id: z.string().check(z.minLength(1)), username: text, primaryEmail: text });

function toUser(wire: z.infer<typeof UserSchema>): MlopsUser {
  return { id: wire.id, username: wire.username ?? '', ...compact({ email: known(wire.primaryEmail) }) };
}

const users = { service: 'ai.h2o.storage.UserService', mount: '/storage' } as const;
const OneUserSchema = z.looseObject({ user: UserSchema });

const whoAmI = rpc({ ...users, method: 'WhoAmI', safe: true, answer: OneUserSchema });
const getUser = rpc({ ...users, method: 'GetUser', safe: true, answer: OneUserSchema });
const listUsers = rpc({
  ...users,
  method: 'ListUsers',
  safe: true,
  answer: z.looseObject({ user: listOf(UserSchema), paging: PagingSchema }),
});

export function storageUsers({ gateway: send }: Wires): UsersApi {
  return {
    whoAmI: async (options) => toUser((await send({ operation: whoAmI, body: {} }, options)).user),
    get: async (id, options) => {
      const { user } = await send({ operation: getUser, body: { id } }, options);
      return toUser(theOne(user, id, getUser.name));
    },
    list: (options) =>
      createList({
        call: listUsers.name,
        fetchPage: async (pageToken) => {
          const answer = await send({ operation: listUsers, body: pageRequest(pageToken) }, options);
          return toPage(answer.user, answer.paging, toUser);
        },
        key: (user) => user.id,
        removals: () => 0,
      }),
  };
}

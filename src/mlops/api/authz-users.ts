/**
 * Users of platform 1.x: the authorization service keeps them, and the gateway says which of them the caller is.
 */
import * as z from 'zod/mini';
import { operation } from '../../http/operation.js';
import { createList } from '../../http/pagination.js';
import type { MlopsUser, UsersApi } from '../users.js';
import { idIn, name, nextPageToken, pageQuery } from './rest.js';
import { compact, known, listOf, text, theOne } from './rpc.js';
import type { Wires } from './wires.js';

const UserSchema = z.looseObject({
  name,
  displayName: text,
  loginPrincipal: text,
  emails: listOf(z.looseObject({ address: text })),
});

function toUser(wire: z.infer<typeof UserSchema>): MlopsUser {
  const email = known(wire.emails?.[0]?.address);
  return { id: idIn(wire.name), username: known(wire.loginPrincipal) ?? email ?? '', ...compact({ name: known(wire.displayName), email }) };
}

const getUser = operation({
  name: 'GetUser',
  method: 'GET',
  path: '/v1/users/{user}',
  safe: true,
  answer: z.looseObject({ user: UserSchema }),
});
const listUsers = operation({
  name: 'ListUsers',
  method: 'GET',
  path: '/v1/users',
  safe: true,
  answer: z.looseObject({ users: listOf(UserSchema), nextPageToken }),
});
/** The body says nothing. */
const whoAmI = operation({
  name: 'me',
  method: 'GET',
  path: '/me',
  safe: true,
  answerHeader: 'x-user-id',
  answer: z.string().check(z.minLength(1)),
});

export function authzUsers({ gateway, authz }: Wires): UsersApi {
  const get: UsersApi['get'] = async (id, options) => {
    const { user } = await authz({ operation: getUser, parameters: { user: id } }, options);
    theOne({ id: idIn(user.name) }, id, getUser.name);
    return toUser(user);
  };
  return {
    whoAmI: async (options) => get(await gateway({ operation: whoAmI }, options), options),
    get,
    list: (options) =>
      createList({
        call: listUsers.name,
        fetchPage: async (pageToken) => {
          const answer = await authz({ operation: listUsers, query: pageQuery(pageToken) }, options);
          return { items: (answer.users ?? []).map(toUser), nextPageToken: answer.nextPageToken };
        },
        key: (user) => user.id,
        removals: () => 0,
      }),
  };
}

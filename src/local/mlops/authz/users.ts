/**
 * Users of the authorization gateway.
 */
import type { JsonObject } from '../../json.js';
import type { User } from '../../state.js';
import type { GatewayContext } from '../context.js';
import { text, texts } from '../message.js';
import { restListAnswer } from '../rest/lists.js';
import type { Routes } from '../rest/routes.js';
import { notFound } from '../rpc-error.js';

const wireUser = (user: User): JsonObject => ({
  name: `users/${user.id}`,
  displayName: user.displayName,
  active: true,
  emails: [{ address: user.email }],
  loginPrincipal: user.username,
});

export function userRoutes({ state, pageSize }: GatewayContext): Routes {
  const byEmail = (addresses: readonly string[]): JsonObject => ({
    users: [...state.users.values()].filter(({ email }) => addresses.includes(email)).map(wireUser),
  });
  return {
    'GET /v1/users/{user}'({ param }) {
      const user = state.users.get(param('user'));
      if (user === undefined) throw notFound('user', param('user'));
      return { user: wireUser(user) };
    },
    // Here, unlike in the deployer's lists, clients go on for as long as there is a next token, be it empty.
    'GET /v1/users'({ query }) {
      const { nextPageToken, ...page } = restListAnswer('users', [...state.users.values()].map(wireUser), { query, pageSize });
      return nextPageToken === '' ? page : { ...page, nextPageToken };
    },
    'GET /v1/users:listByEmail': ({ query }) => byEmail(query.getAll('email')),
    'POST /v1/users:listByEmail': ({ body }) => byEmail([...texts(body, 'emails'), text(body, 'email')]),
  };
}

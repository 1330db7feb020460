/**
 * The authorization gateway, mounted at `/authz`: workspaces and users of the platforms 1.x.
 */
import { Hono } from 'hono';
import type { Access } from '../../access.js';
import type { GatewayContext } from '../context.js';
import { refusalOf } from '../refusal.js';
import { router } from '../rest/routes.js';
import { RpcError } from '../rpc-error.js';
import { userRoutes } from './users.js';
import { workspaceRoutes } from './workspaces.js';

/** Where the authorization gateway is mounted. */
export const authzPath = '/authz';

export function authzGateway(context: GatewayContext, access: Access): Hono {
  const app = new Hono();
  const route = router({ ...workspaceRoutes(context), ...userRoutes(context) });
  app.onError(refusalOf);
  app.all('*', async ({ req }) => {
    const caller = await access.caller(req.header('authorization'));
    if (caller === undefined) throw new RpcError(16, 'invalid or missing bearer token');
    if (!context.serves('authz')) throw new RpcError(5, 'Not Found');
    const user = { ...context.state.user(caller, context.clock.now()), writes: req.method !== 'GET' };
    return route(req.raw, new URL(req.url).pathname.slice(authzPath.length), user);
  });
  return app;
}

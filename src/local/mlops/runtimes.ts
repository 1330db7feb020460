/**
 * Runtimes of the users' own, which platform 1.2 takes: here nobody has any, and none can be made.
 */
import type { JsonObject } from '../json.js';
import type { GatewayContext } from './context.js';
import { restListAnswer } from './rest/lists.js';
import type { Routes } from './rest/routes.js';

export function runtimeRoutes({ pageSize }: GatewayContext): Routes {
  const none = (name: string): Routes => ({
    [`GET /v1/workspaces/{workspace}/${name}`]: ({ query }): JsonObject => restListAnswer(name, [], { query, pageSize }),
    [`GET /v1/workspaces/{workspace}/${name}:count`]: (): JsonObject => ({ count: '0' }),
  });
  return { ...none('runtimes'), ...none('runtimeImages') };
}

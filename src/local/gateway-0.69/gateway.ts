/**
 * The MLOps gateway of platform 0.69, mounted at `/mlops`: every call is a POST, checked for its token, read, and handed to the method that its path names.
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import type { Access } from '../access.js';
import { isObject, parseJson } from '../json.js';
import type { JsonObject } from '../json.js';
import type { User } from '../state.js';
import { artifactMethods, ingestionMethods } from './artifacts.js';
import { drain, readBytes, writeBytes, writeStatus } from './byte-stream.js';
import { compositionMethods } from './compositions.js';
import type { GatewayContext, Methods } from './context.js';
import { deploymentMethods, deploymentStatusMethods } from './deployments.js';
import { endpointMethods } from './endpoints.js';
import { experimentMethods } from './experiments.js';
import { normalised } from './message.js';
import { modelMethods, versionMethods } from './models.js';
import { environmentMethods, projectMethods, tagMethods } from './projects.js';
import { RpcError, invalidArgument } from './rpc-error.js';
import { securityMethods } from './security.js';
import { userMethods } from './users.js';

/** Where the gateway is mounted. */
export const gatewayPath = '/mlops';

const neededScopes = ['ai.h2o.storage', 'ai.h2o.deploy'];

const allMethods = (context: GatewayContext): Methods => ({
  ...projectMethods(context),
  ...environmentMethods(context),
  ...tagMethods(context),
  ...artifactMethods(context),
  ...ingestionMethods(context),
  ...experimentMethods(context),
  ...modelMethods(context),
  ...versionMethods(context),
  ...userMethods(context),
  ...compositionMethods(),
  ...securityMethods(context),
  ...deploymentMethods(context),
  ...deploymentStatusMethods(context),
  ...endpointMethods(context),
});

/** The user behind a request; refuses a token that is not good, or that lacks a scope. */
async function authorised(context: GatewayContext, access: Access, authorization: string | undefined): Promise<User> {
  const caller = await access.caller(authorization);
  if (caller === undefined) throw new RpcError(16, 'invalid or missing bearer token');
  const missing = neededScopes.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length > 0) throw new RpcError(7, `the token lacks the scope ${missing.join(' ')}`);
  return context.state.user(caller, context.clock.now());
}

async function requestMessage(request: Context['req']): Promise<JsonObject> {
  const body = await request.text();
  const message = body.trim() === '' ? {} : normalised(parseJson(body));
  if (!isObject(message)) throw invalidArgument('the body is not a JSON object');
  return message;
}

/** The gateway as an app; it serves everything below {@link gatewayPath}. */
export function gateway(context: GatewayContext, access: Access): Hono {
  const app = new Hono();
  const methods = new Map(Object.entries(allMethods(context)));
  const byteStream = `${gatewayPath}/storage/google.bytestream.ByteStream`;
  const userOf = (request: Context['req']): Promise<User> => authorised(context, access, request.header('authorization'));

  app.onError((error) => {
    return (error instanceof RpcError ? error : new RpcError(13, `the local cloud failed: ${error.message}`)).toResponse();
  });
  app.post(`${byteStream}/Write`, async ({ req, json }) => {
    try {
      return json(await writeBytes(context, await userOf(req), req.raw.body));
    } catch (error) {
      await drain(req.raw.body);
      throw error;
    }
  });
  app.post(`${byteStream}/Read`, async ({ req }) => readBytes(context, await userOf(req), await requestMessage(req)));
  app.post(`${byteStream}/QueryWriteStatus`, async ({ req, json }) =>
    json(writeStatus(context, await userOf(req), await requestMessage(req))),
  );
  app.all('*', async ({ req, json }) => {
    const user = await userOf(req);
    const method = methods.get(req.path.slice(gatewayPath.length + 1));
    if (method === undefined) throw new RpcError(5, 'Not Found');
    if (req.method !== 'POST') throw new RpcError(12, 'Method Not Allowed');
    return json(method(await requestMessage(req), user));
  });
  return app;
}

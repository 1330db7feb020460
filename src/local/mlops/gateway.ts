/**
 * The MLOps gateway, mounted at `/mlops`: every call is checked for its token, read, and handed to the API that its path names.
 * Which APIs there are is the platform's choice.
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import type { Access } from '../access.js';
import type { JsonObject } from '../json.js';
import type { GatewayContext, Methods } from './context.js';
import { compositionMethods } from './deployer-rpc/compositions.js';
import { deploymentMethods, deploymentStatusMethods } from './deployer-rpc/deployments.js';
import { endpointMethods } from './deployer-rpc/endpoints.js';
import { securityMethods } from './deployer-rpc/security.js';
import { configurationRoutes } from './deployer-rest/configuration.js';
import { deploymentStatusRoutes } from './deployer-rest/deployment-status.js';
import { deploymentRoutes } from './deployer-rest/deployments.js';
import { endpointRoutes } from './deployer-rest/endpoints.js';
import { logRoutes } from './deployer-rest/logs.js';
import { messageFrom } from './message.js';
import type { Api } from './platforms.js';
import { refusalOf } from './refusal.js';
import { monitoringRoutes } from './monitoring.js';
import { router } from './rest/routes.js';
import type { Routes } from './rest/routes.js';
import { runtimeRoutes } from './runtimes.js';
import { RpcError } from './rpc-error.js';
import { aggregateMethods } from './storage/aggregates.js';
import { artifactMethods, presignedMethods } from './storage/artifacts.js';
import { drain, readBytes, writeBytes, writeStatus } from './storage/byte-stream.js';
import { datasetMethods } from './storage/datasets.js';
import { eventMethods } from './storage/events.js';
import { experimentMethods } from './storage/experiments.js';
import { ingestionMethods, requestedIngestionMethods } from './storage/ingestion.js';
import { modelMethods, versionMethods } from './storage/models.js';
import { environmentMethods, projectMethods } from './storage/projects.js';
import { sharingMethods } from './storage/sharing.js';
import { tagMethods } from './storage/tags.js';
import { userMethods } from './storage/users.js';
import type { Actor } from './visible.js';

/** Where the gateway is mounted. */
export const gatewayPath = '/mlops';

const neededScopes = ['ai.h2o.storage', 'ai.h2o.deploy'];

type MethodsOf = (context: GatewayContext) => Methods;

const storageMethods: MethodsOf = (context) => ({
  ...tagMethods(context),
  ...artifactMethods(context),
  ...datasetMethods(context),
  ...experimentMethods(context),
  ...modelMethods(context),
  ...versionMethods(context),
  ...aggregateMethods(context),
  ...eventMethods(context),
  ...sharingMethods(context),
  ...userMethods(context),
});

const deployerMethods: MethodsOf = (context) => ({
  ...compositionMethods(),
  ...securityMethods(context),
  ...deploymentMethods(context),
  ...deploymentStatusMethods(context),
  ...endpointMethods(context),
});

/** The APIs that speak RPC. */
const methodsOf: readonly (readonly [Api, MethodsOf])[] = [
  ['storage', storageMethods],
  ['projects', (context) => ({ ...projectMethods(context), ...environmentMethods(context) })],
  ['byte-stream', ingestionMethods],
  ['presigned-urls', (context) => ({ ...presignedMethods(context), ...requestedIngestionMethods(context) })],
  ['deployer-rpc', deployerMethods],
];

const servedMethods = (context: GatewayContext): ReadonlyMap<string, Methods[string]> =>
  new Map(methodsOf.filter(([api]) => context.serves(api)).flatMap(([, methods]) => Object.entries(methods(context))));

const readingMethods = /\/(?:Get|List|Count|Is|WhoAmI|BatchGet|Discover|GenerateArtifactDownloadURL|Read|QueryWriteStatus)\w*$/;

/** RPCs tell by their name whether they change things, REST by the method; but a job is cancelled by a GET. */
const changesThings = ({ method, path }: Context['req']): boolean =>
  method === 'POST' ? !readingMethods.test(path) : method !== 'GET' || path.endsWith(':cancel');

/** The user behind a request; refuses a token that is not good, or that lacks a scope. */
async function authorised(context: GatewayContext, access: Access, request: Context['req']): Promise<Actor> {
  const caller = await access.caller(request.header('authorization'));
  if (caller === undefined) throw new RpcError(16, 'invalid or missing bearer token');
  const missing = neededScopes.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length > 0) throw new RpcError(7, `the token lacks the scope ${missing.join(' ')}`);
  return { ...context.state.user(caller, context.clock.now()), writes: changesThings(request) };
}

const requestMessage = async (request: Context['req']): Promise<JsonObject> => messageFrom(await request.text());

type UserOf = (request: Context['req']) => Promise<Actor>;

/** The gateway as an app; it serves everything below {@link gatewayPath}. */
export function gateway(context: GatewayContext, access: Access): Hono {
  const app = new Hono();
  const methods = servedMethods(context);
  const userOf: UserOf = (request) => authorised(context, access, request);
  app.onError(refusalOf);
  if (context.serves('byte-stream')) serveByteStream(app, context, userOf);
  if (context.serves('deployer-rest')) serveRest(app, context, userOf);
  app.all('*', async ({ req, json }) => {
    const user = await userOf(req);
    const method = methods.get(req.path.slice(gatewayPath.length + 1));
    if (method === undefined) throw new RpcError(5, 'Not Found');
    if (req.method !== 'POST') throw new RpcError(12, 'Method Not Allowed');
    return json(method(await requestMessage(req), user));
  });
  return app;
}

function serveByteStream(app: Hono, context: GatewayContext, userOf: UserOf): void {
  const byteStream = `${gatewayPath}/storage/google.bytestream.ByteStream`;
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
}

const restMounts = (context: GatewayContext): readonly (readonly [string, Routes])[] => [
  [
    'deployer',
    {
      ...deploymentRoutes(context),
      ...deploymentStatusRoutes(context),
      ...logRoutes(context),
      ...endpointRoutes(context),
      ...configurationRoutes(context),
    },
  ],
  ['monitoring', monitoringRoutes(context)],
  ...(context.serves('deployer-rest-1.2') ? [['runtime', runtimeRoutes(context)] as const] : []),
];

function serveRest(app: Hono, context: GatewayContext, userOf: UserOf): void {
  for (const [mount, routes] of restMounts(context)) {
    const path = `${gatewayPath}/${mount}`;
    const route = router(routes);
    // Its RPC has the deployer's mount too, and is told apart by the version that only paths of REST have.
    app.all(`${path}/:version{v[12]}/*`, async ({ req }) =>
      route(req.raw, new URL(req.url).pathname.slice(path.length), await userOf(req)),
    );
  }
  app.get(`${gatewayPath}/me`, async ({ req, json }) => json({}, 200, { 'x-user-id': (await userOf(req)).id }));
}

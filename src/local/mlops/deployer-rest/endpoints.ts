/**
 * Endpoints of platforms 1.x: stable paths that point at a deployment of their workspace, or at none.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Endpoint } from '../../state.js';
import { timestamp } from '../context.js';
import type { GatewayContext } from '../context.js';
import { maskPaths, text } from '../message.js';
import { restFiltered, restListAnswer } from '../rest/lists.js';
import { queryMask } from '../rest/routes.js';
import type { RestCall, Routes } from '../rest/routes.js';
import { RpcError, invalidArgument, notFound } from '../rpc-error.js';
import { Visible } from '../visible.js';
import { deploymentName, workspaceName, workspacesAt } from './names.js';

const all = '/v2/workspaces/{workspace}/endpoints';
const one = `${all}/{endpoint}`;

type Changeable = Pick<Endpoint, 'name' | 'description' | 'path' | 'targetId'>;

export function endpointRoutes(context: GatewayContext): Routes {
  const { state, clock, pageSize } = context;
  const wire = (endpoint: Endpoint): JsonObject => wireEndpoint(context, endpoint);
  const listed = (call: RestCall): readonly JsonObject[] =>
    workspacesAt(state, call).flatMap(({ id }) => inProject(state.endpoints, id).map(wire));
  return {
    [`POST ${all}`](call) {
      const { id: projectId } = new Visible(state, call.user).project(call.param('workspace'));
      const [environment] = inProject(state.environments, projectId);
      const now = clock.now();
      const changeable = readEndpoint(context, call);
      if ([...state.endpoints.values()].some(({ path }) => path === changeable.path))
        throw new RpcError(6, `there is an endpoint of the path ${changeable.path} already`);
      const environmentId = environment?.id ?? '';
      const endpoint: Endpoint = { id: randomUUID(), projectId, environmentId, ...changeable, createdAt: now, modifiedAt: now };
      state.endpoints.set(endpoint.id, endpoint);
      return { endpoint: wire(endpoint) };
    },
    [`GET ${all}`]: (call) => restListAnswer('endpoints', listed(call), { query: call.query, pageSize }),
    [`GET ${all}:count`]: (call) => ({ count: String(restFiltered(listed(call), call.query).length) }),
    [`GET ${one}`]: (call) => ({ endpoint: wire(endpointAt(context, call)) }),
    [`PATCH ${one}`](call) {
      const changed = { ...changedEndpoint(context, call, endpointAt(context, call)), modifiedAt: clock.now() };
      state.endpoints.set(changed.id, changed);
      return { endpoint: wire(changed) };
    },
    [`DELETE ${one}`](call) {
      state.endpoints.delete(endpointAt(context, call).id);
      return {};
    },
  };
}

function wireEndpoint(context: GatewayContext, endpoint: Endpoint): JsonObject {
  const { projectId, targetId } = endpoint;
  const target = targetId === '' ? '' : deploymentName({ projectId, id: targetId });
  const state = targetId === '' ? 'ENDPOINT_STATE_PENDING' : 'ENDPOINT_STATE_READY';
  return {
    name: `${workspaceName(projectId)}/endpoints/${endpoint.id}`,
    displayName: endpoint.name,
    description: endpoint.description,
    path: endpoint.path,
    target,
    createTime: timestamp(endpoint.createdAt),
    updateTime: timestamp(endpoint.modifiedAt),
    ...(context.serves('deployer-rest-1.2') ? { state, effectiveTarget: target, namespace: workspaceName(projectId) } : {}),
  };
}

function endpointAt({ state }: GatewayContext, { user, param }: RestCall): Endpoint {
  const { id } = new Visible(state, user).project(param('workspace'));
  const endpoint = state.endpoints.get(param('endpoint'));
  if (endpoint?.projectId !== id) throw notFound('endpoint', `${workspaceName(id)}/endpoints/${param('endpoint')}`);
  return endpoint;
}

function readEndpoint(context: GatewayContext, call: RestCall): Changeable {
  const path = text(call.body, 'path');
  if (!/^[^/]+(\/[^/]+)*$/.test(path)) throw invalidArgument('the path of an endpoint has no leading, trailing or double slash');
  return { name: text(call.body, 'displayName'), description: text(call.body, 'description'), path, targetId: targetOf(context, call) };
}

function targetOf({ state }: GatewayContext, { user, body }: RestCall): string {
  const target = text(body, 'target');
  return target === '' ? '' : new Visible(state, user).deployment(/\/deployments\/([^/]+)$/.exec(target)?.[1] ?? '').id;
}

/** The fields in the mask, or all without one. A path is for good. */
function changedEndpoint(context: GatewayContext, call: RestCall, old: Endpoint): Endpoint {
  const paths = maskPaths(queryMask(call.query));
  const unknown = paths.find((path) => !['displayName', 'description', 'target'].includes(path));
  if (unknown !== undefined) throw invalidArgument(`update_mask: ${unknown} cannot be updated`);
  const takes = (path: string): boolean => paths.length === 0 || paths.includes(path);
  return {
    ...old,
    ...(takes('displayName') ? { name: text(call.body, 'displayName') } : {}),
    ...(takes('description') ? { description: text(call.body, 'description') } : {}),
    ...(takes('target') ? { targetId: targetOf(context, call) } : {}),
  };
}

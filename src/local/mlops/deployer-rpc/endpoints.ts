/**
 * Endpoints: stable paths that point at a deployment of their environment. Named by resource names, paged with flat tokens, unlike the rest of the deployer.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import type { Endpoint, State } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { integer, maskPaths, nested, text } from '../message.js';
import { pageOf } from '../page.js';
import { invalidArgument, notFound } from '../rpc-error.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';

const parentOf = (endpoint: Endpoint): string => `projects/${endpoint.projectId}/environments/${endpoint.environmentId}`;

const wireEndpoint = (endpoint: Endpoint): JsonObject => ({
  name: `${parentOf(endpoint)}/endpoints/${endpoint.id}`,
  displayName: endpoint.name,
  description: endpoint.description,
  path: endpoint.path,
  target: endpoint.targetId === '' ? '' : `${parentOf(endpoint)}/deployments/${endpoint.targetId}`,
  createTime: timestamp(endpoint.createdAt),
  updateTime: timestamp(endpoint.modifiedAt),
});

interface Parent {
  readonly projectId: string;
  readonly environmentId: string;
}

function readParent(state: State, user: Actor, parent: string): Parent {
  const [, projectId = '', environmentId = ''] = /^projects\/([^/]+)\/environments\/([^/]+)$/.exec(parent) ?? [];
  if (new Visible(state, user).environment(environmentId).projectId !== projectId) throw notFound('environment', parent);
  return { projectId, environmentId };
}

function find(state: State, user: Actor, name: string): Endpoint {
  const [, parent = '', id = ''] = /^(.+)\/endpoints\/([^/]+)$/.exec(name) ?? [];
  const { environmentId } = readParent(state, user, parent);
  const endpoint = state.endpoints.get(id);
  if (endpoint?.environmentId !== environmentId) throw notFound('endpoint', name);
  return endpoint;
}

type Changeable = Pick<Endpoint, 'name' | 'description' | 'path' | 'targetId'>;

function readEndpoint(state: State, user: Actor, sent: JsonObject): Changeable {
  const path = text(sent, 'path');
  if (!/^[^/]+(\/[^/]+)*$/.test(path)) throw invalidArgument('the path of an endpoint has no leading, trailing or double slash');
  const target = text(sent, 'target');
  const targetId = target === '' ? '' : new Visible(state, user).deployment(/\/deployments\/([^/]+)$/.exec(target)?.[1] ?? '').id;
  return { name: text(sent, 'displayName'), description: text(sent, 'description'), path, targetId };
}

export function endpointMethods({ state, clock, pageSize }: GatewayContext): Methods {
  return service('deployer/ai.h2o.deploy.EndpointService', {
    CreateEndpoint(message, user) {
      const now = clock.now();
      const parent = readParent(state, user, text(message, 'parent'));
      const endpoint: Endpoint = {
        id: randomUUID(),
        ...parent,
        ...readEndpoint(state, user, nested(message, 'endpoint')),
        createdAt: now,
        modifiedAt: now,
      };
      state.endpoints.set(endpoint.id, endpoint);
      return { endpoint: wireEndpoint(endpoint) };
    },
    GetEndpoint: (message, user) => ({ endpoint: wireEndpoint(find(state, user, text(message, 'name'))) }),
    ListEndpoints(message, user) {
      const { environmentId } = readParent(state, user, text(message, 'parent'));
      const endpoints = [...state.endpoints.values()].filter((endpoint) => endpoint.environmentId === environmentId);
      const { page, nextPageToken } = pageOf(endpoints.map(wireEndpoint), {
        pageToken: text(message, 'pageToken'),
        pageSize: integer(message, 'pageSize') || pageSize,
      });
      return { endpoints: page, nextPageToken };
    },
    UpdateEndpoint(message, user) {
      const sent = nested(message, 'endpoint');
      const old = find(state, user, text(sent, 'name'));
      const paths = maskPaths(message);
      const takes = (path: string): boolean => paths.length === 0 || paths.includes(path);
      const present = wireEndpoint(old);
      const taken = Object.fromEntries(Object.entries(present).map(([field, value]) => [field, takes(field) ? sent[field] : value]));
      const changed: Endpoint = { ...old, ...readEndpoint(state, user, taken), modifiedAt: clock.now() };
      state.endpoints.set(old.id, changed);
      return { endpoint: wireEndpoint(changed) };
    },
    DeleteEndpoint(message, user) {
      state.endpoints.delete(find(state, user, text(message, 'name')).id);
      return {};
    },
  });
}

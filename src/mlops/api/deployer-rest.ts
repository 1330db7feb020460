/**
 * Deployments in the REST deployer of platform 1.x. What 1.0 and 1.2 do not have in common is passed in.
 */
import * as z from 'zod/mini';
import { NotFoundError } from '../../errors/api-error.js';
import { operation } from '../../http/operation.js';
import { createList } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import { redact } from '../../internal/redact.js';
import { stateOf, type DeploymentStatus } from '../deployment-status.js';
import type { Deployment, DeploymentChanges, DeploymentOrder, DeploymentsApi } from '../deployment.js';
import { matches } from '../list-filter.js';
import { secretsOf } from '../security-options.js';
import { aipQuery } from './aip-filter.js';
import type { SecurityDialect } from './deployer-rest-security.js';
import { changedModels, fromModels, toComposition, toSettings, type ElementNames, type ElementPart } from './deployment-elements.js';
import { fromMonitoring, toMonitoring, type ColumnNames } from './deployment-monitoring.js';
import { checkApplied, refuseStale } from './deployment-updates.js';
import { deploymentName, idIn, idUnder, name, nextPageToken, pageQuery, workspaceName } from './rest.js';
import { compact, known, listOf, NothingSchema, text, theOne, withoutNulls } from './rpc.js';
import { objectAt, textAt, textsAt, type WireObject } from './wire-object.js';
import type { Wires } from './wires.js';

const DeploymentSchema = z.looseObject({
  name,
  displayName: text,
  description: text,
  etag: text,
  createTime: text,
  updateTime: text,
  creator: text,
});
type WireDeployment = z.infer<typeof DeploymentSchema>;

/** In what platforms 1.0 and 1.2 differ. */
export interface DeployerDialect {
  readonly security: SecurityDialect;
  /** What only one of them has, in a new deployment and in one that was read. */
  readonly own: {
    from(order: DeploymentOrder, models: WireObject): WireObject;
    to(deployment: WireObject, names: ElementNames): Deployment['platform'];
  };
}

const names: ElementNames = {
  single: 'single',
  split: 'split',
  shadow: 'shadow',
  artifactType: 'deployableArtifactType',
  artifactProcessor: 'artifactProcessor',
  runtime: 'runtime',
  resources: 'kubernetesResourceRequirements',
  shortcuts: 'kubernetesConfigShortcut',
  affinity: 'kubernetesAffinityShortcut',
  toleration: 'kubernetesTolerationShortcut',
  variables: ['runtimeEnvironmentVariables'],
  noReplicas: 0,
};
const columns: ColumnNames = { column: 'column', baselineColumn: 'column', baselineHasOutput: true };

/** Masks call some parts otherwise than messages do. */
const masks: Readonly<Record<ElementPart, string>> = {
  resources: 'deployment.kubernetes_resource_spec',
  shortcuts: 'deployment.kubernetes_config_shortcut',
  variables: 'deployment.environment_variables',
  autoscaling: 'deployment.vpa_spec',
  disruption: 'deployment.pod_disruption_budget',
};

const StatusSchema = z.looseObject({
  name: text,
  state: text,
  message: text,
  updateTime: text,
  lastUpdateOutcome: text,
  errorDetails: z.nullish(z.looseObject({ summary: z.nullish(z.looseObject({ primaryFailureType: text })) })),
});
const EndpointSchema = z.nullish(z.looseObject({ uri: text }));
const OneDeploymentSchema = z.looseObject({ deployment: DeploymentSchema });
const collection = '/deployer/v2/{+workspace}/deployments';
const path = '/deployer/v2/{+deployment}';

const createDeployment = operation({
  name: 'CreateDeployment',
  method: 'POST',
  path: collection,
  safe: false,
  answer: OneDeploymentSchema,
});
const getDeployment = operation({ name: 'GetDeployment', method: 'GET', path, safe: true, answer: OneDeploymentSchema });
const updateDeployment = operation({ name: 'UpdateDeployment', method: 'PATCH', path, safe: false, answer: OneDeploymentSchema });
const deleteDeployment = operation({ name: 'DeleteDeployment', method: 'DELETE', path, safe: false, answer: NothingSchema });
const listDeployments = operation({
  name: 'ListDeployments',
  method: 'GET',
  path: collection,
  safe: true,
  answer: z.looseObject({ deployments: listOf(DeploymentSchema), nextPageToken }),
});
const getStatus = operation({
  name: 'GetDeploymentStatus',
  method: 'GET',
  path: `${path}/status`,
  safe: true,
  answer: z.looseObject({ deploymentStatus: StatusSchema }),
});
const getMetadata = operation({
  name: 'GetDeploymentMetadata',
  method: 'GET',
  path: `${path}/metadata`,
  safe: true,
  answer: z.looseObject({
    deploymentMetadata: z.nullish(z.looseObject({ scoringInterface: z.nullish(z.looseObject({ score: EndpointSchema })) })),
  }),
});

/** In these a scorer is not, or not any more, at an address. */
const withoutScorer = new Set<string>(['PENDING', 'PREPARING', 'LAUNCHING', 'FAILED', 'STOPPED', 'TERMINATING', 'TERMINATED', 'UNKNOWN']);

export function deployerRest({ gateway: send }: Wires, dialect: DeployerDialect): DeploymentsApi {
  let removals = 0;
  const toDeployment = (wire: WireDeployment, projectId: string): Deployment => ({
    id: idIn(wire.name),
    project: { id: idUnder('workspaces', wire.name) ?? projectId },
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    composition: toComposition(wire, names),
    security: dialect.security.to(wire),
    ...toSettings(wire, names),
    monitoring: toMonitoring(objectAt(wire, 'monitoringOptions')?.['enabled'] === true, objectAt(wire, 'monitoringOptions'), columns),
    corsOrigins: textsAt(objectAt(wire, 'cors'), 'origins'),
    platform: dialect.own.to(wire, names),
    ...compact({
      etag: known(wire.etag),
      ownerId: idUnder('users', wire.creator),
      createdAt: known(wire.createTime),
      updatedAt: known(wire.updateTime),
    }),
  });
  const parametersOf = (id: string, projectId: string): Readonly<Record<string, string>> => ({ deployment: deploymentName(projectId, id) });
  const read = async (id: string, projectId: string, options: RequestOptions): Promise<WireDeployment> => {
    const { deployment } = await send({ operation: getDeployment, parameters: parametersOf(id, projectId) }, options);
    theOne({ id: idIn(deployment.name) }, id, getDeployment.name);
    return deployment;
  };
  const scoreUrl = async (id: string, projectId: string, options: RequestOptions): Promise<string | undefined> => {
    const answer = await send({ operation: getMetadata, parameters: parametersOf(id, projectId) }, options).catch((error: unknown) => {
      // The deployment is there, as its status has just said; only its scorer is not yet.
      if (error instanceof NotFoundError) return undefined;
      throw error;
    });
    return known(answer?.deploymentMetadata?.scoringInterface?.score?.uri);
  };
  return {
    checkSecurity: (security) => {
      dialect.security.from(security);
    },
    create: async (order, options) => {
      const call = {
        operation: createDeployment,
        parameters: { workspace: workspaceName(order.projectId) },
        body: newDeployment(order, dialect),
        secrets: secretsOf(order.security),
      };
      const { deployment } = await send(call, options);
      return toDeployment(deployment, order.projectId);
    },
    get: async (id, projectId, options) => toDeployment(await read(id, projectId, options), projectId),
    list: (projectId, filter, options) =>
      createList({
        call: listDeployments.name,
        fetchPage: async (pageToken) => {
          const query = { ...aipQuery(filter), ...pageQuery(pageToken) };
          const answer = await send({ operation: listDeployments, parameters: { workspace: workspaceName(projectId) }, query }, options);
          return { items: (answer.deployments ?? []).map((wire) => toDeployment(wire, projectId)), nextPageToken: answer.nextPageToken };
        },
        key: (deployment) => deployment.id,
        keeps: (deployment) => matches(deployment, filter),
        removals: () => removals,
      }),
    update: async (id, projectId, changes, etag, options) => {
      const wire = await read(id, projectId, options);
      refuseStale(known(wire.etag), etag, updateDeployment.name);
      if (changes.security !== undefined) dialect.security.checkChange(dialect.security.to(wire), changes.security);
      const { body, mask } = withChanges(wire, changes, dialect);
      if (mask.length === 0) return toDeployment(wire, projectId);
      const call = {
        operation: updateDeployment,
        parameters: parametersOf(id, projectId),
        query: { updateMask: mask.join(',') },
        body: withoutNulls(body),
        secrets: secretsOf(changes.security),
      };
      const { deployment } = await send(call, options);
      theOne({ id: idIn(deployment.name) }, id, updateDeployment.name);
      const updated = toDeployment(deployment, projectId);
      checkApplied(updated, changes, updateDeployment.name);
      return updated;
    },
    delete: async (id, projectId, options) => {
      await send({ operation: deleteDeployment, parameters: parametersOf(id, projectId) }, options);
      removals += 1;
    },
    status: async (id, projectId, options) => {
      const { deploymentStatus } = await send({ operation: getStatus, parameters: parametersOf(id, projectId) }, options);
      const named = idUnder('deployments', deploymentStatus.name);
      if (named !== undefined) theOne({ id: named }, id, getStatus.name);
      const status = toStatus(id, deploymentStatus);
      return withoutScorer.has(status.state) ? status : { ...status, ...compact({ scoreUrl: await scoreUrl(id, projectId, options) }) };
    },
  };
}

function toStatus(deploymentId: string, wire: z.infer<typeof StatusSchema>): DeploymentStatus {
  const summary = known(wire.errorDetails?.summary?.primaryFailureType);
  const message = known(wire.message);
  const said = summary === undefined || message?.includes(summary) === true ? [message] : [message, summary];
  return {
    deploymentId,
    state: stateOf(wire.state),
    message: redact(said.filter((part) => part !== undefined).join(': ')),
    ...compact({ updatedAt: known(wire.updateTime), lastUpdateFailed: wire.lastUpdateOutcome === 'ROLLED_BACK' ? true : undefined }),
  };
}

function newDeployment(order: DeploymentOrder, dialect: DeployerDialect): WireObject {
  const { monitoring } = order;
  return {
    displayName: order.name,
    ...compact({ description: order.description }),
    ...dialect.own.from(order, fromModels(order.models, order, names)),
    ...dialect.security.from(order.security),
    ...(order.corsOrigins === undefined ? {} : { cors: { origins: order.corsOrigins } }),
    ...(monitoring === undefined ? {} : { monitoringOptions: { enabled: monitoring.enabled, ...fromMonitoring(monitoring, columns) } }),
  };
}

/**
 * What an update sends: the models as they were read, with the changes in them, so that what this package does not know stays; of the
 * rest only what changes, since what guards a deployment does not come back as it must be sent.
 */
function withChanges(
  wire: WireDeployment,
  changes: DeploymentChanges,
  dialect: DeployerDialect,
): { readonly body: WireObject; readonly mask: readonly string[] } {
  const { members, parts } = changedModels(wire, changes, changes.models, names);
  const mask = parts.map((part) => masks[part]);
  let body: WireObject = { ...(changes.models === undefined ? {} : wire), etag: wire.etag, ...members };
  const change = (path: string, member: WireObject): void => {
    mask.push(path);
    body = { ...body, ...member };
  };
  if (changes.name !== undefined) change('display_name', { displayName: changes.name });
  if (changes.description !== undefined) change('description', { description: changes.description });
  if (changes.security !== undefined) change(dialect.security.fieldMask, dialect.security.from(changes.security));
  if (changes.corsOrigins !== undefined) change('deployment.cors', { cors: { ...objectAt(wire, 'cors'), origins: changes.corsOrigins } });
  if (changes.monitoring !== undefined) {
    const { enabled } = changes.monitoring;
    const options = { ...objectAt(wire, 'monitoringOptions'), enabled, ...fromMonitoring(changes.monitoring, columns) };
    change('deployment.monitoring', { monitoringOptions: options });
  }
  // Which model is deployed has no name of its own in masks: everything is sent, most of it as it was.
  return { body, mask: changes.models === undefined ? mask : ['*'] };
}

/** Platform 1.0 has nothing of its own. */
export const nothingOfItsOwn: DeployerDialect['own'] = { from: (_, models) => models, to: () => ({}) };

/** Platform 1.2 spreads copies over nodes, and pauses deployments. */
export const spreadAndPause: DeployerDialect['own'] = {
  from: (order, models) => {
    const spread = order.platform?.['1.2']?.replicaSpread;
    return spread === undefined ? models : withSpread(models, spread);
  },
  to: (wire, { shortcuts, single }) => ({
    '1.2': {
      paused: wire['paused'] === true,
      ...compact({ replicaSpread: textAt(objectAt(wire, single, shortcuts), 'kubernetesReplicaSpreadShortcut') }),
    },
  }),
};

/** Adds a shortcut beside those of each model, wherever the models stand. */
function withSpread(models: WireObject, spread: string): WireObject {
  return Object.fromEntries(
    Object.entries(models).map(([member, value]) => {
      if (member === names.shortcuts && typeof value === 'object') return [member, { ...value, kubernetesReplicaSpreadShortcut: spread }];
      return [member, nested(value, (inner) => withSpread(inner, spread))];
    }),
  );
}

function nested(value: unknown, change: (inner: WireObject) => WireObject): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => nested(entry, change));
  const inner = objectAt({ value }, 'value');
  return inner === undefined ? value : change(inner);
}

/**
 * Deployments in the deployer RPC of platform 0.69.
 */
import * as z from 'zod/mini';
import { NotFoundError } from '../../errors/api-error.js';
import { UnsupportedByPlatformError } from '../../errors/deployment-error.js';
import { invalidParameter } from '../../errors/configuration-error.js';
import { createList, type List } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import { redact } from '../../internal/redact.js';
import { stateOf, type DeploymentStatus } from '../deployment-status.js';
import type { Deployment, DeploymentChanges, DeploymentOrder, DeploymentsApi } from '../deployment.js';
import type { EnvironmentsApi } from '../environments.js';
import { matches, sorted } from '../list-filter.js';
import { secretsOf } from '../security-options.js';
import { fromSecurity, SecuritySchema, toSecurity } from './deployer-rpc-security.js';
import { changedModels, fromModels, toComposition, toSettings, type ElementNames, type ElementPart } from './deployment-elements.js';
import { fromMonitoring, toMonitoring, type ColumnNames } from './deployment-monitoring.js';
import { checkApplied, refuseStale } from './deployment-updates.js';
import { compact, known, listOf, NothingSchema, pageRequest, PagingSchema, rpc, text, theOne, toPage, withoutNulls } from './rpc.js';
import { objectAt, textAt, textsAt } from './wire-object.js';
import type { Wires } from './wires.js';

const DeploymentSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  projectId: text,
  deploymentEnvironmentId: text,
  displayName: text,
  description: text,
  createdTime: text,
  lastModifiedTime: text,
  revisionId: text,
  security: SecuritySchema,
});
type WireDeployment = z.infer<typeof DeploymentSchema>;

const names: ElementNames = {
  single: 'singleDeployment',
  split: 'splitDeployment',
  shadow: 'shadowDeployment',
  artifactType: 'deployableArtifactTypeName',
  artifactProcessor: 'artifactProcessorName',
  runtime: 'runtimeName',
  resources: 'kubernetesResourceRequirement',
  shortcuts: 'kubernetesConfigurationShortcut',
  affinity: 'kubernetesAffinityShortcutName',
  toleration: 'kubernetesTolerationShortcutName',
  variables: ['deploymentEnvironmentVariables', 'runtimeVariables'],
  // An update takes -1 for none, where a create takes 0.
  noReplicas: -1,
};
const columns: ColumnNames = { column: 'name', baselineColumn: 'columnName', baselineHasOutput: false };

function toDeployment(wire: WireDeployment, projectId: string): Deployment {
  return {
    id: wire.id,
    project: { id: known(wire.projectId) ?? projectId },
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    composition: toComposition(wire, names),
    security: toSecurity(wire.security),
    ...toSettings(wire, names),
    monitoring: toMonitoring(objectAt(wire, 'monitor')?.['enable'] === true, objectAt(wire, 'monitoringOptions'), columns),
    corsOrigins: textsAt(objectAt(wire, 'customCors'), 'origins'),
    platform: known(wire.deploymentEnvironmentId) === undefined ? {} : { '0.69': { environmentId: wire.deploymentEnvironmentId ?? '' } },
    ...compact({
      etag: known(wire.revisionId),
      ownerId: textAt(objectAt(wire, 'userInfo'), 'ownerId'),
      createdAt: known(wire.createdTime),
      updatedAt: known(wire.lastModifiedTime),
    }),
  };
}

const EndpointSchema = z.nullish(z.looseObject({ url: text }));
const StatusSchema = z.looseObject({
  deploymentId: text,
  state: text,
  message: text,
  lastModifiedTime: text,
  scorer: z.nullish(z.looseObject({ score: EndpointSchema })),
});

const deployments = { service: 'ai.h2o.deploy.DeploymentService', mount: '/deployer' } as const;
const OneDeploymentSchema = z.looseObject({ deployment: DeploymentSchema });

const createDeployment = rpc({ ...deployments, method: 'CreateDeployment', safe: false, answer: OneDeploymentSchema });
const updateDeployment = rpc({ ...deployments, method: 'UpdateModelDeployment', safe: false, answer: OneDeploymentSchema });
const deleteDeployment = rpc({ ...deployments, method: 'DeleteDeployment', safe: false, answer: NothingSchema });
const listDeployments = rpc({
  ...deployments,
  method: 'ListProjectDeployments',
  safe: true,
  answer: z.looseObject({ deployment: listOf(DeploymentSchema), paging: PagingSchema }),
});
const getStatus = rpc({
  service: 'ai.h2o.deploy.DeploymentStatusService',
  mount: '/deployer',
  method: 'GetDeploymentStatus',
  safe: true,
  answer: z.looseObject({ deploymentStatus: StatusSchema }),
});

export function deployerRpc({ gateway: send }: Wires, environments: EnvironmentsApi): DeploymentsApi {
  let removals = 0;
  const wireList = (projectId: string, options: RequestOptions): List<WireDeployment> =>
    createList({
      call: listDeployments.name,
      fetchPage: async (pageToken) => {
        const answer = await send({ operation: listDeployments, body: { projectId, ...pageRequest(pageToken) } }, options);
        return toPage(answer.deployment, answer.paging, (wire) => wire);
      },
      key: (deployment) => deployment.id,
      removals: () => removals,
    });
  return {
    checkSecurity: (security) => {
      fromSecurity(security);
    },
    create: async (order, options) => {
      const environmentId = await environmentOf(order, environments, options);
      const { deployment } = await send(
        { operation: createDeployment, body: { deployment: toWire(order, environmentId) }, secrets: secretsOf(order.security) },
        options,
      );
      return toDeployment(deployment, order.projectId);
    },
    get: async (id, projectId, options) => toDeployment(await findWire(wireList(projectId, options), id), projectId),
    list: (projectId, filter, options) =>
      sorted(
        createList({
          call: listDeployments.name,
          fetchPage: async (pageToken) => {
            const answer = await send({ operation: listDeployments, body: { projectId, ...pageRequest(pageToken) } }, options);
            return toPage(answer.deployment, answer.paging, (wire) => toDeployment(wire, projectId));
          },
          key: (deployment) => deployment.id,
          keeps: (deployment) => matches(deployment, filter),
          removals: () => removals,
        }),
        filter.order,
      ),
    update: async (id, projectId, changes, etag, options) => {
      refuseRenaming(changes);
      const wire = await findWire(wireList(projectId, options), id);
      refuseStale(known(wire.revisionId), etag, updateDeployment.name);
      const { changed, mask } = withChanges(wire, changes);
      if (mask.length === 0) return toDeployment(wire, projectId);
      const body = { deployment: withoutNulls(changed), updateMask: mask.join(',') };
      const { deployment } = await send({ operation: updateDeployment, body, secrets: secretsOf(toSecurity(changed.security)) }, options);
      const updated = toDeployment(theOne(deployment, id, updateDeployment.name), projectId);
      checkApplied(updated, changes, updateDeployment.name);
      return updated;
    },
    delete: async (id, _projectId, options) => {
      await send({ operation: deleteDeployment, body: { id } }, options);
      removals += 1;
    },
    status: async (id, _projectId, options) => {
      const { deploymentStatus } = await send({ operation: getStatus, body: { deploymentId: id } }, options);
      theOne({ id: known(deploymentStatus.deploymentId) ?? id }, id, getStatus.name);
      return toStatus(id, deploymentStatus);
    },
  };
}

function toStatus(deploymentId: string, wire: z.infer<typeof StatusSchema>): DeploymentStatus {
  return {
    deploymentId,
    state: stateOf(wire.state),
    message: redact(wire.message ?? ''),
    ...compact({ scoreUrl: known(wire.scorer?.score?.url), updatedAt: known(wire.lastModifiedTime) }),
  };
}

/** The deployer has no call for one deployment, so it is looked for in its project, over all pages. */
async function findWire(list: List<WireDeployment>, id: string): Promise<WireDeployment> {
  for await (const deployment of list) if (deployment.id === id) return deployment;
  throw new NotFoundError({
    code: 'NOT_FOUND',
    status: 404,
    what: `There is no deployment ${redact(id)} in its project.`,
    fix: 'Check the id and the project; it may have been deleted, or belong to another project.',
    call: listDeployments.name,
  });
}

async function environmentOf(order: DeploymentOrder, environments: EnvironmentsApi, options: RequestOptions): Promise<string> {
  const wanted = order.platform?.['0.69']?.environment ?? 'DEV';
  const all = await environments.list(order.projectId, options).toArray();
  const found = all.find((environment) => environment.id === wanted || environment.name === wanted);
  if (found !== undefined) return found.id;
  throw invalidParameter(
    `The project has no deployment environment ${wanted}.`,
    `It has ${all.map((environment) => environment.name).join(', ') || 'none'}: name one with \`platform: { '0.69': { environment } }\`.`,
  );
}

function toWire(order: DeploymentOrder, environmentId: string): Record<string, unknown> {
  const { monitoring = { enabled: false } } = order;
  return {
    projectId: order.projectId,
    deploymentEnvironmentId: environmentId,
    displayName: order.name,
    ...compact({ description: order.description }),
    ...fromModels(order.models, order, names),
    security: fromSecurity(order.security),
    ...(order.corsOrigins === undefined ? {} : { customCors: { origins: order.corsOrigins } }),
    // Sent in any case: the platform's own default has changed between its versions.
    monitor: { enable: monitoring.enabled, storeScoringTransactionEnable: false },
    ...compact({ monitoringOptions: fromMonitoring(monitoring, columns) }),
  };
}

function refuseRenaming({ name, description }: DeploymentChanges): void {
  if (name === undefined && description === undefined) return;
  throw new UnsupportedByPlatformError({
    what: 'Platform 0.69 does not change the name or the description of a deployment.',
    fix: 'Create the deployment again under the name that it should have; platform 1.0 and newer can rename.',
    call: updateDeployment.name,
  });
}

/** The deployment as it was just read, with the changes in it: what this package does not know stays as it is. */
function withChanges(
  wire: WireDeployment,
  changes: DeploymentChanges,
): { readonly changed: WireDeployment; readonly mask: readonly string[] } {
  const { members, parts } = changedModels(wire, changes, changes.models, names);
  const mask = parts.flatMap((part) => maskOf(part, wire));
  let changed: WireDeployment = { ...wire, ...members };
  if (changes.security !== undefined) {
    mask.push('deployment.security');
    changed = { ...changed, security: fromSecurity(changes.security) };
  }
  if (changes.monitoring !== undefined) {
    const options = fromMonitoring(changes.monitoring, columns);
    mask.push('deployment.monitor', ...(options === undefined ? [] : ['deployment.monitoring_options']));
    changed = {
      ...changed,
      monitor: { ...objectAt(wire, 'monitor'), enable: changes.monitoring.enabled },
      ...(options === undefined ? {} : { monitoringOptions: { ...objectAt(wire, 'monitoringOptions'), ...options } }),
    };
  }
  if (changes.corsOrigins !== undefined) {
    mask.push('deployment.customCors');
    changed = { ...changed, customCors: { ...objectAt(wire, 'customCors'), origins: changes.corsOrigins } };
  }
  // Which model is deployed has no name of its own in masks: everything is sent, most of it as it was.
  return { changed, mask: changes.models === undefined ? mask : ['*'] };
}

/** Masks name some parts by the kind of the deployment. */
function maskOf(part: ElementPart, wire: WireDeployment): readonly string[] {
  switch (part) {
    case 'resources':
      return ['deployment.kubernetes_resource_spec'];
    case 'shortcuts':
      return ['deployment.kubernetes_configuration_shortcut'];
    case 'variables':
      return elementPaths(wire).map((path) => `${path}.deployment_environment_variables`);
    case 'autoscaling':
      return elementPaths(wire).flatMap((path) => [`${path}.vpa_spec.cpu`, `${path}.vpa_spec.memory`]);
    case 'disruption':
      return elementPaths(wire).map((path) => `${path}.pod_disruption_budget`);
  }
}

function elementPaths(wire: WireDeployment): readonly string[] {
  if (objectAt(wire, names.split) !== undefined) return ['deployment.split_deployment.split_elements'];
  if (objectAt(wire, names.shadow) === undefined) return ['deployment.single_deployment'];
  return ['deployment.shadow_deployment.primary_element', 'deployment.shadow_deployment.secondary_element'];
}

/**
 * Deployments in the deployer RPC of platform 0.69.
 */
import * as z from 'zod/mini';
import { ConflictError, NotFoundError } from '../../errors/api-error.js';
import { UnsupportedByPlatformError } from '../../errors/deployment-error.js';
import { invalidParameter } from '../../errors/configuration-error.js';
import type { Send } from '../../http/operation.js';
import { createList, type List } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import { redact } from '../../internal/redact.js';
import type { DeployedComposition } from '../composition.js';
import { stateOf, type DeploymentStatus } from '../deployment-status.js';
import type { Deployment, DeploymentChanges, DeploymentOrder, DeploymentsApi, DeploymentSettings } from '../deployments.js';
import type { EnvironmentsApi } from '../environments.js';
import { fromSecurity, secretsOf, SecuritySchema, toSecurity } from './deployer-rpc-security.js';
import { compact, known, listOf, NothingSchema, pageRequest, PagingSchema, rpc, text, theOne, toPage, withoutNulls } from './rpc.js';

const QuantitiesSchema = z.nullish(z.record(z.string(), z.string()));
const ElementSchema = z.looseObject({
  deploymentComposition: z.nullish(
    z.looseObject({ experimentId: text, deployableArtifactTypeName: text, artifactProcessorName: text, runtimeName: text }),
  ),
  kubernetesResourceSpec: z.nullish(
    z.looseObject({
      kubernetesResourceRequirement: z.nullish(z.looseObject({ limits: QuantitiesSchema, requests: QuantitiesSchema })),
      replicas: z.nullish(z.number()),
    }),
  ),
  kubernetesConfigurationShortcut: z.nullish(
    z.looseObject({ kubernetesAffinityShortcutName: text, kubernetesTolerationShortcutName: text }),
  ),
  deploymentEnvironmentVariables: z.nullish(z.looseObject({ runtimeVariables: z.nullish(z.record(z.string(), z.string())) })),
});
const DeploymentSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  projectId: text,
  deploymentEnvironmentId: text,
  displayName: text,
  description: text,
  createdTime: text,
  lastModifiedTime: text,
  revisionId: text,
  singleDeployment: z.nullish(ElementSchema),
  security: SecuritySchema,
  monitor: z.nullish(z.looseObject({ enable: z.nullish(z.boolean()) })),
  customCors: z.nullish(z.looseObject({ origins: listOf(z.string()) })),
  userInfo: z.nullish(z.looseObject({ ownerId: text })),
});
type WireDeployment = z.infer<typeof DeploymentSchema>;
type WireElement = z.infer<typeof ElementSchema>;

function toDeployment(wire: WireDeployment, projectId: string): Deployment {
  const element = wire.singleDeployment ?? undefined;
  const shortcut = element?.kubernetesConfigurationShortcut;
  const requirement = element?.kubernetesResourceSpec?.kubernetesResourceRequirement;
  const replicas = element?.kubernetesResourceSpec?.replicas ?? undefined;
  return {
    id: wire.id,
    project: { id: known(wire.projectId) ?? projectId },
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    composition: toComposition(element),
    security: toSecurity(wire.security),
    resources: { limits: requirement?.limits ?? {}, requests: requirement?.requests ?? {} },
    environmentVariables: element?.deploymentEnvironmentVariables?.runtimeVariables ?? {},
    monitoring: { enabled: wire.monitor?.enable ?? false },
    corsOrigins: wire.customCors?.origins ?? [],
    platform: wire.deploymentEnvironmentId == null ? {} : { '0.69': { environmentId: wire.deploymentEnvironmentId } },
    ...compact({
      // Scaled down reads as -1.
      replicas: replicas === undefined ? undefined : Math.max(0, replicas),
      affinity: known(shortcut?.kubernetesAffinityShortcutName),
      toleration: known(shortcut?.kubernetesTolerationShortcutName),
      etag: known(wire.revisionId),
      ownerId: known(wire.userInfo?.ownerId),
      createdAt: known(wire.createdTime),
      updatedAt: known(wire.lastModifiedTime),
    }),
  };
}

function toComposition(element: WireElement | undefined): DeployedComposition {
  const composition = element?.deploymentComposition;
  if (composition === null || composition === undefined) return { type: 'unknown' };
  return {
    type: 'single',
    experiment: { id: composition.experimentId ?? '' },
    runtime: composition.runtimeName ?? '',
    artifactType: composition.deployableArtifactTypeName ?? '',
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

export function deployerRpc(send: Send, environments: EnvironmentsApi): DeploymentsApi {
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
    list: ({ projectId, name }, options) =>
      createList({
        call: listDeployments.name,
        fetchPage: async (pageToken) => {
          const answer = await send({ operation: listDeployments, body: { projectId, ...pageRequest(pageToken) } }, options);
          return toPage(answer.deployment, answer.paging, (wire) => toDeployment(wire, projectId));
        },
        key: (deployment) => deployment.id,
        keeps: (deployment) => name === undefined || deployment.name === name,
        removals: () => removals,
      }),
    update: async (id, projectId, changes, etag, options) => {
      const wire = await findWire(wireList(projectId, options), id);
      refuseStale(wire, etag);
      const { changed, mask } = withChanges(wire, changes);
      if (mask.length === 0) return toDeployment(wire, projectId);
      const { deployment } = await send(
        {
          operation: updateDeployment,
          body: { deployment: withoutNulls(changed), updateMask: mask.join(',') },
          secrets: secretsOf(toSecurity(changed.security)),
        },
        options,
      );
      return toDeployment(theOne(deployment, id, updateDeployment.name), projectId);
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
  return {
    projectId: order.projectId,
    deploymentEnvironmentId: environmentId,
    displayName: order.name,
    ...compact({ description: order.description }),
    singleDeployment: {
      deploymentComposition: {
        experimentId: order.experimentId,
        deployableArtifactTypeName: order.runtime.deployableType,
        artifactProcessorName: order.runtime.artifactProcessor,
        runtimeName: order.runtime.id,
      },
      kubernetesResourceSpec: {
        kubernetesResourceRequirement: compact({ limits: order.resources?.limits, requests: order.resources?.requests }),
        replicas: order.replicas ?? 1,
      },
      kubernetesConfigurationShortcut: shortcutOf(order),
      deploymentEnvironmentVariables: compact({ runtimeVariables: order.environmentVariables }),
    },
    security: fromSecurity(order.security),
    ...(order.corsOrigins === undefined ? {} : { customCors: { origins: order.corsOrigins } }),
    // Sent in any case: the platform's own default has changed between its versions.
    monitor: { enable: order.monitoring?.enabled ?? true, storeScoringTransactionEnable: false },
  };
}

/** Members that are undefined are not sent. */
function shortcutOf(
  settings: DeploymentSettings,
  before?: WireElement['kubernetesConfigurationShortcut'],
): NonNullable<WireElement['kubernetesConfigurationShortcut']> {
  const { affinity, toleration } = settings;
  return {
    ...before,
    kubernetesAffinityShortcutName: affinity === null ? '' : (affinity ?? before?.kubernetesAffinityShortcutName),
    kubernetesTolerationShortcutName: toleration === null ? '' : (toleration ?? before?.kubernetesTolerationShortcutName),
  };
}

function refuseStale(wire: WireDeployment, etag: string | undefined): void {
  const revision = known(wire.revisionId);
  if (etag === undefined || revision === undefined || etag === revision) return;
  throw new ConflictError({
    code: 'CONFLICT',
    status: 409,
    what: 'The deployment has been changed by somebody else since it was read.',
    fix: 'Read it again with mlops.deployments.get() and repeat the change on what it is now.',
    call: updateDeployment.name,
  });
}

/** The deployment as it was just read, with the changes in it: what this package does not know stays as it is. */
function withChanges(
  wire: WireDeployment,
  changes: DeploymentChanges,
): { readonly changed: WireDeployment; readonly mask: readonly string[] } {
  const mask: string[] = [];
  let changed = wire;
  if (changes.security !== undefined) {
    mask.push('deployment.security');
    changed = { ...changed, security: fromSecurity(changes.security) };
  }
  if (changes.monitoring !== undefined) {
    mask.push('deployment.monitor');
    changed = { ...changed, monitor: { ...wire.monitor, enable: changes.monitoring.enabled } };
  }
  if (changes.corsOrigins !== undefined) {
    mask.push('deployment.customCors');
    changed = { ...changed, customCors: { ...wire.customCors, origins: changes.corsOrigins } };
  }
  const element = elementChanges(wire.singleDeployment ?? {}, changes, mask);
  if (element === undefined) return { changed, mask };
  if (wire.singleDeployment === null || wire.singleDeployment === undefined) {
    throw new UnsupportedByPlatformError({
      what: 'Platform 0.69 changes resources, shortcuts and variables only of deployments of a single model.',
      fix: 'Create the deployment again with the settings that it should have.',
      call: updateDeployment.name,
    });
  }
  return { changed: { ...changed, singleDeployment: element }, mask };
}

function elementChanges(element: WireElement, changes: DeploymentChanges, mask: string[]): WireElement | undefined {
  let changed = element;
  if (changes.replicas !== undefined || changes.resources !== undefined) {
    mask.push('deployment.kubernetes_resource_spec');
    const before = element.kubernetesResourceSpec;
    const kubernetesResourceRequirement = { ...before?.kubernetesResourceRequirement, ...compact({ ...changes.resources }) };
    // An update takes -1 for none, where a create takes 0.
    const replicas = changes.replicas === 0 ? -1 : (changes.replicas ?? before?.replicas ?? 1);
    changed = { ...changed, kubernetesResourceSpec: { ...before, kubernetesResourceRequirement, replicas } };
  }
  if (changes.affinity !== undefined || changes.toleration !== undefined) {
    mask.push('deployment.kubernetes_configuration_shortcut');
    changed = { ...changed, kubernetesConfigurationShortcut: shortcutOf(changes, element.kubernetesConfigurationShortcut) };
  }
  if (changes.environmentVariables !== undefined) {
    mask.push('deployment.single_deployment.deployment_environment_variables');
    changed = {
      ...changed,
      deploymentEnvironmentVariables: { ...element.deploymentEnvironmentVariables, runtimeVariables: changes.environmentVariables },
    };
  }
  return changed === element ? undefined : changed;
}

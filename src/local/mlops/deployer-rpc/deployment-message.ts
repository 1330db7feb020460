/**
 * The deployer's `Deployment` message: into a plan, and out again with every zero value that clients count on.
 */
import type { JsonObject } from '../../json.js';
import { isObject } from '../../json.js';
import type { Deployment, DeploymentElement, DeploymentMode, User } from '../../state.js';
import { timestamp } from '../context.js';
import type { SecurityKind } from '../context.js';
import { checkedWeight, servedBy } from '../deployments/plan.js';
import type { ArtifactFinder, Models, PlanParts } from '../deployments/plan.js';
import { newSecurity } from '../deployments/protection.js';
import { flag, integer, messages, nested, optionalMessage, text, texts } from '../message.js';
import { invalidArgument } from '../rpc-error.js';
import { monitoringFields, wireMonitoringOptions } from './monitoring.js';
import { readSecurity, wireSecurity } from './security.js';

export interface PlanReader {
  readonly activated: readonly SecurityKind[];
  readonly artifactOf: ArtifactFinder;
  readonly now: number;
}

const modeMembers: readonly (readonly [DeploymentMode, string])[] = [
  ['single', 'singleDeployment'],
  ['split', 'splitDeployment'],
  ['shadow', 'shadowDeployment'],
];

export function planParts(message: JsonObject, reader: PlanReader): PlanParts {
  return {
    name: () => text(message, 'displayName'),
    description: () => text(message, 'description'),
    models: () => readModels(message, reader),
    securities: () => [newSecurity(readSecurity(optionalMessage(message, 'security'), reader.activated), reader.now)],
    monitor: () => ({
      enabled: flag(nested(message, 'monitor'), 'enable'),
      storesTransactions: flag(nested(message, 'monitor'), 'storeScoringTransactionEnable'),
    }),
    monitoringOptions() {
      const options = optionalMessage(message, 'monitoringOptions');
      return options === undefined ? undefined : monitoringFields(options);
    },
    corsOrigins() {
      const cors = optionalMessage(message, 'customCors');
      return cors === undefined ? undefined : texts(cors, 'origins');
    },
  };
}

function readModels(message: JsonObject, reader: PlanReader): Models {
  const present = modeMembers.filter(([, member]) => isObject(message[member]));
  const [only, second] = present;
  if (only === undefined || second !== undefined)
    throw invalidArgument('exactly one of single_deployment, split_deployment and shadow_deployment must be set');
  const [mode, member] = only;
  const deployment = nested(message, member);
  const elements = elementMessages(mode, deployment).map((element) => readElement(element, mode, reader));
  if (elements.length === 0) throw invalidArgument('split_deployment has no elements');
  return { mode, elements };
}

function elementMessages(mode: DeploymentMode, deployment: JsonObject): readonly JsonObject[] {
  if (mode === 'single') return [deployment];
  return mode === 'split'
    ? messages(deployment, 'splitElements')
    : [nested(deployment, 'primaryElement'), nested(deployment, 'secondaryElement')];
}

function readElement(element: JsonObject, mode: DeploymentMode, reader: PlanReader): DeploymentElement {
  const specification = nested(element, 'kubernetesResourceSpec');
  const requirement = nested(specification, 'kubernetesResourceRequirement');
  const shortcut = nested(element, 'kubernetesConfigurationShortcut');
  return {
    ...readComposition(nested(element, 'deploymentComposition'), reader),
    weight: checkedWeight(mode, integer(element, 'weight')),
    resources: {
      limits: nested(requirement, 'limits'),
      requests: nested(requirement, 'requests'),
      // Clients write -1 for none at all.
      replicas: Math.max(0, integer(specification, 'replicas', 1)),
    },
    affinity: text(shortcut, 'kubernetesAffinityShortcutName'),
    toleration: text(shortcut, 'kubernetesTolerationShortcutName'),
    replicaSpread: '',
    environmentVariables: nested(nested(element, 'deploymentEnvironmentVariables'), 'runtimeVariables'),
    verticalScaling: optionalMessage(element, 'vpaSpec'),
    disruptionBudget: optionalMessage(element, 'podDisruptionBudget'),
  };
}

function readComposition(message: JsonObject, reader: PlanReader): ReturnType<typeof servedBy> {
  const asked = {
    experimentId: text(message, 'experimentId'),
    artifactType: text(message, 'deployableArtifactTypeName'),
    processor: text(message, 'artifactProcessorName'),
    runtime: text(message, 'runtimeName'),
    runtimeImage: text(message, 'runtimeImage'),
  };
  return servedBy(asked, reader.artifactOf);
}

export function wireDeployment(deployment: Deployment, owner: User | undefined): JsonObject {
  return {
    id: deployment.id,
    projectId: deployment.projectId,
    deploymentEnvironmentId: deployment.environmentId,
    createdTime: timestamp(deployment.createdAt),
    lastModifiedTime: timestamp(deployment.modifiedAt),
    ...wireModels(deployment),
    security: wireSecurity(deployment.securities),
    displayName: deployment.name,
    description: deployment.description,
    revisionId: deployment.revisionId,
    revisionCreateTime: timestamp(deployment.revisedAt),
    userInfo: { ownerId: deployment.ownerId, ownerName: owner?.username ?? '', idpId: owner?.subject ?? '' },
    customCors: deployment.corsOrigins === undefined ? null : { origins: deployment.corsOrigins },
    monitor: { enable: deployment.monitor.enabled, storeScoringTransactionEnable: deployment.monitor.storesTransactions },
    monitoringOptions: deployment.monitoringOptions === undefined ? null : wireMonitoringOptions(deployment.monitoringOptions),
  };
}

function wireModels({ mode, elements }: Deployment): JsonObject {
  const [first, second] = elements.map(wireElement);
  if (mode === 'single') return { singleDeployment: first };
  if (mode === 'shadow') return { shadowDeployment: { primaryElement: first, secondaryElement: second } };
  return { splitDeployment: { splitElements: elements.map((element) => ({ ...wireElement(element), weight: element.weight })) } };
}

const wireElement = (element: DeploymentElement): JsonObject => ({
  deploymentComposition: {
    experimentId: element.experimentId,
    artifactId: '',
    deployableArtifactTypeName: element.composition.artifactType,
    artifactProcessorName: element.composition.processor,
    runtimeName: element.composition.runtime,
    runtimeImage: element.composition.runtimeImage,
  },
  kubernetesResourceSpec: {
    kubernetesResourceRequirement: { limits: element.resources.limits, requests: element.resources.requests },
    replicas: element.resources.replicas,
  },
  kubernetesConfigurationShortcut: {
    kubernetesAffinityShortcutName: element.affinity,
    kubernetesTolerationShortcutName: element.toleration,
  },
  deploymentEnvironmentVariables: { runtimeVariables: element.environmentVariables },
  vpaSpec: element.verticalScaling ?? null,
  podDisruptionBudget: element.disruptionBudget ?? null,
});

/**
 * The deployer's `Deployment` message: into a plan, and out again with every zero value that clients count on.
 */
import type { JsonObject } from '../json.js';
import { isObject } from '../json.js';
import type { Deployment, DeploymentElement, DeploymentMode, DeploymentPlan, User } from '../state.js';
import { compositions } from './compositions.js';
import { timestamp } from './context.js';
import type { SecurityKind } from './context.js';
import { flag, integer, messages, nested, optionalMessage, text, texts } from './message.js';
import { failedPrecondition, invalidArgument } from './rpc-error.js';
import { readSecurity, wireSecurity } from './security.js';

export interface PlanReader {
  readonly activated: readonly SecurityKind[];
  /** The artifact of that type that the experiment has, if it has one; refuses an experiment that the user cannot see. */
  artifactOf(experimentId: string, artifactType: string): string | undefined;
}

const modeMembers: readonly (readonly [DeploymentMode, string])[] = [
  ['single', 'singleDeployment'],
  ['split', 'splitDeployment'],
  ['shadow', 'shadowDeployment'],
];

/** The parts of a plan that a message holds, each read when it is asked for: an update reads only what its mask names. */
export interface PlanParts {
  name(): string;
  description(): string;
  models(): Pick<DeploymentPlan, 'mode' | 'elements'>;
  security(): DeploymentPlan['security'];
  monitor(): DeploymentPlan['monitor'];
  monitoringOptions(): DeploymentPlan['monitoringOptions'];
  corsOrigins(): DeploymentPlan['corsOrigins'];
}

export function planParts(message: JsonObject, reader: PlanReader): PlanParts {
  return {
    name: () => text(message, 'displayName'),
    description: () => text(message, 'description'),
    models: () => readModels(message, reader),
    security: () => readSecurity(optionalMessage(message, 'security'), reader.activated),
    monitor: () => ({
      enabled: flag(nested(message, 'monitor'), 'enable'),
      storesTransactions: flag(nested(message, 'monitor'), 'storeScoringTransactionEnable'),
    }),
    monitoringOptions: () => optionalMessage(message, 'monitoringOptions'),
    corsOrigins() {
      const cors = optionalMessage(message, 'customCors');
      return cors === undefined ? undefined : texts(cors, 'origins');
    },
  };
}

/** The whole plan, where nothing is left to what was. */
export function wholePlan(parts: PlanParts): DeploymentPlan {
  return {
    name: parts.name(),
    description: parts.description(),
    ...parts.models(),
    security: parts.security(),
    monitor: parts.monitor(),
    monitoringOptions: parts.monitoringOptions(),
    corsOrigins: parts.corsOrigins(),
  };
}

function readModels(message: JsonObject, reader: PlanReader): Pick<DeploymentPlan, 'mode' | 'elements'> {
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
  const weight = integer(element, 'weight');
  if (mode === 'split' && weight <= 0) throw invalidArgument('the weight of a split element must be positive');
  return {
    ...readComposition(nested(element, 'deploymentComposition'), reader),
    weight,
    resources: {
      limits: nested(requirement, 'limits'),
      requests: nested(requirement, 'requests'),
      replicas: integer(specification, 'replicas', 1),
    },
    affinity: text(shortcut, 'kubernetesAffinityShortcutName'),
    toleration: text(shortcut, 'kubernetesTolerationShortcutName'),
    environmentVariables: nested(nested(element, 'deploymentEnvironmentVariables'), 'runtimeVariables'),
    verticalScaling: optionalMessage(element, 'vpaSpec'),
    disruptionBudget: optionalMessage(element, 'podDisruptionBudget'),
  };
}

function readComposition(message: JsonObject, reader: PlanReader): Pick<DeploymentElement, 'experimentId' | 'artifactId' | 'composition'> {
  const experimentId = text(message, 'experimentId');
  const artifactType = text(message, 'deployableArtifactTypeName');
  const processor = text(message, 'artifactProcessorName');
  const runtime = text(message, 'runtimeName');
  const known = compositions.find(
    (entry) => entry.deployableType === artifactType && entry.processor === processor && entry.runtime === runtime,
  );
  if (known === undefined) throw invalidArgument(`there is no composition of "${artifactType}", "${processor}" and "${runtime}"`);
  const artifactId = reader.artifactOf(experimentId, known.artifactType);
  if (artifactId === undefined) throw failedPrecondition(`experiment ${experimentId} has no artifact of type ${known.artifactType}`);
  return { experimentId, artifactId, composition: { artifactType, processor, runtime, runtimeImage: text(message, 'runtimeImage') } };
}

export function wireDeployment(deployment: Deployment, owner: User | undefined): JsonObject {
  return {
    id: deployment.id,
    projectId: deployment.projectId,
    deploymentEnvironmentId: deployment.environmentId,
    createdTime: timestamp(deployment.createdAt),
    lastModifiedTime: timestamp(deployment.modifiedAt),
    ...wireModels(deployment),
    security: wireSecurity(deployment.security),
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

const wireMonitoringOptions = (options: JsonObject): JsonObject => ({
  name: '',
  displayName: '',
  description: '',
  columns: [],
  baselineAggregations: [],
  baselineSource: null,
  timestampColumn: '',
  createTime: null,
  updateTime: null,
  creator: '',
  creatorDisplayName: '',
  ...options,
});

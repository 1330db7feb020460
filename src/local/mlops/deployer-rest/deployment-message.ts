/**
 * The REST deployer's `Deployment`: into a plan, and out again.
 */
import { isObject } from '../../json.js';
import type { JsonObject } from '../../json.js';
import type { Deployment, DeploymentElement, DeploymentMode } from '../../state.js';
import { timestamp } from '../context.js';
import { checkedWeight, servedBy } from '../deployments/plan.js';
import type { ArtifactFinder, Models, PlanParts } from '../deployments/plan.js';
import { isScaledDown } from '../deployments/states.js';
import { flag, integer, messages, nested, optionalMessage, text, texts } from '../message.js';
import { invalidArgument } from '../rpc-error.js';
import { deploymentName, userName, workspaceName } from './names.js';
import { readSecurities, wireSecurity } from './security.js';
import type { SecurityReader } from './security.js';

export interface RestPlanReader extends SecurityReader {
  readonly artifactOf: ArtifactFinder;
  /** The field mask of an update. */
  readonly paths: readonly string[];
}

export function restPlanParts(message: JsonObject, reader: RestPlanReader): PlanParts {
  const monitoring = optionalMessage(message, 'monitoringOptions');
  return {
    name: () => text(message, 'displayName'),
    description: () => text(message, 'description'),
    models: () => readModels(message, reader.artifactOf),
    securities: () => readSecurities(message, reader.paths, reader),
    monitor: () => ({ enabled: flag(monitoring ?? {}, 'enabled'), storesTransactions: false }),
    monitoringOptions: () => monitoring,
    corsOrigins() {
      const cors = optionalMessage(message, 'cors');
      return cors === undefined ? undefined : texts(cors, 'origins');
    },
  };
}

const modes: readonly DeploymentMode[] = ['single', 'split', 'shadow'];

function readModels(message: JsonObject, artifactOf: ArtifactFinder): Models {
  const [mode, second] = modes.filter((name) => isObject(message[name]));
  if (mode === undefined || second !== undefined) throw invalidArgument('exactly one of single, split and shadow must be set');
  const elements = elementMessages(mode, nested(message, mode)).map((element) => readElement(element, mode, artifactOf));
  if (elements.length === 0) throw invalidArgument('split has no elements');
  return { mode, elements };
}

function elementMessages(mode: DeploymentMode, composite: JsonObject): readonly JsonObject[] {
  if (mode === 'single') return [composite];
  if (mode === 'split') return messages(composite, 'splitElements');
  return [nested(composite, 'primaryElement'), nested(composite, 'secondaryElement')];
}

function readElement(element: JsonObject, mode: DeploymentMode, artifactOf: ArtifactFinder): DeploymentElement {
  const specification = nested(element, 'kubernetesResourceSpec');
  const requirements = nested(specification, 'kubernetesResourceRequirements');
  const shortcut = nested(element, 'kubernetesConfigShortcut');
  const replicas = integer(specification, 'replicas', 1);
  if (replicas < 0) throw invalidArgument('replicas must not be negative');
  return {
    ...readComposition(nested(element, 'deploymentComposition'), artifactOf),
    weight: checkedWeight(mode, integer(element, 'weight')),
    resources: { limits: nested(requirements, 'limits'), requests: nested(requirements, 'requests'), replicas },
    affinity: text(shortcut, 'kubernetesAffinityShortcut'),
    toleration: text(shortcut, 'kubernetesTolerationShortcut'),
    replicaSpread: text(shortcut, 'kubernetesReplicaSpreadShortcut'),
    environmentVariables: nested(element, 'runtimeEnvironmentVariables'),
    verticalScaling: optionalMessage(element, 'vpaSpec'),
    disruptionBudget: optionalMessage(element, 'podDisruptionBudget'),
  };
}

function readComposition(message: JsonObject, artifactOf: ArtifactFinder): ReturnType<typeof servedBy> {
  const asked = {
    experimentId: text(message, 'experimentId'),
    artifactType: text(message, 'deployableArtifactType'),
    processor: text(message, 'artifactProcessor'),
    runtime: text(message, 'runtime'),
    runtimeImage: text(message, 'runtimeImage'),
  };
  return servedBy(asked, artifactOf);
}

export interface RestDeploymentView {
  /** API keys that were made by this very call. */
  readonly issuedKeys: ReadonlyMap<string, string>;
  readonly serves10: boolean;
  readonly serves12: boolean;
}

/** Opaque to clients; every revision has another. */
export const etagOf = ({ revisionId }: Deployment): string => `"${revisionId}"`;

export function wireRestDeployment(deployment: Deployment, view: RestDeploymentView): JsonObject {
  const securities = deployment.securities.map((security) => wireSecurity(security, view.issuedKeys));
  return {
    name: deploymentName(deployment),
    displayName: deployment.name,
    description: deployment.description,
    etag: etagOf(deployment),
    createTime: timestamp(deployment.createdAt),
    updateTime: timestamp(deployment.modifiedAt),
    creator: userName(deployment.ownerId),
    ...wireModels(deployment, view),
    cors: deployment.corsOrigins === undefined ? null : { origins: deployment.corsOrigins },
    monitoringOptions: wireMonitoring(deployment),
    // The first that clients of 1.0 know.
    ...(view.serves10 ? { security: securities.find((security) => !Object.hasOwn(security, 'apiKey')) ?? securities[0] ?? null } : {}),
    ...(view.serves12 ? { securities, ...wirePausing(deployment) } : {}),
  };
}

function wirePausing(deployment: Deployment): JsonObject {
  const { paused, projectId } = deployment;
  const scaledDown = isScaledDown(deployment);
  return { namespace: workspaceName(projectId), paused, canPause: !paused && !scaledDown, canResume: scaledDown };
}

function wireMonitoring({ monitor, monitoringOptions }: Deployment): JsonObject | null {
  if (monitoringOptions === undefined && !monitor.enabled) return null;
  const unset = { columns: [], baselineAggregations: [], baselineSource: null, timestampColumn: '', kafkaTopic: '' };
  return { ...unset, ...monitoringOptions, enabled: monitor.enabled };
}

function wireModels({ mode, elements }: Deployment, view: RestDeploymentView): JsonObject {
  const wires = elements.map((element) => wireElement(element, view));
  const [first, second] = wires;
  if (mode === 'single') return { single: first };
  if (mode === 'shadow') return { shadow: { primaryElement: first, secondaryElement: second } };
  return { split: { splitElements: wires.map((wire, index) => ({ ...wire, weight: elements[index]?.weight })) } };
}

const wireElement = (element: DeploymentElement, { serves12 }: RestDeploymentView): JsonObject => ({
  deploymentComposition: {
    experimentId: element.experimentId,
    deployableArtifactType: element.composition.artifactType,
    artifactProcessor: element.composition.processor,
    runtime: element.composition.runtime,
    runtimeImage: element.composition.runtimeImage,
  },
  kubernetesResourceSpec: {
    kubernetesResourceRequirements: { limits: element.resources.limits, requests: element.resources.requests },
    replicas: element.resources.replicas,
    ...(serves12 && element.resources.previousReplicas !== undefined ? { previousReplicas: element.resources.previousReplicas } : {}),
  },
  kubernetesConfigShortcut: {
    kubernetesAffinityShortcut: element.affinity,
    kubernetesTolerationShortcut: element.toleration,
    ...(serves12 ? { kubernetesReplicaSpreadShortcut: element.replicaSpread } : {}),
  },
  runtimeEnvironmentVariables: element.environmentVariables,
  vpaSpec: element.verticalScaling ?? null,
  podDisruptionBudget: element.disruptionBudget ?? null,
  ...(serves12 ? { runningReplicas: element.resources.replicas, effectiveReplicas: element.resources.replicas } : {}),
});

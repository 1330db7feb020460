/**
 * The models of a deployment and how each of them runs, as both deployers have them: the same messages, with members of other names.
 * Platforms keep settings for each model; this package sets them for all alike and reads those of the first.
 */
import type { DeployedComposition, DeployedModel, OrderedModel, OrderedModels } from '../composition.js';
import type { DeploymentSettings, Disruption, ScalingBounds } from '../deployment-settings.js';
import type { Deployment } from '../deployment.js';
import { compact } from './rpc.js';
import { numberAt, objectAt, objectsAt, textAt, textsByNameAt, type WireObject } from './wire-object.js';

/** How a deployer calls the members of its messages. */
export interface ElementNames {
  readonly single: string;
  readonly split: string;
  readonly shadow: string;
  readonly artifactType: string;
  readonly artifactProcessor: string;
  readonly runtime: string;
  readonly resources: string;
  readonly shortcuts: string;
  readonly affinity: string;
  readonly toleration: string;
  /** Path of the map of environment variables. */
  readonly variables: readonly string[];
  /** What stands for no copies in an update. */
  readonly noReplicas: number;
}

/** The parts of a model that a change touches. */
export type ElementPart = 'resources' | 'shortcuts' | 'variables' | 'autoscaling' | 'disruption';

/** The settings that a message tells, in this package's words. */
export type ToldSettings = Pick<
  Deployment,
  'replicas' | 'resources' | 'affinity' | 'toleration' | 'environmentVariables' | 'autoscaling' | 'disruption'
>;

export function toComposition(deployment: WireObject, names: ElementNames): DeployedComposition {
  const single = objectAt(deployment, names.single);
  if (single !== undefined) {
    const model = toModel(single, names);
    return model === undefined ? { type: 'unknown' } : { type: 'single', ...model };
  }
  const split = objectAt(deployment, names.split);
  if (split !== undefined) {
    const elements = objectsAt(split, 'splitElements').map((element) => ({
      ...modelOf(element, names),
      weight: numberAt(element, 'weight') ?? 0,
    }));
    return { type: 'split', elements };
  }
  const shadow = objectAt(deployment, names.shadow);
  if (shadow !== undefined) {
    const [primary, secondary] = ['primaryElement', 'secondaryElement'].map((name) => modelOf(objectAt(shadow, name) ?? {}, names));
    if (primary !== undefined && secondary !== undefined) return { type: 'shadow', primary, secondary };
  }
  return { type: objectAt(deployment, 'external') === undefined ? 'unknown' : 'external' };
}

function toModel(element: WireObject, names: ElementNames): DeployedModel | undefined {
  return objectAt(element, 'deploymentComposition') === undefined ? undefined : modelOf(element, names);
}

function modelOf(element: WireObject, names: ElementNames): DeployedModel {
  const composition = objectAt(element, 'deploymentComposition');
  return {
    experiment: { id: textAt(composition, 'experimentId') ?? '' },
    runtime: textAt(composition, names.runtime) ?? '',
    artifactType: textAt(composition, names.artifactType) ?? '',
  };
}

export function toSettings(deployment: WireObject, names: ElementNames): ToldSettings {
  const [element] = elementsOf(deployment, names);
  const resources = objectAt(element, 'kubernetesResourceSpec');
  const replicas = numberAt(resources, 'replicas');
  const shortcuts = objectAt(element, names.shortcuts);
  return {
    resources: {
      limits: textsByNameAt(resources, names.resources, 'limits'),
      requests: textsByNameAt(resources, names.resources, 'requests'),
    },
    environmentVariables: textsByNameAt(element, ...names.variables),
    ...compact({
      // Scaled down may read as -1.
      replicas: replicas === undefined ? undefined : Math.max(0, replicas),
      affinity: textAt(shortcuts, names.affinity),
      toleration: textAt(shortcuts, names.toleration),
      autoscaling: toAutoscaling(objectAt(element, 'vpaSpec')),
      disruption: toDisruption(objectAt(element, 'podDisruptionBudget')),
    }),
  };
}

function toAutoscaling(wire: WireObject | undefined): Deployment['autoscaling'] {
  const scaling = compact({ cpu: toBounds(objectAt(wire, 'cpu')), memory: toBounds(objectAt(wire, 'memory')) });
  return Object.keys(scaling).length === 0 ? undefined : scaling;
}

function toBounds(wire: WireObject | undefined): ScalingBounds | undefined {
  const unit = textAt(wire, 'unit');
  if (unit !== 'CORES' && unit !== 'MILLICORES' && unit !== 'MIB' && unit !== 'GIB') return undefined;
  return { unit, min: numberAt(wire, 'min') ?? 0, max: numberAt(wire, 'max') ?? 0 };
}

function toDisruption(wire: WireObject | undefined): Disruption | undefined {
  const [minAvailable, maxUnavailable] = ['minAvailable', 'maxUnavailable'].map((name) => toShare(objectAt(wire, name)));
  if (minAvailable !== undefined) return { minAvailable };
  return maxUnavailable === undefined ? undefined : { maxUnavailable };
}

/** A oneof, of which the member that is not set may come as 0. */
function toShare(wire: WireObject | undefined): number | `${number}%` | undefined {
  const [pods, percentage] = [numberAt(wire, 'pods'), numberAt(wire, 'percentage')];
  if (percentage !== undefined && (percentage > 0 || pods === undefined)) return `${percentage}%`;
  return pods;
}

/** The models of a deployment, the first one first. */
function elementsOf(deployment: WireObject, names: ElementNames): readonly WireObject[] {
  const single = objectAt(deployment, names.single);
  if (single !== undefined) return [single];
  const shadow = objectAt(deployment, names.shadow);
  const sides = [objectAt(shadow, 'primaryElement'), objectAt(shadow, 'secondaryElement')].filter((side) => side !== undefined);
  return [...objectsAt(objectAt(deployment, names.split), 'splitElements'), ...sides];
}

/** The member of a deployment that holds its models, for a new one. */
export function fromModels(models: OrderedModels, settings: DeploymentSettings, names: ElementNames): WireObject {
  const element = (model: OrderedModel): WireObject => newElement(model, settings, names);
  switch (models.type) {
    case 'single':
      return { [names.single]: element(models.model) };
    case 'split':
      return { [names.split]: { splitElements: models.elements.map(({ model, weight }) => ({ ...element(model), weight })) } };
    case 'shadow':
      return { [names.shadow]: { primaryElement: element(models.primary), secondaryElement: element(models.secondary) } };
  }
}

function newElement(model: OrderedModel, settings: DeploymentSettings, names: ElementNames): WireObject {
  const { limits, requests } = settings.resources ?? {};
  const { environmentVariables, autoscaling, disruption } = settings;
  return {
    deploymentComposition: fromModel(model, names),
    kubernetesResourceSpec: { [names.resources]: compact({ limits, requests }), replicas: settings.replicas ?? 1 },
    [names.shortcuts]: compact({ [names.affinity]: settings.affinity ?? undefined, [names.toleration]: settings.toleration ?? undefined }),
    ...(environmentVariables === undefined ? emptyVariables(names) : at(names.variables, environmentVariables)),
    ...(autoscaling === undefined || autoscaling === null ? {} : { vpaSpec: compact(autoscaling) }),
    ...(disruption === undefined || disruption === null ? {} : { podDisruptionBudget: fromDisruption(disruption) }),
  };
}

function fromModel({ experimentId, runtime }: OrderedModel, names: ElementNames): WireObject {
  return {
    experimentId,
    [names.artifactType]: runtime.deployableType,
    [names.artifactProcessor]: runtime.artifactProcessor,
    [names.runtime]: runtime.id,
  };
}

/** Where the variables have a message of their own, the official client sends it empty. */
function emptyVariables({ variables }: ElementNames): WireObject {
  const [outer = '', ...inner] = variables;
  return inner.length === 0 ? {} : { [outer]: {} };
}

/** A value at the end of a path of members. */
function at(path: readonly string[], value: unknown): WireObject {
  const [name = '', ...rest] = path;
  return { [name]: rest.length === 0 ? value : at(rest, value) };
}

function fromDisruption(disruption: Disruption): WireObject {
  const [name, share] =
    'minAvailable' in disruption
      ? (['minAvailable', disruption.minAvailable] as const)
      : (['maxUnavailable', disruption.maxUnavailable] as const);
  return { [name]: typeof share === 'number' ? { pods: share } : { percentage: Number(share.slice(0, -1)) } };
}

/**
 * A deployment as it was just read, with the changes in each of its models: what this package does not know stays as it is.
 *
 * @returns the member that holds the models, and which parts of them were touched
 */
export function changedModels(
  deployment: WireObject,
  settings: DeploymentSettings,
  models: OrderedModels | undefined,
  names: ElementNames,
): { readonly members: WireObject; readonly parts: readonly ElementPart[] } {
  const parts = touchedParts(settings);
  const change = (element: WireObject): WireObject => changedElement(element, settings, names);
  if (models !== undefined) return { members: replacedModels(deployment, models, change, names), parts };
  const { single, split, shadow } = names;
  const [one, several, two] = [objectAt(deployment, single), objectAt(deployment, split), objectAt(deployment, shadow)];
  if (one !== undefined) return { members: { [single]: change(one) }, parts };
  if (several !== undefined) {
    return { members: { [split]: { ...several, splitElements: objectsAt(several, 'splitElements').map(change) } }, parts };
  }
  if (two === undefined) return { members: {}, parts };
  const [primaryElement, secondaryElement] = [objectAt(two, 'primaryElement') ?? {}, objectAt(two, 'secondaryElement') ?? {}];
  return { members: { [shadow]: { ...two, primaryElement: change(primaryElement), secondaryElement: change(secondaryElement) } }, parts };
}

/** Other models in the place of those that are there; each keeps the settings of the one before it. */
function replacedModels(
  deployment: WireObject,
  models: OrderedModels,
  change: (element: WireObject) => WireObject,
  names: ElementNames,
): WireObject {
  const before = elementsOf(deployment, names);
  const element = (model: OrderedModel, index: number): WireObject => ({
    ...change(before[index] ?? before[0] ?? {}),
    deploymentComposition: fromModel(model, names),
  });
  switch (models.type) {
    case 'single':
      return { [names.single]: element(models.model, 0) };
    case 'split':
      return {
        [names.split]: { splitElements: models.elements.map(({ model, weight }, index) => ({ ...element(model, index), weight })) },
      };
    case 'shadow':
      return { [names.shadow]: { primaryElement: element(models.primary, 0), secondaryElement: element(models.secondary, 1) } };
  }
}

function touchedParts(settings: DeploymentSettings): readonly ElementPart[] {
  const parts: [ElementPart, readonly unknown[]][] = [
    ['resources', [settings.replicas, settings.resources]],
    ['shortcuts', [settings.affinity, settings.toleration]],
    ['variables', [settings.environmentVariables]],
    ['autoscaling', [settings.autoscaling]],
    ['disruption', [settings.disruption]],
  ];
  return parts.filter(([, values]) => values.some((value) => value !== undefined)).map(([part]) => part);
}

function changedElement(element: WireObject, settings: DeploymentSettings, names: ElementNames): WireObject {
  let changed = element;
  const { replicas, resources, affinity, toleration, environmentVariables, autoscaling, disruption } = settings;
  if (replicas !== undefined || resources !== undefined) {
    const before = objectAt(element, 'kubernetesResourceSpec');
    const spec = { ...before, [names.resources]: { ...objectAt(before, names.resources), ...compact({ ...resources }) } };
    const wanted = replicas === 0 ? names.noReplicas : (replicas ?? numberAt(before, 'replicas') ?? 1);
    changed = { ...changed, kubernetesResourceSpec: { ...spec, replicas: wanted } };
  }
  if (affinity !== undefined || toleration !== undefined) {
    const shortcuts = compact({ [names.affinity]: cleared(affinity), [names.toleration]: cleared(toleration) });
    changed = { ...changed, [names.shortcuts]: { ...objectAt(element, names.shortcuts), ...shortcuts } };
  }
  if (environmentVariables !== undefined) {
    const [outer = '', ...inner] = names.variables;
    const before = inner.length === 0 ? {} : objectAt(element, outer);
    changed = { ...changed, ...at([outer], inner.length === 0 ? environmentVariables : { ...before, ...at(inner, environmentVariables) }) };
  }
  // What is null is left out when it goes, which clears it: the mask names it.
  if (autoscaling !== undefined) changed = { ...changed, vpaSpec: autoscaling === null ? null : compact(autoscaling) };
  if (disruption !== undefined) changed = { ...changed, podDisruptionBudget: disruption === null ? null : fromDisruption(disruption) };
  return changed;
}

/** A shortcut is cleared by an empty name. */
function cleared(name: string | null | undefined): string | undefined {
  return name === null ? '' : name;
}

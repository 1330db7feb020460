/**
 * What a deployment runs: a model's version or an experiment, and with which runtime.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { checkMembers, memberOf, text, wholeNumber } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import type { DeploymentCreateParams, WeightedComposition } from './deployment.js';
import { highestVersion, type ModelsApi, type ModelVersion } from './models.js';
import type { PlatformApis } from './platform-resolver.js';
import type { Recollection } from './recollection.js';
import { childOf, type ExperimentRef, type ModelRef } from './references.js';
import { chooseRuntime, noRuntime, type Runtime, type RuntimeWish } from './runtimes.js';

/** What to deploy: a model (its newest version unless one is named) or an experiment; the fitting runtime is found unless one is named. */
export type Composition = ({ readonly model: ModelRef; readonly version?: number | undefined } | { readonly experiment: ExperimentRef }) &
  RuntimeWish;

/** A model in a deployment. */
export interface DeployedModel {
  readonly experiment: { readonly id: string };
  readonly runtime: string;
  readonly artifactType: string;
}

/** What is deployed. `external` is a scorer that runs outside of the platform; what this version does not know reads as `unknown`. */
export type DeployedComposition =
  | ({ readonly type: 'single' } & DeployedModel)
  | { readonly type: 'split'; readonly elements: readonly (DeployedModel & { readonly weight: number })[] }
  | { readonly type: 'shadow'; readonly primary: DeployedModel; readonly secondary: DeployedModel }
  | { readonly type: 'external' }
  | { readonly type: 'unknown' };

/** A model that is to be deployed, with the runtime that was found for it. */
export interface OrderedModel {
  readonly experimentId: string;
  readonly runtime: Runtime;
}

/** What is to be deployed. */
export type OrderedModels =
  | { readonly type: 'single'; readonly model: OrderedModel }
  | { readonly type: 'split'; readonly elements: readonly { readonly model: OrderedModel; readonly weight: number }[] }
  | { readonly type: 'shadow'; readonly primary: OrderedModel; readonly secondary: OrderedModel };

/** What is to be deployed, as the caller said it, checked. */
export type WantedModels =
  | { readonly type: 'single'; readonly composition: Composition }
  | { readonly type: 'split'; readonly elements: readonly { readonly composition: Composition; readonly weight: number }[] }
  | { readonly type: 'shadow'; readonly primary: Composition; readonly secondary: Composition };

/**
 * @throws {ConfigurationError} not exactly one of `composition`, `split` and `shadow` is given, or something in it is missing, contradicts
 * another, or is of the wrong type
 */
export function checkedModels(params: DeploymentCreateParams): WantedModels {
  const given = [params.composition, params.split, params.shadow].filter((part) => part !== undefined);
  if (given.length > 1) {
    throw invalidParameter('The deployment names several of composition, split and shadow.', 'Name one of them.');
  }
  if (params.split !== undefined) return checkedSplit(params.split);
  if (params.shadow !== undefined) {
    checkMembers(params.shadow, '`shadow` of a deployment', {});
    const { primary, secondary } = params.shadow;
    checkComposition(primary);
    checkComposition(secondary);
    return { type: 'shadow', primary, secondary };
  }
  checkComposition(params.composition);
  return { type: 'single', composition: params.composition };
}

function checkedSplit(split: unknown): WantedModels {
  if (!Array.isArray(split) || split.length < 2) {
    throw invalidParameter(
      '`split` is no list of at least two models.',
      'Pass `split: [{ composition, weight }, { composition, weight }]`.',
    );
  }
  const elements = split.map((element: WeightedComposition) => {
    checkMembers(element, 'An entry of `split`', { weight: wholeNumber });
    checkComposition(element.composition);
    return { composition: element.composition, weight: element.weight };
  });
  if (elements.some(({ weight }) => memberOf({ weight }, 'weight') === undefined) || elements.every(({ weight }) => weight === 0)) {
    throw invalidParameter('The weights of `split` are missing, or all 0.', 'Give each model a whole number, relative to the others.');
  }
  return { type: 'split', elements };
}

/** @throws {ConfigurationError} it names no model and no experiment, or both, or something in it is of the wrong type */
function checkComposition(composition: unknown): asserts composition is Composition {
  const parts = ['model', 'experiment'].filter((part) => memberOf(composition, part) !== undefined);
  if (parts.length === 0) {
    throw invalidParameter('The deployment has no composition.', 'Pass `composition: { model }` or `composition: { experiment }`.');
  }
  if (parts.length > 1) {
    throw invalidParameter('The composition names a model and an experiment.', 'Name one of them: a version of a model is an experiment.');
  }
  for (const part of parts) childOf(memberOf(composition, part), part);
  const kinds = { version: wholeNumber, runtime: text, artifactType: text };
  checkMembers(composition, 'The composition of a deployment', kinds);
}

/**
 * Which experiments are meant, each with the runtime that fits it.
 *
 * @throws {ConfigurationError} no runtime fits one of them; the message says what it has and what the installation can score
 * @throws {NotFoundError} a model has no version
 */
export async function orderedModels(
  wanted: WantedModels,
  projectId: string,
  apis: Pick<PlatformApis, 'models' | 'runtimes' | 'experiments'>,
  recollection: Recollection,
  options: RequestOptions,
): Promise<OrderedModels> {
  const order = async (composition: Composition): Promise<OrderedModel> => {
    const experimentId = await experimentOf(composition, apis.models, recollection, options);
    const fitting = await apis.runtimes.fitting(experimentId, projectId, options);
    const runtime = chooseRuntime(fitting, composition);
    if (runtime !== undefined) return { experimentId, runtime };
    const [installed, artifactTypes] = [await apis.runtimes.list(options), await apis.experiments.artifactTypes(experimentId, options)];
    throw noRuntime(composition, { fitting, installed, artifactTypes });
  };
  switch (wanted.type) {
    case 'single':
      return { type: 'single', model: await order(wanted.composition) };
    case 'split': {
      const elements: { readonly model: OrderedModel; readonly weight: number }[] = [];
      for (const { composition, weight } of wanted.elements) elements.push({ model: await order(composition), weight });
      return { type: 'split', elements };
    }
    case 'shadow':
      return { type: 'shadow', primary: await order(wanted.primary), secondary: await order(wanted.secondary) };
  }
}

/**
 * The experiment that a composition means.
 *
 * @throws {NotFoundError} the model has no version
 * @throws {ConfigurationError} the version does not exist
 */
async function experimentOf(
  composition: Composition,
  models: ModelsApi,
  recollection: Recollection,
  options: RequestOptions,
): Promise<string> {
  if (!('model' in composition) || memberOf(composition, 'model') === undefined)
    return childOf(memberOf(composition, 'experiment'), 'experiment').id;
  const model = childOf(composition.model, 'model');
  if (composition.version === undefined) {
    const registered = recollection.registered.get(model.id);
    if (registered !== undefined) return registered.experiment.id;
  }
  const versions = await models.versions(model.id, model.project.id, options).toArray();
  if (composition.version === undefined) return experimentBehind(highestVersion(versions));
  const wanted = versions.find((version) => version.version === composition.version);
  if (wanted !== undefined) return experimentBehind(wanted);
  throw invalidParameter(
    `The model has no version ${composition.version}.`,
    `It has ${versions.map((version) => version.version).join(', ') || 'none'}: name one of them, or leave \`version\` out for the newest.`,
  );
}

/** A version whose experiment was deleted may still be listed. */
function experimentBehind({ version, experiment }: ModelVersion): string {
  if (experiment.id !== '') return experiment.id;
  throw invalidParameter(
    `Version ${version} of the model has no experiment.`,
    'Name another version, or pass `composition: { experiment }`.',
  );
}

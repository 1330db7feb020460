/**
 * What a deployment runs: a model's version or an experiment, and with which runtime.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import type { RequestOptions } from '../http/request-options.js';
import { highestVersion, type ModelsApi } from './models.js';
import type { Recollection } from './recollection.js';
import { childOf, type ExperimentRef, type ModelRef } from './references.js';
import type { RuntimeWish } from './runtimes.js';

/** What to deploy: a model (its newest version unless one is named) or an experiment; the fitting runtime is found unless one is named. */
export type Composition = ({ readonly model: ModelRef; readonly version?: number | undefined } | { readonly experiment: ExperimentRef }) &
  RuntimeWish;

/** What is deployed. */
export type DeployedComposition =
  | {
      readonly type: 'single';
      readonly experiment: { readonly id: string };
      readonly runtime: string;
      readonly artifactType: string;
    }
  | { readonly type: 'unknown' };

/**
 * The experiment that a composition means.
 *
 * @throws {NotFoundError} the model has no version
 * @throws {ConfigurationError} it names neither a model nor an experiment, or a version that does not exist
 */
export async function experimentOf(
  composition: Composition,
  models: ModelsApi,
  recollection: Recollection,
  options: RequestOptions,
): Promise<string> {
  const given: unknown = composition;
  if (typeof given !== 'object' || given === null || !('model' in given || 'experiment' in given)) {
    throw invalidParameter('The deployment has no composition.', 'Pass `composition: { model }` or `composition: { experiment }`.');
  }
  if ('experiment' in composition) return childOf(composition.experiment, 'experiment').id;
  const model = childOf(composition.model, 'model');
  if (composition.version === undefined) {
    const registered = recollection.registered.get(model.id);
    if (registered !== undefined) return registered.experiment.id;
  }
  const versions = await models.versions(model.id, model.project.id, options).toArray();
  if (composition.version === undefined) return highestVersion(versions).experiment.id;
  const wanted = versions.find((version) => version.version === composition.version);
  if (wanted !== undefined) return wanted.experiment.id;
  throw invalidParameter(
    `The model has no version ${composition.version}.`,
    `It has ${versions.map((version) => version.version).join(', ') || 'none'}: name one of them, or leave \`version\` out for the newest.`,
  );
}

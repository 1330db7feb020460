/**
 * What a deployment runs: a model's version or an experiment, and with which runtime.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { checkMembers, memberOf, text, wholeNumber } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { highestVersion, type ModelsApi, type ModelVersion } from './models.js';
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

/** @throws {ConfigurationError} it names no model and no experiment, or both, or something in it is of the wrong type */
export function checkComposition(composition: unknown): void {
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
 * The experiment that a composition means.
 *
 * @throws {NotFoundError} the model has no version
 * @throws {ConfigurationError} the version does not exist
 */
export async function experimentOf(
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

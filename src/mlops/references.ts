/**
 * How resources are passed back in: by id for what stands alone, by id and project for what lives in a project.
 * Of a passed resource only these are read; nothing else in it is trusted.
 */
import { invalidParameter } from '../errors/configuration-error.js';

/** A project by its id, or any object that has one. */
export type ProjectRef = string | { readonly id: string };

/** A resource inside a project. An `Experiment`, `Model`, `ModelVersion` or `Deployment` satisfies it. */
export interface ChildRef {
  readonly id: string;
  readonly project: ProjectRef;
}

export type ExperimentRef = ChildRef;
export type ModelRef = ChildRef;
export type ModelVersionRef = ChildRef;
export type DeploymentRef = ChildRef;

/** @throws {ConfigurationError} there is no id in it */
export function idOf(reference: ProjectRef, what: string): string {
  // Callers without a type checker pass anything.
  const given: unknown = reference;
  const id: unknown = typeof given === 'object' && given !== null && 'id' in given ? given.id : given;
  if (typeof id === 'string' && id.trim() !== '') return id;
  throw invalidParameter(`No ${what} was given: its id is missing.`, `Pass the ${what} as the SDK returned it, or its id.`);
}

/** @throws {ConfigurationError} the id or the project is missing */
export function childOf(reference: ChildRef, what: string): { readonly id: string; readonly project: { readonly id: string } } {
  const given: unknown = reference;
  if (typeof given !== 'object' || given === null || !('project' in given)) {
    throw invalidParameter(
      `The ${what} was given without its project.`,
      `Pass the ${what} as the SDK returned it, or \`{ id, project }\`: a bare id does not say where it lives.`,
    );
  }
  return { id: idOf(reference, what), project: { id: idOf(reference.project, `project of the ${what}`) } };
}

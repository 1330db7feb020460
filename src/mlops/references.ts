/**
 * How resources are passed back in: by id for what stands alone, by id and project for what lives in a project.
 * Of a passed resource only these are read; nothing else in it is trusted.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { memberOf } from '../http/given.js';

/** A project by its id, or any object that has one. */
export type ProjectRef = string | { readonly id: string };

/** A resource inside a project. An `Experiment`, `ProjectArtifact`, `Model`, `ModelVersion` or `Deployment` satisfies it. */
interface ChildRef {
  readonly id: string;
  readonly project: ProjectRef;
}

export type ArtifactRef = ChildRef;
export type ExperimentRef = ChildRef;
export type ModelRef = ChildRef;
export type ModelVersionRef = ChildRef;
export type DeploymentRef = ChildRef;

/** @throws {ConfigurationError} there is no id in it */
export function idOf(reference: unknown, what: string): string {
  // Callers without a type checker pass anything.
  const id: unknown = typeof reference === 'string' ? reference : memberOf(reference, 'id');
  if (typeof id === 'string' && id.trim() !== '') return id;
  throw invalidParameter(`No ${what} was given: its id is missing.`, `Pass the ${what} as the SDK returned it, or its id.`);
}

/** @throws {ConfigurationError} the id or the project is missing */
export function childOf(reference: unknown, what: string): { readonly id: string; readonly project: { readonly id: string } } {
  const project = memberOf(reference, 'project');
  if (project === undefined) {
    throw invalidParameter(
      `The ${what} was given without its project.`,
      `Pass the ${what} as the SDK returned it, or \`{ id, project }\`: a bare id does not say where it lives.`,
    );
  }
  return { id: idOf(reference, what), project: { id: idOf(project, `project of the ${what}`) } };
}

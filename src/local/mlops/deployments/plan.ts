/**
 * What a user decides about a deployment, read out of a message part by part: an update reads only what its mask names.
 * Each API has its own words for the parts; this is what they have in common.
 */
import type { DeploymentElement, DeploymentMode, DeploymentPlan } from '../../state.js';
import { failedPrecondition, invalidArgument } from '../rpc-error.js';
import { compositionOf } from './compositions.js';

export interface PlanParts {
  name(): string;
  description(): string;
  models(): Models;
  /** Beside the present ones, where it is an update. */
  securities(): DeploymentPlan['securities'];
  monitor(): DeploymentPlan['monitor'];
  monitoringOptions(): DeploymentPlan['monitoringOptions'];
  corsOrigins(): DeploymentPlan['corsOrigins'];
}

export type Models = Pick<DeploymentPlan, 'mode' | 'elements'>;

/** The artifact of that type that the experiment has, if it has one; refuses an experiment that the user cannot see. */
export type ArtifactFinder = (experimentId: string, artifactType: string) => string | undefined;

/** The whole plan, where nothing is left to what was. */
export function wholePlan(parts: PlanParts): DeploymentPlan {
  return {
    name: parts.name(),
    description: parts.description(),
    ...parts.models(),
    securities: parts.securities(),
    monitor: parts.monitor(),
    monitoringOptions: parts.monitoringOptions(),
    corsOrigins: parts.corsOrigins(),
  };
}

export interface AskedComposition {
  readonly experimentId: string;
  readonly artifactType: string;
  readonly processor: string;
  readonly runtime: string;
  readonly runtimeImage: string;
}

type Served = Pick<DeploymentElement, 'experimentId' | 'artifactId' | 'composition'>;

/** The artifact behind a composition, where there is such a composition, and the experiment has what it takes. */
export function servedBy({ experimentId, ...composition }: AskedComposition, artifactOf: ArtifactFinder): Served {
  const { artifactType, processor, runtime } = composition;
  const known = compositionOf(artifactType, processor, runtime);
  if (known === undefined) throw invalidArgument(`there is no composition of "${artifactType}", "${processor}" and "${runtime}"`);
  const artifactId = artifactOf(experimentId, known.artifactType);
  if (artifactId === undefined) throw failedPrecondition(`experiment ${experimentId} has no artifact of type ${known.artifactType}`);
  return { experimentId, artifactId, composition };
}

export function checkedWeight(mode: DeploymentMode, weight: number): number {
  if (mode === 'split' && weight <= 0) throw invalidArgument('the weight of a split element must be positive');
  return weight;
}

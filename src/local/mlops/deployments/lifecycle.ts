/**
 * The life of a deployment, whichever API leads it: made, changed, started anew, paused and resumed.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { loadModel } from '../../models.js';
import type { Deployment, DeploymentPlan, Environment, User } from '../../state.js';
import type { GatewayContext } from '../context.js';
import { Visible } from '../visible.js';
import type { ArtifactFinder } from './plan.js';

export function artifactFinder({ state }: GatewayContext, user: User): ArtifactFinder {
  return (experimentId, artifactType) => {
    const { id } = new Visible(state, user).experiment(experimentId);
    return [...state.artifacts.values()].find((artifact) => artifact.entityId === id && artifact.type === artifactType)?.id;
  };
}

export function createDeployment(context: GatewayContext, user: User, environment: Environment, plan: DeploymentPlan): Deployment {
  const deployment: Deployment = {
    id: randomUUID(),
    projectId: environment.projectId,
    environmentId: environment.id,
    ownerId: user.id,
    createdAt: context.clock.now(),
    paused: false,
    ...plan,
    ...newRevision(context, plan),
  };
  context.state.deployments.set(deployment.id, deployment);
  return deployment;
}

/** Every change, however small, starts the deployment anew. */
export function reviseDeployment(
  context: GatewayContext,
  old: Deployment,
  changes: Partial<Pick<Deployment, keyof DeploymentPlan | 'paused'>>,
): Deployment {
  const changed: Deployment = { ...old, ...changes, ...newRevision(context, { ...old, ...changes }) };
  context.state.deployments.set(old.id, changed);
  return changed;
}

function newRevision(
  { state, clock }: GatewayContext,
  plan: DeploymentPlan,
): Pick<Deployment, 'modifiedAt' | 'revisionId' | 'revisedAt' | 'failure'> {
  const now = clock.now();
  const outcomes = plan.elements.map((element) => loadModel(state.artifacts.get(element.artifactId)));
  const failure = outcomes.find((outcome) => 'failure' in outcome)?.failure;
  return { modifiedAt: now, revisedAt: now, revisionId: randomBytes(4).toString('hex'), failure };
}

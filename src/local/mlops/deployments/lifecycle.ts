/**
 * The life of a deployment, whichever API leads it: made, changed, started anew, paused and resumed.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { loadModel } from '../../models.js';
import type { Deployment, DeploymentElement, DeploymentPlan, Environment } from '../../state.js';
import type { GatewayContext } from '../context.js';
import { recordEvent } from '../events.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import type { ArtifactFinder } from './plan.js';
import { isScaledDown } from './states.js';

export function artifactFinder({ state }: GatewayContext, user: Actor): ArtifactFinder {
  return (experimentId, artifactType) => {
    const { id } = new Visible(state, user).experiment(experimentId);
    return [...state.artifacts.values()].find((artifact) => artifact.entityId === id && artifact.type === artifactType)?.id;
  };
}

export function createDeployment(context: GatewayContext, user: Actor, environment: Environment, plan: DeploymentPlan): Deployment {
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
  occurred(context, user, deployment, { operation: 'CREATE_DEPLOYMENT', message: 'Deployment created' });
  return deployment;
}

/** Every change, however small, starts the deployment anew. */
export function reviseDeployment(context: GatewayContext, old: Deployment, changes: Partial<DeploymentPlan> = {}): Deployment {
  const plan: DeploymentPlan = { ...old, ...changes };
  const elements = plan.elements.map((element, index) => withPreviousReplicas(element, old.elements[index]));
  // Who scales a paused deployment up has resumed it.
  const paused = old.paused && isScaledDown(plan);
  const changed: Deployment = { ...old, ...changes, elements, paused, ...newRevision(context, plan) };
  context.state.deployments.set(old.id, changed);
  return changed;
}

/** Starts a deployment anew as it is. */
export function retryDeployment(context: GatewayContext, user: Actor, deployment: Deployment): void {
  reviseDeployment(context, deployment);
  occurred(context, user, deployment, { operation: 'RETRY_DEPLOYMENT', message: 'Deployment retried' });
}

export function removeDeployment(context: GatewayContext, user: Actor, deployment: Deployment): void {
  context.state.removeDeployment(deployment.id);
  occurred(context, user, deployment, { operation: 'UNDEPLOY', message: 'Deployment deleted' });
}

function occurred(
  context: GatewayContext,
  user: Actor,
  { id, projectId }: Deployment,
  what: { readonly operation: string; readonly message: string },
): void {
  recordEvent(context, user, { projectId, deploymentId: id, ...what });
}

/** Stops all replicas; what comes to a deployment while it is paused does not start them again. */
export function pauseDeployment(context: GatewayContext, old: Deployment): Deployment {
  if (old.paused) return old;
  return reviseDeployment(context, { ...old, paused: true }, { elements: old.elements.map((element) => withReplicas(element, () => 0)) });
}

/** Brings back as many replicas as there were, or one. */
export function resumeDeployment(context: GatewayContext, old: Deployment): Deployment {
  if (!isScaledDown(old)) return old;
  const elements = old.elements.map((element) =>
    withReplicas(element, ({ replicas, previousReplicas }) => replicas || (previousReplicas ?? 1)),
  );
  return reviseDeployment(context, old, { elements });
}

type Resources = DeploymentElement['resources'];

const withReplicas = (element: DeploymentElement, replicas: (resources: Resources) => number): DeploymentElement => ({
  ...element,
  resources: { ...element.resources, replicas: replicas(element.resources) },
});

function withPreviousReplicas(element: DeploymentElement, old: DeploymentElement | undefined): DeploymentElement {
  if (element.resources.replicas > 0) return { ...element, resources: { ...element.resources, previousReplicas: undefined } };
  const previousReplicas = old?.resources.replicas || old?.resources.previousReplicas;
  return { ...element, resources: { ...element.resources, previousReplicas } };
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

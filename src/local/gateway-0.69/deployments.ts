/**
 * Deployments and their status.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { loadModel } from '../models.js';
import { inProject } from '../state.js';
import type { Deployment, DeploymentPlan, User } from '../state.js';
import { Visible, service, timestamp } from './context.js';
import type { GatewayContext, Methods } from './context.js';
import { planParts, wholePlan, wireDeployment } from './deployment-message.js';
import type { PlanReader } from './deployment-message.js';
import { progress } from './deployment-states.js';
import { updatedPlan } from './deployment-update.js';
import { listAnswer } from './lists.js';
import { maskPaths, nested, text } from './message.js';
import { invalidArgument } from './rpc-error.js';
import { checkSecurityChange } from './security.js';

export function deploymentMethods(context: GatewayContext): Methods {
  const { state, clock, pageSize } = context;
  const wire = (deployment: Deployment): JsonObject => wireDeployment(deployment, state.users.get(deployment.ownerId));
  return service('deployer/ai.h2o.deploy.DeploymentService', {
    CreateDeployment(message, user) {
      const sent = nested(message, 'deployment');
      const visible = new Visible(state, user);
      const projectId = visible.project(text(sent, 'projectId')).id;
      const environment = visible.environment(text(sent, 'deploymentEnvironmentId'));
      if (environment.projectId !== projectId) throw invalidArgument(`deployment environment ${environment.id} belongs to another project`);
      const now = clock.now();
      const plan = wholePlan(planParts(sent, planReader(context, user)));
      const deployment: Deployment = {
        id: randomUUID(),
        projectId,
        environmentId: environment.id,
        ownerId: user.id,
        createdAt: now,
        ...plan,
        ...newRevision(context, plan),
      };
      state.deployments.set(deployment.id, deployment);
      return { deployment: wire(deployment) };
    },
    ListProjectDeployments(message, user) {
      const project = new Visible(state, user).project(text(message, 'projectId'));
      return listAnswer('deployment', inProject(state.deployments, project.id).map(wire), { message, pageSize });
    },
    UpdateModelDeployment(message, user) {
      const sent = nested(message, 'deployment');
      const old = new Visible(state, user).deployment(text(sent, 'id'));
      const paths = maskPaths(message).map((path) => path.replace(/^deployment\./, ''));
      const plan = updatedPlan(old, planParts(sent, planReader(context, user)), paths);
      checkSecurityChange(old.security, plan.security);
      const changed: Deployment = { ...old, ...plan, ...newRevision(context, plan) };
      state.deployments.set(old.id, changed);
      return { deployment: wire(changed) };
    },
    DeleteDeployment(message, user) {
      state.deployments.delete(new Visible(state, user).deployment(text(message, 'id')).id);
      return {};
    },
  });
}

function planReader({ state, securityOptions }: GatewayContext, user: User): PlanReader {
  return {
    activated: securityOptions,
    artifactOf(experimentId, artifactType) {
      const { id } = new Visible(state, user).experiment(experimentId);
      return [...state.artifacts.values()].find((artifact) => artifact.entityId === id && artifact.type === artifactType)?.id;
    },
  };
}

/** Every change, however small, starts the deployment anew. */
function newRevision(
  { state, clock }: GatewayContext,
  plan: DeploymentPlan,
): Pick<Deployment, 'modifiedAt' | 'revisionId' | 'revisedAt' | 'failure'> {
  const now = clock.now();
  const outcomes = plan.elements.map((element) => loadModel(state.artifacts.get(element.artifactId)));
  const failure = outcomes.find((outcome) => 'failure' in outcome)?.failure;
  return { modifiedAt: now, revisedAt: now, revisionId: randomBytes(4).toString('hex'), failure };
}

export function deploymentStatusMethods(context: GatewayContext): Methods {
  const { state, pageSize } = context;
  return service('deployer/ai.h2o.deploy.DeploymentStatusService', {
    GetDeploymentStatus: (message, user) => ({
      deploymentStatus: wireStatus(context, new Visible(state, user).deployment(text(message, 'deploymentId'))),
    }),
    ListDeploymentStatuses(message, user) {
      const project = new Visible(state, user).project(text(message, 'projectId'));
      const statuses = inProject(state.deployments, project.id).map((deployment) => wireStatus(context, deployment));
      // Here, and only here, the field is called `sort`.
      return listAnswer('deploymentStatus', statuses, { message: { ...message, sorting: message['sort'] }, pageSize });
    },
  });
}

function wireStatus({ clock, healthyAfterMs, origin }: GatewayContext, deployment: Deployment): JsonObject {
  const { revisedAt, failure, id } = deployment;
  const { state, since } = progress({ revisedAt, fails: failure !== undefined }, clock.now(), healthyAfterMs);
  const url = (path: string): string => (state === 'HEALTHY' ? `${origin}/${id}/model/${path}` : '');
  return {
    deploymentId: id,
    state,
    message: state === 'FAILED' ? (failure ?? '') : '',
    lastModifiedTime: timestamp(since),
    scorer: {
      type: 'MOJO2_REST_SCORER',
      score: { url: url('score'), method: 'POST' },
      sampleRequest: { url: url('sample_request'), method: 'GET' },
      capabilities: { url: url('capabilities'), method: 'GET' },
      internalService: null,
    },
  };
}

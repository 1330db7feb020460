/**
 * Deployments and their status.
 */
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Deployment } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { artifactFinder, createDeployment, removeDeployment, reviseDeployment } from '../deployments/lifecycle.js';
import { wholePlan } from '../deployments/plan.js';
import { deploymentState } from '../deployments/states.js';
import { updatedPlan } from '../deployments/update.js';
import { maskPaths, nested, text } from '../message.js';
import { invalidArgument } from '../rpc-error.js';
import { listAnswer } from '../storage/lists.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { planParts, wireDeployment } from './deployment-message.js';
import type { PlanReader } from './deployment-message.js';
import { checkSecurityChange } from './security.js';

export function deploymentMethods(context: GatewayContext): Methods {
  const { state, pageSize } = context;
  const wire = (deployment: Deployment): JsonObject => wireDeployment(deployment, state.users.get(deployment.ownerId));
  return service('deployer/ai.h2o.deploy.DeploymentService', {
    CreateDeployment(message, user) {
      const sent = nested(message, 'deployment');
      const visible = new Visible(state, user);
      const projectId = visible.project(text(sent, 'projectId')).id;
      const environment = visible.environment(text(sent, 'deploymentEnvironmentId'));
      if (environment.projectId !== projectId) throw invalidArgument(`deployment environment ${environment.id} belongs to another project`);
      const plan = wholePlan(planParts(sent, planReader(context, user)));
      return { deployment: wire(createDeployment(context, user, environment, plan)) };
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
      checkSecurityChange(old.securities, plan.securities);
      return { deployment: wire(reviseDeployment(context, old, plan)) };
    },
    DeleteDeployment(message, user) {
      removeDeployment(context, user, new Visible(state, user).deployment(text(message, 'id')));
      return {};
    },
  });
}

const planReader = (context: GatewayContext, user: Actor): PlanReader => ({
  activated: context.securityOptions,
  artifactOf: artifactFinder(context, user),
  now: context.clock.now(),
});

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
  const { failure, id } = deployment;
  const { state, since } = deploymentState(deployment, clock.now(), healthyAfterMs);
  const url = (path: string): string => (state === 'HEALTHY' ? `${origin}/${id}/model/${path}` : '');
  return {
    deploymentId: id,
    // This API has no word for what is scaled down. Kubernetes calls it available; there is no scorer to be called.
    state: state === 'STOPPED' ? 'HEALTHY' : state,
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

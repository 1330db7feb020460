/**
 * Deployments of platforms 1.x: made, read, changed, paused, removed.
 */
import type { JsonObject } from '../../json.js';
import { inProject } from '../../state.js';
import type { Deployment, DeploymentMode, Environment, Security } from '../../state.js';
import type { GatewayContext } from '../context.js';
import {
  artifactFinder,
  createDeployment,
  pauseDeployment,
  removeDeployment,
  resumeDeployment,
  retryDeployment,
  reviseDeployment,
} from '../deployments/lifecycle.js';
import { wholePlan } from '../deployments/plan.js';
import { deploymentState } from '../deployments/states.js';
import { updatedPlan } from '../deployments/update.js';
import { maskPaths, text } from '../message.js';
import { restFiltered, restListAnswer } from '../rest/lists.js';
import { queryMask } from '../rest/routes.js';
import type { RestCall, Routes } from '../rest/routes.js';
import { RpcError, failedPrecondition } from '../rpc-error.js';
import { Visible } from '../visible.js';
import { etagOf, restPlanParts, wireRestDeployment } from './deployment-message.js';
import type { RestPlanReader } from './deployment-message.js';
import { deploymentAt, workspacesAt } from './names.js';

const one = '/v2/workspaces/{workspace}/deployments/{deployment}';
const all = '/v2/workspaces/{workspace}/deployments';

export function deploymentRoutes(context: GatewayContext): Routes {
  const { state, pageSize } = context;
  const serves12 = context.serves('deployer-rest-1.2');
  const view = { serves10: context.platform !== '1.2', serves12 };
  const wire = (deployment: Deployment, issuedKeys: ReadonlyMap<string, string> = new Map()): JsonObject =>
    wireRestDeployment(deployment, { ...view, issuedKeys });
  const listed = (call: RestCall): readonly JsonObject[] =>
    workspacesAt(state, call).flatMap(({ id }) => inProject(state.deployments, id).map((deployment) => wire(deployment)));
  const filterFields = (entry: JsonObject): JsonObject => extraFields(context, text(entry, 'name'));
  return {
    [`POST ${all}`](call) {
      const { id: projectId } = new Visible(state, call.user).project(call.param('workspace'));
      const reader = planReader(context, call, { present: [], paths: [] });
      const plan = wholePlan(restPlanParts(call.body, reader));
      const deployment = createDeployment(context, call.user, defaultEnvironment(context, projectId), plan);
      return { deployment: wire(deployment, reader.issuedKeys) };
    },
    [`GET ${all}`]: (call) => restListAnswer('deployments', listed(call), { query: call.query, pageSize, filterFields }),
    [`GET ${all}:count`]: (call) => ({ count: String(restFiltered(listed(call), call.query, filterFields).length) }),
    [`GET ${one}`]: (call) => ({ deployment: wire(deploymentAt(state, call)) }),
    [`PATCH ${one}`](call) {
      const old = deploymentAt(state, call);
      checkEtag(old, text(call.body, 'etag'));
      const paths = maskPaths(queryMask(call.query)).map((path) => path.replace(/^deployment\./, ''));
      const reader = planReader(context, call, { present: old.securities, paths });
      const sections = new Set(paths.map((path) => path.replace(/^securities\..*$/, 'securities')));
      const plan = updatedPlan(old, restPlanParts(call.body, reader), [...sections]);
      return { deployment: wire(reviseDeployment(context, old, plan), reader.issuedKeys) };
    },
    [`DELETE ${one}`](call) {
      removeDeployment(context, call.user, deploymentAt(state, call));
      return {};
    },
    [`POST ${one}:retry`](call) {
      retryDeployment(context, call.user, deploymentAt(state, call));
      return {};
    },
    ...(serves12 ? pauseRoutes(context) : {}),
  };
}

/** The names that filters have for the modes. */
const types: Readonly<Record<DeploymentMode, readonly string[]>> = {
  single: ['SINGLE_MODEL', 'Single Model'],
  split: ['SPLIT_TRAFFIC', 'A/B Test'],
  shadow: ['SHADOW_TRAFFIC', 'Champion/Challenger'],
};

/** What filters can name that a deployment's message does not have. */
function extraFields({ state, clock, healthyAfterMs }: GatewayContext, name: string): JsonObject {
  const deployment = state.deployments.get(name.split('/').at(-1) ?? '');
  if (deployment === undefined) return {};
  return {
    deploymentState: deploymentState(deployment, clock.now(), healthyAfterMs).state,
    deploymentType: types[deployment.mode],
    experimentIds: deployment.elements.map(({ experimentId }) => experimentId),
  };
}

/** Both may be called again and change nothing then. */
function pauseRoutes(context: GatewayContext): Routes {
  return {
    [`POST ${one}:pause`](call) {
      pauseDeployment(context, deploymentAt(context.state, call));
      return {};
    },
    [`POST ${one}:resume`](call) {
      resumeDeployment(context, deploymentAt(context.state, call));
      return {};
    },
  };
}

/** Workspaces have no environments: what is deployed in one is found in the first by the clients of 0.69. */
function defaultEnvironment({ state }: GatewayContext, projectId: string): Environment {
  const [environment] = inProject(state.environments, projectId);
  if (environment === undefined) throw failedPrecondition(`workspace ${projectId} has no environment to deploy to`);
  return environment;
}

/** Who sends no etag overwrites. */
function checkEtag(deployment: Deployment, etag: string): void {
  if (etag !== '' && etag !== etagOf(deployment))
    throw new RpcError(10, 'the deployment has been changed since it was read: etag is not the present one');
}

function planReader(
  context: GatewayContext,
  { user }: RestCall,
  { present, paths }: { readonly present: readonly Security[]; readonly paths: readonly string[] },
): RestPlanReader {
  return {
    activated: context.securityOptions,
    takesSeveral: context.serves('deployer-rest-1.2'),
    now: context.clock.now(),
    artifactOf: artifactFinder(context, user),
    issuedKeys: new Map(),
    present,
    paths,
  };
}

/**
 * How deployments of platforms 1.x are, and where they are called.
 */
import type { JsonObject } from '../../json.js';
import type { Deployment } from '../../state.js';
import { timestamp } from '../context.js';
import type { GatewayContext } from '../context.js';
import { deploymentState } from '../deployments/states.js';
import type { RestCall, Routes } from '../rest/routes.js';
import { RpcError, notFound } from '../rpc-error.js';
import { Visible } from '../visible.js';
import { deploymentAt, deploymentName } from './names.js';

const one = '/v2/workspaces/{workspace}/deployments/{deployment}';
const all = '/v2/workspaces/{workspace}/deployments';

export function deploymentStatusRoutes(context: GatewayContext): Routes {
  const { state } = context;
  return {
    [`GET ${one}/status`]: (call) => ({ deploymentStatus: wireStatus(context, deploymentAt(state, call)) }),
    [`GET ${one}/metadata`]: (call) => ({ deploymentMetadata: wireMetadata(context, deploymentAt(state, call)) }),
    [`GET ${all}/status:batchGet`](call) {
      const { found, errors } = namedDeployments(context, call);
      return { deploymentStatuses: found.map((deployment) => wireStatus(context, deployment)), errors };
    },
    [`GET ${all}/metadata:batchGet`](call) {
      const { found, errors } = namedDeployments(context, call);
      return { deploymentsMetadata: found.map((deployment) => wireMetadata(context, deployment)), errors };
    },
  };
}

function wireStatus(context: GatewayContext, deployment: Deployment): JsonObject {
  const { clock, healthyAfterMs } = context;
  const { state, since } = deploymentState(deployment, clock.now(), healthyAfterMs);
  const message = messageOf(state, deployment);
  return {
    name: `${deploymentName(deployment)}/status`,
    state,
    message,
    updateTime: timestamp(since),
    ...(context.serves('deployer-rest-1.2')
      ? {
          updatesAllowed: true,
          errorDetails: state === 'FAILED' ? wireErrorDetails(deployment, since) : null,
          lastUpdateOutcome: 'LAST_UPDATE_OUTCOME_UNSPECIFIED',
        }
      : {}),
  };
}

function messageOf(state: string, { failure }: Deployment): string {
  if (state === 'FAILED') return failure ?? '';
  if (state === 'HEALTHY') return 'The deployment takes scoring requests.';
  return state === 'STOPPED' ? 'The deployment is scaled down.' : 'The deployment is coming up.';
}

/** What Kubernetes would tell of the pods of a deployment that failed. */
function wireErrorDetails({ id, elements, failure }: Deployment, since: number): JsonObject {
  const pods = elements.flatMap(({ resources }, index) =>
    Array.from({ length: resources.replicas }, (_, replica) => `scorer-${id}-${index}-${replica}`),
  );
  return {
    captureTime: timestamp(since),
    summary: { primaryFailureType: 'Error', affectedPods: pods.length, totalPods: pods.length },
    podDiagnostics: pods.map((pod) => ({ pod, containerStatuses: [], podPhase: 'Failed', podReason: 'Error', podMessage: failure ?? '' })),
  };
}

function wireMetadata(context: GatewayContext, deployment: Deployment): JsonObject {
  const { clock, healthyAfterMs, origin } = context;
  const { state } = deploymentState(deployment, clock.now(), healthyAfterMs);
  const call = (method: string, path: string): JsonObject => ({ uri: `${origin}/${deployment.id}/model/${path}`, method });
  return {
    name: `${deploymentName(deployment)}/metadata`,
    scoringInterface: {
      score: call('POST', 'score'),
      sampleRequest: call('GET', 'sample_request'),
      capabilities: call('GET', 'capabilities'),
      ...(context.serves('deployer-rest-1.2')
        ? { defaultEndpointState: state === 'HEALTHY' ? 'ENDPOINT_STATE_READY' : 'ENDPOINT_STATE_PENDING' }
        : {}),
    },
  };
}

interface Named {
  readonly found: readonly Deployment[];
  /** A google.rpc.Status by the name that could not be had. */
  readonly errors: JsonObject;
}

/** What the repeated `names` of a batch stand for, as `workspaces/{w}/deployments/{d}/status`. */
function namedDeployments({ state }: GatewayContext, { query, user }: RestCall): Named {
  const visible = new Visible(state, user);
  const found: Deployment[] = [];
  const errors: Record<string, unknown> = {};
  for (const name of query.getAll('names')) {
    const [, id = ''] = /\/deployments\/([^/]+)/.exec(name) ?? [];
    try {
      found.push(visible.deployment(id));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const { code, message } = notFound('deployment', name);
      errors[name] = { code, message, details: [] };
    }
  }
  return { found, errors };
}

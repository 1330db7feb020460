/**
 * Aggregates of monitored deployments: the baselines that came with them. Nothing watches what is scored here, so there are no others.
 */
import type { JsonObject } from '../json.js';
import type { Deployment } from '../state.js';
import type { GatewayContext } from './context.js';
import { deploymentAt } from './deployer-rest/names.js';
import { messages } from './message.js';
import { restFiltered, restListAnswer } from './rest/lists.js';
import type { RestCall, Routes } from './rest/routes.js';

const parent = '/v2/workspaces/{workspace}/deployments/{deployment}/experiments/{experiment}';

const baselinesOf = ({ id, monitoringOptions, elements }: Deployment): readonly JsonObject[] =>
  messages(monitoringOptions ?? {}, 'baselineAggregations').map((baseline, index) => ({
    id: String(index + 1),
    ...baseline,
    deploymentId: id,
    experimentIds: elements.map(({ experimentId }) => experimentId),
  }));

export function monitoringRoutes({ state, pageSize }: GatewayContext): Routes {
  const baselines = (call: RestCall): readonly JsonObject[] => baselinesOf(deploymentAt(state, call));
  const aggregates = (call: RestCall): readonly JsonObject[] => {
    deploymentAt(state, call);
    return [];
  };
  return {
    [`GET ${parent}/baselineAggregates`]: (call) => restListAnswer('baselineAggregates', baselines(call), { query: call.query, pageSize }),
    [`GET ${parent}/baselineAggregates:count`]: (call) => ({ count: String(restFiltered(baselines(call), call.query).length) }),
    [`GET ${parent}/aggregates`]: (call) => restListAnswer('aggregates', aggregates(call), { query: call.query, pageSize }),
    [`GET ${parent}/aggregates:count`]: (call) => ({ count: String(aggregates(call).length) }),
  };
}

/**
 * Runtimes in the deployer RPC of platform 0.69: the compositions that it can score.
 */
import * as z from 'zod/mini';
import type { ExperimentsApi } from '../experiments.js';
import type { RuntimesApi } from '../runtimes.js';
import { CompositionSchema, toRuntime } from './artifact-compositions.js';
import { listOf, rpc } from './rpc.js';
import type { Wires } from './wires.js';

const listCompositions = rpc({
  service: 'ai.h2o.deploy.CompositionService',
  mount: '/deployer',
  method: 'ListArtifactCompositions',
  safe: true,
  answer: z.looseObject({ artifactComposition: listOf(CompositionSchema) }),
});

export function deployerRpcRuntimes({ gateway: send, recollection }: Wires, experiments: ExperimentsApi): RuntimesApi {
  const list: RuntimesApi['list'] = async (options) => {
    const answer = await send({ operation: listCompositions, body: {} }, options);
    return (answer.artifactComposition ?? []).map(toRuntime);
  };
  return {
    list,
    fitting: async (experimentId, _projectId, options) => {
      const types = recollection.artifactTypes.get(experimentId) ?? (await experiments.artifactTypes(experimentId, options));
      return (await list(options)).filter((runtime) => types.includes(runtime.artifactType));
    },
  };
}

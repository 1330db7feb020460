/**
 * Runtimes in the REST deployer of platform 1.x, which says itself what fits an experiment.
 */
import * as z from 'zod/mini';
import { operation } from '../../http/operation.js';
import type { Runtime, RuntimesApi } from '../runtimes.js';
import { CompositionSchema, toRuntime, type WireComposition } from './artifact-compositions.js';
import { workspaceName } from './rest.js';
import { listOf } from './rpc.js';
import type { Wires } from './wires.js';

const listCompositions = operation({
  name: 'ListArtifactCompositions',
  method: 'GET',
  path: '/deployer/v2/artifactCompositions',
  safe: true,
  answer: z.looseObject({ artifactCompositions: listOf(CompositionSchema) }),
});
const listExperimentCompositions = operation({
  name: 'ListExperimentArtifactCompositions',
  method: 'GET',
  path: '/deployer/v2/{+workspace}/experiments/{experiment}/artifactCompositions',
  safe: true,
  answer: z.looseObject({ experimentArtifactCompositions: listOf(CompositionSchema) }),
});

export function deployerRestRuntimes({ gateway: send }: Wires): RuntimesApi {
  return {
    list: async (options) => usable((await send({ operation: listCompositions }, options)).artifactCompositions),
    fitting: async (experimentId, projectId, options) => {
      const parameters = { workspace: workspaceName(projectId), experiment: experimentId };
      const answer = await send({ operation: listExperimentCompositions, parameters }, options);
      return usable(answer.experimentArtifactCompositions);
    },
  };
}

/** The platform lists runtimes that were switched off, and refuses deployments with them. */
function usable(compositions: readonly WireComposition[] | null | undefined): readonly Runtime[] {
  return (compositions ?? []).filter(({ runtime }) => runtime?.state !== 'DISABLED').map(toRuntime);
}

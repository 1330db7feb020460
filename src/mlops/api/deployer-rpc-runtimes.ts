/**
 * Runtimes in the deployer RPC of platform 0.69: the compositions that it can score.
 */
import * as z from 'zod/mini';
import type { Send } from '../../http/operation.js';
import type { RuntimesApi } from '../runtimes.js';
import { listOf, rpc, text } from './rpc.js';

const CompositionSchema = z.looseObject({
  deployableArtifactType: z.nullish(z.looseObject({ name: text, artifactType: text })),
  artifactProcessor: z.nullish(z.looseObject({ name: text })),
  runtime: z.nullish(z.looseObject({ name: text, displayName: text })),
});

const listCompositions = rpc({
  service: 'ai.h2o.deploy.CompositionService',
  mount: '/deployer',
  method: 'ListArtifactCompositions',
  safe: true,
  answer: z.looseObject({ artifactComposition: listOf(CompositionSchema) }),
});

export function deployerRpcRuntimes(send: Send): RuntimesApi {
  return {
    list: async (options) => {
      const answer = await send({ operation: listCompositions, body: {} }, options);
      return (answer.artifactComposition ?? []).map(({ deployableArtifactType, artifactProcessor, runtime }) => ({
        id: runtime?.name ?? '',
        name: runtime?.displayName ?? runtime?.name ?? '',
        deployableType: deployableArtifactType?.name ?? '',
        artifactType: deployableArtifactType?.artifactType ?? '',
        artifactProcessor: artifactProcessor?.name ?? '',
      }));
    },
  };
}

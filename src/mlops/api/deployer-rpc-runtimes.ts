/**
 * Runtimes in the deployer RPC of platform 0.69: the compositions that it can score.
 */
import * as z from 'zod';
import type { Send } from '../../http/operation.js';
import type { RuntimesApi } from '../runtimes.js';
import { listOf, rpc, text } from './rpc.js';

const CompositionSchema = z.looseObject({
  deployableArtifactType: z.looseObject({ name: text, artifactType: text }).nullish(),
  artifactProcessor: z.looseObject({ name: text }).nullish(),
  runtime: z.looseObject({ name: text, displayName: text }).nullish(),
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

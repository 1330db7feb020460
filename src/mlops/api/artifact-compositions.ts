/**
 * How both deployers say what scores which type of artifact.
 */
import * as z from 'zod/mini';
import type { Runtime } from '../runtimes.js';
import { text } from './rpc.js';

type Text = string | null | undefined;

export interface WireComposition {
  readonly deployableArtifactType?: { readonly name?: Text; readonly artifactType?: Text } | null | undefined;
  readonly artifactProcessor?: { readonly name?: Text } | null | undefined;
  readonly runtime?: { readonly name?: Text; readonly displayName?: Text; readonly state?: Text } | null | undefined;
}

export const CompositionSchema: z.ZodMiniType<WireComposition> = z.looseObject({
  deployableArtifactType: z.nullish(z.looseObject({ name: text, artifactType: text })),
  artifactProcessor: z.nullish(z.looseObject({ name: text })),
  runtime: z.nullish(z.looseObject({ name: text, displayName: text, state: text })),
});

export function toRuntime({ deployableArtifactType, artifactProcessor, runtime }: WireComposition): Runtime {
  return {
    id: runtime?.name ?? '',
    name: runtime?.displayName ?? runtime?.name ?? '',
    deployableType: deployableArtifactType?.name ?? '',
    artifactType: deployableArtifactType?.artifactType ?? '',
    artifactProcessor: artifactProcessor?.name ?? '',
  };
}

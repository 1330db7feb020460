/**
 * Which kinds of artifact can be deployed, and on which runtimes.
 */
import type { JsonObject } from '../json.js';
import { service } from './context.js';
import type { Methods } from './context.js';

export interface Composition {
  /** The kind of artifact, as deployments name it and as artifacts are typed. */
  readonly deployableType: string;
  readonly artifactType: string;
  readonly processor: string;
  readonly modelType: string;
  readonly runtime: string;
  readonly typeTitle: string;
  readonly runtimeTitle: string;
}

const driverless = {
  deployableType: 'dai_mojo_pipeline',
  artifactType: 'dai/mojo_pipeline',
  processor: 'dai_mojo_pipeline_extractor',
  modelType: 'dai_mojo',
  typeTitle: 'DAI MOJO Pipeline',
};

export const compositions: readonly Composition[] = [
  { ...driverless, runtime: 'dai_mojo_runtime', runtimeTitle: 'DAI MOJO Scorer' },
  { ...driverless, runtime: 'mojo_scorer_shapley_all', runtimeTitle: 'DAI MOJO Scorer (Shapley all)' },
  {
    deployableType: 'h2o3_mojo',
    artifactType: 'h2o3/mojo',
    processor: 'h2o3_mojo_extractor',
    modelType: 'h2o3_mojo',
    runtime: 'h2o3_mojo_runtime',
    typeTitle: 'H2O-3 MOJO',
    runtimeTitle: 'H2O-3 MOJO scorer',
  },
];

const wireComposition = (composition: Composition): JsonObject => ({
  deployableArtifactType: { name: composition.deployableType, displayName: composition.typeTitle, artifactType: composition.artifactType },
  artifactProcessor: {
    name: composition.processor,
    displayName: composition.processor,
    deployableArtifactTypeName: composition.deployableType,
    modelTypeName: composition.modelType,
    artifactProcessorImage: '',
  },
  modelType: { name: composition.modelType, displayName: composition.modelType },
  runtime: { name: composition.runtime, displayName: composition.runtimeTitle, modelTypeName: composition.modelType, runtimeImage: '' },
});

export function compositionMethods(): Methods {
  return {
    ...service('deployer/ai.h2o.deploy.CompositionService', {
      ListArtifactCompositions: () => ({ artifactComposition: compositions.map(wireComposition) }),
    }),
    ...service('deployer/ai.h2o.deploy.KubernetesConfigurationService', {
      DiscoverKubernetesConfigurationShortcut: () => ({
        kubernetesAffinityShortcuts: [{ name: 'gpu-nodes', displayName: 'GPU nodes', description: '' }],
        kubernetesTolerationShortcuts: [{ name: 'spot', displayName: 'Spot nodes', description: '' }],
      }),
    }),
  };
}

/**
 * The deployer's list of what can be deployed on which runtime, and of named placements.
 */
import type { JsonObject } from '../../json.js';
import { service } from '../context.js';
import type { Methods } from '../context.js';
import { compositions, shortcuts } from '../deployments/compositions.js';
import type { Composition } from '../deployments/compositions.js';

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
        kubernetesAffinityShortcuts: shortcuts.affinities,
        kubernetesTolerationShortcuts: shortcuts.tolerations,
      }),
    }),
  };
}

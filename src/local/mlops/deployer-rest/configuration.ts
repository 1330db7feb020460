/**
 * What this installation offers to deployments of platforms 1.x: runtimes, protections, resources, placements.
 */
import type { JsonObject } from '../../json.js';
import type { GatewayContext } from '../context.js';
import { compositions, shortcuts } from '../deployments/compositions.js';
import type { Composition } from '../deployments/compositions.js';
import { defaultKind } from '../deployments/protection.js';
import type { RestCall, Routes } from '../rest/routes.js';
import { Visible } from '../visible.js';
import { wireSecurityOption } from './security.js';

const defaultRequirements = { limits: { cpu: '1', memory: '2Gi' }, requests: { cpu: '250m', memory: '512Mi' } };
const configuration = '/v2/configuration';
const experiment = '/v2/workspaces/{workspace}/experiments/{experiment}';

export function configurationRoutes(context: GatewayContext): Routes {
  const serves12 = context.serves('deployer-rest-1.2');
  const kinds = context.securityOptions.filter((kind) => serves12 || kind !== 'api-key');
  const wire = (composition: Composition): JsonObject => wireComposition(composition, serves12);
  return {
    [`GET ${configuration}/securityOptionTypes`]: () => ({ securityOptionTypes: kinds.map(wireSecurityOption) }),
    [`GET ${configuration}/securityOptionTypes/default`]() {
      const kind = defaultKind(kinds);
      return { securityOptionType: kind === undefined ? null : wireSecurityOption(kind) };
    },
    [`GET ${configuration}:discoverDefaultRuntimeKubernetesResourceRequirements`]: () => ({
      defaultRuntimeKubernetesResourceRequirements: defaultRequirements,
    }),
    [`GET ${configuration}:discoverKubernetesConfigShortcuts`]: () => ({
      kubernetesAffinityShortcuts: shortcuts.affinities,
      kubernetesTolerationShortcuts: shortcuts.tolerations,
      ...(serves12 ? { kubernetesReplicaSpreadShortcuts: shortcuts.replicaSpreads } : {}),
    }),
    [`GET ${configuration}/monitoring`]: () => ({ monitoringConfig: { enabled: false, frontendUri: '' } }),
    [`GET ${configuration}:discoverKubernetesDeploymentMaxReplicas`]: () => ({ maxReplicas: 10 }),
    // Nobody has set any up here.
    ...(serves12 ? { 'GET /v2/deploymentSchedulePresets': () => ({ presets: [] }) } : {}),
    'GET /v2/artifactCompositions': () => ({ artifactCompositions: compositions.map(wire) }),
    [`GET ${experiment}/artifactCompositions`]: (call) => ({ experimentArtifactCompositions: fitting(context, call).map(wire) }),
    [`POST ${experiment}:computeSuggestedScoringResourceRequirements`](call) {
      new Visible(context.state, call.user).experiment(call.param('experiment'));
      return { kubernetesResourceRequirements: defaultRequirements };
    },
  };
}

/** What the artifacts of an experiment can be deployed as. */
function fitting({ state }: GatewayContext, { user, param }: RestCall): readonly Composition[] {
  const { id } = new Visible(state, user).experiment(param('experiment'));
  const types = new Set([...state.artifacts.values()].filter(({ entityId }) => entityId === id).map(({ type }) => type));
  return compositions.filter(({ artifactType }) => types.has(artifactType));
}

const wireComposition = (composition: Composition, serves12: boolean): JsonObject => ({
  deployableArtifactType: { name: composition.deployableType, displayName: composition.typeTitle, artifactType: composition.artifactType },
  artifactProcessor: {
    name: composition.processor,
    displayName: composition.processor,
    deployableArtifactType: composition.deployableType,
    modelType: composition.modelType,
    image: '',
  },
  modelType: { name: composition.modelType, displayName: composition.modelType, ...(serves12 ? { streaming: false } : {}) },
  runtime: {
    name: composition.runtime,
    displayName: composition.runtimeTitle,
    modelType: composition.modelType,
    image: '',
    ...(serves12 ? { state: 'ACTIVE' } : {}),
  },
});

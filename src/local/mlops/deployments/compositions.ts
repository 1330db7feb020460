/**
 * Which kinds of artifact can be deployed, and on which runtimes.
 */

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

/** The composition of these three names; a runtime may also be named as a resource that all workspaces share. */
export function compositionOf(artifactType: string, processor: string, runtime: string): Composition | undefined {
  const runtimeName = runtime.replace(/^workspaces\/global\/runtimes\//, '');
  return compositions.find(
    (entry) => entry.deployableType === artifactType && entry.processor === processor && entry.runtime === runtimeName,
  );
}

/** Named placements on a cluster that deployments may ask for. */
export const shortcuts = {
  affinities: [{ name: 'gpu-nodes', displayName: 'GPU nodes', description: '' }],
  tolerations: [{ name: 'spot', displayName: 'Spot nodes', description: '' }],
  replicaSpreads: [{ name: 'zones', displayName: 'Over all zones', description: '' }],
} as const;

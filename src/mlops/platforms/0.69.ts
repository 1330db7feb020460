/**
 * Platform 0.69 (0.6x to 0.70): which API serves which resource. No logic.
 */
import { byteStream } from '../api/byte-stream.js';
import { deployerRpcRuntimes } from '../api/deployer-rpc-runtimes.js';
import { deployerRpcSecurityKinds } from '../api/deployer-rpc-security.js';
import { deployerRpc } from '../api/deployer-rpc.js';
import { ingestRpc } from '../api/ingestion.js';
import { projectArtifacts } from '../api/project-artifacts.js';
import { storageArtifacts } from '../api/storage-artifacts.js';
import { storageExperiments } from '../api/storage-experiments.js';
import { storageModels } from '../api/storage-models.js';
import { storageEnvironments, storageProjects } from '../api/storage-projects.js';
import { storageUsers } from '../api/storage-users.js';
import type { Platform } from '../platform-resolver.js';

export const platform: Platform = {
  name: '0.69',
  features: ['environments', 'bringYourHash'],
  apis: (wires) => {
    const files = { artifacts: storageArtifacts(wires), transfer: byteStream(wires) };
    const experiments = storageExperiments(wires, { ...files, ingestion: ingestRpc(wires) });
    const environments = storageEnvironments(wires);
    return {
      projects: storageProjects(wires),
      experiments,
      projectArtifacts: projectArtifacts(wires, files),
      models: storageModels(wires),
      environments,
      runtimes: deployerRpcRuntimes(wires, experiments),
      deployments: deployerRpc(wires, environments),
      securityKinds: deployerRpcSecurityKinds(wires),
      users: storageUsers(wires),
    };
  },
};

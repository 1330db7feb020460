/**
 * Platform 1.0 (1.0 and 1.1): which API serves which resource. No logic.
 */
import { authzProjects } from '../api/authz-projects.js';
import { authzUsers } from '../api/authz-users.js';
import { byteStream } from '../api/byte-stream.js';
import { deployerRestRuntimes } from '../api/deployer-rest-runtimes.js';
import { deployerRestSecurityKinds, oneSecurity } from '../api/deployer-rest-security.js';
import { deployerRest, nothingOfItsOwn } from '../api/deployer-rest.js';
import { ingestRpc } from '../api/ingestion.js';
import { projectArtifacts } from '../api/project-artifacts.js';
import { workspaceArtifacts } from '../api/storage-artifacts.js';
import { workspaceExperiments } from '../api/storage-experiments.js';
import { workspaceModels } from '../api/storage-models.js';
import type { Platform } from '../platform-resolver.js';

export const platform: Platform = {
  name: '1.0',
  features: ['rename', 'platformHash'],
  apis: (wires) => {
    const files = { artifacts: workspaceArtifacts(wires), transfer: byteStream(wires) };
    return {
      projects: authzProjects(wires),
      projectArtifacts: projectArtifacts(wires, files),
      experiments: workspaceExperiments(wires, { ...files, ingestion: ingestRpc(wires) }),
      models: workspaceModels(wires),
      runtimes: deployerRestRuntimes(wires),
      deployments: deployerRest(wires, { security: oneSecurity, own: nothingOfItsOwn }),
      securityKinds: deployerRestSecurityKinds(wires),
      users: authzUsers(wires),
    };
  },
};

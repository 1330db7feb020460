/**
 * Platform 1.2: which API serves which resource. No logic.
 */
import { authzProjects } from '../api/authz-projects.js';
import { authzUsers } from '../api/authz-users.js';
import { deployerRestPausing } from '../api/deployer-rest-pausing.js';
import { deployerRestRuntimes } from '../api/deployer-rest-runtimes.js';
import { deployerRestSecurityKinds, severalSecurities } from '../api/deployer-rest-security.js';
import { deployerRest, spreadAndPause } from '../api/deployer-rest.js';
import { ingestionService } from '../api/ingestion.js';
import { presigned } from '../api/presigned.js';
import { projectArtifacts } from '../api/project-artifacts.js';
import { workspaceArtifacts } from '../api/storage-artifacts.js';
import { workspaceExperiments } from '../api/storage-experiments.js';
import { workspaceModels } from '../api/storage-models.js';
import type { Platform } from '../platform-resolver.js';

export const platform: Platform = {
  name: '1.2',
  features: ['rename', 'platformHash', 'severalSecurityOptions', 'apiKey', 'replicaSpread', 'pause'],
  apis: (wires) => {
    const artifacts = workspaceArtifacts(wires);
    const files = { artifacts, transfer: presigned(wires, artifacts) };
    return {
      projects: authzProjects(wires),
      projectArtifacts: projectArtifacts(wires, files),
      experiments: workspaceExperiments(wires, { ...files, ingestion: ingestionService(wires, artifacts) }),
      models: workspaceModels(wires),
      runtimes: deployerRestRuntimes(wires),
      deployments: deployerRest(wires, { security: severalSecurities, own: spreadAndPause }),
      securityKinds: deployerRestSecurityKinds(wires),
      users: authzUsers(wires),
      pausing: deployerRestPausing(wires),
    };
  },
};

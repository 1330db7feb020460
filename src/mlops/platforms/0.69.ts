/**
 * Platform 0.69 (0.6x to 0.70): which API serves which resource. No logic.
 */
import type { Send } from '../../http/operation.js';
import type { Logger } from '../../internal/logger.js';
import { deployerRpcRuntimes } from '../api/deployer-rpc-runtimes.js';
import { deployerRpcSecurityKinds } from '../api/deployer-rpc-security.js';
import { deployerRpc } from '../api/deployer-rpc.js';
import { storageExperiments } from '../api/storage-experiments.js';
import { storageModels } from '../api/storage-models.js';
import { storageEnvironments, storageProjects } from '../api/storage-projects.js';
import type { PlatformApis } from '../platform-resolver.js';
import type { Recollection } from '../recollection.js';

export function platform069(send: Send, recollection: Recollection, logger: Logger): PlatformApis {
  const environments = storageEnvironments(send);
  return {
    name: '0.69',
    projects: storageProjects(send),
    experiments: storageExperiments(send, recollection, logger),
    models: storageModels(send),
    environments,
    runtimes: deployerRpcRuntimes(send),
    deployments: deployerRpc(send, environments),
    securityKinds: deployerRpcSecurityKinds(send),
  };
}

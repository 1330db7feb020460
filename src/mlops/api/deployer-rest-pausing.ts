/**
 * Pausing and resuming deployments in the REST deployer of platform 1.2.
 */
import { operation } from '../../http/operation.js';
import type { PausingApi } from '../pausing.js';
import { deploymentName } from './rest.js';
import { NothingSchema } from './rpc.js';
import type { Wires } from './wires.js';

const path = '/deployer/v2/{+deployment}';
// Repeated, they ask for what is there already.
const pauseDeployment = operation({ name: 'PauseDeployment', method: 'POST', path: `${path}:pause`, safe: true, answer: NothingSchema });
const resumeDeployment = operation({ name: 'ResumeDeployment', method: 'POST', path: `${path}:resume`, safe: true, answer: NothingSchema });

export function deployerRestPausing({ gateway: send }: Wires): PausingApi {
  return {
    pause: async (id, projectId, options) => {
      await send({ operation: pauseDeployment, parameters: { deployment: deploymentName(projectId, id) }, body: {} }, options);
    },
    resume: async (id, projectId, options) => {
      await send({ operation: resumeDeployment, parameters: { deployment: deploymentName(projectId, id) }, body: {} }, options);
    },
  };
}

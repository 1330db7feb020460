/**
 * The logs of a deployment: an archive that is made when it is asked for, and fetched as any artifact is.
 */
import { strToU8, zipSync } from 'fflate';
import { timestamp } from '../context.js';
import type { GatewayContext } from '../context.js';
import { progress } from '../deployments/states.js';
import type { Deployment } from '../../state.js';
import type { Routes } from '../rest/routes.js';
import { createArtifact, storeBytes } from '../storage/artifacts.js';
import { deploymentAt } from './names.js';

/** How long the same archive is given out. */
const cachedForMs = 60_000;

export function logRoutes(context: GatewayContext): Routes {
  const { state, clock } = context;
  return {
    'POST /v2/workspaces/{workspace}/deployments/{deployment}:generateLogs'(call) {
      const deployment = deploymentAt(state, call);
      const now = clock.now();
      const entity = { entityId: deployment.id, entityType: 'DEPLOYMENT', type: 'logs', mimeType: 'application/zip' } as const;
      const artifact = createArtifact(context, call.user, entity);
      storeBytes(artifact, zipSync({ 'global-scorer-0.log': strToU8(logOf(deployment, context)) }), now);
      const until = timestamp(now + cachedForMs);
      return { artifactId: artifact.id, cachedUntilTime: until, validUntilTime: until };
    },
  };
}

/** What happened to the present revision so far. */
function logOf({ revisedAt, failure, revisionId }: Deployment, { clock, healthyAfterMs }: GatewayContext): string {
  const revision = { revisedAt, fails: failure !== undefined };
  const moments = [0, 0.25, 0.5, 1].map((part) => revisedAt + part * healthyAfterMs).filter((at) => at <= clock.now());
  const lines = moments.map((at) => `${timestamp(at)} revision ${revisionId} ${progress(revision, at, healthyAfterMs).state}`);
  const { state } = progress(revision, clock.now(), healthyAfterMs);
  return [...lines, ...(state === 'FAILED' ? [`${timestamp(clock.now())} ERROR ${failure ?? ''}`] : []), ''].join('\n');
}

/**
 * What updates of a deployment have in common on all platforms: who was first, and whether the platform did what it was asked to.
 */
import { ConflictError } from '../../errors/api-error.js';
import { UnsupportedByPlatformError } from '../../errors/deployment-error.js';
import type { Deployment, DeploymentChanges } from '../deployment.js';

/**
 * @param etag what the caller last saw; undefined: whatever is there is changed
 * @throws {ConflictError} somebody else has changed it since
 */
export function refuseStale(current: string | undefined, etag: string | undefined, call: string): void {
  if (etag === undefined || current === undefined || etag === current) return;
  throw new ConflictError({
    code: 'CONFLICT',
    status: 409,
    what: 'The deployment has been changed by somebody else since it was read.',
    fix: 'Read it again with mlops.deployments.get() and repeat the change on what it is now, or pass the change as a function.',
    call,
  });
}

/**
 * Some platforms answer a change that they do not make with success.
 *
 * @throws {UnsupportedByPlatformError} what came back is guarded otherwise, or runs something else, than was asked for
 */
export function checkApplied(deployment: Deployment, changes: DeploymentChanges, call: string): void {
  const { security, models } = changes;
  if (security !== undefined && kindsOf(deployment.security) !== kindsOf(security)) {
    throw ignored(
      `the change of its security: it is guarded by ${kindsOf(deployment.security)}, and ${kindsOf(security)} was asked for`,
      'Create a new deployment with the security that it should have.',
      call,
    );
  }
  if (models?.type === 'single' && !runs(deployment, models.model.experimentId)) {
    throw ignored('the change of its model', 'Create a new deployment of the new model.', call);
  }
}

function runs({ composition }: Deployment, experimentId: string): boolean {
  return composition.type === 'single' && composition.experiment.id === experimentId;
}

function kindsOf(security: readonly { readonly type: string }[]): string {
  return security
    .map(({ type }) => type)
    .sort()
    .join(' and ');
}

function ignored(what: string, fix: string, call: string): UnsupportedByPlatformError {
  return new UnsupportedByPlatformError({
    what: `The platform answered the update of the deployment with success and ignored ${what}.`,
    fix,
    call,
  });
}

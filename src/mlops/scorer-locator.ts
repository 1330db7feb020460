/**
 * Finds the scorer of an MLOps deployment. Address and security are what the platform tells this user, never what the passed object holds.
 */
import { ScoringError } from '../errors/scoring-error.js';
import type { LocateOptions, ScorableRef, ScorerAccess, ScorerLocation, ScorerLocator } from '../scoring/scorer-locator.js';
import type { Deployments } from './deployments.js';
import type { Recollection } from './recollection.js';
import type { SecurityOption } from './security-options.js';

export function mlopsScorerLocator(deployments: Deployments, recollection: Recollection): ScorerLocator {
  return {
    async locate(deployment: ScorableRef, { fresh = false }: LocateOptions): Promise<ScorerLocation> {
      const remembered = fresh ? undefined : recollection.statuses.get(deployment.id);
      const status = remembered?.scoreUrl === undefined ? await deployments.status(deployment) : remembered;
      if (status.scoreUrl === undefined) {
        throw new ScoringError({
          code: 'SCORER_NOT_READY',
          what: `The deployment has no scoring address yet: it is ${status.state}${status.message === '' ? '' : ` (${status.message})`}.`,
          fix: 'Wait for it with mlops.deployments.waitUntilHealthy(deployment).',
          retryable: true,
        });
      }
      const known = fresh ? undefined : recollection.security.get(deployment.id);
      const security = known ?? (await deployments.get(deployment)).security;
      return {
        scoreUrl: status.scoreUrl,
        isRemembered: status === remembered || known !== undefined,
        access: security.map(accessBy),
      };
    },
  };
}

/** Secrets are there only where the platform tells them, or this user has just set them. */
function accessBy(option: SecurityOption): ScorerAccess {
  if (option.type === 'passphrase') return { type: 'passphrase', passphrase: option.passphrase };
  return option.type === 'apiKey' ? { type: 'apiKey', key: option.key } : { type: option.type };
}

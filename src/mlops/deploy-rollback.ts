/**
 * What a failed deploy() has made goes away again, and what it has changed is put back; what cannot be is named. It has time of its own,
 * since the caller's signal may be what ended the deploy.
 */
import { ApiError, NotFoundError, ServerError } from '../errors/api-error.js';
import { addCreated, type CreatedResource } from '../errors/base.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import { ConnectionError } from '../errors/connection-error.js';
import { startDeadline, type Deadline } from '../http/deadline.js';
import type { Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import type { DeployOptions } from './deploy.js';
import { settingsOf } from './deployment-settings.js';
import type { Deployment } from './deployment.js';
import type { Mlops } from './mlops.js';
import type { Model, ModelVersion } from './models.js';
import type { Project } from './projects.js';

export interface DeployPorts {
  readonly mlops: Mlops;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What this call has made so far. */
export interface Made {
  project?: Project;
  experiment?: { readonly id: string; readonly project: { readonly id: string } };
  model?: Model;
  version?: ModelVersion | undefined;
  deployment?: Deployment | undefined;
  /** A deployment that was there, as it was before this call changed it. */
  changed?: Deployment | undefined;
  /** What is there now, and may be somebody else's: the answer to its creation did not come. */
  readonly unsure: CreatedResource[];
  /** Finds what the creation under way has made, should its answer not come. */
  lookUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

const rollbackMs = 60_000;

export async function rollBack({ mlops, clock, logger }: DeployPorts, made: Made, error: unknown, options: DeployOptions): Promise<void> {
  const deadline = startDeadline(clock, { timeoutMs: rollbackMs });
  const { signal } = deadline;
  // When nothing can be found out there is nothing to remove and nothing to name.
  if (!isRefusal(error)) await made.lookUp?.(signal).catch(() => undefined);
  const { project, experiment, model, version, deployment } = made;
  const removed: CreatedResource[] = [];
  let left: CreatedResource[] = [];
  const remove = async (resource: CreatedResource, work: () => Promise<void>): Promise<boolean> => {
    const outcome = await removal(work);
    if (outcome === 'removed') removed.push(resource);
    if (outcome === 'left') left.push(resource);
    return outcome !== 'left';
  };
  if (made.changed !== undefined && !isRefusal(error) && !(await isRestored(mlops, made.changed, signal))) {
    // It may run what this call has made, so all of that stays, and is named.
    left.push({ kind: 'deployment', id: made.changed.id }, ...stillUsed(made));
    tellRollback(removed, left, error, options, logger, deadline);
    return;
  }
  if (deployment !== undefined)
    await remove({ kind: 'deployment', id: deployment.id }, () => mlops.deployments.delete(deployment, { signal }));
  const isAllGone =
    project !== undefined && (await remove({ kind: 'project', id: project.id }, () => mlops.projects.delete(project, { signal })));
  // A project goes with all that is in it.
  if (isAllGone) left = [];
  else {
    if (model !== undefined) await remove({ kind: 'model', id: model.id }, () => mlops.models.delete(model, { signal }));
    else if (version !== undefined)
      await remove({ kind: 'modelVersion', id: version.id }, () => mlops.models.unregister(version, { signal }));
    if (experiment !== undefined)
      await remove({ kind: 'experiment', id: experiment.id }, () => mlops.experiments.delete(experiment, { signal }));
    left.push(...made.unsure);
  }
  tellRollback(removed, left, error, options, logger, deadline);
}

function tellRollback(
  removed: readonly CreatedResource[],
  left: readonly CreatedResource[],
  error: unknown,
  options: DeployOptions,
  logger: Logger,
  deadline: Deadline,
): void {
  deadline.dispose();
  if (removed.length + left.length === 0) return;
  for (const { kind, id } of left) logger.warn('could not remove what a failed deploy has made', { kind, id });
  addCreated(error, left);
  try {
    options.onProgress?.({ step: 'rollback', removed, left });
  } catch {
    // Why the chain failed counts more.
  }
}

/** Puts what ran before back in its place. */
async function isRestored(mlops: Mlops, before: Deployment, signal: AbortSignal): Promise<boolean> {
  if (before.composition.type !== 'single') return false;
  const { experiment, runtime } = before.composition;
  const cleared = { affinity: null, toleration: null, autoscaling: null, disruption: null };
  const composition = { experiment: { id: experiment.id, project: before.project }, runtime };
  const { id, project, security } = before;
  return mlops.deployments.redeploy({ id, project }, { ...cleared, ...settingsOf(before), composition, security }, { signal }).then(
    () => true,
    () => false,
  );
}

function stillUsed({ experiment, model, version }: Made): readonly CreatedResource[] {
  return [
    ...(experiment === undefined ? [] : [{ kind: 'experiment', id: experiment.id } as const]),
    ...(model === undefined ? [] : [{ kind: 'model', id: model.id } as const]),
    ...(version === undefined ? [] : [{ kind: 'modelVersion', id: version.id } as const]),
  ];
}

/** Whether the service said no: then nothing was made. */
function isRefusal(error: unknown): boolean {
  return error instanceof ConfigurationError || (error instanceof ApiError && error.status >= 400 && error.status < 500);
}

/** Removes something, once more when that fails on the way; what was not there any more was removed by somebody else. */
async function removal(work: () => Promise<void>): Promise<'removed' | 'gone' | 'left'> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return 'removed';
    } catch (error) {
      // After a first attempt without an answer, that it is not there means that the attempt has removed it.
      if (error instanceof NotFoundError) return attempt === 1 ? 'gone' : 'removed';
      if (attempt > 1 || !(error instanceof ConnectionError || error instanceof ServerError)) return 'left';
    }
  }
}

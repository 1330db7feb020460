/**
 * The chain from a file to a healthy deployment. Each step is a verb of the vocabulary; here they only follow each other,
 * and what a failed chain has made goes away again.
 */
import { ApiError, NotFoundError, ServerError } from '../errors/api-error.js';
import { addCreated, createdBy, type CreatedResource } from '../errors/base.js';
import { ConfigurationError, invalidParameter } from '../errors/configuration-error.js';
import { ConnectionError, TimeoutError } from '../errors/connection-error.js';
import { startDeadline } from '../http/deadline.js';
import { anything, callback, checkMembers, text } from '../http/given.js';
import { waitingKinds } from '../http/request-options.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import { isStream, openArtifact, type ArtifactSource } from './artifact-source.js';
import { checkedName } from './checks.js';
import type { DeploymentState } from './deployment-status.js';
import { settingsOf, type DeploymentSettings } from './deployment-settings.js';
import type { Deployment, PlatformSettings } from './deployment.js';
import { newDeploymentKinds } from './deployments.js';
import type { Mlops } from './mlops.js';
import type { Model, ModelVersion } from './models.js';
import type { Project } from './projects.js';
import { idOf } from './references.js';
import { checkedSecurity, type SecurityInput } from './security-options.js';

export interface DeployParams extends DeploymentSettings {
  /** The name of a project, which is created if there is none; or a project that exists. */
  readonly project: string | { readonly id: string };
  readonly artifact: ArtifactSource;
  /** The deployment's name, and the default for the names of the experiment and the model. */
  readonly name: string;
  readonly description?: string | undefined;
  readonly experimentName?: string | undefined;
  /** A model of this name in the project gets a new version; else it is created. */
  readonly modelName?: string | undefined;
  readonly security: SecurityInput;
  readonly runtime?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly platform?: PlatformSettings | undefined;
}

/** What `onProgress` of a deploy is told. */
export type DeployProgress =
  | { readonly step: 'project' | 'experiment' | 'model' | 'version' | 'deployment'; readonly id: string; readonly created: boolean }
  | { readonly step: 'upload'; readonly uploadedBytes: number; readonly totalBytes?: number }
  | { readonly step: 'wait'; readonly state: DeploymentState; readonly message: string }
  | { readonly step: 'rollback'; readonly removed: readonly CreatedResource[]; readonly left: readonly CreatedResource[] };

export interface DeployOptions {
  /** Time for all steps together, in milliseconds. Default fifteen minutes. Cleaning up after a failure has a minute of its own. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DeployProgress) => void) | undefined;
}

interface DeployPorts {
  readonly mlops: Mlops;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What this call has made so far. */
interface Made {
  project?: Project;
  experiment?: { readonly id: string; readonly project: { readonly id: string } };
  model?: Model;
  version?: ModelVersion | undefined;
  deployment?: Deployment | undefined;
  /** What is there now, and may be somebody else's: the answer to its creation did not come. */
  readonly unsure: CreatedResource[];
  /** Finds what the creation under way has made, should its answer not come. */
  lookUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

const defaultTimeoutMs = 15 * 60_000;
const rollbackMs = 60_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export async function deploy(ports: DeployPorts, params: DeployParams, options: DeployOptions): Promise<Deployment> {
  checkParams(params);
  checkMembers(options, 'The options of deploy()', { ...waitingKinds, onProgress: callback });
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadline = startDeadline(ports.clock, { signal: options.signal, timeoutMs });
  const made: Made = { unsure: [] };
  try {
    // It is opened again for the upload; a stream is checked there.
    if (!isStream(params.artifact)) await waitUnlessAborted(openArtifact(params.artifact), deadline.signal);
    const deployment = await runSteps(ports.mlops, params, made, options, deadline.signal);
    await ports.mlops.deployments.waitUntilHealthy(deployment, {
      timeoutMs: Math.max(1, deadline.remainingMs()),
      signal: options.signal,
      onProgress: ({ state, message }) => options.onProgress?.({ step: 'wait', state, message }),
    });
    return deployment;
  } catch (error) {
    const failure = deadline.expired() !== undefined && deadline.signal.reason === error ? tooLate(timeoutMs) : error;
    if (failure !== error) addCreated(failure, createdBy(error));
    await rollBack(ports, made, failure, options);
    throw failure;
  } finally {
    deadline.dispose();
  }
}

async function runSteps(mlops: Mlops, params: DeployParams, made: Made, options: DeployOptions, signal: AbortSignal): Promise<Deployment> {
  const report = (step: 'project' | 'experiment' | 'model' | 'version' | 'deployment', id: string, created = true): void => {
    options.onProgress?.({ step, id, created });
  };
  await mlops.deployments.checkSecurity(params.security, { signal });
  const project = await findOrCreateProject(mlops, params, made, signal);
  report('project', project.id, made.project !== undefined);

  const experiment = await mlops.experiments.create(
    { project, name: params.experimentName ?? params.name, artifact: params.artifact },
    { signal, onProgress: (progress) => options.onProgress?.({ step: 'upload', ...progress }) },
  );
  made.experiment = experiment;
  report('experiment', experiment.id);

  const model = await findOrCreateModel(mlops, params, project, made, signal);
  report('model', model.id, made.model !== undefined);
  made.lookUp = async (within) => {
    const versions = await mlops.models.versions(model, { signal: within }).toArray();
    made.version = versions.find((found) => found.experiment.id === experiment.id);
  };
  const version = await mlops.models.register({ model, experiment }, { signal });
  made.version = version;
  made.lookUp = undefined;
  report('version', version.id);

  const { name, description, security, platform } = params;
  const settings = settingsOf(params);
  const composition = { experiment, runtime: params.runtime, artifactType: params.artifactType };
  const isOurs = (found: Deployment): boolean => found.composition.type === 'single' && found.composition.experiment.id === experiment.id;
  const find = async (within: AbortSignal): Promise<Deployment | undefined> =>
    (await mlops.deployments.list({ project, name }, { signal: within }).toArray()).find(isOurs);
  made.lookUp = async (within) => {
    made.deployment = await find(within);
  };
  const create = (): Promise<Deployment> =>
    mlops.deployments.create({ project, name, description, composition, security, platform, ...settings }, { signal });
  const deployment = (await createOnce(create, () => find(signal))).item;
  made.deployment = deployment;
  made.lookUp = undefined;
  report('deployment', deployment.id);
  return deployment;
}

async function findOrCreateProject(mlops: Mlops, params: DeployParams, made: Made, signal: AbortSignal): Promise<{ readonly id: string }> {
  if (typeof params.project !== 'string') return { id: params.project.id };
  const name = params.project;
  const found = await mlops.projects.list({ name }, { signal }).toArray({ limit: 2 });
  if (found.length > 1) {
    throw invalidParameter(`Several projects have the name "${name}".`, 'Say which one it is: `project: { id }`.');
  }
  if (found[0] !== undefined) return found[0];
  const find = (within: AbortSignal): Promise<Project | undefined> => mlops.projects.list({ name }, { signal: within }).first();
  const create = (): Promise<Project> => mlops.projects.create({ name }, { signal });
  const { item, isOurs } = await createNoted('project', create, find, made, signal);
  if (isOurs) made.project = item;
  return item;
}

async function findOrCreateModel(
  mlops: Mlops,
  params: DeployParams,
  project: { readonly id: string },
  made: Made,
  signal: AbortSignal,
): Promise<Model> {
  const name = params.modelName ?? params.name;
  const find = (within: AbortSignal): Promise<Model | undefined> => mlops.models.list({ project, name }, { signal: within }).first();
  const found = made.project === undefined ? await find(signal) : undefined;
  if (found !== undefined) return found;
  const create = (): Promise<Model> => mlops.models.create({ project, name }, { signal });
  const { item, isOurs } = await createNoted('model', create, find, made, signal);
  if (isOurs) made.model = item;
  return item;
}

/** Creates what only its name tells apart: found by that name after a creation of unknown outcome, it may be somebody else's. */
async function createNoted<Item extends { readonly id: string }>(
  kind: 'project' | 'model',
  create: () => Promise<Item>,
  find: (signal: AbortSignal) => Promise<Item | undefined>,
  made: Made,
  signal: AbortSignal,
): Promise<{ readonly item: Item; readonly isOurs: boolean }> {
  made.lookUp = async (within) => {
    const found = await find(within);
    if (found !== undefined) made.unsure.push({ kind, id: found.id });
  };
  const created = await createOnce(create, () => find(signal));
  made.lookUp = undefined;
  if (!created.isOurs) made.unsure.push({ kind, id: created.item.id });
  return created;
}

/** Creates something, and where the outcome is unknown looks whether it is there before creating it again. */
async function createOnce<Item>(
  create: () => Promise<Item>,
  find: () => Promise<Item | undefined>,
): Promise<{ readonly item: Item; readonly isOurs: boolean }> {
  try {
    return { item: await create(), isOurs: true };
  } catch (error) {
    const isUnknown = error instanceof ConnectionError || (error instanceof ServerError && error.retryable);
    if (!isUnknown) throw error;
    const found = await find();
    return found === undefined ? { item: await create(), isOurs: true } : { item: found, isOurs: false };
  }
}

async function rollBack({ mlops, clock, logger }: DeployPorts, made: Made, error: unknown, options: DeployOptions): Promise<void> {
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

function checkParams(params: DeployParams): void {
  const steps = { artifact: anything, experimentName: text, modelName: text, runtime: text, artifactType: text };
  checkMembers(params, 'A deploy', { ...newDeploymentKinds, ...steps });
  checkedName(params.name, 'deployment');
  checkedName(params.experimentName ?? params.name, 'experiment');
  checkedName(params.modelName ?? params.name, 'model');
  checkedSecurity(params.security);
  if (typeof params.project !== 'string') {
    idOf(params.project, 'project');
    return;
  }
  checkedName(params.project, 'project');
  if (!uuid.test(params.project)) return;
  throw invalidParameter('`project` is a name in deploy(), and an id was given.', 'Pass `project: { id }` for a project that exists.');
}

function tooLate(timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'TIMEOUT',
    what: `The deployment was not done within ${timeoutMs} ms.`,
    fix: 'Allow it more time with `timeoutMs`. What was made has been removed again, unless it is named here.',
    call: 'deploy',
    retryable: true,
  });
}

/**
 * The chain from a file to a healthy deployment. Each step is a verb of the vocabulary; here they only follow each other,
 * and what a failed chain has made goes away again.
 */
import { ServerError } from '../errors/api-error.js';
import { addCreated, type CreatedResource } from '../errors/base.js';
import { invalidParameter } from '../errors/configuration-error.js';
import { ConnectionError, TimeoutError } from '../errors/connection-error.js';
import { startDeadline } from '../http/deadline.js';
import type { List } from '../http/pagination.js';
import type { Clock } from '../internal/clock.js';
import type { Logger } from '../internal/logger.js';
import { openArtifact, type ArtifactSource } from './artifact-source.js';
import { checkedName } from './checks.js';
import type { DeploymentState } from './deployment-status.js';
import type { Deployment, DeploymentCreateParams, DeploymentSettings } from './deployments.js';
import type { Mlops } from './mlops.js';
import type { Model, ModelVersion } from './models.js';
import type { Project } from './projects.js';
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
  readonly platform?: DeploymentCreateParams['platform'];
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
  version?: ModelVersion;
  deployment?: Deployment;
}

const defaultTimeoutMs = 15 * 60_000;
const rollbackMs = 60_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export async function deploy(ports: DeployPorts, params: DeployParams, options: DeployOptions): Promise<Deployment> {
  checkParams(params);
  // A replayable source is opened again for the upload; a stream is checked there.
  if (typeof params.artifact === 'string' || params.artifact instanceof URL) await openArtifact(params.artifact);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadline = startDeadline(ports.clock, { signal: options.signal, timeoutMs });
  const made: Made = {};
  try {
    const deployment = await runSteps(ports.mlops, params, made, options, deadline.signal);
    await ports.mlops.deployments.waitUntilHealthy(deployment, {
      timeoutMs: deadline.remainingMs(),
      signal: options.signal,
      onProgress: ({ state, message }) => options.onProgress?.({ step: 'wait', state, message }),
    });
    return deployment;
  } catch (error) {
    const failure = deadline.expired() !== undefined && deadline.signal.reason === error ? tooLate(timeoutMs) : error;
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
  const version = await mlops.models.register({ model, experiment }, { signal });
  made.version = version;
  report('version', version.id);

  const {
    name,
    description,
    security,
    platform,
    replicas,
    resources,
    affinity,
    toleration,
    environmentVariables,
    monitoring,
    corsOrigins,
  } = params;
  const settings = { replicas, resources, affinity, toleration, environmentVariables, monitoring, corsOrigins };
  const composition = { experiment, runtime: params.runtime, artifactType: params.artifactType };
  const deployment = await createOnce(
    () => mlops.deployments.create({ project, name, description, composition, security, platform, ...settings }, { signal }),
    () => mlops.deployments.list({ project, name }, { signal }),
    (found) => found.composition.type === 'single' && found.composition.experiment.id === experiment.id,
  );
  made.deployment = deployment;
  report('deployment', deployment.id);
  return deployment;
}

async function findOrCreateProject(mlops: Mlops, params: DeployParams, made: Made, signal: AbortSignal): Promise<{ readonly id: string }> {
  if (typeof params.project !== 'string') return params.project;
  const name = params.project;
  const found = await mlops.projects.list({ name }, { signal }).toArray({ limit: 2 });
  if (found.length > 1) {
    throw invalidParameter(`Several projects have the name "${name}".`, 'Say which one it is: `project: { id }`.');
  }
  if (found[0] !== undefined) return found[0];
  made.project = await createOnce(
    () => mlops.projects.create({ name }, { signal }),
    () => mlops.projects.list({ name }, { signal }),
    () => true,
  );
  return made.project;
}

async function findOrCreateModel(
  mlops: Mlops,
  params: DeployParams,
  project: { readonly id: string },
  made: Made,
  signal: AbortSignal,
): Promise<Model> {
  const name = params.modelName ?? params.name;
  const list = (): List<Model> => mlops.models.list({ project, name }, { signal });
  const found = made.project === undefined ? await list().first() : undefined;
  if (found !== undefined) return found;
  made.model = await createOnce(
    () => mlops.models.create({ project, name }, { signal }),
    list,
    () => true,
  );
  return made.model;
}

/** Creates something, and where the outcome is unknown looks whether it is there before creating it again. */
async function createOnce<Item>(create: () => Promise<Item>, list: () => List<Item>, isOurs: (item: Item) => boolean): Promise<Item> {
  try {
    return await create();
  } catch (error) {
    const isUnknown = error instanceof ConnectionError || (error instanceof ServerError && error.retryable);
    if (!isUnknown) throw error;
    const found = (await list().toArray()).find(isOurs);
    return found ?? create();
  }
}

async function rollBack({ mlops, clock, logger }: DeployPorts, made: Made, error: unknown, options: DeployOptions): Promise<void> {
  const deadline = startDeadline(clock, { timeoutMs: rollbackMs });
  const { signal } = deadline;
  const { project, experiment, model, version, deployment } = made;
  const removed: CreatedResource[] = [];
  const left: CreatedResource[] = [];
  const remove = async (resource: CreatedResource, work: () => Promise<void>): Promise<boolean> => {
    const gone = await work().then(
      () => true,
      () => false,
    );
    (gone ? removed : left).push(resource);
    return gone;
  };
  if (deployment !== undefined)
    await remove({ kind: 'deployment', id: deployment.id }, () => mlops.deployments.delete(deployment, { signal }));
  // A project goes with all that is in it.
  const isAllGone =
    project !== undefined && (await remove({ kind: 'project', id: project.id }, () => mlops.projects.delete(project, { signal })));
  if (!isAllGone) {
    if (model !== undefined) await remove({ kind: 'model', id: model.id }, () => mlops.models.delete(model, { signal }));
    else if (version !== undefined)
      await remove({ kind: 'modelVersion', id: version.id }, () => mlops.models.unregister(version, { signal }));
    if (experiment !== undefined)
      await remove({ kind: 'experiment', id: experiment.id }, () => mlops.experiments.delete(experiment, { signal }));
  }
  deadline.dispose();
  if (removed.length + left.length === 0) return;
  for (const { kind, id } of left) logger.warn('could not remove what a failed deploy has made', { kind, id });
  addCreated(error, left);
  options.onProgress?.({ step: 'rollback', removed, left });
}

function checkParams(params: DeployParams): void {
  checkedName(params.name, 'deployment');
  checkedSecurity(params.security);
  if (typeof params.project !== 'string') return;
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

/**
 * The chain from a file to a healthy deployment. Each step is a verb of the vocabulary; here they only follow each other,
 * and what a failed chain has made goes away again.
 */
import { ConflictError, ServerError } from '../errors/api-error.js';
import { addCreated, createdBy, type CreatedResource } from '../errors/base.js';
import { invalidParameter } from '../errors/configuration-error.js';
import { ConnectionError, TimeoutError } from '../errors/connection-error.js';
import { startDeadline } from '../http/deadline.js';
import { anything, callback, checkMembers, text, type Kind } from '../http/given.js';
import { waitingKinds } from '../http/request-options.js';
import { waitUnlessAborted } from '../internal/clock.js';
import { isStream, openArtifact, type ArtifactSource } from './artifact-source.js';
import { checkedName } from './checks.js';
import type { DeploymentState, WaitOptions } from './deployment-status.js';
import { rollBack, type DeployPorts, type Made } from './deploy-rollback.js';
import { settingsOf, type DeploymentSettings } from './deployment-settings.js';
import type { Deployment, PlatformSettings } from './deployment.js';
import { newDeploymentKinds } from './deployments.js';
import type { Mlops } from './mlops.js';
import type { Model } from './models.js';
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
  /**
   * What happens where the project has a deployment of this name: `reuse` waits for it and uploads nothing, `update` puts the new model and
   * the settings in its place, so that its address stays, `fail` rejects. Without it another one is made: names need not be unique.
   */
  readonly ifExists?: 'reuse' | 'update' | 'fail' | undefined;
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

const defaultTimeoutMs = 15 * 60_000;
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
    // Without a copy that runs it never is healthy, and platforms differ in what they call it.
    if (params.replicas === 0) return deployment;
    const waiting: WaitOptions = {
      timeoutMs: Math.max(1, deadline.remainingMs()),
      signal: options.signal,
      onProgress: ({ state, message }) => options.onProgress?.({ step: 'wait', state, message }),
    };
    const { deployments } = ports.mlops;
    await (made.deployment === undefined
      ? deployments.waitUntilHealthy(deployment, waiting)
      : deployments.waitOrRemove(deployment, waiting));
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
  const existing = made.project === undefined ? await findExisting(mlops, params, project, signal) : undefined;
  if (existing !== undefined && params.ifExists === 'reuse') {
    report('deployment', existing.id, false);
    return existing;
  }

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
  if (existing !== undefined) {
    made.changed = existing;
    const updated = await mlops.deployments.redeploy(existing, { ...settings, composition, security }, { signal });
    report('deployment', updated.id, false);
    return updated;
  }
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

/** @throws {ConfigurationError} several deployments have the name, or this one is not of a single model and so cannot be updated */
async function findExisting(
  mlops: Mlops,
  { name, ifExists }: DeployParams,
  project: { readonly id: string },
  signal: AbortSignal,
): Promise<Deployment | undefined> {
  if (ifExists === undefined) return undefined;
  const [found, ...others] = await mlops.deployments.list({ project, name }, { signal }).toArray({ limit: 2 });
  if (found === undefined) return undefined;
  if (others.length > 0) {
    throw invalidParameter(
      `Several deployments of the project have the name "${name}".`,
      'Delete or rename all but one, or deploy under another name.',
    );
  }
  if (ifExists === 'fail') {
    throw new ConflictError({
      code: 'CONFLICT',
      status: 409,
      what: `The project has a deployment "${name}" already (${found.id}).`,
      fix: "Choose another name, or what happens then: `ifExists: 'reuse'` or `'update'`.",
      call: 'deploy',
    });
  }
  if (ifExists === 'update' && found.composition.type !== 'single') {
    throw invalidParameter(
      `The deployment "${name}" is not one of a single model (it is ${found.composition.type}), so deploy() does not put another in its place.`,
      'Deploy under another name.',
    );
  }
  return found;
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

function checkParams(params: DeployParams): void {
  const ifExists: Kind = {
    name: "'reuse', 'update' or 'fail'",
    accepts: (value) => value === 'reuse' || value === 'update' || value === 'fail',
  };
  const steps = { ifExists, artifact: anything, experimentName: text, modelName: text, runtime: text, artifactType: text };
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

/**
 * How an experiment is made of a file: a record for the artifact, its bytes, what the platform reads from them, the experiment. A chain
 * that breaks removes what it has made, and names what it could not remove.
 */
import { ApiError } from '../../errors/api-error.js';
import type { CreatedResource } from '../../errors/base.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { Logger } from '../../internal/logger.js';
import type { OpenedArtifact } from '../artifact-source.js';
import type { TransferApi } from '../artifacts.js';
import type { Experiment, ExperimentCreateOptions, ExperimentOrder } from '../experiments.js';
import { cleanUp, isUnknown, nameLeft } from './left-behind.js';
import { describedBy } from './metadata.js';
import type { Ingestion, IngestionApi } from './ingestion.js';
import { known, compact } from './rpc.js';
import { updateArtifact, type StorageArtifacts } from './storage-artifacts.js';
import { checkStored } from './upload-incomplete.js';

/** What an experiment is created from. */
export interface ExperimentDraft {
  readonly experiment: Readonly<Record<string, unknown>>;
  /** The artifact, where the platform itself gives it to the experiment. */
  readonly artifactId?: string;
}

export interface CreationPorts {
  readonly artifacts: StorageArtifacts;
  readonly transfer: TransferApi;
  readonly ingestion: IngestionApi;
  readonly logger: Logger;
  readonly createExperiment: (draft: ExperimentDraft, projectId: string, options: RequestOptions) => Promise<Experiment>;
  readonly deleteExperiment: (id: string, projectId: string, options: RequestOptions) => Promise<void>;
  /** Experiments of a name that have no artifact. */
  readonly bareExperiments: (projectId: string, name: string, options: RequestOptions) => AsyncIterable<{ readonly id: string }>;
  readonly rememberTypes: (experimentId: string, types: readonly string[]) => void;
}

/** How far a creation has come. */
interface Trace {
  /** The newest first. */
  readonly made: CreatedResource[];
  /** What was asked for, and not answered yet. */
  creating: 'artifact' | 'experiment' | undefined;
}

export async function experimentOfArtifact(
  ports: CreationPorts,
  order: ExperimentOrder,
  options: ExperimentCreateOptions,
): Promise<Experiment> {
  const trace: Trace = { made: [], creating: undefined };
  try {
    return await create(ports, trace, order, options);
  } catch (error) {
    await removeMade(ports, order.projectId, trace.made, error);
    if (trace.creating !== undefined && isUnknown(error)) {
      const lost = trace.creating === 'artifact' ? lostArtifacts(ports, order) : lostExperiments(ports, order);
      nameLeft(ports.logger, await lost.catch(() => []), error);
    }
    throw error;
  }
}

async function create(
  { artifacts, transfer, ingestion, createExperiment, rememberTypes }: CreationPorts,
  trace: Trace,
  { projectId, name, description, artifact: source }: ExperimentOrder,
  { onProgress, ...options }: ExperimentCreateOptions,
): Promise<Experiment> {
  trace.creating = 'artifact';
  const artifact = await artifacts.create(projectId, fileNameOf(source), options);
  trace.creating = undefined;
  trace.made.unshift({ kind: 'artifact', id: artifact.id });
  const uploaded = await transfer.upload(artifact.id, source, { ...options, onProgress });
  const read = await ingestion.ingest(artifact.id, options);
  trace.creating = 'experiment';
  const draft: ExperimentDraft =
    read === undefined
      ? { experiment: { displayName: name, ...compact({ description }) }, artifactId: artifact.id }
      : { experiment: { displayName: name, ...whatWasRead(read), ...compact({ description }) } };
  const experiment = await createExperiment(draft, projectId, options);
  trace.creating = undefined;
  trace.made.unshift({ kind: 'experiment', id: experiment.id });
  if (read === undefined) return experiment;
  const stored = await artifacts.attach(artifact, experiment.id, read.artifactType, options);
  checkStored(stored, uploaded, updateArtifact.name);
  rememberTypes(experiment.id, [read.artifactType]);
  return { ...experiment, ...describedBy(read.metadata) };
}

function whatWasRead({ metadata, targetColumn }: Ingestion): Readonly<Record<string, unknown>> {
  return { metadata: { values: metadata?.values ?? {} }, parameters: compact({ targetColumn: known(targetColumn) }) };
}

function fileNameOf({ name = 'artifact.zip' }: OpenedArtifact): string {
  return name;
}

/** One of these may be that of a creation without an answer, so they are named, not removed. */
async function lostArtifacts({ artifacts }: CreationPorts, { projectId, artifact }: ExperimentOrder): Promise<readonly CreatedResource[]> {
  const lost = await artifacts.emptyInProject(projectId, fileNameOf(artifact), cleanUp);
  return lost.map(({ id }) => ({ kind: 'artifact', id }));
}

/** The same of experiments. */
async function lostExperiments(ports: CreationPorts, { projectId, name }: ExperimentOrder): Promise<readonly CreatedResource[]> {
  const lost: CreatedResource[] = [];
  for await (const { id } of ports.bareExperiments(projectId, name, cleanUp)) lost.push({ kind: 'experiment', id });
  return lost;
}

/** Removes what a failed creation has made; names in the error what stayed. */
async function removeMade(ports: CreationPorts, projectId: string, made: readonly CreatedResource[], error: unknown): Promise<void> {
  const left: CreatedResource[] = [];
  for (const { kind, id } of made) {
    const removing = kind === 'experiment' ? ports.deleteExperiment(id, projectId, cleanUp) : ports.artifacts.delete(id, cleanUp);
    await removing.catch((failure: unknown) => {
      if (!(failure instanceof ApiError && failure.status === 404)) left.push({ kind, id });
    });
  }
  nameLeft(ports.logger, left, error);
}

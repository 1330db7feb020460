/**
 * Experiments and their artifacts on platform 0.69: storage RPC, ByteStream and model ingestion together make an experiment of a file.
 */
import * as z from 'zod/mini';
import { ApiError } from '../../errors/api-error.js';
import { addCreated, type CreatedResource } from '../../errors/base.js';
import type { Send } from '../../http/operation.js';
import { createList } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { Logger } from '../../internal/logger.js';
import type { Experiment, ExperimentCreateOptions, ExperimentsApi } from '../experiments.js';
import type { Recollection } from '../recollection.js';
import { uploadBytes, uploadIncomplete, type Uploaded } from './byte-stream.js';
import { fromMetadata, MetadataSchema } from './metadata.js';
import { compact, known, listOf, NothingSchema, pageRequest, PagingSchema, rpc, text, theOne, toPage, withoutNulls } from './rpc.js';
import { changesOf } from './storage-projects.js';

const ArtifactSchema = z.looseObject({ id: z.string().check(z.minLength(1)), type: text, md5Digest: text });
const ExperimentSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  displayName: text,
  description: text,
  ownerId: text,
  createdTime: text,
  status: text,
  metadata: MetadataSchema,
  parameters: z.nullish(z.looseObject({ targetColumn: text })),
});
const IngestionSchema = z.looseObject({
  artifactType: z.string().check(z.minLength(1)),
  modelParameters: z.nullish(z.looseObject({ targetColumn: text })),
  modelMetadata: MetadataSchema,
});

function toExperiment(wire: z.infer<typeof ExperimentSchema>, projectId: string): Experiment {
  return {
    id: wire.id,
    project: { id: projectId },
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    metadata: fromMetadata(wire.metadata),
    ...compact({
      status: wire.status === 'EXPERIMENT_STATUS_UNSPECIFIED' ? undefined : known(wire.status),
      targetColumn: known(wire.parameters?.targetColumn),
      ownerId: known(wire.ownerId),
      createdAt: known(wire.createdTime),
    }),
  };
}

const artifacts = { service: 'ai.h2o.storage.ArtifactService', mount: '/storage' } as const;
const experiments = { service: 'ai.h2o.storage.ExperimentService', mount: '/storage' } as const;
const OneArtifactSchema = z.looseObject({ artifact: ArtifactSchema });
const OneExperimentSchema = z.looseObject({ experiment: ExperimentSchema });

const createArtifact = rpc({ ...artifacts, method: 'CreateArtifact', safe: false, answer: OneArtifactSchema });
const updateArtifact = rpc({ ...artifacts, method: 'UpdateArtifact', safe: true, answer: OneArtifactSchema });
const deleteArtifact = rpc({ ...artifacts, method: 'DeleteArtifact', safe: true, answer: NothingSchema });
const listEntityArtifacts = rpc({
  ...artifacts,
  method: 'ListEntityArtifacts',
  safe: true,
  answer: z.looseObject({ artifact: listOf(ArtifactSchema), paging: PagingSchema }),
});
const createIngestion = rpc({
  service: 'ai.h2o.ingest.ModelIngest',
  mount: '/ingest',
  method: 'CreateModelIngestion',
  safe: true,
  answer: z.looseObject({ ingestion: IngestionSchema }),
});
const createExperiment = rpc({ ...experiments, method: 'CreateExperiment', safe: false, answer: OneExperimentSchema });
const getExperiment = rpc({ ...experiments, method: 'GetExperiment', safe: true, answer: OneExperimentSchema });
const updateExperiment = rpc({ ...experiments, method: 'UpdateExperiment', safe: true, answer: OneExperimentSchema });
const deleteExperiment = rpc({ ...experiments, method: 'DeleteExperiment', safe: false, answer: NothingSchema });
const listExperiments = rpc({
  ...experiments,
  method: 'ListExperiments',
  safe: true,
  answer: z.looseObject({ experiment: listOf(ExperimentSchema), paging: PagingSchema }),
});

/** All metadata: a pattern is that of SQL LIKE. Without one the answer holds none. */
const responseMetadata = { pattern: ['%'] };

export function storageExperiments(send: Send, recollection: Recollection, logger: Logger): ExperimentsApi {
  let removals = 0;
  const get: ExperimentsApi['get'] = async (id, projectId, options) => {
    const { experiment } = await send({ operation: getExperiment, body: { id, responseMetadata } }, options);
    return toExperiment(theOne(experiment, id, getExperiment.name), projectId);
  };
  const api: ExperimentsApi = {
    create: async (params, options) => {
      const trace: Trace = { made: [], isCreating: false };
      try {
        return await createFromArtifact(send, recollection, trace, params, options);
      } catch (error) {
        await removeMade(send, logger, params.projectId, trace.made, error);
        if (trace.isCreating && isUnknown(error)) nameLeft(logger, await lostExperiments(api, params).catch(() => []), error);
        throw error;
      }
    },
    get,
    list: ({ projectId, name }, options) =>
      createList({
        call: listExperiments.name,
        fetchPage: async (pageToken) => {
          const answer = await send({ operation: listExperiments, body: { projectId, ...pageRequest(pageToken) } }, options);
          return toPage(answer.experiment, answer.paging, (wire) => toExperiment(wire, projectId));
        },
        key: (experiment) => experiment.id,
        keeps: (experiment) => name === undefined || experiment.name === name,
        removals: () => removals,
      }),
    update: async (id, projectId, params, options) => {
      const { fields, mask } = changesOf(params);
      if (mask === '') return get(id, projectId, options);
      const body = { experiment: { id, ...fields }, updateMask: mask, responseMetadata };
      const { experiment } = await send({ operation: updateExperiment, body }, options);
      return toExperiment(theOne(experiment, id, updateExperiment.name), projectId);
    },
    delete: async (id, projectId, options) => {
      await send({ operation: deleteExperiment, body: { id, projectId } }, options);
      removals += 1;
    },
    artifactTypes: async (id, options) => {
      const found = await createList({
        call: listEntityArtifacts.name,
        fetchPage: async (pageToken) => {
          const answer = await send({ operation: listEntityArtifacts, body: { entityId: id, ...pageRequest(pageToken) } }, options);
          return toPage(answer.artifact, answer.paging, (artifact) => artifact);
        },
        key: (artifact) => artifact.id,
        removals: () => 0,
      }).toArray();
      return [...new Set(found.flatMap((artifact) => known(artifact.type) ?? []))];
    },
  };
  return api;
}

/** How far a creation has come. */
interface Trace {
  /** The newest first. */
  readonly made: CreatedResource[];
  /** Whether the experiment was asked for, and not answered. */
  isCreating: boolean;
}

async function createFromArtifact(
  send: Send,
  recollection: Recollection,
  trace: Trace,
  params: Parameters<ExperimentsApi['create']>[0],
  options: ExperimentCreateOptions,
): Promise<Experiment> {
  const { projectId } = params;
  const { onProgress, ...requestOptions } = options;
  const { artifact } = await send(
    { operation: createArtifact, body: { artifact: { entityId: projectId, mimeType: 'application/zip' } } },
    requestOptions,
  );
  trace.made.unshift({ kind: 'artifact', id: artifact.id });
  const uploaded = await uploadBytes(send, artifact.id, params.artifact, { ...requestOptions, onProgress });
  const { ingestion } = await send({ operation: createIngestion, body: { artifactId: artifact.id } }, requestOptions);
  const experiment = {
    displayName: params.name,
    metadata: { values: ingestion.modelMetadata?.values ?? {} },
    parameters: compact({ targetColumn: known(ingestion.modelParameters?.targetColumn) }),
    ...compact({ description: params.description }),
  };
  trace.isCreating = true;
  const created = await send({ operation: createExperiment, body: { experiment, projectId } }, requestOptions);
  trace.isCreating = false;
  trace.made.unshift({ kind: 'experiment', id: created.experiment.id });
  const attached = withoutNulls({ ...artifact, entityId: created.experiment.id, type: ingestion.artifactType });
  const stored = await send({ operation: updateArtifact, body: { artifact: attached, updateMask: 'type,entityId' } }, requestOptions);
  checkDigest(stored.artifact, uploaded);
  recollection.artifactTypes.set(created.experiment.id, [ingestion.artifactType]);
  return { ...toExperiment(created.experiment, projectId), metadata: fromMetadata(ingestion.modelMetadata) };
}

function isUnknown(error: unknown): boolean {
  return !(error instanceof ApiError && error.status >= 400 && error.status < 500);
}

/** Experiments of the name without an artifact: one may be that of a creation without an answer, so they are named, not removed. */
async function lostExperiments(
  api: ExperimentsApi,
  { projectId, name }: Parameters<ExperimentsApi['create']>[0],
): Promise<readonly CreatedResource[]> {
  const lost: CreatedResource[] = [];
  for await (const { id } of api.list({ projectId, name }, cleanUp)) {
    if ((await api.artifactTypes(id, cleanUp)).length === 0) lost.push({ kind: 'experiment', id });
  }
  return lost;
}

function checkDigest(artifact: z.infer<typeof ArtifactSchema>, uploaded: Uploaded): void {
  const digest = known(artifact.md5Digest);
  if (digest !== undefined && digest !== uploaded.md5)
    throw uploadIncomplete('the checksum of what storage holds differs from that of what was sent');
}

/** Clean-up has time of its own: the caller's signal may be what ended the upload. */
const cleanUp: RequestOptions = { timeoutMs: 15_000 };

/** Removes what a failed creation has made; names in the error what stayed. */
async function removeMade(send: Send, logger: Logger, projectId: string, made: readonly CreatedResource[], error: unknown): Promise<void> {
  const left: CreatedResource[] = [];
  for (const { kind, id } of made) {
    const call =
      kind === 'experiment' ? { operation: deleteExperiment, body: { id, projectId } } : { operation: deleteArtifact, body: { id } };
    await send(call, cleanUp).catch((failure: unknown) => {
      if (!(failure instanceof ApiError && failure.status === 404)) left.push({ kind, id });
    });
  }
  nameLeft(logger, left, error);
}

function nameLeft(logger: Logger, left: readonly CreatedResource[], error: unknown): void {
  for (const { kind, id } of left) logger.warn('could not remove what a failed call has made', { kind, id });
  addCreated(error, left);
}

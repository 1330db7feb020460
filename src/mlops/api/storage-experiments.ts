/**
 * Experiments in the storage RPC of all platforms. Platform 1.x filters and sorts, and must be told not to register a model on its own.
 */
import * as z from 'zod/mini';
import { ApiError } from '../../errors/api-error.js';
import { createList, type List } from '../../http/pagination.js';
import { redact } from '../../internal/redact.js';
import type { TransferApi } from '../artifacts.js';
import type { Experiment, ExperimentsApi } from '../experiments.js';
import { matches, sorted, type ListFilter } from '../list-filter.js';
import { experimentOfArtifact, type ExperimentDraft } from './experiment-creation.js';
import type { IngestionApi } from './ingestion.js';
import { describedBy, MetadataSchema } from './metadata.js';
import { changesOf, compact, known, listOf, NothingSchema, pageRequest, PagingSchema, rpc, text, theOne, toPage } from './rpc.js';
import { toArtifact, type StorageArtifacts } from './storage-artifacts.js';
import { storageFilter } from './storage-filter.js';
import type { Wires } from './wires.js';

const ParametersSchema = z.looseObject({
  targetColumn: text,
  weightColumn: text,
  foldColumn: text,
  trainingDatasetId: text,
  validationDatasetId: text,
  testDatasetId: text,
});
const ExperimentSchema = z.looseObject({
  id: z.string().check(z.minLength(1)),
  displayName: text,
  description: text,
  ownerId: text,
  createdTime: text,
  lastModifiedTime: text,
  status: text,
  metadata: MetadataSchema,
  parameters: z.nullish(ParametersSchema),
});
type WireExperiment = z.infer<typeof ExperimentSchema>;

function toExperiment(wire: WireExperiment, projectId: string): Experiment {
  return {
    id: wire.id,
    project: { id: projectId },
    name: wire.displayName ?? '',
    description: wire.description ?? '',
    ...describedBy(wire.metadata),
    parameters: toParameters(wire.parameters),
    ...compact({
      status: wire.status === 'EXPERIMENT_STATUS_UNSPECIFIED' ? undefined : known(wire.status),
      targetColumn: known(wire.parameters?.targetColumn),
      ownerId: known(wire.ownerId),
      createdAt: known(wire.createdTime),
      updatedAt: known(wire.lastModifiedTime),
    }),
  };
}

function toParameters(wire: WireExperiment['parameters']): Experiment['parameters'] {
  return compact({
    targetColumn: known(wire?.targetColumn),
    weightColumn: known(wire?.weightColumn),
    foldColumn: known(wire?.foldColumn),
    trainingDatasetId: known(wire?.trainingDatasetId),
    validationDatasetId: known(wire?.validationDatasetId),
    testDatasetId: known(wire?.testDatasetId),
  });
}

const experiments = { service: 'ai.h2o.storage.ExperimentService', mount: '/storage' } as const;
const OneExperimentSchema = z.looseObject({ experiment: ExperimentSchema });

const createExperiment = rpc({ ...experiments, method: 'CreateExperiment', safe: false, answer: OneExperimentSchema });
const getExperiment = rpc({ ...experiments, method: 'GetExperiment', safe: true, answer: OneExperimentSchema });
const updateExperiment = rpc({ ...experiments, method: 'UpdateExperiment', safe: true, answer: OneExperimentSchema });
const deleteExperiment = rpc({ ...experiments, method: 'DeleteExperiment', safe: false, answer: NothingSchema });
const recoverExperiment = rpc({
  ...experiments,
  method: 'RecoverDeletedExperiment',
  safe: true,
  answer: z.nullish(z.looseObject({ status: z.nullish(z.boolean()), message: text })),
});
const listExperiments = rpc({
  ...experiments,
  method: 'ListExperiments',
  safe: true,
  answer: z.looseObject({ experiment: listOf(ExperimentSchema), paging: PagingSchema }),
});

/** All metadata: a pattern is that of SQL LIKE. Without one the answer holds none. */
const responseMetadata = { pattern: ['%'] };

/** How the files of an experiment are kept on one platform. */
export interface ExperimentFiles {
  readonly artifacts: StorageArtifacts;
  readonly transfer: TransferApi;
  readonly ingestion: IngestionApi;
}

/** Experiments of platform 0.69. */
export function storageExperiments(wires: Wires, files: ExperimentFiles): ExperimentsApi {
  return experimentsApi(wires, files, { filters: () => ({}), order: (list, filter) => sorted(list, filter.order), creation: {} });
}

/** Experiments of platform 1.x. */
export function workspaceExperiments(wires: Wires, files: ExperimentFiles): ExperimentsApi {
  return experimentsApi(wires, files, {
    filters: (filter) => storageFilter(filter, { name: 'display_name', createdAt: 'created_time' }),
    order: (list) => list,
    creation: { responseMetadata, disableModelRegistration: true },
  });
}

/** In what the platforms differ. */
interface ExperimentsDialect {
  readonly filters: (filter: ListFilter) => Readonly<Record<string, unknown>>;
  readonly order: (list: List<Experiment>, filter: ListFilter) => List<Experiment>;
  readonly creation: Readonly<Record<string, unknown>>;
}

function experimentsApi(wires: Wires, files: ExperimentFiles, dialect: ExperimentsDialect): ExperimentsApi {
  const { gateway: send, recollection } = wires;
  let removals = 0;
  const get: ExperimentsApi['get'] = async (id, projectId, options) => {
    const { experiment } = await send({ operation: getExperiment, body: { id, responseMetadata } }, options);
    return toExperiment(theOne(experiment, id, getExperiment.name), projectId);
  };
  const list: ExperimentsApi['list'] = (projectId, filter, options) =>
    dialect.order(
      createList({
        call: listExperiments.name,
        fetchPage: async (pageToken) => {
          const body = { projectId, ...dialect.filters(filter), ...pageRequest(pageToken) };
          const answer = await send({ operation: listExperiments, body }, options);
          return toPage(answer.experiment, answer.paging, (wire) => toExperiment(wire, projectId));
        },
        key: (experiment) => experiment.id,
        keeps: (experiment) => matches(experiment, filter),
        removals: () => removals,
      }),
      filter,
    );
  const remove: ExperimentsApi['delete'] = async (id, projectId, options) => {
    await send({ operation: deleteExperiment, body: { id, projectId } }, options);
    removals += 1;
  };
  const creation = {
    ...files,
    logger: wires.logger,
    createExperiment: async (draft: ExperimentDraft, projectId: string, options: Parameters<ExperimentsApi['get']>[2]) => {
      const body = { ...draft, projectId, ...dialect.creation };
      const { experiment } = await send({ operation: createExperiment, body }, options);
      return toExperiment(experiment, projectId);
    },
    deleteExperiment: remove,
    bareExperiments: async function* (projectId: string, name: string, options: Parameters<ExperimentsApi['get']>[2]) {
      for await (const experiment of list(projectId, { name }, options)) {
        if ((await files.artifacts.ofExperiment(experiment.id, options)).length === 0) yield experiment;
      }
    },
    rememberTypes: (experimentId: string, types: readonly string[]) => {
      recollection.artifactTypes.set(experimentId, types);
    },
  };
  return {
    create: (order, options) => experimentOfArtifact(creation, order, options),
    get,
    list,
    update: async (id, projectId, params, options) => {
      const { fields, mask } = changesOf(params);
      if (mask === '') return get(id, projectId, options);
      const body = { experiment: { id, ...fields }, updateMask: mask, responseMetadata };
      const { experiment } = await send({ operation: updateExperiment, body }, options);
      return toExperiment(theOne(experiment, id, updateExperiment.name), projectId);
    },
    delete: remove,
    restore: async (id, projectId, options) => {
      const answer = await send({ operation: recoverExperiment, body: { experimentId: id, projectId } }, options);
      if (answer?.status === false) throw notRestored(known(answer.message));
      return get(id, projectId, options);
    },
    artifacts: async (id, options) => (await files.artifacts.ofExperiment(id, options)).map(toArtifact),
    download: files.transfer.download,
    artifactTypes: async (id, options) => {
      const found = await files.artifacts.ofExperiment(id, options);
      return [...new Set(found.flatMap((artifact) => known(artifact.type) ?? []))];
    },
  };
}

/** Such a failure comes with status 200. */
function notRestored(message: string | undefined): ApiError {
  return new ApiError({
    code: 'API_ERROR',
    status: 200,
    what: `The platform did not restore the experiment${message === undefined ? '' : `: ${redact(message)}`}.`,
    fix: 'Look whether it was deleted from this project, and not long ago.',
    call: recoverExperiment.name,
    serviceMessage: message === undefined ? undefined : redact(message),
  });
}

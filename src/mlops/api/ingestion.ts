/**
 * Model ingestion: the platform reads what kind of model an artifact is, and what is known about it. Two ways lead there: one call that
 * answers when it is done (platforms 0.69 and 1.0), or a request and looks at the artifact until it is (platform 1.2).
 */
import * as z from 'zod/mini';
import { ApiError } from '../../errors/api-error.js';
import { TimeoutError } from '../../errors/connection-error.js';
import { poll } from '../../http/poller.js';
import type { RequestOptions } from '../../http/request-options.js';
import { redact } from '../../internal/redact.js';
import { MetadataSchema, type WireMetadata } from './metadata.js';
import { known, NothingSchema, rpc, text } from './rpc.js';
import type { StorageArtifacts } from './storage-artifacts.js';
import type { Wires } from './wires.js';

/** What was read from an artifact. */
export interface Ingestion {
  readonly artifactType: string;
  readonly metadata: WireMetadata | null | undefined;
  readonly targetColumn: string | undefined;
}

export interface IngestionApi {
  /**
   * @returns what was read; `undefined` where the platform keeps it and gives it to the experiment itself
   * @throws {ApiError} code `INGESTION_FAILED`: the artifact is no model that the platform knows
   */
  ingest(artifactId: string, options: RequestOptions): Promise<Ingestion | undefined>;
}

const createIngestion = rpc({
  service: 'ai.h2o.ingest.ModelIngest',
  mount: '/ingest',
  method: 'CreateModelIngestion',
  safe: true,
  answer: z.looseObject({
    ingestion: z.looseObject({
      artifactType: z.string().check(z.minLength(1)),
      modelParameters: z.nullish(z.looseObject({ targetColumn: text })),
      modelMetadata: MetadataSchema,
    }),
  }),
});

export function ingestRpc({ gateway: send }: Wires): IngestionApi {
  return {
    ingest: async (artifactId, options) => {
      const { ingestion } = await send({ operation: createIngestion, body: { artifactId } }, options).catch((error: unknown) => {
        throw isRefusal(error) ? ingestionFailed(error.serviceMessage, createIngestion.name, error) : error;
      });
      const { artifactType, modelMetadata, modelParameters } = ingestion;
      return { artifactType, metadata: modelMetadata, targetColumn: known(modelParameters?.targetColumn) };
    },
  };
}

const requestIngestion = rpc({
  service: 'ai.h2o.storage.ModelIngestionService',
  mount: '/storage',
  method: 'RequestModelIngestion',
  // The second request for one artifact is refused, or starts over.
  safe: false,
  answer: NothingSchema,
});

/** How long a model may take to be read where the caller sets no `timeoutMs`. */
const longestIngestionMs = 10 * 60_000;

export function ingestionService({ gateway: send, clock }: Wires, artifacts: StorageArtifacts): IngestionApi {
  return {
    ingest: async (artifactId, options) => {
      await send({ operation: requestIngestion, body: { artifactId } }, options);
      await poll({
        clock,
        signal: options.signal,
        timeoutMs: options.timeoutMs ?? longestIngestionMs,
        look: async (remainingMs) => {
          const artifact = await artifacts.get(artifactId, { ...options, timeoutMs: Math.min(remainingMs, 60_000) });
          return { status: known(artifact.modelIngestionState?.status), errorMessage: artifact.modelIngestionState?.errorMessage };
        },
        isDone: ({ status, errorMessage }) => {
          if (status === 'FAILED') throw ingestionFailed(known(errorMessage), requestIngestion.name);
          return status === 'SUCCEEDED';
        },
        onDeadline: (last) =>
          new TimeoutError({
            code: 'TIMEOUT',
            what: `The platform has not read the model within ${options.timeoutMs ?? longestIngestionMs} ms: it is ${last?.status ?? 'waiting'}.`,
            fix: 'Allow it more time with `timeoutMs`, or look whether the platform is overloaded.',
            call: requestIngestion.name,
            retryable: true,
          }),
      });
      return undefined;
    },
  };
}

/** Whether the service has looked at the artifact and said no. */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 400 || error.status === 412 || error.status === 422);
}

function ingestionFailed(message: string | undefined, call: string, cause?: ApiError): ApiError {
  const said = message === undefined ? undefined : redact(message);
  return new ApiError({
    code: 'INGESTION_FAILED',
    status: cause?.status ?? 200,
    what: `The platform cannot read the artifact as a model${said === undefined ? '' : `: ${said}`}.`,
    fix: 'Pass a MOJO or another scoring artifact that this installation knows: mlops.runtimes.list() tells what it can score.',
    call,
    requestId: cause?.requestId,
    serviceMessage: said,
    serviceCode: cause?.serviceCode,
  });
}

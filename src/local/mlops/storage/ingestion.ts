/**
 * Ingestion: what a model file says of itself, on 0.69 and 1.0 while the caller waits, on 1.2 while nobody does.
 */
import type { JsonObject } from '../../json.js';
import { openArchive } from '../../mojo/archive.js';
import { readModelFile } from '../../mojo/model-file.js';
import type { ModelFile } from '../../mojo/model-file.js';
import { MojoError } from '../../mojo/mojo-error.js';
import { outputNames } from '../../mojo/mojo.js';
import { bytesOf } from '../../state.js';
import type { Artifact, IngestionOutcome } from '../../state.js';
import { service } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { text } from '../message.js';
import { failedPrecondition, invalidArgument } from '../rpc-error.js';
import { Visible } from '../visible.js';

export function ingestionMethods({ state }: GatewayContext): Methods {
  return service('ingest/ai.h2o.ingest.ModelIngest', {
    CreateModelIngestion(message, user) {
      const artifact = new Visible(state, user).artifact(text(message, 'artifactId'));
      const outcome = inspected(artifact);
      if ('failure' in outcome) throw invalidArgument(`artifact ${artifact.id} is not a model: ${outcome.failure}`);
      const { artifactType, targetColumn, metadata } = outcome;
      return {
        ingestion: {
          artifactId: artifact.id,
          artifactType,
          modelParameters: targetColumn === undefined ? null : { targetColumn },
          modelMetadata: { values: metadata },
        },
      };
    },
  });
}

export function requestedIngestionMethods({ state, clock }: GatewayContext): Methods {
  return service('storage/ai.h2o.storage.ModelIngestionService', {
    RequestModelIngestion(message, user) {
      const artifact = new Visible(state, user).artifact(text(message, 'artifactId'));
      artifact.ingestion = { requestedAt: clock.now(), outcome: inspected(artifact) };
      return {};
    },
  });
}

/** How far an ingestion that nobody waits for has come, as an artifact tells it. */
export function ingestionState(artifact: Artifact, { clock, ingestedAfterMs }: GatewayContext): JsonObject | null {
  if (artifact.ingestion === undefined) return null;
  const { requestedAt, outcome } = artifact.ingestion;
  const elapsedMs = clock.now() - requestedAt;
  if (elapsedMs < ingestedAfterMs) return { status: elapsedMs * 2 < ingestedAfterMs ? 'PENDING' : 'IN_PROGRESS', errorMessage: '' };
  return 'failure' in outcome ? { status: 'FAILED', errorMessage: outcome.failure } : { status: 'SUCCEEDED', errorMessage: '' };
}

function inspected(artifact: Artifact): IngestionOutcome {
  if (artifact.uploaded === undefined) throw failedPrecondition(`artifact ${artifact.id} has not been uploaded`);
  try {
    return inspectedModel(bytesOf(artifact));
  } catch (error) {
    if (error instanceof MojoError) return { failure: error.message };
    throw error;
  }
}

/** What a model file says of itself. Whether it can be evaluated here is not asked: that shows when it is deployed. */
function inspectedModel(bytes: Uint8Array): IngestionOutcome {
  const archive = openArchive(bytes);
  const size = { model_size: { int64Value: String(bytes.byteLength) } };
  if ([...archive.keys()].some((path) => path.endsWith('pipeline.mojo'))) {
    return {
      artifactType: 'dai/mojo_pipeline',
      targetColumn: undefined,
      metadata: { tool: { stringValue: 'Driverless AI' }, ...size },
    };
  }
  const model = readModelFile(archive);
  return { artifactType: 'h2o3/mojo', targetColumn: model.target?.name, metadata: { ...modelMetadata(model), ...size } };
}

function modelMetadata(model: ModelFile): JsonObject {
  const { info, target, columns } = model;
  const category = info.text('category') ?? '';
  const algorithm = info.text('algorithm') ?? info.required('algo');
  const inputs = columns.map(({ name, type }) => ({ name, type: type === 'numeric' ? 'float64' : 'str' }));
  const outputs = target === undefined ? [] : outputNames(model, category).map((name) => ({ name, type: 'float64' }));
  return {
    source: { stringValue: 'H2O-3' },
    tool: { stringValue: 'H2O-3' },
    tool_version: { stringValue: info.text('h2o_version') ?? '' },
    model_type: { stringValue: algorithm },
    'h2o3/category': { stringValue: category },
    'h2o3/algo_full_name': { stringValue: algorithm },
    input_schema: { jsonValue: JSON.stringify(inputs) },
    output_schema: { jsonValue: JSON.stringify(outputs) },
  };
}

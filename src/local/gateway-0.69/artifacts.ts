/**
 * Artifacts: their records, and what ingestion reads out of their bytes. The bytes themselves come and go through byte-stream.ts.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { openArchive } from '../mojo/archive.js';
import { readModelFile } from '../mojo/model-file.js';
import { MojoError } from '../mojo/mojo-error.js';
import { bytesOf } from '../state.js';
import type { Artifact } from '../state.js';
import { Visible, service, timestamp } from './context.js';
import type { GatewayContext, Methods } from './context.js';
import { listAnswer } from './lists.js';
import { maskPaths, nested, text } from './message.js';
import { failedPrecondition, invalidArgument } from './rpc-error.js';

const stateOf = (artifact: Artifact): string => {
  if (artifact.uploaded !== undefined) return 'AVAILABLE';
  return artifact.sizeBytes > 0 ? 'BEING_UPLOADED' : 'EMPTY';
};

const wireArtifact = (artifact: Artifact): JsonObject => ({
  id: artifact.id,
  entityId: artifact.entityId,
  type: artifact.type,
  state: stateOf(artifact),
  size: String(artifact.uploaded === undefined ? 0 : artifact.sizeBytes),
  md5Digest: artifact.uploaded?.md5Digest ?? '',
  createdTime: timestamp(artifact.createdAt),
  uploadedTime: artifact.uploaded === undefined ? null : timestamp(artifact.uploaded.at),
  mimeType: artifact.mimeType,
  lastModifiedTime: timestamp(artifact.modifiedAt),
});

export function artifactMethods({ state, clock, pageSize }: GatewayContext): Methods {
  return service('storage/ai.h2o.storage.ArtifactService', {
    CreateArtifact(message, user) {
      const sent = nested(message, 'artifact');
      const now = clock.now();
      const artifact: Artifact = {
        id: randomUUID(),
        ownerId: user.id,
        createdAt: now,
        entityId: new Visible(state, user).entity(text(sent, 'entityId')).id,
        type: text(sent, 'type'),
        mimeType: text(sent, 'mimeType'),
        modifiedAt: now,
        chunks: [],
        sizeBytes: 0,
        uploaded: undefined,
      };
      state.artifacts.set(artifact.id, artifact);
      return { artifact: wireArtifact(artifact) };
    },
    GetArtifact: (message, user) => ({ artifact: wireArtifact(new Visible(state, user).artifact(text(message, 'id'))) }),
    ListEntityArtifacts(message, user) {
      const entity = new Visible(state, user).entity(text(message, 'entityId'));
      const artifacts = [...state.artifacts.values()].filter((artifact) => artifact.entityId === entity.id);
      return listAnswer('artifact', artifacts.map(wireArtifact), { message, pageSize });
    },
    // State and size are the server's to say: clients send back what they read before the upload.
    UpdateArtifact(message, user) {
      const visible = new Visible(state, user);
      const sent = nested(message, 'artifact');
      const artifact = visible.artifact(text(sent, 'id'));
      const paths = maskPaths(message);
      const unknown = paths.find((path) => !['type', 'entityId', 'mimeType'].includes(path));
      if (unknown !== undefined) throw invalidArgument(`update_mask: ${unknown} cannot be updated`);
      const takes = (path: string): boolean => paths.length === 0 || paths.includes(path);
      const entityId = takes('entityId') ? visible.entity(text(sent, 'entityId')).id : artifact.entityId;
      artifact.entityId = entityId;
      if (takes('type')) artifact.type = text(sent, 'type');
      if (takes('mimeType')) artifact.mimeType = text(sent, 'mimeType');
      artifact.modifiedAt = clock.now();
      return { artifact: wireArtifact(artifact) };
    },
    DeleteArtifact(message, user) {
      state.artifacts.delete(new Visible(state, user).artifact(text(message, 'id')).id);
      return {};
    },
  });
}

export function ingestionMethods({ state }: GatewayContext): Methods {
  return service('ingest/ai.h2o.ingest.ModelIngest', {
    CreateModelIngestion(message, user) {
      const artifact = new Visible(state, user).artifact(text(message, 'artifactId'));
      if (artifact.uploaded === undefined) throw failedPrecondition(`artifact ${artifact.id} has not been uploaded`);
      try {
        return { ingestion: { artifactId: artifact.id, ...inspectedModel(bytesOf(artifact)) } };
      } catch (error) {
        if (error instanceof MojoError) throw invalidArgument(`artifact ${artifact.id} is not a model: ${error.message}`);
        throw error;
      }
    },
  });
}

/** What a model file says of itself. Whether it can be evaluated here is not asked: that shows when it is deployed. */
function inspectedModel(bytes: Uint8Array): JsonObject {
  const archive = openArchive(bytes);
  if ([...archive.keys()].some((path) => path.endsWith('pipeline.mojo'))) {
    return {
      artifactType: 'dai/mojo_pipeline',
      modelParameters: null,
      modelMetadata: { values: { tool: { stringValue: 'Driverless AI' } } },
    };
  }
  const { info, target, columns } = readModelFile(archive);
  const inputs = columns.map(({ name, type }) => ({ name, type }));
  return {
    artifactType: 'h2o3/mojo',
    modelParameters: target === undefined ? null : { targetColumn: target.name },
    modelMetadata: {
      values: {
        source: { stringValue: 'H2O-3' },
        tool: { stringValue: 'H2O-3' },
        tool_version: { stringValue: info.text('h2o_version') ?? '' },
        model_type: { stringValue: info.text('algorithm') ?? info.required('algo') },
        input_schema: { jsonValue: JSON.stringify(inputs) },
      },
    },
  };
}

/**
 * Artifacts: their records, and the presigned URLs to their bytes. The bytes themselves come and go through byte-stream.ts and artifact-store.ts.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import type { Artifact } from '../../state.js';
import { optionalTimestamp, service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { integer, maskPaths, nested, text } from '../message.js';
import { failedPrecondition, invalidArgument } from '../rpc-error.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { ingestionState } from './ingestion.js';
import { countAnswer, listAnswer } from './lists.js';
import type { PresignedGrant } from './presigned-urls.js';

const stateOf = (artifact: Artifact): string => {
  if (artifact.uploadFailed) return 'UPLOAD_FAILED';
  if (artifact.uploaded !== undefined) return 'AVAILABLE';
  return artifact.sizeBytes > 0 ? 'BEING_UPLOADED' : 'EMPTY';
};

const wireArtifact = (artifact: Artifact, context: GatewayContext): JsonObject => ({
  id: artifact.id,
  entityId: artifact.entityId,
  entityType: artifact.entityType,
  type: artifact.type,
  state: stateOf(artifact),
  size: String(artifact.uploaded === undefined ? 0 : artifact.sizeBytes),
  md5Digest: artifact.uploaded?.md5Digest ?? '',
  createdTime: timestamp(artifact.createdAt),
  uploadedTime: optionalTimestamp(artifact.uploaded?.at),
  mimeType: artifact.mimeType,
  lastModifiedTime: timestamp(artifact.modifiedAt),
  ...(context.serves('presigned-urls') ? { modelIngestionState: ingestionState(artifact, context) } : {}),
});

/** A new record without bytes. */
export function createArtifact(
  { state, clock }: GatewayContext,
  user: Actor,
  params: Pick<Artifact, 'entityId' | 'entityType' | 'type' | 'mimeType'>,
): Artifact {
  const now = clock.now();
  const artifact: Artifact = {
    id: randomUUID(),
    ownerId: user.id,
    createdAt: now,
    ...params,
    modifiedAt: now,
    chunks: [],
    sizeBytes: 0,
    uploaded: undefined,
    uploadFailed: false,
    ingestion: undefined,
  };
  state.artifacts.set(artifact.id, artifact);
  return artifact;
}

export function artifactMethods(context: GatewayContext): Methods {
  const { state, clock, pageSize } = context;
  const wire = (artifact: Artifact): JsonObject => wireArtifact(artifact, context);
  const artifactsOf = (message: JsonObject, user: Actor): readonly JsonObject[] => {
    const { entityId } = new Visible(state, user).entity(text(message, 'entityId'));
    return [...state.artifacts.values()].filter((artifact) => artifact.entityId === entityId).map(wire);
  };
  return service('storage/ai.h2o.storage.ArtifactService', {
    CreateArtifact(message, user) {
      const sent = nested(message, 'artifact');
      const entity = new Visible(state, user).entity(text(sent, 'entityId'));
      return { artifact: wire(createArtifact(context, user, { ...entity, type: text(sent, 'type'), mimeType: text(sent, 'mimeType') })) };
    },
    GetArtifact: (message, user) => ({ artifact: wire(new Visible(state, user).artifact(text(message, 'id'))) }),
    ListEntityArtifacts: (message, user) => listAnswer('artifact', artifactsOf(message, user), { message, pageSize }),
    CountEntityArtifacts: (message, user) => countAnswer(artifactsOf(message, user), message),
    // State and size are the server's to say: clients send back what they read before the upload.
    UpdateArtifact(message, user) {
      const visible = new Visible(state, user);
      const sent = nested(message, 'artifact');
      const artifact = visible.artifact(text(sent, 'id'));
      const paths = maskPaths(message);
      const unknown = paths.find((path) => !['type', 'entityId', 'entityType', 'mimeType'].includes(path));
      if (unknown !== undefined) throw invalidArgument(`update_mask: ${unknown} cannot be updated`);
      const takes = (path: string): boolean => paths.length === 0 || paths.includes(path);
      if (takes('entityId')) Object.assign(artifact, visible.entity(text(sent, 'entityId')));
      if (takes('type')) artifact.type = text(sent, 'type');
      if (takes('mimeType')) artifact.mimeType = text(sent, 'mimeType');
      artifact.modifiedAt = clock.now();
      return { artifact: wire(artifact) };
    },
    DeleteArtifact(message, user) {
      state.artifacts.delete(new Visible(state, user).artifact(text(message, 'id')).id);
      return {};
    },
  });
}

export function presignedMethods(context: GatewayContext): Methods {
  const { state, clock, presignedUrls } = context;
  const presigned = (artifact: Artifact, method: PresignedGrant['method']): JsonObject => {
    const contentType = artifact.mimeType || 'application/octet-stream';
    const { url, expiresAt } = presignedUrls.create({ artifactId: artifact.id, method, contentType }, clock.now());
    return { presignedUrl: { url, method: `HTTP_METHOD_${method}`, contentType, expiresAt: timestamp(expiresAt) } };
  };
  const awaited = (message: JsonObject, user: Actor): Artifact => {
    const artifact = new Visible(state, user).artifact(text(message, 'id'));
    if (artifact.uploaded !== undefined) throw failedPrecondition(`artifact ${artifact.id} has been uploaded already`);
    return artifact;
  };
  return service('storage/ai.h2o.storage.ArtifactService', {
    GenerateArtifactUploadURL: (message, user) => presigned(awaited(message, user), 'PUT'),
    GenerateArtifactDownloadURL(message, user) {
      const artifact = new Visible(state, user).artifact(text(message, 'id'));
      if (artifact.uploaded === undefined) throw failedPrecondition(`artifact ${artifact.id} has not been uploaded`);
      return presigned(artifact, 'GET');
    },
    CompleteArtifactUpload(message, user) {
      const artifact = awaited(message, user);
      completeUpload(artifact, message, clock.now());
      return { artifact: wireArtifact(artifact, context) };
    },
    FailArtifactUpload(message, user) {
      const artifact = awaited(message, user);
      Object.assign(artifact, { chunks: [], sizeBytes: 0, uploadFailed: true, modifiedAt: clock.now() });
      return { artifact: wireArtifact(artifact, context) };
    },
  });
}

function completeUpload(artifact: Artifact, message: JsonObject, now: number): void {
  if (artifact.chunks.length === 0) throw failedPrecondition(`artifact ${artifact.id} has no object in the store`);
  const sizeBytes = integer(message, 'sizeBytes', artifact.sizeBytes);
  if (sizeBytes !== artifact.sizeBytes) throw invalidArgument(`size_bytes is ${sizeBytes}, but the object has ${artifact.sizeBytes}`);
  const digest = md5Of(artifact);
  if (!['', digest].includes(text(message, 'md5Digest'))) throw invalidArgument('md5_digest is not that of the object');
  Object.assign(artifact, { uploaded: { at: now, md5Digest: digest }, uploadFailed: false, modifiedAt: now });
}

/** Fills an artifact in one go. */
export function storeBytes(artifact: Artifact, bytes: Uint8Array, now: number): void {
  artifact.chunks = [bytes];
  artifact.sizeBytes = bytes.byteLength;
  artifact.uploaded = { at: now, md5Digest: md5Of(artifact) };
}

/** The digest of an artifact's bytes, in base64. */
export function md5Of({ chunks }: Artifact): string {
  const digest = createHash('md5');
  for (const chunk of chunks) digest.update(chunk);
  return digest.digest('base64');
}

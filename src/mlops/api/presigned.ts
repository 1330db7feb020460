/**
 * Bytes of artifacts by addresses that storage signs for one transfer, platform 1.2: plain PUT and GET, without a token.
 */
import * as z from 'zod/mini';
import { ApiError } from '../../errors/api-error.js';
import { operation } from '../../http/operation.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { TransferApi, Uploaded, UploadOptions } from '../artifacts.js';
import { Md5 } from '../md5.js';
import { withSize, type SizedArtifact } from '../spooled-artifact.js';
import { progressReporter } from '../transfer-progress.js';
import { known, NothingSchema, rpc, text } from './rpc.js';
import { checkStored } from './upload-incomplete.js';
import type { StorageArtifacts } from './storage-artifacts.js';
import type { Wires } from './wires.js';

const artifacts = { service: 'ai.h2o.storage.ArtifactService', mount: '/storage' } as const;
const PresignedSchema = z.looseObject({ presignedUrl: z.looseObject({ url: z.string().check(z.minLength(1)), contentType: text }) });

const generateUploadUrl = rpc({ ...artifacts, method: 'GenerateArtifactUploadURL', safe: true, answer: PresignedSchema });
const generateDownloadUrl = rpc({ ...artifacts, method: 'GenerateArtifactDownloadURL', safe: true, answer: PresignedSchema });
const completeUpload = rpc({ ...artifacts, method: 'CompleteArtifactUpload', safe: true, answer: NothingSchema });
const failUpload = rpc({ ...artifacts, method: 'FailArtifactUpload', safe: true, answer: NothingSchema });
/** A PUT of the same bytes to the same place may be repeated; its path is the signed address itself. */
const putObject = operation({
  name: 'PutObject',
  method: 'PUT',
  path: '',
  safe: true,
  finalStatuses: [507],
  answerHeader: 'etag',
  answer: text,
});

export function presigned(wires: Wires, records: StorageArtifacts): TransferApi {
  const { gateway } = wires;
  return {
    upload: async (artifactId, source, options) => {
      const uploaded = await withSize(source, options, wires.clock, (artifact) => put(wires, artifactId, artifact, options)).catch(
        async (error: unknown) => {
          // So that storage need not wait for the rest; the caller removes the record.
          await gateway({ operation: failUpload, body: { id: artifactId } }, { timeoutMs: 10_000 }).catch(() => undefined);
          throw error;
        },
      );
      const done = { id: artifactId, sizeBytes: String(uploaded.sizeBytes), md5Digest: uploaded.md5 };
      await gateway({ operation: completeUpload, body: done }, options);
      checkStored(await records.get(artifactId, options), uploaded, completeUpload.name);
      return uploaded;
    },
    download: async (artifactId, offset, take, options) => {
      const { presignedUrl } = await gateway({ operation: generateDownloadUrl, body: { id: artifactId, publicUrl: true } }, options);
      const range = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const sink = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
        for await (const chunk of chunks) await take(chunk);
      };
      await wires.presigned(presignedUrl.url, range)({ operation: getObject, sink }, withoutHeaders(options));
    },
  };
}

/** A store that does not know ranges would begin anew, which shows in the checksum. */
const getObject = operation({ name: 'GetObject', method: 'GET', path: '', safe: true, answerHeader: 'etag', answer: text });

async function put(wires: Wires, artifactId: string, artifact: SizedArtifact, options: UploadOptions): Promise<Uploaded> {
  try {
    return await putOnce(wires, artifactId, artifact, options);
  } catch (error) {
    // The address may have expired while the call waited for its turn: one more, freshly signed.
    const hasExpired = error instanceof ApiError && error.call === putObject.name && error.status === 403;
    if (!hasExpired || !artifact.replayable) throw error;
    return putOnce(wires, artifactId, artifact, options);
  }
}

async function putOnce(wires: Wires, artifactId: string, artifact: SizedArtifact, options: UploadOptions): Promise<Uploaded> {
  const { onProgress, ...requestOptions } = options;
  const { presignedUrl } = await wires.gateway({ operation: generateUploadUrl, body: { id: artifactId, publicUrl: true } }, requestOptions);
  const headers = {
    'content-length': String(artifact.sizeBytes),
    'content-type': known(presignedUrl.contentType) ?? 'application/octet-stream',
  };
  const report = progressReporter(wires.clock, artifact.sizeBytes, (uploadedBytes, rest) => onProgress?.({ uploadedBytes, ...rest }));
  let sent = counter();
  const open = (): AsyncIterable<Uint8Array> => {
    sent.hash.close();
    sent = counter();
    return counted(artifact.open(), sent, report);
  };
  try {
    await wires.presigned(presignedUrl.url, headers)(
      { operation: putObject, stream: { open, replayable: artifact.replayable } },
      withoutHeaders(requestOptions),
    );
    return { sizeBytes: sent.sizeBytes, md5: await sent.hash.digest() };
  } finally {
    sent.hash.close();
  }
}

/** Headers that the caller adds are for the platform: another server signs only for its own. */
function withoutHeaders(options: RequestOptions): RequestOptions {
  return { ...options, headers: undefined };
}

/** What has gone into one attempt. */
interface Counter {
  readonly hash: Md5;
  sizeBytes: number;
}

function counter(): Counter {
  return { hash: new Md5(), sizeBytes: 0 };
}

/** Counts a chunk before it goes: the answer to the last one may come before its source knows that it was the last. */
async function* counted(
  source: AsyncIterable<Uint8Array>,
  sent: Counter,
  report: (uploadedBytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    if (chunk.byteLength === 0) continue;
    await sent.hash.update(chunk);
    sent.sizeBytes += chunk.byteLength;
    yield chunk;
    report(sent.sizeBytes);
  }
}

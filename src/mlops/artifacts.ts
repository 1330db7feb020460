/**
 * Artifacts: the files of an experiment. The bytes travel in one of two ways, which is the platform's business.
 */
import type { RequestOptions } from '../http/request-options.js';
import type { OpenedArtifact } from './artifact-source.js';

/** How far an upload is. */
export interface UploadProgress {
  readonly uploadedBytes: number;
  /** Absent for streams. */
  readonly totalBytes?: number;
  /** Since the transfer began. */
  readonly bytesPerSecond: number;
}

/** What was sent. */
export interface Uploaded {
  readonly sizeBytes: number;
  /** MD5 of the raw bytes in base64, as artifacts carry it. */
  readonly md5: string;
}

export interface UploadOptions extends RequestOptions {
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
}

/** How the bytes of artifacts reach the platform. */
export interface TransferApi {
  /** @throws {ApiError} code `UPLOAD_INCOMPLETE`: the platform holds something else than what was sent */
  upload(artifactId: string, artifact: OpenedArtifact, options: UploadOptions): Promise<Uploaded>;
}

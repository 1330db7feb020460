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

/** A file of an experiment, as storage has it. */
export interface Artifact {
  readonly id: string;
  /** What it is, for instance `h2o3/mojo`; for files that nobody has looked into, their name. */
  readonly type: string;
  /** For instance `AVAILABLE`. */
  readonly state: string;
  readonly sizeBytes: number;
  /** MD5 of the bytes in base64, where it is known. */
  readonly md5?: string;
}

/** How far a download is. */
export interface DownloadProgress {
  readonly downloadedBytes: number;
  /** Absent where the platform does not tell it. */
  readonly totalBytes?: number;
  /** Since the transfer began. */
  readonly bytesPerSecond: number;
}

export interface DownloadOptions extends RequestOptions {
  /** Which file, where an experiment has several: its id. Default: the first that is available. */
  readonly artifactId?: string | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** What was received. */
export interface Downloaded {
  readonly sizeBytes: number;
  /** MD5 of the bytes in base64. */
  readonly md5: string;
}

export interface UploadOptions extends RequestOptions {
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
}

/** How the bytes of artifacts reach the platform. */
export interface TransferApi {
  /** @throws {ApiError} code `UPLOAD_INCOMPLETE`: the platform holds something else than what was sent */
  upload(artifactId: string, artifact: OpenedArtifact, options: UploadOptions): Promise<Uploaded>;
  /** Gives the bytes from an offset on to `take`, which may make it wait. */
  readonly download: (
    artifactId: string,
    offset: number,
    take: (chunk: Uint8Array) => Promise<void>,
    options: RequestOptions,
  ) => Promise<void>;
}

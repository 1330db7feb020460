/**
 * Where a download goes, and that it is whole. A file appears at its path when all of it is there; what broke off leaves nothing.
 */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ApiError, NotFoundError } from '../errors/api-error.js';
import { invalidParameter } from '../errors/configuration-error.js';
import { ConnectionError, TimeoutError } from '../errors/connection-error.js';
import { memberOf } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import type { Clock } from '../internal/clock.js';
import type { Artifact, Downloaded, DownloadOptions, TransferApi } from './artifacts.js';
import { Md5 } from './md5.js';
import { progressReporter } from './transfer-progress.js';

/** A path, a `file:` URL, or a stream that takes bytes. */
export type DownloadTarget = string | URL | WritableStreamLike;

/** As much of a WritableStream as is needed. */
interface WritableStreamLike {
  getWriter(): { write(chunk: Uint8Array): Promise<void>; releaseLock(): void };
}

type Take = (chunk: Uint8Array) => Promise<void>;

/** How often a broken download goes on from where it was. */
const mostResumptions = 3;

/** What there is to download, and how. */
export interface DownloadSource {
  /** The call that asks for it, for errors. */
  readonly call: string;
  readonly artifacts: readonly Artifact[];
  readonly download: TransferApi['download'];
}

/** @throws {NotFoundError} there is no such file */
export async function downloadTo(
  target: DownloadTarget,
  { call, artifacts, download }: DownloadSource,
  clock: Clock,
  { artifactId, onProgress, ...options }: DownloadOptions,
): Promise<Downloaded> {
  const artifact = artifacts.find(({ id, state }) => (artifactId === undefined ? state === 'AVAILABLE' : id === artifactId));
  if (artifact === undefined) throw noArtifact(call);
  const { sizeBytes: total } = artifact;
  const report = progressReporter(clock, total > 0 ? total : undefined, (downloadedBytes, rest) =>
    onProgress?.({ downloadedBytes, ...rest }),
  );
  return written(target, async (take) => {
    const hash = new Md5();
    let sizeBytes = 0;
    const counted: Take = async (chunk) => {
      await hash.update(chunk);
      await take(chunk);
      sizeBytes += chunk.byteLength;
      report(sizeBytes);
    };
    try {
      await resumed(() => download(artifact.id, sizeBytes, counted, options), options);
      const downloaded = { sizeBytes, md5: await hash.digest() };
      checkWhole(artifact, downloaded, call);
      return downloaded;
    } finally {
      hash.close();
    }
  });
}

/** Each try begins where the one before it ended. */
async function resumed(work: () => Promise<void>, { signal }: RequestOptions): Promise<void> {
  for (let resumption = 0; ; resumption++) {
    try {
      await work();
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const isBroken = error instanceof ConnectionError && !(error instanceof TimeoutError);
      if (!isBroken || resumption >= mostResumptions) throw error;
    }
  }
}

async function written(target: DownloadTarget, work: (take: Take) => Promise<Downloaded>): Promise<Downloaded> {
  if (typeof target === 'string' || target instanceof URL)
    return writtenToFile(target instanceof URL ? fileURLToPath(target) : target, work);
  if (typeof memberOf(target, 'getWriter') !== 'function') {
    throw invalidParameter(
      'A download goes nowhere.',
      'Pass a path, a file: URL, or a WritableStream; `Writable.toWeb(stream)` makes one.',
    );
  }
  const writer = target.getWriter();
  try {
    return await work((chunk) => writer.write(chunk));
  } finally {
    writer.releaseLock();
  }
}

async function writtenToFile(path: string, work: (take: Take) => Promise<Downloaded>): Promise<Downloaded> {
  const partial = `${path}.${randomUUID()}.part`;
  const file = await open(partial, 'wx').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
    throw invalidParameter(
      `The file of the download cannot be written (${code}).`,
      'Pass a path in a directory that exists and that this process may write to.',
    );
  });
  try {
    const downloaded = await work(async (chunk) => {
      await file.writeFile(chunk);
    });
    await file.close();
    await rename(partial, path);
    return downloaded;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

function checkWhole(artifact: Artifact, { sizeBytes, md5 }: Downloaded, call: string): void {
  const isWhole = (artifact.sizeBytes === 0 || artifact.sizeBytes === sizeBytes) && (artifact.md5 === undefined || artifact.md5 === md5);
  if (isWhole) return;
  throw new ApiError({
    code: 'DOWNLOAD_INCOMPLETE',
    status: 200,
    what: `The download is not what the platform has: ${sizeBytes} of ${artifact.sizeBytes} bytes came${artifact.sizeBytes === sizeBytes ? ', with another checksum' : ''}.`,
    fix: 'Repeat it; if it fails again, look whether a proxy on the way cuts or changes large answers.',
    call,
    retryable: true,
  });
}

function noArtifact(call: string): NotFoundError {
  return new NotFoundError({
    code: 'NOT_FOUND',
    status: 404,
    what: 'There is no such file to download, or its bytes are not all there.',
    fix: '`mlops.experiments.artifacts(experiment)` and `mlops.artifacts.list({ project })` tell what there is, and in which state.',
    call,
  });
}

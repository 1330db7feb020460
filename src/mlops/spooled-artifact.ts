/**
 * An artifact whose size must be known before it is sent. A stream does not know its own, so it goes through a file of its own in the
 * directory for temporary files, which is removed afterwards: memory stays flat, and the upload can be repeated.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TimeoutError } from '../errors/connection-error.js';
import { startDeadline } from '../http/deadline.js';
import type { RequestOptions } from '../http/request-options.js';
import { defaultIdleTimeoutMs } from '../http/send.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import { sliceBytes, type OpenedArtifact } from './artifact-source.js';

export interface SizedArtifact extends OpenedArtifact {
  readonly sizeBytes: number;
}

/** Calls `work` with an artifact of known size; what had to be written for that is gone when it returns. */
export async function withSize<Result>(
  artifact: OpenedArtifact,
  options: RequestOptions,
  clock: Clock,
  work: (artifact: SizedArtifact) => Promise<Result>,
): Promise<Result> {
  const { sizeBytes } = artifact;
  if (sizeBytes !== undefined) return work({ ...artifact, sizeBytes });
  const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-'));
  try {
    const path = join(directory, 'artifact.zip');
    await writeAll(artifact, path, options, clock);
    const { size } = await stat(path);
    return await work({
      ...artifact,
      sizeBytes: size,
      replayable: true,
      open: () => createReadStream(path, { highWaterMark: sliceBytes }),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeAll(artifact: OpenedArtifact, path: string, options: RequestOptions, clock: Clock): Promise<void> {
  const idleTimeoutMs = options.idleTimeoutMs ?? defaultIdleTimeoutMs;
  const deadline = startDeadline(clock, { signal: options.signal, timeoutMs: options.timeoutMs, idleTimeoutMs });
  const touched = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of artifact.open()) {
      deadline.touch();
      yield chunk;
    }
  };
  try {
    const writing = pipeline(touched(), createWriteStream(path, { mode: 0o600 }), { signal: deadline.signal });
    // It waits for the source to let go, which one that hangs never does.
    await waitUnlessAborted(writing, deadline.signal);
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
    if (deadline.expired() === undefined) throw deadline.signal.reason;
    throw new TimeoutError({
      code: 'TIMEOUT',
      what: `The stream of the artifact gave nothing for ${idleTimeoutMs} ms, or was not read to its end in time.`,
      fix: 'Look what the stream waits for, or allow it more time with `idleTimeoutMs` or `timeoutMs`.',
      call: 'PutObject',
    });
  } finally {
    deadline.dispose();
  }
}

/**
 * Bytes of artifacts by the ByteStream of storage, platforms 0.69 and 1.0: one JSON object a line, with base64 data and, on the way up, its
 * offset.
 */
import * as z from 'zod/mini';
import { ApiError, RateLimitError } from '../../errors/api-error.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../../errors/connection-error.js';
import { operation } from '../../http/operation.js';
import { sleep } from '../../internal/clock.js';
import { redact } from '../../internal/redact.js';
import { storageFull } from '../artifact-store.js';
import type { TransferApi, Uploaded } from '../artifacts.js';
import { Md5 } from '../md5.js';
import { progressReporter } from '../transfer-progress.js';
import { count } from './rest.js';
import { known, text } from './rpc.js';
import { uploadIncomplete } from './upload-incomplete.js';
import type { Wires } from './wires.js';

/** Raw bytes a line, as the official client sends them. */
const lineBytes = 32 * 1024;

const write = operation({
  name: 'ByteStream.Write',
  method: 'POST',
  path: '/storage/google.bytestream.ByteStream/Write',
  // A second write to the same artifact would begin at an offset that the server no longer expects.
  safe: false,
  // For the same reason; it goes on from where storage has got to.
  finalStatuses: [429],
  answer: z.looseObject({ committedSize: z.nullish(z.union([z.string(), z.number()])) }),
});

const queryWriteStatus = operation({
  name: 'ByteStream.QueryWriteStatus',
  method: 'POST',
  path: '/storage/google.bytestream.ByteStream/QueryWriteStatus',
  safe: true,
  answer: z.looseObject({ committedSize: count, complete: z.nullish(z.boolean()) }),
});

const read = operation({
  name: 'ByteStream.Read',
  method: 'POST',
  path: '/storage/google.bytestream.ByteStream/Read',
  safe: true,
  answerHeader: 'content-type',
  answer: text,
});

/** How often a broken upload goes on from where storage has got to. */
const mostResumptions = 3;
const longestPauseMs = 30_000;

export function byteStream({ gateway: send, clock }: Wires): TransferApi {
  return {
    upload: async (artifactId, artifact, { onProgress, ...options }) => {
      const report = progressReporter(clock, artifact.sizeBytes, (uploadedBytes, rest) => onProgress?.({ uploadedBytes, ...rest }));
      let sent: Uploaded = { sizeBytes: 0, md5: '' };
      const writeFrom = async (offset: number): Promise<number> => {
        let hash = new Md5();
        const open = (): AsyncIterable<Uint8Array> => {
          hash.close();
          hash = new Md5();
          return toLines({ artifactId, source: artifact.open(), offset, hash, report }, (uploaded) => {
            sent = uploaded;
          });
        };
        try {
          const answer = await send({ operation: write, stream: { open, replayable: artifact.replayable } }, options);
          return Number(answer.committedSize ?? sent.sizeBytes);
        } finally {
          hash.close();
        }
      };
      const status = async (): Promise<WriteStatus> => {
        const answer = await send({ operation: queryWriteStatus, body: { resourceName: artifactId } }, options);
        return { committed: Number(answer.committedSize ?? 0), isComplete: answer.complete === true };
      };
      const pause = (ms: number): Promise<void> => sleep(clock, ms, options.signal);
      const committed = await resumed(writeFrom, { status, pause, isReplayable: artifact.replayable });
      if (committed === sent.sizeBytes) return sent;
      throw uploadIncomplete(`storage has committed ${committed} of ${sent.sizeBytes} bytes`, write.name);
    },
    download: async (artifactId, offset, take, options) => {
      const body = { resourceName: artifactId, ...(offset === 0 ? {} : { readOffset: String(offset) }) };
      await send({ operation: read, body, sink: (chunks) => takeLines(chunks, take) }, options);
    },
  };
}

interface WriteStatus {
  readonly committed: number;
  readonly isComplete: boolean;
}

interface Resumption {
  readonly status: () => Promise<WriteStatus>;
  readonly pause: (ms: number) => Promise<void>;
  /** What a source gives once is not sent a second time. */
  readonly isReplayable: boolean;
}

/**
 * Writes, and after a connection that broke or a service that was busy goes on from where storage has got to.
 *
 * @throws {ApiError} code `STORAGE_FULL`
 */
async function resumed(writeFrom: (offset: number) => Promise<number>, { status, pause, isReplayable }: Resumption): Promise<number> {
  let offset = 0;
  for (let resumption = 0; ; resumption++) {
    try {
      return await writeFrom(offset);
    } catch (error) {
      if (isFull(error)) throw storageFull(error);
      const pauseMs = pauseAfter(error);
      if (pauseMs === undefined || !isReplayable || resumption >= mostResumptions) throw error;
      await pause(pauseMs);
      // A storage that cannot tell leaves it at the failure that there was.
      const { committed, isComplete } = await status().catch(() => {
        throw error;
      });
      if (isComplete) return committed;
      offset = committed;
    }
  }
}

/** How long to wait before an upload goes on; undefined where it does not. */
function pauseAfter(error: unknown): number | undefined {
  if (error instanceof RateLimitError) return Math.min(error.retryAfterMs ?? 0, longestPauseMs);
  return error instanceof ConnectionError && !(error instanceof TimeoutError) ? 0 : undefined;
}

/** Storage has the same status for a store without room as for too many requests; only after the latter is it worth to come back. */
function isFull(error: unknown): error is RateLimitError {
  return error instanceof RateLimitError && error.serviceCode === 'RESOURCE_EXHAUSTED' && error.retryAfterMs === undefined;
}

interface LinesOrder {
  readonly artifactId: string;
  readonly source: AsyncIterable<Uint8Array>;
  /** What storage has already. It is read all the same, for the checksum. */
  readonly offset: number;
  /** Of what is sent, and of what storage has already. */
  readonly hash: Md5;
  readonly report: (uploadedBytes: number) => void;
}

async function* toLines(
  { artifactId, source, offset: from, hash, report }: LinesOrder,
  done: (uploaded: Uploaded) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  for await (const chunk of source) {
    await hash.update(chunk);
    const missing = chunk.subarray(Math.max(0, from - offset));
    if (missing.byteLength > 0) yield encodeLines(artifactId, offset + chunk.byteLength - missing.byteLength, missing);
    offset += chunk.byteLength;
    // What storage has is read for the checksum alone.
    if (missing.byteLength > 0) report(offset);
  }
  // Before the last line goes: its answer may be there before this is asked for more.
  done({ sizeBytes: offset, md5: await hash.digest() });
  yield Buffer.from(`${JSON.stringify({ resourceName: artifactId, writeOffset: offset, finishWrite: true })}\n`);
}

const LineSchema = z.looseObject({
  result: z.nullish(z.looseObject({ data: text })),
  error: z.nullish(z.looseObject({ code: z.nullish(z.number()), message: text })),
});

/** One JSON object a line: bytes, or a failure after bytes have come. */
async function takeLines(chunks: AsyncIterable<Uint8Array>, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) await takeLine(line, take);
  }
  await takeLine(rest, take);
}

async function takeLine(line: string, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  if (line.trim() === '') return;
  const { result, error } = lineOf(line);
  if (error !== undefined && error !== null) throw readFailed(known(error.message));
  await take(Buffer.from(result?.data ?? '', 'base64'));
}

function lineOf(line: string): z.infer<typeof LineSchema> {
  try {
    return LineSchema.parse(JSON.parse(line));
  } catch {
    throw new ResponseValidationError({
      code: 'RESPONSE_INVALID',
      what: 'Storage answered a download with a line that is none of its contract.',
      fix: 'A proxy on the way may cut or change large answers: repeat the download, and tell the administrator of the platform.',
      call: read.name,
    });
  }
}

/** Such a failure comes with status 200, since bytes have gone before. */
function readFailed(message: string | undefined): ApiError {
  const said = message === undefined ? undefined : redact(message);
  return new ApiError({
    code: 'API_ERROR',
    status: 200,
    what: `Storage broke off a download${said === undefined ? '' : `: ${said}`}.`,
    fix: 'Repeat it later; if it stays, ask an administrator to look at the store of artifacts.',
    call: read.name,
    serviceMessage: said,
    retryable: true,
  });
}

/** Writes the bytes of the lines in place: as strings, joined and encoded, they would cost more CPU than all the rest of an upload. */
function encodeLines(artifactId: string, offset: number, chunk: Uint8Array): Buffer {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const resourceName = JSON.stringify(artifactId);
  const frameBytes = Buffer.byteLength(resourceName) + 64;
  const lines = Buffer.allocUnsafe(Math.ceil(bytes.length / lineBytes) * frameBytes + Math.ceil(bytes.length / 3) * 4);
  let end = 0;
  for (let start = 0; start < bytes.length; start += lineBytes) {
    end += lines.write(`{"resourceName":${resourceName},"writeOffset":${offset + start},"data":"`, end);
    end += lines.write(bytes.toString('base64', start, start + lineBytes), end, 'latin1');
    end += lines.write('"}\n', end);
  }
  return lines.subarray(0, end);
}

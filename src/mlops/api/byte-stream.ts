/**
 * Uploads to the ByteStream of storage on platforms 0.69 and 1.0: one JSON object a line, each with its offset and base64 data.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { operation } from '../../http/operation.js';
import type { TransferApi, Uploaded } from '../artifacts.js';
import { progressReporter } from '../transfer-progress.js';
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
  answer: z.looseObject({ committedSize: z.nullish(z.union([z.string(), z.number()])) }),
});

export function byteStream({ gateway: send, clock }: Wires): TransferApi {
  return {
    upload: async (artifactId, artifact, { onProgress, ...options }) => {
      let uploaded: Uploaded = { sizeBytes: 0, md5: '' };
      const open = (): AsyncIterable<Uint8Array> =>
        toLines(artifactId, artifact.open(), progressReporter(clock, artifact.sizeBytes, onProgress), (sent) => {
          uploaded = sent;
        });
      const answer = await send({ operation: write, stream: { open, replayable: artifact.replayable } }, options);
      const committed = Number(answer.committedSize ?? uploaded.sizeBytes);
      if (committed === uploaded.sizeBytes) return uploaded;
      throw uploadIncomplete(`storage has committed ${committed} of ${uploaded.sizeBytes} bytes`, write.name);
    },
  };
}

async function* toLines(
  artifactId: string,
  source: AsyncIterable<Uint8Array>,
  report: (uploadedBytes: number) => void,
  done: (uploaded: Uploaded) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('md5');
  let offset = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    if (chunk.byteLength === 0) continue;
    yield encodeLines(artifactId, offset, chunk);
    offset += chunk.byteLength;
    report(offset);
  }
  yield Buffer.from(`${JSON.stringify({ resourceName: artifactId, writeOffset: offset, finishWrite: true })}\n`);
  done({ sizeBytes: offset, md5: hash.digest('base64') });
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

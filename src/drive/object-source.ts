/**
 * What is uploaded, read in parts: a path, bytes, a Blob or a stream. A part stays in memory until it is stored, so that it can be sent
 * again whatever it came from.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { ConfigurationError, invalidParameter } from '../errors/configuration-error.js';
import { BufferPool } from './buffer-pool.js';
import { onFile, pathOf } from './files.js';

/** A path, a `file:` URL, bytes, a Blob, or a stream of bytes of any length. */
export type ObjectSource = string | URL | Uint8Array | Blob | AsyncIterable<Uint8Array>;

/** Bytes in the order of the source. */
export interface Part {
  readonly bytes: Uint8Array;
  /** Gives the bytes back to the source, which may overwrite them. */
  release(): void;
}

/** A source that is being read. */
export interface PartReader {
  /** Absent for streams. */
  readonly sizeBytes?: number;
  /** The next part: whole but for the last. An empty one is the end. */
  next(): Promise<Part>;
  close(): void;
}

/** Runs one read of a stream, under whatever limits the call has. */
export type WaitForSource = <Value>(reading: Promise<Value>) => Promise<Value>;

const nothing = (): void => undefined;

/**
 * @param partBytesFor how large parts are, for a size that may be unknown
 * @throws {ConfigurationError} the source is of no kind that can be uploaded, or no file that can be read
 */
export async function openSource(
  source: ObjectSource,
  partBytesFor: (sizeBytes: number | undefined) => number,
  wait: WaitForSource,
): Promise<PartReader> {
  if (typeof source === 'string' || source instanceof URL) return openFile(pathOf(source), partBytesFor);
  if (source instanceof Uint8Array) {
    const sizeBytes = source.byteLength;
    return slicedReader(sizeBytes, partBytesFor(sizeBytes), (start, end) => Promise.resolve(source.subarray(start, end)));
  }
  if (source instanceof Blob) {
    const sizeBytes = source.size;
    return slicedReader(
      sizeBytes,
      partBytesFor(sizeBytes),
      async (start, end) => new Uint8Array(await source.slice(start, end).arrayBuffer()),
    );
  }
  if (isStream(source)) return streamReader(source, partBytesFor(undefined), wait);
  throw invalidParameter(
    'The body of the object is of no kind that can be uploaded.',
    'Pass a path, a file: URL, a Buffer, a Blob or a stream of bytes.',
  );
}

function isStream(source: unknown): source is AsyncIterable<Uint8Array> {
  return typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
}

function slicedReader(sizeBytes: number, partBytes: number, read: (start: number, end: number) => Promise<Uint8Array>): PartReader {
  let start = 0;
  return {
    sizeBytes,
    async next() {
      const bytes = await read(start, Math.min(start + partBytes, sizeBytes));
      start += bytes.byteLength;
      return { bytes, release: nothing };
    },
    close: nothing,
  };
}

async function openFile(path: string, partBytesFor: (sizeBytes: number) => number): Promise<PartReader> {
  const handle = await onFile(path, 'read', () => open(path, 'r'));
  try {
    const found = await onFile(path, 'read', () => handle.stat());
    if (!found.isFile()) {
      throw new ConfigurationError({
        code: 'FILE_UNUSABLE',
        what: `${path} is ${found.isDirectory() ? 'a directory' : 'not a file'}.`,
        fix: 'Pass the path of a file; upload the files of a directory one by one.',
      });
    }
    return fileReader(path, handle, { sizeBytes: found.size, partBytes: partBytesFor(found.size) });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function fileReader(path: string, handle: FileHandle, { sizeBytes, partBytes }: { sizeBytes: number; partBytes: number }): PartReader {
  const pool = new BufferPool(Math.min(partBytes, Math.max(sizeBytes, 1)));
  let start = 0;
  return {
    sizeBytes,
    async next() {
      const buffer = pool.take();
      const wanted = Math.min(partBytes, sizeBytes - start);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await onFile(path, 'read', () => handle.read(buffer, filled, wanted - filled, start + filled));
        if (bytesRead === 0) throw shrunk(path);
        filled += bytesRead;
      }
      start += filled;
      return {
        bytes: buffer.subarray(0, filled),
        release: () => {
          pool.give(buffer);
        },
      };
    },
    close() {
      // Nothing was written, so nothing can be lost with it.
      handle.close().catch(nothing);
    },
  };
}

function shrunk(path: string): ConfigurationError {
  return new ConfigurationError({
    code: 'FILE_UNUSABLE',
    what: 'The file became shorter while it was uploaded.',
    fix: `Upload ${path} when nobody writes to it.`,
  });
}

function streamReader(source: AsyncIterable<Uint8Array>, partBytes: number, wait: WaitForSource): PartReader {
  const pool = new BufferPool(partBytes);
  const iterator = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  let isDone = false;
  return {
    async next() {
      const buffer = pool.take();
      let filled = 0;
      while (filled < partBytes && !(isDone && rest.byteLength === 0)) {
        if (rest.byteLength === 0) {
          const read = await wait(iterator.next());
          if (read.done === true) isDone = true;
          else rest = checkedBytes(read.value);
        }
        const taken = rest.subarray(0, partBytes - filled);
        buffer.set(taken, filled);
        filled += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
      }
      return {
        bytes: buffer.subarray(0, filled),
        release: () => {
          pool.give(buffer);
        },
      };
    },
    close() {
      // Not waited for: a source that hangs hangs here too, and what it throws now concerns nobody.
      if (!isDone) iterator.return?.().catch(nothing);
    },
  };
}

function checkedBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw invalidParameter('The stream does not give bytes.', 'Pass a stream of Buffer or Uint8Array: leave its encoding unset.');
}

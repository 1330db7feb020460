/**
 * What may be uploaded, opened: a path, a file URL, bytes, a Blob or a stream. Refuses what cannot be an artifact before anything is sent.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../errors/configuration-error.js';

/** A path, a `file:` URL, bytes, a Blob or a stream of bytes. A stream can be read once, so that nothing sent from it can be repeated. */
export type ArtifactSource = string | URL | Uint8Array | Blob | AsyncIterable<Uint8Array>;

/** A source that can be read. */
export interface OpenedArtifact {
  /** The file's name, where there is one. */
  readonly name?: string;
  /** Absent for streams. */
  readonly sizeBytes?: number;
  readonly replayable: boolean;
  open(): AsyncIterable<Uint8Array>;
}

/**
 * @throws {ConfigurationError} code `ARTIFACT_INVALID`: it does not exist, is a directory, is empty, or does not begin as a zip file does
 */
export async function openArtifact(source: ArtifactSource): Promise<OpenedArtifact> {
  const opened = await openSource(source);
  if (!opened.replayable) return onceChecked(opened);
  for await (const chunk of opened.open()) {
    checkZip(chunk, opened.name);
    return opened;
  }
  throw refused(`${opened.name ?? 'The artifact'} is empty`, 'Pass a MOJO or another scoring artifact, exported as a zip file.');
}

/**
 * Opens what need not be a scoring artifact, and may be empty.
 *
 * @throws {ConfigurationError} code `ARTIFACT_INVALID`: it does not exist, or is a directory
 */
export async function openAnyFile(source: ArtifactSource): Promise<OpenedArtifact> {
  const opened = await openSource(source);
  return opened.replayable ? opened : { ...opened, open: () => checkedBytes(opened.open()) };
}

async function* checkedBytes(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    checkBytes(chunk);
    yield chunk;
  }
}

/** A stream can be read once, so it is not looked into before it is sent. */
export function isStream(source: unknown): source is AsyncIterable<Uint8Array> {
  try {
    return typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
  } catch {
    return false;
  }
}

async function openSource(source: ArtifactSource): Promise<OpenedArtifact> {
  if (typeof source === 'string' || source instanceof URL) return openFile(source);
  if (source instanceof Uint8Array) return { sizeBytes: source.byteLength, replayable: true, open: () => slices(source) };
  if (source instanceof Blob) return { sizeBytes: source.size, replayable: true, open: () => source.stream() };
  if (isStream(source)) return { replayable: false, open: () => source };
  throw refused('The artifact is of no kind that can be uploaded', 'Pass a path, a file: URL, a Buffer, a Blob or a stream.');
}

async function openFile(source: string | URL): Promise<OpenedArtifact> {
  if (source instanceof URL && source.protocol !== 'file:') {
    throw refused(`A URL of ${source.protocol} cannot be uploaded`, 'Download it first, or pass its response body as a stream.');
  }
  const path = typeof source === 'string' ? source : pathOf(source);
  const name = basename(path);
  const found = await stat(path).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw refused(
      `The artifact file "${name}" cannot be read (${code})`,
      `Looked for ${path}. Pass the path of a file that this process may read.`,
    );
  });
  if (!found.isFile())
    throw refused(`"${name}" is ${found.isDirectory() ? 'a directory' : 'not a file'}`, 'Pass the path of the file itself.');
  return { name, sizeBytes: found.size, replayable: true, open: () => createReadStream(path, { highWaterMark: sliceBytes }) };
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw refused('The file: URL of the artifact names no file of this machine', 'Pass one without a host, or the path.');
  }
}

/** What is read of a source at once. */
export const sliceBytes: number = 1024 * 1024;
const signatureBytes = 4;

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  await Promise.resolve();
  for (let start = 0; start < bytes.byteLength; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes);
}

/** Looks at the first bytes of a stream and gives them back in front of the rest. */
async function onceChecked(opened: OpenedArtifact): Promise<OpenedArtifact> {
  const iterator = opened.open()[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  // A stream may give its first bytes one by one.
  while (head.byteLength < signatureBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    checkBytes(next.value);
    head = head.byteLength === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  if (head.byteLength === 0) throw refused('The stream of the artifact is empty', 'Pass a stream that has not been read yet.');
  checkZip(head, opened.name);
  const whole = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        checkBytes(next.value);
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  };
  return { ...opened, open: whole };
}

function checkBytes(chunk: unknown): asserts chunk is Uint8Array {
  if (!(chunk instanceof Uint8Array))
    throw refused('The stream of the artifact does not give bytes', 'Pass a stream of Buffer or Uint8Array: leave its encoding unset.');
}

function checkZip(head: Uint8Array, name: string | undefined): void {
  // A local file header, or the end record of an archive without entries.
  const isZip = head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
  if (!isZip)
    throw refused(
      `${name === undefined ? 'The artifact' : `"${name}"`} is not a zip file`,
      'Pass a MOJO or another scoring artifact, exported as a zip file.',
    );
}

function refused(what: string, fix: string): ConfigurationError {
  return new ConfigurationError({ code: 'ARTIFACT_INVALID', what: `${what}.`, fix });
}

/**
 * A request to score files, as the multipart body that both contracts take: `FormData` gives its JSON part either no content type, which
 * the Java scorer refuses, or a file name, which the Python scorers refuse. Files are read while they are sent.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidParameter } from '../errors/configuration-error.js';
import type { StreamedBody } from '../http/operation.js';
import type { ScoreMediaRequest } from './contract.js';

/** A file to score: its path, or its name and its content. A stream can be read once, so that a failed attempt cannot be repeated. */
export type MediaFile = string | URL | { readonly name: string; readonly content: MediaContent; readonly contentType?: string | undefined };

/** A path, a `file:` URL, bytes, a Blob or a stream of bytes. */
export type MediaContent = string | URL | Uint8Array | Blob | AsyncIterable<Uint8Array>;

interface OpenedFile {
  readonly name: string;
  readonly contentType: string;
  readonly replayable: boolean;
  open(): AsyncIterable<Uint8Array>;
}

/** @throws {ConfigurationError} a file cannot be read, two have one name, or a cell of the request names a file that is not there */
export async function multipartBody(request: ScoreMediaRequest, files: readonly MediaFile[]): Promise<StreamedBody> {
  const opened = await Promise.all(files.map(openFile));
  checkNames(request, opened);
  const boundary = `h2o-ai-cloud-${randomUUID()}`;
  const open = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield part(boundary, 'name="scoreMediaRequest"', 'application/json');
    yield Buffer.from(JSON.stringify(request));
    for (const file of opened) {
      yield Buffer.from('\r\n');
      yield part(boundary, `name="files"; filename="${escaped(file.name)}"`, file.contentType);
      yield* file.open();
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  };
  return { open, replayable: opened.every((file) => file.replayable), contentType: `multipart/form-data; boundary=${boundary}` };
}

function part(boundary: string, disposition: string, contentType: string): Buffer {
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${contentType}\r\n\r\n`);
}

/** As browsers write the names of files into a form. */
function escaped(name: string): string {
  return name.replace(/[\r\n"]/g, (character) => encodeURIComponent(character));
}

async function openFile(file: MediaFile): Promise<OpenedFile> {
  const isPath = typeof file === 'string' || file instanceof URL;
  const { name, content, contentType = 'application/octet-stream' } = isPath ? { name: basename(pathOf(file)), content: file } : file;
  if (typeof name !== 'string' || name === '' || !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\x20-\x7e]*)?$/.test(contentType))
    throw invalidParameter(
      'A file to score has no name, or a content type that is none.',
      'Pass a path, or { name, content, contentType }, for instance with the type image/png.',
    );
  return { name, contentType, ...(await openContent(name, content)) };
}

async function openContent(name: string, content: MediaContent): Promise<Pick<OpenedFile, 'open' | 'replayable'>> {
  if (typeof content === 'string' || content instanceof URL) {
    const path = pathOf(content);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) throw invalidParameter(`The file "${basename(path)}" to score cannot be read.`, `Looked for ${path}.`);
    return { replayable: true, open: () => createReadStream(path) };
  }
  if (content instanceof Uint8Array) return { replayable: true, open: () => once(content) };
  if (content instanceof Blob) return { replayable: true, open: () => content.stream() };
  if (isStream(content)) return { replayable: false, open: () => content };
  throw invalidParameter(
    `The content of "${name}" is of no kind that can be sent.`,
    'Pass a path, a file: URL, a Buffer, a Blob or a stream.',
  );
}

function isStream(content: unknown): content is AsyncIterable<Uint8Array> {
  return typeof content === 'object' && content !== null && Symbol.asyncIterator in content;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  await Promise.resolve();
  yield bytes;
}

function pathOf(file: string | URL): string {
  if (typeof file === 'string') return file;
  if (file.protocol === 'file:') return fileURLToPath(file);
  throw invalidParameter(`A URL of ${file.protocol} is no file to score.`, 'Download it first, or pass its response body as a stream.');
}

/** A scorer finds a file by the name that stands in a cell. */
function checkNames(request: ScoreMediaRequest, files: readonly OpenedFile[]): void {
  const names = new Set(files.map((file) => file.name));
  if (names.size < files.length)
    throw invalidParameter('Two files to score have one name.', 'Give them other names, with { name, content }.');
  const positions = (request.mediaFields ?? []).map((field) => request.fields.indexOf(field));
  if (positions.includes(-1))
    throw invalidParameter('`mediaFields` names a column that is not in `fields`.', 'Name the columns whose cells are names of files.');
  const row = request.rows.findIndex((cells) => positions.some((position) => !names.has(cells[position] ?? '')));
  if (row < 0) return;
  throw invalidParameter(
    `Row ${row} names a file that was not passed.`,
    'The cell of a media column must be the name of one of the files; of a path that is its last part.',
  );
}

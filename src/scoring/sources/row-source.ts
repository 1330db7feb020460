/**
 * Where rows come from: anything that can be iterated, a stream, or a file of CSV or JSON Lines. Each is read once, row by row, and
 * only as fast as rows are scored.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidParameter, type ConfigurationError } from '../../errors/configuration-error.js';
import type { RowProblem } from '../../errors/scoring-error.js';
import { memberOf } from '../../http/given.js';
import { waitUnlessAborted } from '../../internal/clock.js';
import type { RowWriter, WrittenRow } from '../row-writer.js';

/** Bytes or text of a file: its path, a `file:` URL, or a stream of it. */
export type TextSource = string | URL | AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array>;

/** A file of comma-separated values, with a header. */
export interface CsvSource {
  readonly csv: TextSource;
  /** Default `,`. */
  readonly delimiter?: string | undefined;
}

/** A file with one JSON object a line. */
export interface JsonLinesSource {
  readonly jsonLines: TextSource;
}

/**
 * Rows to score: objects from anything that can be iterated or from a stream, or a file. A path tells its kind by its ending: `.csv`,
 * `.tsv`, `.jsonl` or `.ndjson`.
 */
export type RowSource<Row> = Iterable<Row> | AsyncIterable<Row> | ReadableStream<Row> | string | URL | CsvSource | JsonLinesSource;

/** Rows that are being read. */
export interface OpenedRows {
  /** The next row as it is in the source; not a promise where the source needs none. */
  next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
  /** Adds to `problems` what is wrong with a row of this source, or returns it written. */
  write(row: unknown, index: number, problems: RowProblem[]): WrittenRow | undefined;
  close(): void;
  /** How much of the source has been read, from 0 to 1, where that can be told from its size. */
  fraction?(): number;
}

/** Text that is read from a file or a stream. */
export interface OpenedText {
  readonly chunks: AsyncIterable<Uint8Array | string>;
  readonly fraction?: () => number;
}

/**
 * @param signal ends the waiting for the first bytes of a file
 * @throws {ConfigurationError} the source is of no kind that can be read, or a file is not there
 */
export async function openRows(source: unknown, writer: RowWriter, signal?: AbortSignal): Promise<OpenedRows> {
  const file = fileOf(source);
  if (file === undefined) return openObjects(source, writer);
  const { release, ...text } = await openText(file.text);
  try {
    const rows = await waitUnlessAborted(openTable(file, text, writer), signal);
    const close = (): void => {
      rows.close();
      release();
    };
    return { ...rows, close };
  } catch (error) {
    release();
    throw error;
  }
}

async function openTable(kind: FileKind, text: OpenedText, writer: RowWriter): Promise<OpenedRows> {
  if (kind.kind === 'jsonLines') return (await import('./json-lines.js')).openJsonLines(text, writer);
  // The parser is loaded by those who have such a file.
  return (await import('./csv.js')).openCsv(text, kind.delimiter, writer);
}

/** How many rows a source has, where it tells without being read. */
export function countOf(source: unknown): number | undefined {
  const count = memberOf(source, Array.isArray(source) ? 'length' : 'size');
  return Array.isArray(source) ? source.length : typeof count === 'number' ? count : undefined;
}

type FileKind = { readonly kind: 'csv'; readonly delimiter: string } | { readonly kind: 'jsonLines' };

function fileOf(source: unknown): (FileKind & { readonly text: unknown }) | undefined {
  if (typeof source === 'string' || source instanceof URL) return { ...kindOfFile(source), text: source };
  const csv = memberOf(source, 'csv');
  const delimiter = memberOf(source, 'delimiter') ?? ',';
  if (csv !== undefined && typeof delimiter === 'string' && delimiter.length === 1) return { kind: 'csv', delimiter, text: csv };
  if (csv !== undefined)
    throw invalidParameter('The `delimiter` of a CSV file is not one character.', 'Pass for instance `;`, or leave it out for `,`.');
  const jsonLines = memberOf(source, 'jsonLines');
  return jsonLines === undefined ? undefined : { kind: 'jsonLines', text: jsonLines };
}

/** @throws {ConfigurationError} its ending does not tell what is in it */
export function kindOfFile(path: string | URL): FileKind {
  const name = String(path).toLowerCase();
  if (name.endsWith('.csv')) return { kind: 'csv', delimiter: ',' };
  if (name.endsWith('.tsv')) return { kind: 'csv', delimiter: '\t' };
  if (name.endsWith('.jsonl') || name.endsWith('.ndjson')) return { kind: 'jsonLines' };
  throw invalidParameter(
    'The ending of the file does not say what is in it.',
    'Name it .csv, .tsv, .jsonl or .ndjson, or pass { csv: path } or { jsonLines: path }.',
  );
}

interface HeldText extends OpenedText {
  readonly release: () => void;
}

async function openText(source: unknown): Promise<HeldText> {
  if (typeof source === 'string' || source instanceof URL) return openFile(source);
  const { items, release } = hold(source);
  return { chunks: textChunks(items), release };
}

async function* textChunks(items: Held['items']): AsyncGenerator<Uint8Array | string, void, undefined> {
  for (;;) {
    const next = await items.next();
    if (next.done === true) return;
    const chunk = next.value;
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
      throw invalidParameter(
        'The stream of a file gives neither bytes nor text.',
        'Pass a stream of the file itself, or its rows without { csv } or { jsonLines }.',
      );
    yield chunk;
  }
}

async function openFile(source: string | URL): Promise<HeldText> {
  if (source instanceof URL && source.protocol !== 'file:')
    throw invalidParameter(
      `A URL of ${source.protocol} is no file of rows.`,
      'Download it first, or pass { csv: response.body } or { jsonLines: response.body }.',
    );
  const path = typeof source === 'string' ? source : fileURLToPath(source);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw invalidParameter(`The file "${basename(path)}" of rows cannot be read.`, `Looked for ${path}.`);
  const stream = createReadStream(path);
  const { items, release } = hold(stream);
  return { chunks: textChunks(items), release, fraction: () => (found.size === 0 ? 1 : Math.min(1, stream.bytesRead / found.size)) };
}

function openObjects(source: unknown, writer: RowWriter): OpenedRows {
  const { items, release } = hold(source);
  return {
    next: () => items.next(),
    write: (row, index, problems) => {
      if (typeof row === 'string' || row instanceof Uint8Array) throw rowsExpected();
      return writer.fromObject(row, index, problems);
    },
    close: release,
  };
}

/** Lets go of a source. Not waited for: one that hangs hangs here too, and what it throws now concerns nobody. */
export function closer(iterator: AsyncIterator<unknown> | Iterator<unknown>): () => void {
  return () => {
    const ignore = async (): Promise<void> => {
      await iterator.return?.();
    };
    ignore().catch(() => undefined);
  };
}

/** What is being read, and how to let go of it. */
interface Held {
  readonly items: AsyncIterator<unknown> | Iterator<unknown>;
  readonly release: () => void;
}

/** Streams are ended by their own means: their iterators would first wait for an item that may never come. */
function hold(source: unknown): Held {
  if (typeof source !== 'object' || source === null) throw unreadable();
  if (source instanceof ReadableStream) return holdWebStream(source);
  if (!isIterable(source)) throw unreadable();
  const items = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  if (!isNodeStream(source)) return { items, release: closer(items) };
  const release = (): void => {
    source.destroy();
  };
  return { items, release };
}

function holdWebStream(stream: ReadableStream<unknown>): Held {
  const reader = stream.getReader();
  const next = async (): Promise<IteratorResult<unknown>> => {
    const { done, value } = await reader.read();
    return done ? { done, value: undefined } : { done, value };
  };
  const release = (): void => {
    reader.cancel().catch(() => undefined);
  };
  return { items: { next }, release };
}

function isIterable(source: object): source is Iterable<unknown> | AsyncIterable<unknown> {
  return Symbol.asyncIterator in source || Symbol.iterator in source;
}

function isNodeStream(source: object): source is { destroy(): unknown } {
  return 'destroy' in source && typeof source.destroy === 'function';
}

function unreadable(): ConfigurationError {
  return invalidParameter(
    'The source of rows is of no kind that can be read.',
    'Pass an array, anything iterable, a stream of objects, a path, { csv } or { jsonLines }.',
  );
}

function rowsExpected(): ConfigurationError {
  return invalidParameter(
    'The source gives text or bytes instead of rows.',
    'For a stream of a file pass { csv: stream } or { jsonLines: stream }; for lines of your own, parse them first.',
  );
}

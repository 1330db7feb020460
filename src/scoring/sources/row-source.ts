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

/** @throws {ConfigurationError} the source is of no kind that can be read, or a file is not there */
export async function openRows(source: unknown, writer: RowWriter): Promise<OpenedRows> {
  const file = fileOf(source);
  if (file === undefined) return openObjects(source, writer);
  const text = await openText(file.text);
  if (file.kind === 'jsonLines') return (await import('./json-lines.js')).openJsonLines(text, writer);
  // The parser is loaded by those who have such a file.
  return (await import('./csv.js')).openCsv(text, file.delimiter, writer);
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

async function openText(source: unknown): Promise<OpenedText> {
  if (typeof source === 'string' || source instanceof URL) return openFile(source);
  const chunks = iterable(source);
  if (chunks === undefined) throw unreadable();
  return { chunks: textChunks(chunks) };
}

async function* textChunks(chunks: AnyIterable): AsyncGenerator<Uint8Array | string, void, undefined> {
  for await (const chunk of chunks) {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
      throw invalidParameter(
        'The stream of a file gives neither bytes nor text.',
        'Pass a stream of the file itself, or its rows without { csv } or { jsonLines }.',
      );
    yield chunk;
  }
}

async function openFile(source: string | URL): Promise<OpenedText> {
  if (source instanceof URL && source.protocol !== 'file:')
    throw invalidParameter(
      `A URL of ${source.protocol} is no file of rows.`,
      'Download it first, or pass { csv: response.body } or { jsonLines: response.body }.',
    );
  const path = typeof source === 'string' ? source : fileURLToPath(source);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw invalidParameter(`The file "${basename(path)}" of rows cannot be read.`, `Looked for ${path}.`);
  const stream = createReadStream(path);
  return { chunks: stream, fraction: () => (found.size === 0 ? 1 : Math.min(1, stream.bytesRead / found.size)) };
}

function openObjects(source: unknown, writer: RowWriter): OpenedRows {
  const rows = iterable(source);
  if (rows === undefined) throw unreadable();
  const iterator = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
  return {
    next: () => iterator.next(),
    write: (row, index, problems) => {
      if (typeof row === 'string' || row instanceof Uint8Array) throw rowsExpected();
      return writer.fromObject(row, index, problems);
    },
    close: closer(iterator),
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

type AnyIterable = Iterable<unknown> | AsyncIterable<unknown>;

function iterable(source: unknown): AnyIterable | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  if (isIterable(source)) return source;
  return source instanceof ReadableStream ? source : undefined;
}

function isIterable(source: object): source is AnyIterable {
  return Symbol.asyncIterator in source || Symbol.iterator in source;
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

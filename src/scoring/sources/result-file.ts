/**
 * Results in a file of CSV or JSON Lines, written batch by batch: what is in the file is whole, whenever the writing ends.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidParameter, type ConfigurationError } from '../../errors/configuration-error.js';
import { memberOf } from '../../http/given.js';
import { kindOfFile } from './row-source.js';

/** Where results go: a path whose ending says what it is, or a path with its kind. */
export type ResultFile =
  string | URL | { readonly csv: string | URL; readonly delimiter?: string | undefined } | { readonly jsonLines: string | URL };

export type IfExists = 'fail' | 'overwrite' | 'append';

type Format = (items: readonly unknown[]) => { readonly header: string; readonly text: string };

const flags: Readonly<Record<IfExists, string>> = { fail: 'wx', overwrite: 'w', append: 'a+' };

export async function writeResults(batches: AsyncIterable<readonly unknown[]>, file: ResultFile, ifExists: IfExists): Promise<void> {
  const { path, format } = formatOf(file);
  const flag = flags[ifExists] as string | undefined;
  if (flag === undefined)
    throw invalidParameter("`ifExists` is none of 'fail', 'overwrite' and 'append'.", 'Leave it out to fail where the file exists.');
  const handle = await open(path, flag).catch((error: unknown) => {
    throw cannotOpen(error, path);
  });
  try {
    const known = ifExists === 'append' ? await firstLine(handle, path) : undefined;
    let header: string | undefined;
    for await (const items of batches) {
      const written = format(items);
      if (header === undefined && known !== undefined && written.header !== '' && known !== written.header) throw otherColumns(path);
      const isNew = header === undefined && known === undefined && written.header !== '';
      header ??= written.header;
      if (header !== written.header) throw otherColumns(path);
      await handle.appendFile(isNew ? `${header}\n${written.text}` : written.text);
    }
  } finally {
    await handle.close();
  }
}

function formatOf(file: ResultFile): { readonly path: string; readonly format: Format } {
  const isPath = typeof file === 'string' || file instanceof URL;
  const csv: unknown = isPath ? undefined : memberOf(file, 'csv');
  const path: unknown = isPath ? file : (csv ?? memberOf(file, 'jsonLines'));
  if (typeof path !== 'string' && !(path instanceof URL))
    throw invalidParameter('The file for results is no path.', 'Pass a path, { csv: path } or { jsonLines: path }.');
  const kind = isPath
    ? kindOfFile(file)
    : csv === undefined
      ? { kind: 'jsonLines' as const }
      : { kind: 'csv' as const, delimiter: memberOf(file, 'delimiter') ?? ',' };
  if (kind.kind === 'jsonLines') return { path: pathOf(path), format: jsonLines };
  const { delimiter } = kind;
  if (typeof delimiter !== 'string' || delimiter.length !== 1)
    throw invalidParameter('The `delimiter` of a CSV file is not one character.', 'Pass for instance `;`, or leave it out for `,`.');
  return { path: pathOf(path), format: csvLines(delimiter) };
}

function pathOf(path: string | URL): string {
  return typeof path === 'string' ? path : fileURLToPath(path);
}

const jsonLines: Format = (items) => ({ header: '', text: items.map((item) => `${JSON.stringify(item)}\n`).join('') });

function csvLines(delimiter: string): Format {
  const special = new RegExp(`["\\r\\n${delimiter === '\\' || delimiter === ']' || delimiter === '^' ? '\\' : ''}${delimiter}]`);
  const quoted = (value: unknown): string => {
    if (typeof value === 'string') return special.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  };
  return (items) => {
    const rows = items.map(flat);
    const header = Object.keys(rows[0] ?? {});
    const text = rows.map((row) => `${header.map((name) => quoted(row[name])).join(delimiter)}\n`).join('');
    return { header: header.map(quoted).join(delimiter), text };
  };
}

/** What stands beside a row gets columns of its own. */
function flat(item: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(item)) return {};
  const row = item['row'];
  if (!isRecord(row)) return item;
  return {
    ...row,
    ...(isRecord(item['contributions']) ? item['contributions'] : {}),
    ...(isRecord(item['predictionIntervals']) ? item['predictionIntervals'] : {}),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const longestHeader = 4 * 1024 * 1024;

/** The header of a file to go on with; nothing of an empty one. */
async function firstLine(handle: FileHandle, path: string): Promise<string | undefined> {
  const { size } = await handle.stat();
  if (size === 0) return undefined;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] !== 0x0a)
    throw invalidParameter(
      `"${basename(path)}" ends in the middle of a line.`,
      'Remove its last line, and go on with the row of that line.',
    );
  const head = Buffer.alloc(Math.min(size, longestHeader));
  await handle.read(head, 0, head.length, 0);
  return head.subarray(0, head.indexOf(0x0a)).toString('utf8');
}

function otherColumns(path: string): ConfigurationError {
  return invalidParameter(`The results have other columns than "${basename(path)}".`, 'Write them to another file.');
}

function cannotOpen(error: unknown, path: string): ConfigurationError {
  const code: unknown = memberOf(error, 'code');
  if (code === 'EEXIST')
    return invalidParameter(
      `The file "${basename(path)}" for results exists.`,
      "Name another one, or pass { ifExists: 'overwrite' } or { ifExists: 'append' }.",
    );
  return invalidParameter(
    `The file "${basename(path)}" for results cannot be written (${typeof code === 'string' ? code : 'unknown'}).`,
    `The path is ${path}.`,
  );
}

/**
 * Values that stand in files: those that an option names with `{ file }`, and those that a variable `<NAME>_FILE` names.
 * What a file holds never gets into an error.
 */
import { readFile } from 'node:fs/promises';
import { ConfigurationError } from '../errors/configuration-error.js';
import { redact } from '../internal/redact.js';

/** Reads a text file; rejects as `node:fs/promises` does, with a `code` such as `ENOENT`. */
export type ReadTextFile = (path: string) => Promise<string>;

export const readTextFileFromDisk: ReadTextFile = (path) => readFile(path, 'utf8');

/** What reading a file came to: its trimmed content, or why there is none ("does not exist", "is empty"). */
export type FileValue = { readonly value: string } | { readonly value?: never; readonly missing: string };

/**
 * Reads the value that a file holds. A file that is missing or empty counts as unset: that is what an optional secret leaves behind.
 *
 * @param namedBy where the path comes from, for the error
 * @throws {ConfigurationError} the file exists and cannot be read
 */
export async function readFileValue(readTextFile: ReadTextFile, path: string, namedBy: string): Promise<FileValue> {
  let content: string;
  try {
    content = await readTextFile(path);
  } catch (error) {
    const code = fileErrorCode(error);
    if (isMissing(code)) return { missing: 'does not exist' };
    throw unreadableFile(`The file ${shownPath(path)}, named by ${namedBy},`, code);
  }
  const value = content.trim();
  return value === '' ? { missing: 'is empty' } : { value };
}

/** The error for a file that is there but cannot be read. */
export function unreadableFile(file: string, code: string): ConfigurationError {
  return new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: `${file} cannot be read (${code}).`,
    fix: 'Let the process read the file, or name another one.',
  });
}

/** Whether an error code of the file system means that there is no such file. */
export function isMissing(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The code of a file system error, and nothing else of it. */
export function fileErrorCode(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'unknown error';
}

/** A path fit for a message: somebody may have written the content of a file where its path belongs. */
export function shownPath(path: string): string {
  return redact(path);
}

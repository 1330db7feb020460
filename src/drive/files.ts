/**
 * Files of this machine that are uploaded from and downloaded to: paths, and what can be wrong with them.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../errors/configuration-error.js';

/** @throws {ConfigurationError} a URL that is no file of this machine */
export function pathOf(file: string | URL): string {
  if (typeof file === 'string') return file;
  try {
    return fileURLToPath(file);
  } catch {
    throw new ConfigurationError({
      code: 'FILE_UNUSABLE',
      what: 'The URL names no file of this machine.',
      fix: 'Pass a path or a file: URL without a host; download anything else first, or pass its response body as a stream.',
    });
  }
}

/** The error for what the operating system says of a file. */
function unusableFile(path: string, doing: 'read' | 'written', error: unknown): ConfigurationError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unusable';
  return new ConfigurationError({
    code: 'FILE_UNUSABLE',
    what: `The file "${basename(path)}" cannot be ${doing} (${code}).`,
    fix: `The path is ${path}. Pass one that this process may ${doing === 'read' ? 'read' : 'write to'}${code === 'ENOSPC' ? ', on a disk with room for it' : ''}.`,
  });
}

/** Runs work on a file, so that it fails with an error of ours. */
export async function onFile<Result>(path: string, doing: 'read' | 'written', work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw unusableFile(path, doing, error);
  }
}

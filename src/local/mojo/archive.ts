/**
 * Opens the zip that a MOJO is. Sees bytes only: what the files mean is for others.
 */
import { unzipSync } from 'fflate';

import { MojoError } from './mojo-error.js';

/** The files of a MOJO by their path. */
export type Archive = ReadonlyMap<string, Uint8Array>;

const mebibyte = 1024 * 1024;
const largestContentBytes = 256 * mebibyte;

/**
 * The files in a zip.
 *
 * @throws {MojoError} it is not a zip, is damaged, or unpacks to more than 256 MiB
 */
export function openArchive(zip: Uint8Array): Archive {
  let contentBytes = 0;
  try {
    // The unpacker never writes more than the size declared here, so a bomb that lies about it bursts there.
    const files = unzipSync(zip, {
      filter: ({ originalSize }) => {
        contentBytes += originalSize;
        if (contentBytes > largestContentBytes) throw new MojoError(`the zip unpacks to more than ${largestContentBytes / mebibyte} MiB`);
        return true;
      },
    });
    return new Map(Object.entries(files));
  } catch (error) {
    if (error instanceof MojoError) throw error;
    const looksLikeZip = zip[0] === 0x50 && zip[1] === 0x4b;
    throw new MojoError(looksLikeZip ? 'the zip is damaged or cut short' : 'this is not a zip file, and every MOJO is one');
  }
}

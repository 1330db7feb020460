/** A checksum is that of the bytes, with a thread and without, and none is waited for in vain. */
import { createHash, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from 'h2o-ai-cloud';
import { Md5 } from '../../../src/mlops/md5.js';

const threadOf = (program: string) => (): Worker => new Worker(program, { eval: true });
const forbidden = (): Worker => {
  throw new Error('ERR_ACCESS_DENIED');
};

const mebibyte = 1024 * 1024;
const expected = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

/** The checksum of bytes that come in pieces, each gone when it has been taken. */
async function checksum(bytes: Uint8Array, pieceBytes: number, start?: () => Worker): Promise<string> {
  const hash = new Md5(start);
  const piece = new Uint8Array(pieceBytes);
  try {
    for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
      const part = bytes.subarray(start, start + pieceBytes);
      piece.set(part);
      await hash.update(piece.subarray(0, part.byteLength));
      piece.fill(0);
    }
    return await hash.digest();
  } finally {
    hash.close();
  }
}

describe('a checksum', () => {
  it.each([
    [0, 1],
    [1, 1],
    [mebibyte, 1000],
    [4 * mebibyte, mebibyte],
    [4 * mebibyte + 1, mebibyte],
    [9 * mebibyte + 17, 65_536],
    [9 * mebibyte, 9 * mebibyte],
  ])('of %i bytes in pieces of %i is right', async (size, pieceBytes) => {
    const bytes = randomBytes(size);
    expect(await checksum(bytes, pieceBytes)).toBe(expected(bytes));
  });

  it('of a little is worked out without a thread', async () => {
    await expect(checksum(new Uint8Array(4 * mebibyte), mebibyte, threadOf('throw new Error("none is wanted")'))).resolves.toBeDefined();
  });

  it('is right where a process may have no threads', async () => {
    const bytes = randomBytes(9 * mebibyte + 17);
    expect(await checksum(bytes, 300_000, forbidden)).toBe(expected(bytes));
  });

  it.each([
    ['fails', 'throw new Error("no memory")'],
    ['ends', 'process.exit()'],
  ])('is not waited for when its thread %s', async (_, program) => {
    const error = checksum(new Uint8Array(9 * mebibyte), mebibyte, threadOf(program));
    await expect(error).rejects.toThrow(ConnectionError);
    await expect(error).rejects.toThrow('the thread that works out its checksum has ended');
  });

  it('is not waited for when it is wanted no more', async () => {
    const hash = new Md5(threadOf('setInterval(() => undefined, 1000)'));
    const updating = hash.update(new Uint8Array(9 * mebibyte));
    hash.close();
    await expect(updating).rejects.toThrow('wanted no more');
    await expect(hash.update(new Uint8Array(9 * mebibyte))).rejects.toThrow('wanted no more');
  });
});

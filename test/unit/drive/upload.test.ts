import { expect, it, test } from 'vitest';
import { joinedEtag, partBytesFor } from '../../../src/drive/upload.js';

const MiB = 1024 ** 2;

test.each<[string, number | undefined, number, number]>([
  ['a stream has parts as wanted', undefined, 8 * MiB, 8 * MiB],
  ['5 GiB fit into 8 MiB parts', 5 * 1024 * MiB, 8 * MiB, 8 * MiB],
  ['5 TiB need larger ones, for 10,000 are possible', 5 * 1024 ** 2 * MiB, 8 * MiB, 525 * MiB],
])('%s', (_, sizeBytes, wanted, expected) => {
  expect(partBytesFor(sizeBytes, wanted)).toBe(expected);
});

it('the ETag of joined parts is known from theirs', () => {
  // MD5 of "part 0", "part 1" and "part 2", and over those three, by another program.
  const etags = ['"fa4acce382e6d46c16d2fdaf984bef87"', '"7d3fedcaf1bbe1100d0d2b19f56cfdd4"', '"c4f80a47f522cc727c52b20b1add74fa"'];
  expect(joinedEtag(etags.map((etag, index) => ({ number: index + 1, etag })))).toBe('573a524ce455b72770b5c9efac3c15a2-3');
  expect(joinedEtag([{ number: 1, etag: '"not-a-hash"' }])).toBeUndefined();
});

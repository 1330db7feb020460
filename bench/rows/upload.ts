/**
 * A large upload from a stream: it must stay flat in memory, and as fast as fetch is with the same lines.
 */
import { compare } from '../measure.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 3;
const sizeMiB = '512';

export async function upload({ url }: World): Promise<Row[]> {
  let peakMiB = 0;
  const speedOf = (who: string) => async (): Promise<number> => {
    const figures = await runProgram('upload', who, url, sizeMiB);
    if (who === 'h2o') peakMiB = Math.max(peakMiB, figures['peakArrayBuffersMiB']!);
    return figures['megabytesPerSecond']!;
  };
  const speed = await compare(rounds, speedOf('h2o'), speedOf('fetch'));
  const name = `experiments.create, a stream of ${sizeMiB} MiB`;
  return [
    toRow({ name: `${name}: most memory in buffers`, unit: 'MiB', ours: peakMiB, target: { of: 'ours', atMost: 64 } }),
    toRow({ name: `${name}: speed`, unit: 'MB/s', ...speed, target: { of: 'ratio', atLeast: 0.9 } }),
  ];
}

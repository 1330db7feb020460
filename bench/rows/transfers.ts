/**
 * A gibibyte by signed addresses, up and down, against fetch with the same bytes; the server discards and makes them in its own process.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../measure.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 3;
const sizeMiB = 1024;

export async function transfers({ url }: World): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-bench-'));
  const path = join(directory, 'artifact.zip');
  const file = await open(path, 'w');
  await file.write(Buffer.from('504b0304', 'hex'));
  await file.truncate(sizeMiB * 1024 * 1024);
  await file.close();
  try {
    const rows: Row[] = [];
    for (const way of ['up', 'down']) {
      let grownMiB = 0;
      const speedOf = (who: string) => async (): Promise<number> => {
        const figures = await runProgram('transfer', who, url, String(sizeMiB), way, path);
        if (who === 'h2o') grownMiB = Math.max(grownMiB, figures['grownMiB']!);
        return figures['megabytesPerSecond']!;
      };
      const speed = await compare(rounds, speedOf('h2o'), speedOf('fetch'));
      const name = `${way === 'up' ? 'experiments.create' : 'experiments.download'}, a signed address, 1 GiB`;
      rows.push(
        toRow({ name: `${name}: speed`, unit: 'MB/s', ...speed, target: { of: 'ratio', atLeast: 0.9 } }),
        toRow({ name: `${name}: growth of resident memory`, unit: 'MiB', ours: grownMiB, target: { of: 'ours', atMost: 64 } }),
      );
    }
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A gibibyte up and down, by signed addresses and as lines of JSON, against fetch with the same bytes; the server discards and makes them in
 * its own process. Fetch alone compares no checksum, which is most of the work: a second row has it compute the one that is compared.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, type Comparison } from '../measure.js';
import { runProgram } from '../program.js';
import { toRow, type Row } from '../row.js';
import type { World } from '../world.js';

const rounds = 3;
const sizeMiB = 1024;
const clients = ['h2o', 'fetch', 'fetch and MD5'] as const;

const ways = [
  { way: 'up', wire: 'signed', name: 'experiments.create, a signed address, 1 GiB', atLeast: 0.9 },
  { way: 'down', wire: 'signed', name: 'experiments.download, a signed address, 1 GiB', atLeast: 0.9 },
  { way: 'up', wire: 'lines', name: 'experiments.create, lines of JSON, 1 GiB', atLeast: 0.8 },
  { way: 'down', wire: 'lines', name: 'experiments.download, lines of JSON, 1 GiB', atLeast: 0.8 },
] as const;

export async function transfers({ url }: World): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-bench-'));
  const path = join(directory, 'artifact.zip');
  const file = await open(path, 'w');
  await file.write(Buffer.from('504b0304', 'hex'));
  await file.truncate(sizeMiB * 1024 * 1024);
  await file.close();
  try {
    const rows: Row[] = [];
    for (const each of ways) rows.push(...(await measured(each, url, path)));
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measured({ way, wire, name, atLeast }: (typeof ways)[number], url: string, path: string): Promise<Row[]> {
  const taken: Record<(typeof clients)[number], number[]> = { h2o: [], fetch: [], 'fetch and MD5': [] };
  const grown = { h2o: 0, fetch: 0, 'fetch and MD5': 0 };
  const loop: Record<(typeof clients)[number], number[]> = { h2o: [], fetch: [], 'fetch and MD5': [] };
  for (let round = 0; round < rounds; round++) {
    for (const who of clients) {
      const figures = await runProgram('transfer', who, url, String(sizeMiB), way, wire, path);
      taken[who].push(figures['megabytesPerSecond']!);
      loop[who].push(figures['loopShare']!);
      grown[who] = Math.max(grown[who], figures['grownMiB']!);
    }
  }
  const against = (baseline: 'fetch' | 'fetch and MD5'): Comparison => ({
    ours: median(taken.h2o),
    baseline: median(taken[baseline]),
    ratio: median(taken.h2o.map((speed, round) => speed / taken[baseline][round]!)),
  });
  const target = { of: 'ratio', atLeast } as const;
  return [
    toRow({ name: `${name}: speed, beside fetch`, unit: 'MB/s', ...against('fetch'), target }),
    toRow({ name: `${name}: speed, beside fetch that computes the MD5`, unit: 'MB/s', ...against('fetch and MD5'), target }),
    toRow({
      name: `${name}: growth of resident memory once warm`,
      unit: 'MiB',
      ours: grown.h2o,
      baseline: grown.fetch,
      target: { of: 'ours', atMost: 64 },
    }),
    toRow({
      name: `${name}: share of the event loop's time, beside fetch that computes the MD5`,
      unit: '',
      ours: median(loop.h2o),
      baseline: median(loop['fetch and MD5']),
    }),
  ];
}

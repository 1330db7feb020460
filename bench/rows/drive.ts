/**
 * Drive beside the SDK of AWS and the official Python client: 256 MiB up and down in flat memory, and 10,000 presigned URLs.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../measure.js';
import { installPeer } from '../peers.js';
import { runProgram, runPython } from '../program.js';
import { pythonWith } from '../python.js';
import { toRow, type Row, type Target } from '../row.js';
import type { World } from '../world.js';

const rounds = 5;
const sizeMiB = 256;
const urls = 10_000;
const requirement = 'h2o-drive==5.1.0';

interface Job {
  readonly name: 'upload' | 'download' | 'presign';
  readonly amount: number;
  readonly figure: 'megabytesPerSecond' | 'seconds';
  readonly rounds: number;
}

export async function drive({ url }: World): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-bench-'));
  const file = join(directory, 'file');
  const handle = await open(file, 'w');
  await handle.truncate(sizeMiB * 1024 * 1024);
  await handle.close();
  try {
    const clients = await clientsFor(url, file);
    const rows: Row[] = [];
    for (const name of ['upload', 'download'] as const) {
      const title = `drive ${name} of ${sizeMiB} MiB`;
      const job: Job = { name, amount: sizeMiB, figure: 'megabytesPerSecond', rounds };
      rows.push(...(await beside(clients, job, { title, unit: 'MB/s', target: { of: 'ratio', atLeast: 1 } })));
      let grownMiB = 0;
      for (let round = 0; round < rounds; round++) {
        const { grownMiB: grown } = await runProgram('drive', 'h2o', url, name, String(sizeMiB), file, 'memory');
        grownMiB = Math.max(grownMiB, grown!);
      }
      rows.push(toRow({ name: `${title}: more memory in buffers`, unit: 'MiB', ours: grownMiB, target: { of: 'ours', atMost: 64 } }));
    }
    // The official client needs a minute for these.
    const job: Job = { name: 'presign', amount: urls, figure: 'seconds', rounds: 1 };
    rows.push(...(await beside(clients, job, { title: `drive: ${urls} presigned URLs`, unit: 's', target: { of: 'ratio', atMost: 0.2 } })));
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Run = (job: Job) => Promise<Readonly<Record<string, number>>>;

interface Clients {
  readonly ours: Run;
  /** By name; a text says why one is missing. */
  readonly others: readonly (readonly [string, Run | string])[];
}

async function clientsFor(url: string, file: string): Promise<Clients> {
  const peer = await installPeer('@aws-sdk/client-s3');
  const python = await pythonWith(requirement);
  const node =
    (who: string, entry = ''): Run =>
    ({ name, amount }) =>
      runProgram('drive', who, url, name, String(amount), file, 'rate', entry);
  return {
    ours: node('h2o'),
    others: [
      ['client-s3', 'missing' in peer ? peer.missing : node('aws', peer.entry)],
      [
        requirement,
        'missing' in python ? python.missing : ({ name, amount }) => runPython(python.python, 'drive', url, name, String(amount), file),
      ],
    ],
  };
}

/** Each round runs everybody, first one way round and then the other; each run warms itself. */
async function beside(
  { ours, others }: Clients,
  job: Job,
  { title, ...rest }: { readonly title: string; readonly unit: string; readonly target: Target },
): Promise<Row[]> {
  const everybody = [ours, ...others.map(([, run]) => run)];
  const taken: number[][] = everybody.map(() => []);
  for (let round = 0; round < job.rounds; round++) {
    const indices = everybody.map((_, index) => index);
    for (const index of round % 2 === 0 ? indices : indices.reverse()) {
      const run = everybody[index];
      if (typeof run === 'function') taken[index]!.push((await run(job))[job.figure]!);
    }
  }
  const [mine = [], ...theirs] = taken;
  return others.map(([name, run], index) => {
    const figures = theirs[index]!;
    const row = { name: `${title}, beside ${name}`, ...rest };
    if (typeof run === 'string') return toRow({ ...row, note: run });
    const ratio = median(mine.map((figure, round) => figure / figures[round]!));
    return toRow({ ...row, ours: median(mine), baseline: median(figures), ratio });
  });
}

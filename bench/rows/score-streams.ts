/**
 * Streams of a million rows of ten numbers: ours, which finds the size of its batches, against bare loops at their best size and the
 * official Python scoring client with its own settings; on a scorer that is linear, and on one that slows with the square of a batch.
 */
import { runProgram, runPython } from '../program.js';
import { installPeer, installPythonPeer } from '../peers.js';
import { median } from '../measure.js';
import { toRow, type Row } from '../row.js';
import { startScorer } from '../world.js';

type Figures = Readonly<Record<string, number>>;

interface Case {
  readonly name: string;
  /** Milliseconds for each pair of rows of a request. */
  readonly square: number;
  readonly rows: number;
  /** Sizes of which the best is taken for the bare loops. */
  readonly sizes: readonly number[];
  /** The Python client keeps all that it sends and gets in memory, so it is given fewer rows: what it does in a second is the same. */
  readonly pythonRows: number;
  /** Times the rate of the Python client. */
  readonly againstPython: number;
}

const cases: readonly Case[] = [
  { name: 'linear scorer', square: 0, rows: 1_000_000, sizes: [500, 1_000, 2_000, 5_000], pythonRows: 200_000, againstPython: 2.5 },
  { name: 'quadratic scorer', square: 5e-5, rows: 1_000_000, sizes: [100, 200, 400, 800], pythonRows: 100_000, againstPython: 2 },
];
const rounds = 3;
const unit = 'rows/s';

export async function scoreStreams(): Promise<Row[]> {
  const undici = await installPeer('undici');
  const python = await installPythonPeer('h2o-mlops-scoring-client');
  const rows: Row[] = [];
  for (const each of cases) rows.push(...(await measured(each, undici, python)));
  return rows;
}

type Peer = { readonly entry: string } | { readonly missing: string };

async function measured({ name, square, rows, sizes, pythonRows, againstPython }: Case, undici: Peer, python: Peer): Promise<Row[]> {
  await using scorer = await startScorer(square);
  const url = `${scorer.url}/model/score`;
  const run = (way: string, count: number, size: number): Promise<Figures> =>
    runProgram('score-stream', way, url, String(count), String(size), 'entry' in undici ? undici.entry : '');
  const best = await bestSize(sizes, (size) => run('fetch', rows / 5, size));
  const taken: { ours: Figures; bare: Figures; lean: Figures | undefined }[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await run('ours', rows, best);
    const bare = await run('fetch', rows, best);
    if (ours['checksum'] !== bare['checksum']) throw new Error('The stream has not the scores of the bare loop.');
    taken.push({ ours, bare, lean: 'entry' in undici ? await run('undici', rows, best) : undefined });
  }
  const rate = (figures: Figures | undefined): number => figures?.['rowsPerSecond'] ?? NaN;
  const mid = (pick: (round: (typeof taken)[number]) => number): number => median(taken.map(pick));
  const ours = mid((round) => rate(round.ours));
  const title = `scoreStream, ${name}`;
  const lean =
    'missing' in undici
      ? { note: undici.missing }
      : { ours, baseline: mid((round) => rate(round.lean)), ratio: mid((round) => rate(round.ours) / rate(round.lean)) };
  return [
    toRow({
      name: `${title}, against bare fetch (${best} at a time)`,
      unit,
      ours,
      baseline: mid((round) => rate(round.bare)),
      ratio: mid((round) => rate(round.ours) / rate(round.bare)),
      target: { of: 'ratio', atLeast: 0.9 },
    }),
    toRow({ name: `${title}, against bare undici`, unit, ...lean }),
    toRow({
      name: `${title}, against the Python client`,
      unit,
      target: { of: 'ratio', atLeast: againstPython },
      ...(await againstClient(python, (entry) => runPython(entry, 'score-client', url, String(pythonRows)), ours)),
    }),
    toRow({ name: `${title}, CPU`, unit: 'µs/row', ...cpu(taken) }),
    toRow({
      name: `${title}, growth of memory once warm`,
      unit: 'MiB',
      ours: Math.max(...taken.map(({ ours: figures }) => figures['growthMiB'] ?? NaN)),
      baseline: Math.max(...taken.map(({ bare }) => bare['growthMiB'] ?? NaN)),
      target: { of: 'ours', atMost: 64 },
    }),
  ];
}

/** A client that dies is a note in its own row, and costs no other. */
async function againstClient(
  client: Peer,
  run: (entry: string) => Promise<Figures>,
  ours: number,
): Promise<ReturnType<typeof against> | { readonly note: string }> {
  if ('missing' in client) return { note: client.missing };
  try {
    return against(ours, (await run(client.entry))['rowsPerSecond'] ?? NaN);
  } catch (error) {
    return { note: `the client ended without figures: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'no reason'}` };
  }
}

async function bestSize(sizes: readonly number[], run: (size: number) => Promise<Figures>): Promise<number> {
  let best = { size: 0, rate: 0 };
  for (const size of sizes) {
    const rate = (await run(size))['rowsPerSecond'] ?? 0;
    if (rate > best.rate) best = { size, rate };
  }
  return best.size;
}

function against(ours: number, baseline: number): { readonly ours: number; readonly baseline: number; readonly ratio: number } {
  return { ours, baseline, ratio: ours / baseline };
}

function cpu(taken: readonly { readonly ours: Figures; readonly bare: Figures }[]): ReturnType<typeof against> {
  const mid = (pick: (round: (typeof taken)[number]) => Figures): number =>
    median(taken.map((round) => pick(round)['cpuMicrosPerRow'] ?? NaN));
  return against(
    mid(({ ours }) => ours),
    mid(({ bare }) => bare),
  );
}

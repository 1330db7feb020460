/**
 * Scoring of one row and of a thousand, against bare fetch of the same request: in CPU, and how long the slowest of a hundred take.
 */
import { H2OCloud, type Row as Cells } from 'h2o-ai-cloud';
import { compare, cpuMicrosPerCall } from '../measure.js';
import { toRow, type Row } from '../row.js';
import { startScorer } from '../world.js';

const rounds = 11;
const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };

export async function scoreRows(): Promise<Row[]> {
  await using scorerProcess = await startScorer(0);
  const { url } = scorerProcess;
  const cloud = new H2OCloud({ env: {}, services: { mlops: url }, mlopsPlatform: '0.69' });
  const scorer = cloud.onBehalfOf({ accessToken: 'token' }).scorer(`${url}/model/score`);
  const bare = async (rows: readonly Cells[]): Promise<unknown> => {
    const fields = Object.keys(rows[0]!);
    const body = JSON.stringify({ fields, rows: rows.map((row) => fields.map((name) => String(row[name]))) });
    const response = await fetch(`${url}/model/score`, { method: 'POST', headers, body });
    const { score } = (await response.json()) as { readonly score: readonly (readonly string[])[] };
    return score.map(([value]) => Number(value));
  };
  const against = (rows: readonly Cells[], calls: number, concurrency: number) =>
    compare(
      rounds,
      () => cpuMicrosPerCall(() => scorer.scoreRows(rows), calls, concurrency),
      () => cpuMicrosPerCall(() => bare(rows), calls, concurrency),
    );
  const one = rowsUpTo(1);
  const many = rowsUpTo(1_000);
  const request = { fields: Object.keys(one[0]!), rows: [Object.values(one[0]!).map(String)] };
  const single = await compare(
    rounds,
    () => cpuMicrosPerCall(() => scorer.score(request), 600, 16),
    () => cpuMicrosPerCall(() => bare(one), 600, 16),
  );
  const unit = 'CPU µs';
  const target = { of: 'ratio', atMost: 1.5 } as const;
  return [
    toRow({ name: 'scorer.score, one row, 16 at a time', unit, ...single, target }),
    toRow({ name: 'scorer.scoreRows, one row, 16 at a time', unit, ...(await against(one, 600, 16)), target }),
    toRow({
      name: 'scorer.scoreRows, one row, slowest of a hundred',
      unit: 'ms',
      ...(await compare(
        5,
        () => slowest(() => scorer.scoreRows(one)),
        () => slowest(() => bare(one)),
      )),
    }),
    toRow({
      name: 'scorer.scoreRows, 1,000 rows, 4 at a time',
      unit,
      ...(await against(many, 40, 4)),
      target: { of: 'ratio', atMost: 1.15 },
    }),
  ];
}

/** Milliseconds that one call of a hundred takes longer than, called one after the other. */
async function slowest(call: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < 500; index++) {
    const start = performance.now();
    await call();
    samples.push(performance.now() - start);
  }
  return samples.sort((one, other) => one - other)[494]!;
}

function rowsUpTo(count: number): Record<string, number>[] {
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(Array.from({ length: 10 }, (_, column) => [`x${column}`, ((row * 7_919 + column * 104_729) % 1_000_003) / 100])),
  );
}

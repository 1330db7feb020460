/**
 * Scoring of one row and of a thousand: in CPU against bare fetch and bare undici of the same request, how long the slowest of a hundred
 * take, and in rows a second against the official Python scoring client.
 */
import { H2OCloud, type Row as Cells } from 'h2o-ai-cloud';
import { compare, cpuMicrosPerCall, nanosPerCall } from '../measure.js';
import { installPeer, installPythonPeer } from '../peers.js';
import { runPython } from '../program.js';
import { toRow, type Row } from '../row.js';
import { startScorer } from '../world.js';

const rounds = 11;
const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };

const unit = 'CPU µs';
const target = { of: 'ratio', atMost: 1.5 } as const;

type Post = (body: string) => Promise<unknown>;
type Calls = () => Promise<unknown>;

export async function scoreRows(): Promise<Row[]> {
  await using scorerProcess = await startScorer(0);
  const url = `${scorerProcess.url}/model/score`;
  const cloud = new H2OCloud({ env: {}, services: { mlops: scorerProcess.url }, mlopsPlatform: '0.69' });
  const scorer = cloud.onBehalfOf({ accessToken: 'token' }).scorer(url);
  const [one, many] = [rowsUpTo(1), rowsUpTo(1_000)];
  const request = { fields: Object.keys(one[0]!), rows: [Object.values(one[0]!).map(String)] };
  const score: Calls = () => scorer.score(request);
  const scoreOne: Calls = () => scorer.scoreRows(one);
  const scoreMany: Calls = () => scorer.scoreRows(many);

  const overFetch: Post = async (body) => (await fetch(url, { method: 'POST', headers, body })).json();
  const [fetchOne, fetchMany] = [bare(overFetch, one), bare(overFetch, many)];
  const cpu = (calls: number, concurrency: number) => (call: Calls) => cpuMicrosPerCall(call, calls, concurrency);
  const measured = async (rounds: number, measure: (call: Calls) => Promise<number>, ours: Calls, baseline: Calls) =>
    compare(
      rounds,
      () => measure(ours),
      () => measure(baseline),
    );
  return [
    toRow({ name: 'scorer.score, one row, 16 at a time', unit, ...(await measured(rounds, cpu(600, 16), score, fetchOne)), target }),
    toRow({ name: 'scorer.score, one row, slowest of a hundred', unit: 'ms', ...(await measured(5, slowest, score, fetchOne)) }),
    toRow({ name: 'scorer.scoreRows, one row, 16 at a time', unit, ...(await measured(rounds, cpu(600, 16), scoreOne, fetchOne)), target }),
    toRow({ name: 'scorer.scoreRows, one row, slowest of a hundred', unit: 'ms', ...(await measured(5, slowest, scoreOne, fetchOne)) }),
    toRow({
      name: 'scorer.scoreRows, 1,000 rows, 4 at a time',
      unit,
      ...(await measured(rounds, cpu(40, 4), scoreMany, fetchMany)),
      target: { of: 'ratio', atMost: 1.15 },
    }),
    ...(await againstUndici(url, async (overUndici) => [
      { name: 'scorer.score, one row', ...(await measured(rounds, cpu(600, 16), score, bare(overUndici, one))) },
      { name: 'scorer.scoreRows, 1,000 rows', ...(await measured(rounds, cpu(40, 4), scoreMany, bare(overUndici, many))) },
    ])),
    ...(await againstPython(url, [
      { name: 'scorer.scoreRows, one row', rows: 1, calls: 50, call: scoreOne },
      { name: 'scorer.scoreRows, 1,000 rows', rows: 1_000, calls: 20, call: scoreMany },
    ])),
  ];
}

/** What a call costs without a client: cells as text, and scores as numbers. */
function bare(post: Post, rows: readonly Cells[]): Calls {
  return async () => {
    const fields = Object.keys(rows[0]!);
    const answer = await post(JSON.stringify({ fields, rows: rows.map((row) => fields.map((name) => String(row[name]))) }));
    return (answer as { readonly score: readonly (readonly string[])[] }).score.map(([value]) => Number(value));
  };
}

interface Compared {
  readonly name: string;
  readonly ours: number;
  readonly baseline: number;
  readonly ratio: number;
}

async function againstUndici(url: string, measure: (post: Post) => Promise<readonly Compared[]>): Promise<Row[]> {
  const undici = await installPeer('undici');
  if ('missing' in undici) return [toRow({ name: 'scoring of rows, against bare undici', unit, note: undici.missing })];
  const { request } = (await import(undici.entry)) as { readonly request: UndiciRequest };
  const rows = await measure(async (body) => (await request(url, { method: 'POST', headers, body })).body.json());
  return rows.map(({ name, ...figures }) => toRow({ name: `${name}, against bare undici`, unit, ...figures }));
}

type UndiciRequest = (url: string, options: object) => Promise<{ readonly body: { readonly json: () => Promise<unknown> } }>;

interface PythonCase {
  readonly name: string;
  readonly rows: number;
  readonly calls: number;
  readonly call: Calls;
}

/** One call after the other, as the official client makes them with its own settings. */
async function againstPython(url: string, cases: readonly PythonCase[]): Promise<Row[]> {
  const python = await installPythonPeer('h2o-mlops-scoring-client');
  if ('missing' in python) return [toRow({ name: 'scoring of rows, against the Python client', unit: 'rows/s', note: python.missing })];
  const measured: Row[] = [];
  for (const { name, rows, calls, call } of cases) {
    const ours = (rows * 1e9) / (await nanosPerCall(call, calls * 10));
    const baseline = (await runPython(python.entry, 'score-client', url, String(rows), String(calls)))['rowsPerSecond'] ?? NaN;
    measured.push(toRow({ name: `${name}, against the Python client`, unit: 'rows/s', ours, baseline, ratio: ours / baseline }));
  }
  return measured;
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

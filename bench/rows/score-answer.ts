/**
 * What it costs to read and check a large answer of a scorer, against JSON.parse of the same text. The answer comes from a `fetch` that
 * holds it ready, so that no network is in the figure; the whole way of a call through the SDK is.
 */
import { H2OCloud } from 'h2o-ai-cloud';
import { compare, nanosPerCall } from '../measure.js';
import { toRow, type Row } from '../row.js';

const rounds = 201;

/** An answer that gives its text without decoding it again each time. */
function readyAnswer(text: string): Response {
  const response = new Response(null, { headers: { 'content-type': 'application/json' } });
  return Object.defineProperty(response, 'text', { value: () => Promise.resolve(text) });
}

export async function scoreAnswer(): Promise<Row[]> {
  const text = answerOf(10_000, 10);
  const cloud = new H2OCloud({
    env: {},
    services: { mlops: 'http://127.0.0.1:9' },
    mlopsPlatform: '0.69',
    fetch: () => Promise.resolve(readyAnswer(text)),
  });
  const scorer = cloud.onBehalfOf({ accessToken: 'token' }).scorer('http://127.0.0.1:9/model/score');
  const request = { fields: ['AGE'], rows: [['54']] };
  const measured = (call: () => Promise<unknown>) => async (): Promise<number> => (await nanosPerCall(call, 1)) / 1e6;
  const parsed = await compare(
    rounds,
    measured(() => scorer.score(request)),
    measured(() => Promise.resolve(JSON.parse(text))),
  );
  return [toRow({ name: 'score answer of 10,000 x 10, parsed and checked', unit: 'ms', ...parsed, target: { of: 'ratio', atMost: 1.3 } })];
}

function answerOf(rows: number, columns: number): string {
  const score = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => String(((row + 1) * (column + 1)) / 7_919)),
  );
  return JSON.stringify({ id: 'bench', fields: score[0]!.map((_, column) => `p${column}`), score });
}

/**
 * What it costs to read and check a large answer of a scorer, against JSON.parse of the same text. The answers come from a `fetch` that
 * holds them ready, so that no network is in the figure, and what the same call costs with a small answer is taken off.
 */
import { H2OCloud } from 'h2o-ai-cloud';
import { compare, quietMillisPerCall } from '../measure.js';
import { toRow, type Row } from '../row.js';

const rounds = 9;
const calls = 21;

/** An answer that gives its text without decoding it again each time. */
function readyAnswer(text: string): Response {
  const response = new Response(null, { headers: { 'content-type': 'application/json' } });
  return Object.defineProperty(response, 'text', { value: () => Promise.resolve(text) });
}

export async function scoreAnswer(): Promise<Row[]> {
  const [large, small] = [answerOf(10_000, 10), answerOf(1, 10)];
  let answer = large;
  const cloud = new H2OCloud({
    env: {},
    services: { mlops: 'http://127.0.0.1:9' },
    mlopsPlatform: '0.69',
    fetch: () => Promise.resolve(readyAnswer(answer)),
  });
  const scorer = cloud.onBehalfOf({ accessToken: 'token' }).scorer('http://127.0.0.1:9/model/score');
  const scoringTo = (text: string): Promise<number> => {
    answer = text;
    return quietMillisPerCall(() => scorer.score({ fields: ['AGE'], rows: [['54']] }), calls);
  };
  const parsed = await compare(
    rounds,
    async () => (await scoringTo(large)) - (await scoringTo(small)),
    () => quietMillisPerCall(() => Promise.resolve(JSON.parse(large)), calls),
  );
  return [toRow({ name: 'score answer of 10,000 x 10, parsed and checked', unit: 'ms', ...parsed, target: { of: 'ratio', atMost: 1.3 } })];
}

function answerOf(rows: number, columns: number): string {
  const score = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => String(((row + 1) * (column + 1)) / 7_919)),
  );
  return JSON.stringify({ id: 'bench', fields: score[0]!.map((_, column) => `p${column}`), score });
}

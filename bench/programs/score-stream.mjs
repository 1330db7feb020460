/**
 * Scores rows of ten numbers, made while they are scored, and prints how fast that was and how much memory it took:
 *
 *     node score-stream.mjs ours|fetch|undici URL ROWS BATCH [path of undici]
 *
 * `ours` finds the size of its batches; the others are bare loops that write cells as text and read scores as numbers, unchecked.
 */
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval, setTimeout } from 'node:timers';

const [way, url, rowsText, batchText, undiciPath] = process.argv.slice(2);
const total = Number(rowsText);
const batchRows = Number(batchText);
const concurrency = 4;
const fields = Array.from({ length: 10 }, (_, index) => `x${index}`);
const headers = { 'content-type': 'application/json', authorization: 'Bearer token' };

function* rows() {
  for (let index = 0; index < total; index++) {
    const row = {};
    for (let column = 0; column < 10; column++) row[fields[column]] = ((index * 7_919 + column * 104_729) % 1_000_003) / 100;
    yield row;
  }
}

let done = 0;
let checksum = 0;
let first;
let most = 0;
const watch = setInterval(() => {
  const { rss } = process.memoryUsage();
  // Growth counts from when everything is warm.
  if (done > total / 5) first ??= rss;
  most = Math.max(most, rss);
}, 50);

function take(scores) {
  for (const value of scores) checksum += value;
  done += scores.length;
}

async function bareLoop(post) {
  const source = rows();
  const worker = async () => {
    for (;;) {
      const cells = [];
      for (let next; cells.length < batchRows && !(next = source.next()).done;) cells.push(fields.map((name) => String(next.value[name])));
      if (cells.length === 0) return;
      const { score } = await post(JSON.stringify({ fields, rows: cells }));
      take(score.map((row) => Number(row[0])));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function ours() {
  const { H2OCloud } = await import('h2o-ai-cloud');
  const origin = new URL(url).origin;
  const cloud = new H2OCloud({ env: {}, services: { mlops: origin }, mlopsPlatform: '0.69' });
  const scorer = cloud.onBehalfOf({ accessToken: 'token' }).scorer(url);
  for await (const { y } of scorer.scoreStream(rows())) {
    checksum += y;
    done += 1;
  }
}

const ways = {
  ours,
  fetch: () => bareLoop(async (body) => (await fetch(url, { method: 'POST', headers, body })).json()),
  undici: async () => {
    const { request } = await import(undiciPath);
    await bareLoop(async (body) => (await request(url, { method: 'POST', headers, body })).body.json());
  },
};

const start = performance.now();
await ways[way]();
const seconds = (performance.now() - start) / 1000;
clearInterval(watch);
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    rowsPerSecond: total / seconds,
    cpuMicrosPerRow: (user + system) / total,
    growthMiB: (most - (first ?? most)) / 2 ** 20,
    peakMiB: most / 2 ** 20,
    checksum: Math.round(checksum),
  }),
);
process.exitCode = 0;
setTimeout(() => process.exit(), 50);

/**
 * A file up or down, by signed addresses (platform 1.2) or as lines of JSON (0.69): its speed, and how far resident memory grew once a small
 * transfer of the same kind had loaded what it needs, and how much of the event loop's time it took. By this package, by fetch with the same bytes, or by fetch that also computes the MD5
 * by which platforms keep files. Arguments: who, the server's origin, size in MiB, up or down, signed or lines, the file to send.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, truncate, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { ReadableStream, WritableStream } from 'node:stream/web';
import { clearInterval, setInterval } from 'node:timers';
import { TextDecoder } from 'node:util';
import { H2OCloud } from 'h2o-ai-cloud';

const [, , who, url, sizeMiB, way, wire, path] = process.argv;
const warmUpMiB = 16;
const sliceBytes = 1024 * 1024;
const lineBytes = 32 * 1024;
const byteStream = '/storage/google.bytestream.ByteStream';

async function h2o(size, file) {
  const mlopsPlatform = wire === 'signed' ? '1.2' : '0.69';
  const cloud = new H2OCloud({ env: {}, services: { mlops: `${url}/of-${size}` }, mlopsPlatform });
  const { experiments } = cloud.onBehalfOf({ accessToken: 'token' }).mlops;
  if (way === 'up') await experiments.create({ project: 'project', name: 'bench', artifact: file });
  else await experiments.download({ id: 'experiment', project: 'project' }, new WritableStream());
}

async function bareUp(size, file, hash) {
  const body = ReadableStream.from(
    wire === 'signed' ? hashed(createReadStream(file, { highWaterMark: sliceBytes }), hash) : lines(file, hash),
  );
  const init = { body, duplex: 'half', redirect: 'error' };
  const headers = { 'content-length': String((await stat(file)).size), 'content-type': 'application/zip' };
  const answer =
    wire === 'signed'
      ? await fetch(`${url}/bytes-${size}`, { ...init, method: 'PUT', headers })
      : await fetch(`${url}${byteStream}/Write`, { ...init, method: 'POST', headers: { authorization: 'Bearer token' } });
  await answer.text();
}

async function* hashed(chunks, hash) {
  for await (const chunk of chunks) {
    hash?.update(chunk);
    yield chunk;
  }
}

async function* lines(file, hash) {
  let offset = 0;
  for await (const chunk of hashed(createReadStream(file, { highWaterMark: lineBytes }), hash)) {
    yield Buffer.from(`{"resourceName":"artifact","writeOffset":${offset},"data":"${chunk.toString('base64')}"}\n`);
    offset += chunk.length;
  }
  yield Buffer.from(`{"resourceName":"artifact","writeOffset":${offset},"finishWrite":true}\n`);
}

async function bareDown(size, _, hash) {
  if (wire === 'signed') {
    const { body } = await fetch(`${url}/bytes-${size}`, { redirect: 'error' });
    await body.pipeTo(new WritableStream({ write: (chunk) => void hash?.update(chunk) }));
    return;
  }
  const { body } = await fetch(`${url}/of-${size}${byteStream}/Read`, { method: 'POST', redirect: 'error' });
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const found = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = found.pop();
    for (const line of found) {
      const bytes = Buffer.from(JSON.parse(line).result.data, 'base64');
      hash?.update(bytes);
    }
  }
}

async function bare(size, file, hash) {
  await (way === 'up' ? bareUp : bareDown)(size, file, hash);
  hash?.digest('base64');
}

const clients = { h2o, fetch: bare, 'fetch and MD5': (size, file) => bare(size, file, createHash('md5')) };
const work = clients[who];

const small = `${path}.${process.pid}`;
await writeFile(small, Buffer.from('504b0304', 'hex'));
await truncate(small, warmUpMiB * 1024 * 1024);
await work(warmUpMiB, small);
await rm(small);

const before = process.memoryUsage.rss();
let peak = before;
const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
const start = performance.now();
const loop = performance.eventLoopUtilization();
await work(Number(sizeMiB), path);
const seconds = (performance.now() - start) / 1000;
clearInterval(watching);
console.log(
  JSON.stringify({
    megabytesPerSecond: (Number(sizeMiB) * 1.048576) / seconds,
    grownMiB: (peak - before) / 1024 / 1024,
    loopShare: performance.eventLoopUtilization(loop).utilization,
  }),
);
process.exit();

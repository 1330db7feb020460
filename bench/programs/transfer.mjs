/**
 * A file by signed addresses of platform 1.2, up or down: speed and how far resident memory grew. By this package, or by fetch with the
 * same bytes. Arguments: who, the server's origin, size in MiB, up or down, the file to send.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { ReadableStream, WritableStream } from 'node:stream/web';
import { clearInterval, setInterval } from 'node:timers';
import { H2OCloud } from 'h2o-ai-cloud';

const [, , who, url, sizeMiB, way, path] = process.argv;
const cloud = new H2OCloud({ env: {}, services: { mlops: url }, mlopsPlatform: '1.2' });
const { mlops } = cloud.onBehalfOf({ accessToken: 'token' });
const store = `${url}/bytes-${sizeMiB}`;

const clients = {
  'fetch up': async () => {
    const { size } = await stat(path);
    const body = ReadableStream.from(createReadStream(path, { highWaterMark: 256 * 1024 }));
    const headers = { 'content-length': String(size), 'content-type': 'application/zip' };
    await (await fetch(store, { method: 'PUT', body, duplex: 'half', redirect: 'error', headers })).text();
  },
  'h2o up': () => mlops.experiments.create({ project: 'project', name: 'bench', artifact: path }),
  'fetch down': async () => {
    const { body } = await fetch(store, { redirect: 'error' });
    await body.pipeTo(new WritableStream());
  },
  'h2o down': () => mlops.experiments.download({ id: 'experiment', project: 'project' }, new WritableStream()),
};

const before = process.memoryUsage.rss();
let peak = before;
const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
const start = performance.now();
await clients[`${who} ${way}`]();
const seconds = (performance.now() - start) / 1000;
clearInterval(watching);
console.log(JSON.stringify({ megabytesPerSecond: (Number(sizeMiB) * 1.048576) / seconds, grownMiB: (peak - before) / 1024 / 1024 }));
process.exit();

/**
 * An upload of a generated stream: its speed and the most memory that buffers held meanwhile. By this package's experiments.create, or by
 * fetch with the same lines. Arguments: who, the server's origin, size in MiB.
 */
import { performance } from 'node:perf_hooks';
import { ReadableStream } from 'node:stream/web';
import { H2OCloud } from 'h2o-ai-cloud';

const [, , who, url, sizeMiB] = process.argv;
const chunkBytes = 256 * 1024;
const chunks = (Number(sizeMiB) * 1024 * 1024) / chunkBytes;
const chunk = Buffer.alloc(chunkBytes, 'PK\x03\x04 bench', 'latin1');
let peakBytes = 0;

async function* source() {
  for (let index = 0; index < chunks; index++) {
    peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers);
    yield Buffer.from(chunk);
  }
}

async function* lines() {
  let offset = 0;
  for await (const piece of source()) {
    const line = JSON.stringify({ resourceName: 'artifact', writeOffset: offset, data: piece.toString('base64') });
    yield Buffer.from(`${line}\n`);
    offset += piece.length;
  }
}

const clients = {
  async fetch() {
    const body = ReadableStream.from(lines());
    const write = `${url}/storage/google.bytestream.ByteStream/Write`;
    const response = await fetch(write, {
      method: 'POST',
      body,
      duplex: 'half',
      redirect: 'error',
      headers: { authorization: 'Bearer token' },
    });
    await response.json();
  },
  async h2o() {
    const cloud = new H2OCloud({ env: {}, services: { mlops: url }, mlopsPlatform: '0.69' });
    const { mlops } = cloud.onBehalfOf({ accessToken: 'token' });
    await mlops.experiments.create({ project: 'project', name: 'bench', artifact: source() });
  },
};

const start = performance.now();
const cpu = process.cpuUsage();
await clients[who]();
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    megabytesPerSecond: (Number(sizeMiB) * 1.048576) / seconds,
    cpuMsPerMiB: (user + system) / 1000 / Number(sizeMiB),
    peakArrayBuffersMiB: peakBytes / 1024 / 1024,
    peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
process.exit();

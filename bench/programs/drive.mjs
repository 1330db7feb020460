/**
 * One job with Drive: a stream of so many MiB up, an object of 256 MiB down to a file, or so many presigned URLs. By this package, or by
 * the SDK of AWS. Arguments: who, the server's origin, the job, how much, the SDK's entry file.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { clearInterval, setInterval } from 'node:timers';
import { H2OCloud } from 'h2o-ai-cloud';

const [, , who, url, job, amount, entry] = process.argv;
const chunk = Buffer.alloc(256 * 1024, 'drive');

async function* source() {
  for (let left = Number(amount) * 4; left > 0; left--) yield chunk;
}

function h2o() {
  const { drive } = new H2OCloud({ env: {}, services: { drive: `${url}/drive` } }).onBehalfOf({ accessToken: 'token' });
  return {
    upload: () => drive.put({ key: 'bench', body: source() }),
    download: (file) => drive.download({ key: 'bench', to: file }),
    async presign() {
      for (let index = 0; index < Number(amount); index++) await drive.presign(`bench-${index}`);
    },
  };
}

function aws() {
  const require = createRequire(entry);
  const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint: `${url}/drive`,
    region: 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: 'ASIABENCH', secretAccessKey: 'secret', sessionToken: 't'.repeat(600) },
  });
  return {
    async upload() {
      const { Upload } = require('@aws-sdk/lib-storage');
      await new Upload({ client, params: { Bucket: '_my', Key: 'bench', Body: Readable.from(source()) }, partSize: 8 * 1024 ** 2 }).done();
    },
    async download(file) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: '_my', Key: 'bench' }));
      await pipeline(Body, createWriteStream(file));
    },
    async presign() {
      const { getSignedUrl } = require('@aws-sdk/s3-request-presigner');
      for (let index = 0; index < Number(amount); index++)
        await getSignedUrl(client, new GetObjectCommand({ Bucket: '_my', Key: `bench-${index}` }), { expiresIn: 3600 });
    },
  };
}

const directory = await mkdtemp(join(tmpdir(), 'h2o-ai-cloud-bench-'));
const work = (who === 'h2o' ? h2o() : aws())[job];
const before = process.memoryUsage().arrayBuffers;
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
}, 5);
const start = performance.now();
await work(join(directory, 'file'));
const seconds = (performance.now() - start) / 1000;
clearInterval(watch);
await rm(directory, { recursive: true });
console.log(JSON.stringify({ seconds, megabytesPerSecond: (Number(amount) * 1.048576) / seconds, grownMiB: peak / 1024 ** 2 }));
process.exit();

/**
 * One job with Drive: a file of so many MiB up, an object of 256 MiB down to a file, or so many presigned URLs. By this package, or by the
 * SDK of AWS. Rate and memory are figures of runs of their own: looking at memory costs time, and a warm process has kept some.
 * Arguments: who, the server's origin, the job, how much, the file, `rate` or `memory`, the SDK's entry file.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { clearInterval, setInterval } from 'node:timers';
import { H2OCloud } from 'h2o-ai-cloud';

const [, , who, url, job, amount, file, figure, entry] = process.argv;

function h2o() {
  const { drive } = new H2OCloud({ env: {}, services: { drive: `${url}/drive` } }).onBehalfOf({ accessToken: 'token' });
  return {
    upload: () => drive.put({ key: 'bench', body: file }),
    download: () => drive.download({ key: 'bench', to: `${file}.down` }),
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
      await new Upload({ client, params: { Bucket: '_my', Key: 'bench', Body: createReadStream(file) }, partSize: 8 * 1024 ** 2 }).done();
    },
    async download() {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: '_my', Key: 'bench' }));
      await pipeline(Body, createWriteStream(`${file}.down`));
    },
    async presign() {
      const { getSignedUrl } = require('@aws-sdk/s3-request-presigner');
      for (let index = 0; index < Number(amount); index++)
        await getSignedUrl(client, new GetObjectCommand({ Bucket: '_my', Key: `bench-${index}` }), { expiresIn: 3600 });
    },
  };
}

/** To replace a file has a price of the file system's own, which is not what is compared. */
const removeDownload = () => rm(`${file}.down`, { force: true });

async function secondsOf(work) {
  await removeDownload();
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** The middle one of three, after one that warms. */
async function warmSeconds(work) {
  await work();
  const seconds = [await secondsOf(work), await secondsOf(work), await secondsOf(work)];
  return seconds.sort((one, other) => one - other)[1];
}

async function grownBytes(work) {
  const before = process.memoryUsage().arrayBuffers;
  let grown = 0;
  const watch = setInterval(() => {
    grown = Math.max(grown, process.memoryUsage().arrayBuffers - before);
  }, 5);
  await work();
  clearInterval(watch);
  return grown;
}

const work = (who === 'h2o' ? h2o() : aws())[job];
if (figure === 'memory') console.log(JSON.stringify({ grownMiB: (await grownBytes(work)) / 1024 ** 2 }));
else {
  const seconds = await warmSeconds(work);
  console.log(JSON.stringify({ seconds, megabytesPerSecond: (Number(amount) * 1.048576) / seconds }));
}
await removeDownload();
process.exit();

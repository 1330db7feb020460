/**
 * A real MinIO for tests, started and stopped by the scripts in `minio/`: a bucket for each user, which nobody else may touch, by a policy
 * over the claims of their tokens.
 */
import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`minio/${name}`, import.meta.url));

export interface Minio {
  readonly url: string;
  /** The role that its token service wants to be named. */
  readonly role: string;
  readonly stop: () => Promise<void>;
}

const policyName = 'bucket-of-the-user';
const policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: ['s3:*'],
      Resource: ['arn:aws:s3:::${jwt:preferred_username}-drive', 'arn:aws:s3:::${jwt:preferred_username}-drive/*'],
    },
  ],
};

/** The bucket that a user may use. */
export const bucketOf = (username: string): string => `${username}-drive`;

/**
 * Starts a MinIO of its own, which ends with this process at the latest. The first start on a machine builds it.
 *
 * @param issuer whose tokens its token service accepts, where their audience is `mlops`
 */
export async function startMinio(issuer: string, users: readonly string[]): Promise<Minio> {
  const port = String(await freePort());
  const env = { ...process.env, LAB_OWNER_PID: String(process.pid) };
  const { stdout } = await run('bash', [script('start.sh'), port, issuer, policyName], { env });
  const [, url] = /^MINIO_URL=(.+)$/m.exec(stdout) ?? [];
  const [, role] = /^MINIO_ROLE=(.+)$/m.exec(stdout) ?? [];
  if (url === undefined || role === undefined) throw new Error('start.sh did not say where MinIO is.');
  await asRoot(url, 'PUT', '/minio/admin/v3/add-canned-policy', `name=${policyName}`, JSON.stringify(policy));
  for (const user of users) await asRoot(url, 'PUT', `/${bucketOf(user)}`);
  const stop = async (): Promise<void> => {
    await run('bash', [script('stop.sh'), port]);
  };
  return { url, role, stop };
}

/** The uploads in parts that are under way in a bucket, by key. */
export async function uploadsIn(minio: Pick<Minio, 'url'>, bucket: string, key: string): Promise<number> {
  const xml = await asRoot(minio.url, 'GET', `/${bucket}`, `prefix=${encodeURIComponent(key)}&uploads=`);
  return xml.split('<Upload>').length - 1;
}

/** A request with the keys of the administrator. The signature is made here, so that the package's own is checked by others. */
async function asRoot(origin: string, method: string, path: string, query = '', body = ''): Promise<string> {
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const headers = { host: new URL(origin).host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': time };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map((header) => `${header.join(':')}\n`);
  const canonical = [method, path, query, lines.join(''), names, sha256(body)].join('\n');
  const key = scope
    .split('/')
    .reduce((secret: Buffer, part) => createHmac('sha256', secret).update(part).digest(), Buffer.from('AWS4lab-lab-lab'));
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=lab/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const answer = await fetch(`${origin}${path}${query === '' ? '' : `?${query}`}`, {
    method,
    headers: { ...headers, authorization },
    ...(body === '' ? {} : { body }),
  });
  const answered = await answer.text();
  if (!answer.ok) throw new Error(`MinIO answered ${answer.status} to ${method} ${path}: ${answered}`);
  return answered;
}

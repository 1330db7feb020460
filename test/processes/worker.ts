/**
 * One process of an app: a user of a refresh token in a store that other processes share. It does what it is told over IPC, and can be
 * told to die, or to stand still, at one moment of a refresh. It uses the public package only.
 */
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import {
  fileTokenStore,
  H2OCloud,
  H2OCloudError,
  redisTokenStore,
  type FetchFunction,
  type SharedTokenStore,
  type User,
} from 'h2o-ai-cloud';

/** Where a process dies or stands still. */
export type Moment = 'before sending' | 'after sending' | 'after the answer' | 'after the write';

export interface WorkerJob {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken: string;
  readonly store: { readonly directory: string } | { readonly redisUrl: string; readonly client: 'redis' | 'ioredis' };
  readonly leaseMs?: number;
  readonly stop?: { readonly at: Moment; readonly signal: 'SIGKILL' | 'SIGSTOP' };
}

/** What a process is asked to do: to get one token, or tokens all the time. */
export type Order = { readonly scopes: readonly string[] } | { readonly forMs: number };

export interface Report {
  /** Tokens that were handed out. */
  readonly tokens: number;
  /** The last of them, by its id. */
  readonly last: string | undefined;
  /** Tokens that were over when they were asked for. */
  readonly stale: number;
  /** Codes and first lines of errors. */
  readonly failures: readonly string[];
}

const encryptionKey = 'a key that only the tests of processes have';
const job = JSON.parse(process.env['WORKER_JOB'] ?? '') as WorkerJob;
let isArmed = job.stop !== undefined;

function maybeStop(at: Moment): void {
  if (!isArmed || job.stop?.at !== at) return;
  isArmed = false;
  process.kill(process.pid, job.stop.signal);
}

const isTokenCall = (url: string): boolean => url.endsWith('/token');

/** The user's own fetch, which sees each request to the identity provider. */
const fetch: FetchFunction = async (url, init) => {
  // The metadata are asked for when the token is about to be spent.
  if (!isTokenCall(url)) maybeStop('before sending');
  const answering = globalThis.fetch(url, init);
  if (isTokenCall(url) && isArmed && job.stop?.at === 'after sending') {
    // The provider of the test has done its work by then, and answers later.
    await new Promise((resolve) => setTimeout(resolve, 150));
    maybeStop('after sending');
  }
  const answer = await answering;
  if (isTokenCall(url)) maybeStop('after the answer');
  return answer;
};

async function openStore(): Promise<SharedTokenStore> {
  const { store, leaseMs } = job;
  const options = { encryptionKey, leaseMs };
  if ('directory' in store) return fileTokenStore({ directory: store.directory, ...options });
  if (store.client === 'ioredis') return redisTokenStore(new Redis(store.redisUrl), options);
  return redisTokenStore(await createClient({ url: store.redisUrl }).connect(), options);
}

async function tokensOf(user: User, order: Order): Promise<Report> {
  const failures: string[] = [];
  let [tokens, stale] = [0, 0];
  let last: string | undefined;
  const getOne = async (scopes: readonly string[]): Promise<void> => {
    try {
      // A busy machine may let a token of a fraction of a second end between two lines.
      const askedAt = Date.now();
      const token = await user.accessToken({ scopes });
      tokens++;
      last = idOf(token.value);
      if ((token.expiresAt ?? 0) <= askedAt) stale++;
    } catch (error) {
      failures.push(error instanceof H2OCloudError ? `${error.code}: ${error.message.split('\n')[0] ?? ''}` : String(error));
    }
  };
  if ('scopes' in order) await getOne(order.scopes);
  else {
    const end = performance.now() + order.forMs;
    while (performance.now() < end) {
      await getOne([]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  return { tokens, last, stale, failures };
}

function idOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { readonly jti?: string };
  return claims.jti ?? '';
}

async function run(): Promise<void> {
  const { issuer, clientId, clientSecret, refreshToken } = job;
  const cloud = new H2OCloud({ env: {}, oidc: { issuer, clientId, clientSecret }, tokenStore: await openStore(), fetch });
  const onRotate = (): void => {
    maybeStop('after the write');
  };
  const user = cloud.onBehalfOf({ refreshToken, onRotate });
  process.send?.('ready');
  for (;;) {
    const [order] = (await once(process, 'message')) as [Order];
    process.send?.(await tokensOf(user, order));
  }
}

process.on('disconnect', () => process.exit());
void run();

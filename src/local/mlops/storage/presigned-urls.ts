/**
 * Presigned URLs of the artifact store: who holds one may write or read one object until it expires, without any token.
 * Signs and checks; the store behind them is artifact-store.ts.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Where the artifact store is mounted. */
export const artifactStorePath = '/artifact-store';

/** How long a URL is good. */
const lifeSeconds = 3600;

export interface PresignedGrant {
  readonly artifactId: string;
  readonly method: 'GET' | 'PUT';
  /** What an upload has to call itself. */
  readonly contentType: string;
}

interface PresignedRequest {
  readonly url: URL;
  readonly method: string;
  readonly contentType: string;
}

export interface PresignedUrls {
  create(grant: PresignedGrant, now: number): { readonly url: string; readonly expiresAt: number };
  /** The artifact that a request may reach by its URL, or why it may not, in the words of S3. */
  check(
    request: PresignedRequest,
    now: number,
  ): { readonly artifactId: string } | { readonly refusal: 'AccessDenied' | 'SignatureDoesNotMatch' };
}

const compactTime = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
const timeOf = (compact: string): number =>
  Date.parse(compact.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/, '$1-$2-$3T$4:$5:$6Z'));

/** URLs of one cloud, signed with a key that nobody else has. */
export function presignedUrls(origin: string): PresignedUrls {
  const key = randomBytes(32);
  const signature = (parts: readonly string[]): string => createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex');
  return {
    create({ artifactId, method, contentType }, now) {
      const date = compactTime(now);
      const signed = method === 'PUT' ? contentType : '';
      const query = new URLSearchParams({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Date': date,
        'X-Amz-Expires': String(lifeSeconds),
        'X-Amz-SignedHeaders': method === 'PUT' ? 'content-type;host' : 'host',
        'X-Amz-Signature': signature([method, artifactId, date, signed]),
      });
      return { url: `${origin}${artifactStorePath}/${artifactId}?${query.toString()}`, expiresAt: timeOf(date) + lifeSeconds * 1000 };
    },
    check({ url, method, contentType }, now) {
      const given = Buffer.from(url.searchParams.get('X-Amz-Signature') ?? '');
      if (given.length === 0) return { refusal: 'AccessDenied' };
      const artifactId = url.pathname.slice(artifactStorePath.length + 1);
      const date = url.searchParams.get('X-Amz-Date') ?? '';
      const signedMethod = method === 'HEAD' ? 'GET' : method;
      const expected = Buffer.from(signature([signedMethod, artifactId, date, method === 'PUT' ? contentType : '']));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { refusal: 'SignatureDoesNotMatch' };
      return now < timeOf(date) + lifeSeconds * 1000 ? { artifactId } : { refusal: 'AccessDenied' };
    },
  };
}

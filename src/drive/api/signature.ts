/**
 * Signature Version 4 as Drive's storage wants it: one service, one region, the path as it stands on the wire.
 * Pure: it sees keys, a request and the time. Written here and not taken from a package: see docs/drive.md.
 */
import { createHash, createHmac, webcrypto } from 'node:crypto';

/** Temporary keys of a user. */
export interface SessionKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface UnsignedRequest {
  readonly method: string;
  readonly host: string;
  /** Encoded, as it stands on the wire. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
}

const region = 'us-east-1';
const service = 's3';
const algorithm = 'AWS4-HMAC-SHA256';
/** What is hashed sooner than handed over. */
const smallBytes = 256 * 1024;

/** The hash of a body, as the signature and the header `x-amz-content-sha256` want it. */
export function hashOf(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The same for a body of any size: a large one is hashed beside the event loop, which it would hold up for milliseconds. */
export async function payloadHashOf(body: Uint8Array | undefined): Promise<string> {
  if (body === undefined || body.byteLength < smallBytes) return hashOf(body ?? '');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', body)).toString('hex');
}

/** Percent-encodes all but letters, digits and `-_.~`, by the bytes of UTF-8. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The query of a URL: sorted and encoded as the signature covers it. */
export function queryOf(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]): [string, string] => [encoded(name), encoded(value)])
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The headers of the signed request: what was given and signed, and what signing adds. */
export function signedHeaders(request: UnsignedRequest, keys: SessionKeys, now: number): Readonly<Record<string, string>> {
  const time = timestamp(now);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': request.payloadHash,
    'x-amz-date': time,
    'x-amz-security-token': keys.sessionToken,
  };
  // Others may be changed or added on the way, by fetch itself too.
  const covered = Object.keys(headers).filter((name) => name.startsWith('x-amz-') || name === 'content-type' || name === 'range');
  const signed: Record<string, string> = { host: request.host };
  for (const name of covered) signed[name] = headers[name] ?? '';
  const names = namesOf(signed);
  const signature = signatureOf({ ...request, headers: signed, query: queryOf(request.query) }, keys, time);
  return {
    ...headers,
    authorization: `${algorithm} Credential=${keys.accessKeyId}/${scopeOf(time)}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** The query of a URL that may be opened by whoever has it. */
export function presignedQuery(
  request: Pick<UnsignedRequest, 'method' | 'host' | 'path' | 'query'>,
  keys: SessionKeys,
  { now, expiresInSeconds }: { readonly now: number; readonly expiresInSeconds: number },
): string {
  const time = timestamp(now);
  const query = queryOf({
    ...request.query,
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${keys.accessKeyId}/${scopeOf(time)}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresInSeconds),
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Security-Token': keys.sessionToken,
  });
  const signature = signatureOf({ ...request, query, headers: { host: request.host }, payloadHash: 'UNSIGNED-PAYLOAD' }, keys, time);
  return `${query}&X-Amz-Signature=${signature}`;
}

type Canonical = Omit<UnsignedRequest, 'query'> & { readonly query: string };

function signatureOf({ method, path, query, headers, payloadHash }: Canonical, keys: SessionKeys, time: string): string {
  const lines = Object.keys(headers)
    .sort()
    .map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  const canonical = [method, path, query, lines.join(''), namesOf(headers), payloadHash].join('\n');
  return hmac(signingKey(keys.secretAccessKey, time.slice(0, 8)), [algorithm, time, scopeOf(time), hashOf(canonical)].join('\n')).toString(
    'hex',
  );
}

function namesOf(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers).sort().join(';');
}

function signingKey(secret: string, day: string): Buffer {
  return [day, region, service, 'aws4_request'].reduce<Buffer>((key, text) => hmac(key, text), Buffer.from(`AWS4${secret}`));
}

function scopeOf(time: string): string {
  return `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** `20260101T120000Z` */
function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

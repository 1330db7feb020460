/**
 * Checks Signature Version 4 of a request, in its headers or in its query, as S3 does: who signed, whether in time, and whether what
 * arrived is what was signed.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Session } from './sts.js';
import { S3Error } from './xml.js';

export interface SignatureCheck {
  readonly session: (accessKeyId: string) => Session | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface Claim {
  readonly credential: string;
  readonly signedNames: readonly string[];
  readonly signature: string;
  readonly date: string;
  readonly token: string;
  readonly payloadHash: string;
  /** The query that was signed. */
  readonly query: readonly (readonly [string, string])[];
}

const toleratedSkewMs = 15 * 60_000;
const algorithm = 'AWS4-HMAC-SHA256';
const longestPresignSeconds = 604_800;

/**
 * The session behind a request.
 *
 * @throws {S3Error} it is not signed, or not as it should be
 */
export function signerOf(request: Request, body: Uint8Array, { session: sessionOf, now }: SignatureCheck): Session {
  const url = new URL(request.url);
  // Text, so that what was encoded stays as it was.
  const query = [...url.search.slice(1).split('&')].filter((pair) => pair !== '').map(pairOf);
  const claim = query.some(([name]) => name === 'X-Amz-Signature') ? queryClaim(query, now) : headerClaim(request.headers, query, now);
  const [accessKeyId = '', day = '', region = '', service = '', end = ''] = claim.credential.split('/');
  const session = sessionOf(accessKeyId);
  if (session === undefined) throw new S3Error(403, 'InvalidAccessKeyId', 'The access key does not exist.');
  if (claim.token !== session.sessionToken) throw new S3Error(400, 'InvalidToken', 'The session token is not that of the access key.');
  if (session.expiresAt <= now) throw new S3Error(400, 'ExpiredToken', 'The session has expired.');
  if (service !== 's3' || end !== 'aws4_request' || !claim.date.startsWith(day))
    throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The scope of the signature is wrong.');
  const unsigned = [...request.headers.keys()].filter((name) => name.startsWith('x-amz-') && !claim.signedNames.includes(name));
  if (unsigned.length > 0 || !claim.signedNames.includes('host'))
    throw new S3Error(403, 'AccessDenied', 'There were headers in the request that were not signed.');
  if (/^[0-9a-f]{64}$/.test(claim.payloadHash) && claim.payloadHash !== sha256(body))
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The body is not the one that was signed.');
  if (claim.payloadHash.startsWith('STREAMING-')) throw new S3Error(501, 'NotImplemented', 'Signed chunks are not supported.');
  const canonical = [
    request.method,
    url.pathname,
    claim.query
      .map((pair) => pair.join('='))
      .sort()
      .join('&'),
    ...claim.signedNames.map((name) => `${name}:${headerOf(request, url, name)}`),
    '',
    claim.signedNames.join(';'),
    claim.payloadHash,
  ].join('\n');
  const scope = [day, region, service, end].join('/');
  const text = [algorithm, claim.date, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, end].reduce<Buffer>(hmac, Buffer.from(`AWS4${session.secretAccessKey}`));
  if (!areEqual(hmac(key, text).toString('hex'), claim.signature))
    throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature is not that of the request as it arrived.');
  return session;
}

function headerClaim(headers: Headers, query: Claim['query'], now: number): Claim {
  const authorization = headers.get('authorization') ?? '';
  if (!authorization.startsWith(`${algorithm} `)) throw new S3Error(403, 'AccessDenied', 'Access Denied.');
  const parts = new Map(
    authorization
      .slice(algorithm.length)
      .split(',')
      .map((part) => pairOf(part.trim())),
  );
  const date = headers.get('x-amz-date') ?? '';
  if (Math.abs(timeOf(date) - now) > toleratedSkewMs)
    throw new S3Error(403, 'RequestTimeTooSkewed', 'The difference between the time of the request and the present one is too large.');
  return {
    credential: parts.get('Credential') ?? '',
    signedNames: (parts.get('SignedHeaders') ?? '').split(';'),
    signature: parts.get('Signature') ?? '',
    date,
    token: headers.get('x-amz-security-token') ?? '',
    payloadHash: headers.get('x-amz-content-sha256') ?? '',
    query,
  };
}

function queryClaim(query: Claim['query'], now: number): Claim {
  const parameters = new Map(query.map(([name, value]): [string, string] => [name, decodeURIComponent(value)]));
  const of = (name: string): string => parameters.get(name) ?? '';
  const date = of('X-Amz-Date');
  const seconds = Number(of('X-Amz-Expires'));
  if (of('X-Amz-Algorithm') !== algorithm || !Number.isInteger(seconds) || seconds < 1 || seconds > longestPresignSeconds)
    throw new S3Error(400, 'AuthorizationQueryParametersError', 'X-Amz-Algorithm or X-Amz-Expires is wrong.');
  const age = now - timeOf(date);
  if (!(age < seconds * 1000)) throw new S3Error(403, 'AccessDenied', 'Request has expired');
  if (age < -toleratedSkewMs) throw new S3Error(403, 'AccessDenied', 'Request is not valid yet');
  return {
    credential: of('X-Amz-Credential'),
    signedNames: of('X-Amz-SignedHeaders').split(';'),
    signature: of('X-Amz-Signature'),
    date,
    token: of('X-Amz-Security-Token'),
    payloadHash: 'UNSIGNED-PAYLOAD',
    query: query.filter(([name]) => name !== 'X-Amz-Signature'),
  };
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** What carries requests without a socket leaves out the host, which stands in the URL too. */
function headerOf(request: Request, url: URL, name: string): string {
  const value = request.headers.get(name) ?? (name === 'host' ? url.host : '');
  return value.trim().replace(/ +/g, ' ');
}

function timeOf(date: string): number {
  const [, day = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(date) ?? [];
  return Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`);
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function areEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

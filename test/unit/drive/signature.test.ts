/** Signatures of the package aws4 1.13.2 for the same requests; that of AWS's own documentation for a presigned URL, it gives too. */
import { expect, it, test } from 'vitest';
import { encoded, hashOf, presignedQuery, queryOf, signedHeaders, type UnsignedRequest } from '../../../src/drive/api/signature.js';

const now = Date.UTC(2026, 0, 1);
const host = '127.0.0.1:9000';
const keys = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret/+example', sessionToken: 'token/+=' };
const request: UnsignedRequest = {
  method: 'GET',
  host,
  path: '/b/a%20b%2B%C3%BC',
  query: { prefix: 'a b', 'encoding-type': 'url' },
  headers: {},
  payloadHash: hashOf(''),
};
const always = 'host;x-amz-content-sha256;x-amz-date;x-amz-security-token';

it('a signed request has the signature that others compute', () => {
  expect(signedHeaders(request, keys, now)['authorization']).toBe(
    `AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=${always}, Signature=6b6a67ceb25c879c61590d6b4a7ddf45bd5d26f8b2f23cbe67819f78cfa609d0`,
  );
});

it('a presigned URL has the signature that others compute', () => {
  expect(presignedQuery({ method: 'GET', host, path: '/b/a%20b', query: {} }, keys, { now, expiresInSeconds: 600 })).toBe(
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=600' +
      '&X-Amz-Security-Token=token%2F%2B%3D&X-Amz-SignedHeaders=host&X-Amz-Signature=791021620d668134c6d956db8f35677e55246e475fe2dd302d76ea962a4e0dff',
  );
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ['what fetch may change is not covered', { accept: '*/*', 'accept-encoding': 'identity' }, always],
  ['a range is covered', { range: 'bytes=0-9' }, 'host;range;x-amz-content-sha256;x-amz-date;x-amz-security-token'],
  ['a content type is covered', { 'content-type': 'text/csv' }, `content-type;${always}`],
  [
    'nor may what storage keeps with the object',
    { 'x-amz-meta-kind': 'x' },
    'host;x-amz-content-sha256;x-amz-date;x-amz-meta-kind;x-amz-security-token',
  ],
])('%s', (_, headers, covered) => {
  const signed = signedHeaders({ ...request, headers }, keys, now);
  expect(signed).toMatchObject({ ...headers, 'x-amz-date': '20260101T000000Z', 'x-amz-content-sha256': hashOf('') });
  expect(/SignedHeaders=([^,]+)/.exec(signed['authorization']!)?.[1]).toBe(covered);
});

it('paths and queries are encoded once, byte by byte', () => {
  expect(encoded("x'(1)*!~ü+% /")).toBe('x%27%281%29%2A%21~%C3%BC%2B%25%20%2F');
  expect(queryOf({ prefix: 'a b', 'encoding-type': 'url', uploads: '' })).toBe('encoding-type=url&prefix=a%20b&uploads=');
});

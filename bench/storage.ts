/**
 * The part of the bench's server that answers for Drive: keeps nothing, looks at no signature, and gives as many bytes as are asked for.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

const block = Buffer.alloc(1024 * 1024, 'drive');
const objectBytes = 256 * 1024 * 1024;

const keys = (): string =>
  '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>' +
  '<AccessKeyId>ASIABENCH</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>' +
  `<SessionToken>${'t'.repeat(600)}</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>` +
  '</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>';

export function isStorage(request: IncomingMessage): boolean {
  return request.url?.startsWith('/drive/') === true;
}

export async function answerStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  await once(request, 'end');
  response.setHeader('etag', '"d41d8cd98f00b204e9800998ecf8427e"');
  response.setHeader('last-modified', new Date(0).toUTCString());
  if (request.method === 'GET' || request.method === 'HEAD') return give(request, response);
  const { url = '' } = request;
  if (request.method === 'POST' && url.startsWith('/drive/sts/')) response.end(keys());
  else if (url.includes('uploads'))
    response.end('<InitiateMultipartUploadResult><UploadId>bench</UploadId></InitiateMultipartUploadResult>');
  else if (request.method === 'POST')
    response.end('<CompleteMultipartUploadResult><ETag>"d41d8cd98f00b204e9800998ecf8427e-1"</ETag></CompleteMultipartUploadResult>');
  else response.end();
}

async function give(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = last === undefined || last === '' ? objectBytes - 1 : Math.min(Number(last), objectBytes - 1);
  let left = end - start + 1;
  response.setHeader('content-length', String(left));
  if (first !== undefined) response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${objectBytes}` });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  while (left > 0 && !response.destroyed) {
    const piece = block.subarray(0, Math.min(left, block.byteLength));
    left -= piece.byteLength;
    // A client that has gone ends the wait with an error, and with it the answer.
    if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal });
  }
  response.end();
}

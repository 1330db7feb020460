/**
 * The object store behind the presigned URLs: plain PUT and GET in the words of S3, no token of the platform.
 * An object is there when all of its bytes have come, never in part.
 */
import { Hono } from 'hono';
import { bytesBetween } from '../../state.js';
import type { Artifact } from '../../state.js';
import type { GatewayContext } from '../context.js';
import { md5Of } from './artifacts.js';
import { drain } from './byte-stream.js';
import { freeBytes } from './capacity.js';
import { artifactStorePath } from './presigned-urls.js';

const statuses = {
  AccessDenied: 403,
  IncompleteBody: 400,
  SignatureDoesNotMatch: 403,
  InvalidArgument: 400,
  InvalidRange: 416,
  MethodNotAllowed: 405,
  NoSuchKey: 404,
  XMinioStorageFull: 507,
} as const;

function refusal(code: keyof typeof statuses, message: string): Response {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(body, { status: statuses[code], headers: { 'content-type': 'application/xml' } });
}

export function artifactStore(context: GatewayContext): Hono {
  const app = new Hono();
  app.all(`${artifactStorePath}/*`, async ({ req }) => {
    const answer = await answerTo(context, req.raw);
    // Clients listen when they have sent everything.
    if (answer.status >= 400) await drain(req.raw.body);
    return answer;
  });
  return app;
}

async function answerTo(context: GatewayContext, request: Request): Promise<Response> {
  const { method, headers } = request;
  if (headers.has('authorization')) return refusal('InvalidArgument', 'Only one auth mechanism allowed: the URL is signed already.');
  const contentType = headers.get('content-type') ?? '';
  const verdict = context.presignedUrls.check({ url: new URL(request.url), method, contentType }, context.clock.now());
  if ('refusal' in verdict) return refusal(verdict.refusal, 'The request is not the one that the URL was signed for, or it has expired.');
  const artifact = context.state.artifacts.get(verdict.artifactId);
  if (artifact === undefined) return refusal('NoSuchKey', 'The specified key does not exist.');
  if (method === 'PUT') return put(context, artifact, request);
  if (method !== 'GET' && method !== 'HEAD')
    return refusal('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  return artifact.chunks.length === 0 ? refusal('NoSuchKey', 'The specified key does not exist.') : get(artifact, headers);
}

/** Takes chunks without a length too, as not every store does: clients from 1.6.0 to 1.6.3 send no other. */
async function put(context: GatewayContext, artifact: Artifact, request: Request): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const body: ReadableStream<Uint8Array> | null = request.body;
  try {
    for await (const chunk of body?.values({ preventCancel: true }) ?? []) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > freeBytes(context))
        return refusal('XMinioStorageFull', 'Storage backend has reached its minimum free drive threshold.');
      chunks.push(chunk);
    }
  } catch {
    // The connection has ended, so nobody hears this.
    return refusal('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header.');
  }
  // An empty object is an object too.
  artifact.chunks = sizeBytes === 0 ? [new Uint8Array()] : chunks;
  artifact.sizeBytes = sizeBytes;
  return new Response(null, { headers: { etag: etagOf(artifact) } });
}

function get(artifact: Artifact, headers: Headers): Response {
  const { sizeBytes } = artifact;
  const common = { 'accept-ranges': 'bytes', 'content-type': artifact.mimeType, etag: etagOf(artifact) };
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '');
  if (range === null) return new Response(bodyOf(artifact, 0, sizeBytes), { headers: { ...common, 'content-length': String(sizeBytes) } });
  const start = Number(range[1]);
  const end = range[2] === '' ? sizeBytes : Math.min(Number(range[2]) + 1, sizeBytes);
  if (start >= end) return refusal('InvalidRange', 'The requested range is not satisfiable');
  const partial = { 'content-length': String(end - start), 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` };
  return new Response(bodyOf(artifact, start, end), { status: 206, headers: { ...common, ...partial } });
}

const etagOf = (artifact: Artifact): string => `"${Buffer.from(md5Of(artifact), 'base64').toString('hex')}"`;

const bodyOf = (artifact: Artifact, start: number, end: number): ReadableStream<Uint8Array> =>
  ReadableStream.from(bytesBetween(artifact, start, end));

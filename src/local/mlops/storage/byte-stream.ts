/**
 * The bytes of artifacts: newline-separated JSON in both directions, one line at a time, so that a large file costs no more than itself.
 */
import { isObject, parseJson } from '../../json.js';
import type { JsonObject } from '../../json.js';
import { bytesBetween } from '../../state.js';
import type { Artifact } from '../../state.js';
import type { GatewayContext } from '../context.js';
import { flag, integer, normalised, text } from '../message.js';
import { RpcError, failedPrecondition, invalidArgument } from '../rpc-error.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { md5Of } from './artifacts.js';
import { freeBytes } from './capacity.js';

const longestLineBytes = 16 * 1024 * 1024;
const readChunkBytes = 32 * 1024;

/** The lines of a body, each parsed as soon as it is whole. */
async function* messagesIn(body: ReadableStream<Uint8Array> | null): AsyncGenerator<JsonObject> {
  const decoder = new TextDecoder();
  let rest = '';
  // Not cancelled on failure: that would cut the connection before the answer is out.
  for await (const chunk of body?.values({ preventCancel: true }) ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLineBytes) throw invalidArgument('a line of the stream is too long');
    for (const line of lines) if (line.trim() !== '') yield parsedLine(line);
  }
  if (rest.trim() !== '') yield parsedLine(rest);
}

function parsedLine(line: string): JsonObject {
  const message = normalised(parseJson(line));
  if (!isObject(message)) throw invalidArgument('a line of the stream is not a JSON object');
  return message;
}

/** Takes an upload in. What arrived before a failure stays, and a later call may go on from there. */
export async function writeBytes(context: GatewayContext, user: Actor, body: ReadableStream<Uint8Array> | null): Promise<JsonObject> {
  const artifact = await received(context, user, body);
  if (artifact.uploaded === undefined) throw new RpcError(11, `the stream ended after ${artifact.sizeBytes} bytes without finish_write`);
  return { committedSize: String(artifact.sizeBytes) };
}

/** Reads what is left of a body, before an answer that refuses it: clients listen when they have sent everything. */
export async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  // A body that broke off has nothing left.
  await body?.pipeTo(new WritableStream()).catch(() => undefined);
}

async function received(context: GatewayContext, user: Actor, body: ReadableStream<Uint8Array> | null): Promise<Artifact> {
  let artifact: Artifact | undefined;
  for await (const message of messagesIn(body)) {
    const name = text(message, 'resourceName');
    artifact ??= new Visible(context.state, user).artifact(name);
    if (name !== '' && name !== artifact.id) throw invalidArgument('resource_name changes within the stream');
    take(artifact, message, freeBytes(context));
    if (flag(message, 'finishWrite')) finish(artifact, context.clock.now());
  }
  if (artifact === undefined) throw invalidArgument('the stream is empty');
  return artifact;
}

function take(artifact: Artifact, message: JsonObject, freeBytes: number): void {
  if (artifact.uploaded !== undefined) throw failedPrecondition(`artifact ${artifact.id} has been uploaded already`);
  const offset = integer(message, 'writeOffset');
  if (offset !== artifact.sizeBytes)
    throw new RpcError(11, `write_offset is ${offset}, but ${artifact.sizeBytes} bytes have been committed`);
  const data = text(message, 'data');
  const bytes = Buffer.from(data, 'base64');
  if (bytes.toString('base64') !== data) throw invalidArgument('data is not standard base64');
  if (bytes.length === 0) return;
  if (bytes.length > freeBytes) throw new RpcError(8, 'the artifact store is full');
  artifact.chunks.push(bytes);
  artifact.sizeBytes += bytes.length;
}

function finish(artifact: Artifact, now: number): void {
  artifact.uploaded = { at: now, md5Digest: md5Of(artifact) };
  artifact.modifiedAt = now;
}

export function writeStatus({ state }: GatewayContext, user: Actor, message: JsonObject): JsonObject {
  const artifact = new Visible(state, user).artifact(text(message, 'resourceName'));
  return { committedSize: String(artifact.sizeBytes), complete: artifact.uploaded !== undefined };
}

/** Gives a file out from `readOffset`, at most `readLimit` bytes of it, where that is not zero. */
export function readBytes({ state }: GatewayContext, user: Actor, message: JsonObject): Response {
  const artifact = new Visible(state, user).artifact(text(message, 'resourceName'));
  if (artifact.uploaded === undefined) throw failedPrecondition(`artifact ${artifact.id} has not been uploaded`);
  const offset = integer(message, 'readOffset');
  const limit = integer(message, 'readLimit');
  if (offset < 0 || limit < 0 || offset > artifact.sizeBytes) throw new RpcError(11, `read_offset or read_limit is out of range`);
  const end = limit === 0 ? artifact.sizeBytes : Math.min(offset + limit, artifact.sizeBytes);
  return new Response(ReadableStream.from(readLines(artifact, offset, end)), { headers: { 'content-type': 'application/json' } });
}

function* readLines(artifact: Artifact, start: number, end: number): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let position = start; position < end; position += readChunkBytes) {
    const data = Buffer.concat([...bytesBetween(artifact, position, Math.min(position + readChunkBytes, end))]).toString('base64');
    yield encoder.encode(`${JSON.stringify({ result: { data } })}\n`);
  }
}

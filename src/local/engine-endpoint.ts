/**
 * What answers behind the address of an engine: so much of Driverless AI and of H2O-3 that a program sees that it has come in.
 * Who may come in is said by the service that the engine belongs to.
 */
import { randomUUID } from 'node:crypto';
import { isObject, parseJson } from './json.js';

export interface RunningEngine {
  readonly kind: 'driverlessai' | 'h2o3';
  readonly name: string;
  readonly version: string;
  readonly nodeCount: number;
  readonly isRunning: boolean;
}

/** How the caller of a request stands to the engine. */
export interface Visitor {
  readonly mayEnter: boolean;
}

/** @param path what comes after the engine's address */
export async function engineEndpoint(engine: RunningEngine, visitor: Visitor, path: string, request: Request): Promise<Response> {
  if (!engine.isRunning) return new Response('The engine does not run.\n', { status: 503 });
  return engine.kind === 'driverlessai' ? driverlessAi(engine, visitor, path, request) : h2o3(engine, visitor, path);
}

async function driverlessAi({ version }: RunningEngine, { mayEnter }: Visitor, path: string, request: Request): Promise<Response> {
  // Its front page and its version are open, and the client asks for both before it has a token.
  if (path === '' || path === '/') {
    const headers = { 'content-type': 'text/html', 'set-cookie': `_xsrf=${randomUUID()}; Path=/` };
    return new Response(`<html>DRIVERLESS AI ${version}</html>`, { headers });
  }
  if (path === '/serverversion') return Response.json({ serverVersion: version });
  if (path !== '/rpc' || request.method !== 'POST') return new Response('Not found\n', { status: 404 });
  if (!mayEnter) return unauthorized();
  const call = parseJson(await request.text());
  const { id = null, method } = isObject(call) ? call : {};
  if (method !== 'api_get_app_version') return Response.json({ id, error: { message: `unknown method ${String(method)}` } });
  return Response.json({ id, result: { arch: 'x86_64', version, build: '1', platform: '', server_id: '', api_version: '' } });
}

function h2o3({ name, version, nodeCount }: RunningEngine, { mayEnter }: Visitor, path: string): Response {
  if (!mayEnter) return unauthorized();
  const meta = (schema: string) => ({ __meta: { schema_version: 3, schema_name: schema, schema_type: 'Iced' } });
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({ ...meta('NodeV3'), h2o: `10.0.0.${index + 1}:54321`, healthy: true }));
  const answers = new Map<string, object>([
    [
      '/3/Cloud',
      {
        ...meta('CloudV3'),
        version,
        cloud_name: name,
        cloud_size: nodeCount,
        cloud_healthy: true,
        consensus: true,
        locked: true,
        nodes,
      },
    ],
    ['/3/About', { ...meta('AboutV3'), entries: [{ name: 'Build project version', value: version }] }],
    ['/3/Frames', { ...meta('FramesListV3'), frames: [] }],
  ]);
  const answer = answers.get(path);
  return answer === undefined ? Response.json({ msg: 'not found' }, { status: 404 }) : Response.json(answer);
}

export function unauthorized(): Response {
  return new Response('Unauthorized\n', { status: 401 });
}

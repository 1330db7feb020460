/**
 * Enterprise Steam at `/steam`: sign-in with a cookie, one path for all methods, and the engines behind it.
 */
import { strToU8, zipSync } from 'fflate';
import { Hono } from 'hono';
import type { Clock } from '../../internal/clock.js';
import { bearerToken, type Access } from '../access.js';
import { positionOn } from '../engine-course.js';
import { engineEndpoint, unauthorized } from '../engine-endpoint.js';
import { isObject, parseJson } from '../json.js';
import { SteamEngines, type SteamEngine } from './engines.js';
import { methods, Refusal, type MethodContext } from './methods.js';
import { SteamSessions, type SignIns, type SteamSession } from './sessions.js';

export const steamPath = '/steam';

export interface SteamContext {
  readonly clock: Clock;
  readonly signIns: SignIns;
  readonly access: Access;
  /** How long an engine takes to start. */
  readonly readyAfterMs: number;
}

export function steam({ clock, signIns, access, readyAfterMs }: SteamContext): Hono {
  const app = new Hono();
  const sessions = new SteamSessions(access, signIns);
  const engines = new SteamEngines(readyAfterMs);
  const owned = (session: SteamSession | undefined, kind: SteamEngine['kind'], id: string): SteamEngine | undefined =>
    session === undefined ? undefined : engines.byId(session.caller.subject, kind, Number(id));

  app.post(`${steamPath}/auth`, async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const [username = '', password = ''] = basic(context.req.header('authorization'));
    const session = await sessions.signIn({
      accessToken: form.get('access_token') ?? '',
      refreshToken: form.get('refresh_token') ?? '',
      username,
      password,
    });
    if (session === undefined) return unauthorized();
    return context.text('', 200, { 'set-cookie': `steam-session=${session}; Path=${steamPath}/; HttpOnly` });
  });

  app.post(`${steamPath}/web`, async (context) => {
    const session = sessions.find(context.req.header('cookie'));
    if (session === undefined) return unauthorized();
    return answer({ session, engines, prefix: steamPath, now: clock.now() }, await context.req.text());
  });

  app.all(`${steamPath}/proxy/driverless/:id/*`, async (context) => behind(context.req.param('id'), context.req.raw));
  app.all(`${steamPath}/proxy/driverless/:id`, async (context) => behind(context.req.param('id'), context.req.raw));
  /** Without Steam's session: a token of the owner, or the cookie of the instance's own sign-in. */
  const behind = async (id: string, request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname.slice(`${steamPath}/proxy/driverless/${id}`.length);
    const engine = engines.anyById('driverlessai', Number(id));
    if (engine === undefined) return new Response('Not found\n', { status: 404 });
    if (path === '/login') return instanceSignIn(engine, request);
    const authorization = request.headers.get('authorization') ?? undefined;
    const caller = bearerToken(authorization) === undefined ? undefined : await access.caller(authorization);
    const mayEnter = caller?.subject === engine.ownerId || hasCookie(engine, request.headers.get('cookie'));
    return engineEndpoint(facts(engine, clock.now()), { mayEnter }, path, request);
  };

  app.all(`${steamPath}/proxy/h2o-k8s/:id/*`, async (context) => {
    const session = sessions.find(context.req.header('cookie'));
    if (session === undefined) return unauthorized();
    const id = context.req.param('id');
    const engine = owned(session, 'h2o3', id);
    if (engine === undefined) return context.json({ msg: 'not found' }, 404);
    const path = new URL(context.req.url).pathname.slice(`${steamPath}/proxy/h2o-k8s/${id}`.length);
    return engineEndpoint(facts(engine, clock.now()), { mayEnter: true }, path, context.req.raw);
  });

  app.get(`${steamPath}/download/:kind/logs/:id`, (context) => {
    const kind = context.req.param('kind') === 'h2o' ? 'h2o3' : 'driverlessai';
    const session = sessions.find(context.req.header('cookie'));
    if (session === undefined) return unauthorized();
    const engine = owned(session, kind, context.req.param('id'));
    if (engine === undefined) return context.body(null, 204);
    const lines = engine.events.map(({ level, message }) => `${level} ${message}\n`).join('');
    const zip = zipSync({ 'server.log': strToU8('server log\n'), 'events.log': strToU8(lines) });
    return new Response(new Uint8Array(zip), { headers: { 'content-type': 'application/zip' } });
  });
  app.all('*', (context) => context.text('404 page not found\n', 404));
  return app;
}

/** One call: `{ id, method, params: [{…}] }`. */
function answer(context: MethodContext, body: string): Response {
  const call = parseJson(body);
  if (!isObject(call) || typeof call['method'] !== 'string') return new Response('rpc: invalid request', { status: 400 });
  const { id = null, params } = call;
  const { method } = call;
  const run = methods.get(method.replace(/^web\./, ''));
  if (run === undefined) return new Response(`rpc: can't find method "${method}"`, { status: 400 });
  const first: unknown = Array.isArray(params) ? params[0] : undefined;
  try {
    return Response.json({ result: run(context, isObject(first) ? first : {}), error: null, id });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return Response.json({ result: null, error: error.message, id });
  }
}

function facts(engine: SteamEngine, now: number): Parameters<typeof engineEndpoint>[0] {
  const { kind, name, version, parameters, course } = engine;
  const { state } = positionOn(course, now);
  return { kind, name, version, nodeCount: Number(parameters['node_count'] ?? 1), isRunning: state === 'running' };
}

const signInCookie = '_DAI__h2oai_sid';

async function instanceSignIn({ id, createdBy, password }: SteamEngine, request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  if (password === '' || form.get('username') !== createdBy || form.get('password') !== password) return unauthorized();
  return new Response('', { headers: { 'set-cookie': `${signInCookie}=${id}-${password}; Path=/; HttpOnly` } });
}

function hasCookie({ id, password }: SteamEngine, cookies: string | null): boolean {
  return password !== '' && (cookies ?? '').split(/;\s*/).includes(`${signInCookie}=${id}-${password}`);
}

function basic(header: string | undefined): readonly string[] {
  const [, encoded] = /^Basic (.+)$/i.exec(header ?? '') ?? [];
  const [, name = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
  return [name, secret];
}

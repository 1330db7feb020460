/**
 * Routes of the REST APIs. Their resource names hold slashes, which some clients send escaped, so a path is matched as it reads when it is decoded.
 */
import type { JsonObject } from '../../json.js';
import { messageFrom } from '../message.js';
import { RpcError, invalidArgument } from '../rpc-error.js';
import type { Actor } from '../visible.js';

export interface RestCall {
  readonly user: Actor;
  /** What stands for `{name}` in the route. */
  readonly param: (name: string) => string;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
}

type Handler = (call: RestCall) => JsonObject | Response;

/** Handlers by method and path, as `GET /v2/workspaces/{workspace}/deployments/{deployment}:retry`. */
export type Routes = Readonly<Record<string, Handler>>;

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
}

const compiled = ([key, handler]: [string, Handler]): Route => {
  const [method = '', path = ''] = key.split(' ');
  const pattern = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>[^/:]+)');
  return { method, pattern: new RegExp(`^${pattern}$`), handler };
};

/** What answers a request below one mount; refuses a path that there is none for. */
export function router(routes: Routes): (request: Request, path: string, user: Actor) => Promise<Response> {
  const table = Object.entries(routes).map(compiled);
  return async (request, path, user) => {
    const decoded = decodedPath(path);
    const here = table.filter(({ pattern }) => pattern.test(decoded));
    if (here.length === 0) throw new RpcError(5, 'Not Found');
    const route = here.find(({ method }) => method === request.method);
    if (route === undefined) throw new RpcError(12, 'Method Not Allowed');
    const groups = route.pattern.exec(decoded)?.groups ?? {};
    const answer = route.handler({
      user,
      param: (name) => groups[name] ?? '',
      query: new URL(request.url).searchParams,
      body: messageFrom(await request.text()),
    });
    return answer instanceof Response ? answer : Response.json(answer);
  };
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidArgument('the path is not properly escaped');
  }
}

/** The paths of the query's field mask, in lowerCamel; empty for "everything". */
export const queryMask = (query: URLSearchParams): JsonObject => ({
  updateMask: query.get('updateMask') ?? query.get('update_mask') ?? '',
});

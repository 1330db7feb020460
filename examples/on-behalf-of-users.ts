/**
 * An app that calls the cloud on behalf of its users. Each request gets a `User` of its own, made from what the request brings: an
 * access token, or the cookie of a session in which the app keeps a refresh token. There is no current user anywhere in the process,
 * so two users share nothing.
 *
 *     npx tsx --tsconfig tsconfig.examples.json examples/on-behalf-of-users.ts
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import {
  AuthenticationError,
  ConnectionError,
  H2OCloud,
  H2OCloudError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ScopeNotGrantedError,
  ScoringError,
  ServerError,
  SignInRequiredError,
  TimeoutError,
  type Row,
  type User,
} from 'h2o-ai-cloud';

/** What the app keeps of a visitor who has signed in with it. */
export interface Session {
  refreshToken: string;
}

/** The sessions by the value of their cookie. A real app keeps them in a database, encrypted. */
export type Sessions = Map<string, Session>;

/**
 * @param cloud one for the whole process: it holds configuration, and no user
 * @param log receives what went wrong; the errors of the SDK hold no secrets
 */
export function createApp(cloud: H2OCloud, sessions: Sessions, log: (entry: unknown) => void = console.error): Server {
  return createServer((request, response) => {
    void answer(cloud, sessions, request, response).catch((error: unknown) => {
      log(error);
      sendError(response, error);
    });
  });
}

async function answer(cloud: H2OCloud, sessions: Sessions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = userOf(cloud, sessions, request);
  if (user === undefined) {
    send(response, 401, { code: 'SIGN_IN_REQUIRED' });
    return;
  }
  // A visitor who has gone needs no answer: what is under way for them ends.
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const { signal } = gone;

  if (request.method === 'GET' && request.url === '/projects') {
    const projects = await user.mlops.projects.list({}, { signal }).toArray({ limit: 100 });
    send(
      response,
      200,
      projects.map(({ id, name }) => ({ id, name })),
    );
  } else if (request.method === 'POST' && request.url === '/score') {
    const order: unknown = JSON.parse(await text(request));
    if (!isScoreOrder(order)) {
      send(response, 400, { code: 'BAD_REQUEST' });
      return;
    }
    // The platform itself decides whether this user may use the deployment: the app adds no rights of its own.
    send(response, 200, await user.scorer(order.deployment).scoreRows(order.rows, { signal }));
  } else {
    send(response, 404, { code: 'NOT_FOUND' });
  }
}

/** The user behind a request; undefined when it brings nothing. Making a user costs nothing: no request is sent. */
function userOf(cloud: H2OCloud, sessions: Sessions, request: IncomingMessage): User | undefined {
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return cloud.onBehalfOf({ accessToken: bearer });

  const cookie = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  const session = cookie === undefined ? undefined : sessions.get(cookie);
  if (session === undefined) return undefined;
  return cloud.onBehalfOf({
    refreshToken: session.refreshToken,
    // Where the identity provider rotates refresh tokens, the old one is spent by now: whoever loses the new one loses the session.
    onRotate: (rotated) => {
      session.refreshToken = rotated;
    },
  });
}

interface ScoreOrder {
  readonly deployment: { readonly id: string; readonly project: { readonly id: string } };
  readonly rows: readonly Row[];
}

/** Only the outline is checked here: the SDK checks the references, and the rows against the model. */
function isScoreOrder(value: unknown): value is ScoreOrder {
  return typeof value === 'object' && value !== null && 'deployment' in value && 'rows' in value && Array.isArray(value.rows);
}

/** The status that a failure means to the visitor. Subclasses come before their parents. */
export function statusOf(error: unknown): number {
  if (error instanceof SignInRequiredError) return 401;
  if (error instanceof ScopeNotGrantedError || error instanceof PermissionDeniedError) return 403;
  if (error instanceof AuthenticationError) return 401;
  if (error instanceof NotFoundError) return 404;
  if (error instanceof ScoringError && error.code === 'SCORING_ROWS_INVALID') return 422;
  if (error instanceof RateLimitError) return 429;
  if (error instanceof TimeoutError) return 504;
  if (error instanceof ConnectionError || error instanceof ServerError || error instanceof ScoringError) return 502;
  if (error instanceof SyntaxError) return 400;
  return 500;
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return;
  // The message is for whoever runs the app; the visitor gets the code, and the id with which support finds the rest.
  const facts = error instanceof H2OCloudError ? { code: error.code, requestId: error.requestId } : { code: 'INTERNAL' };
  const problems = error instanceof ScoringError ? error.problems : undefined;
  if (error instanceof RateLimitError && error.retryAfterMs !== undefined) {
    response.setHeader('retry-after', Math.ceil(error.retryAfterMs / 1000));
  }
  send(response, statusOf(error), { ...facts, problems });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function main(): Promise<void> {
  const cloud = new H2OCloud();
  // Without this a wrong configuration would show with the first visitor.
  await cloud.ready();
  const port = Number(process.env['PORT'] ?? 3000);
  createApp(cloud, new Map()).listen(port, '127.0.0.1', () => {
    console.error(`Listening on http://127.0.0.1:${port}`);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}

/**
 * An operation of a service, declared once: its path, its method, whether it may be repeated, and what it answers.
 */
import type * as z from 'zod/mini';
import type { H2OCloudError } from '../errors/base.js';
import type { RequestOptions } from './request-options.js';

export interface Operation<Answer> {
  /** As the service names it; errors, logs and metrics show it. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A template as `expandPath` reads it, appended to the service's base URL. */
  readonly path: string;
  /** Whether repeating it does no harm. Written down for each operation, never guessed from the method. */
  readonly safe: boolean;
  /** For reads without a token: a redirect to the same origin is followed. */
  readonly followsSameOrigin?: boolean;
  /** Whether the answer is read as it came, a redirect included, and not as JSON: `answer` then sees a {@link WholeAnswer}. */
  readonly readsWhole?: boolean;
  /** Error statuses that repeating does not change, though they read as if it might. */
  readonly finalStatuses?: readonly number[];
  /** For services that answer in a header: its name. Its text, or `undefined`, is what `answer` reads then, and the body is not looked at. */
  readonly answerHeader?: string;
  /** What a good answer looks like; unknown fields pass. */
  readonly answer: z.ZodMiniType<Answer>;
}

/** An answer as it came. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A body that is produced while it is sent. */
export interface StreamedBody {
  /** Called once for each attempt. */
  open(): AsyncIterable<Uint8Array>;
  /** Whether `open` may be called again, for a replay. */
  readonly replayable: boolean;
  /** Absent: it is sent without one. */
  readonly contentType?: string;
}

export interface Call<Answer> {
  readonly operation: Operation<Answer>;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** JSON that is written already; instead of `body`. */
  readonly json?: string;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Secrets in the body: where an error quotes them, they are redacted. */
  readonly secrets?: readonly string[];
  /** Sent as it is; the total deadline then only counts when the caller sets one. */
  readonly stream?: StreamedBody;
  /**
   * Takes the body of a good answer as it comes, within the call and its deadlines; of the answer only headers are read then. Once bytes
   * have come, the call is not repeated. What it throws ends the call.
   */
  readonly sink?: (chunks: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** Sends calls to one service as one user. */
export type Send = <Answer>(call: Call<Answer>, options?: RequestOptions) => Promise<Answer>;

/** What a service answered with an error status, before it becomes an error. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
  readonly call: string;
  readonly requestId: string;
  /** Values that were sent and may be quoted in the body. */
  readonly secrets: readonly string[];
}

/** Turns an error answer into an error; services with bodies of their own kind bring their own. */
export type ErrorReader = (answer: ErrorAnswer) => H2OCloudError;

export function operation<Answer>(declaration: Operation<Answer>): Operation<Answer> {
  return declaration;
}

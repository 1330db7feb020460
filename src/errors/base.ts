/**
 * The root of all errors of this package: a stable code, what happened, what to do, and nothing secret.
 */
import { printAs } from '../internal/print-as.js';
import { redactTokens } from '../internal/redact.js';
import type { ErrorCode } from './codes.js';

const brand = Symbol.for('h2o-ai-cloud.error');

/** Something that a failed call has made and could not remove again. */
export interface CreatedResource {
  readonly kind: 'project' | 'artifact' | 'experiment' | 'model' | 'modelVersion' | 'deployment' | 'upload' | 'engine';
  readonly id: string;
}

/** What an error is made of. Text that comes from outside must have gone through `redact()`. */
export interface ErrorFacts<Code extends ErrorCode = ErrorCode> {
  readonly code: Code;
  /** What happened; the first line of the message. */
  readonly what: string;
  /** What to do about it; the second line. */
  readonly fix?: string | undefined;
  /** The operation that failed, as the service names it. */
  readonly call?: string | undefined;
  readonly requestId?: string | undefined;
  /** Whether the same call may succeed later without anything being changed. */
  readonly retryable?: boolean;
}

function messageOf(facts: ErrorFacts): string {
  const trail = [`code ${facts.code}`];
  if (facts.call !== undefined) trail.push(`call ${facts.call}`);
  if (facts.requestId !== undefined) trail.push(`request ${facts.requestId}`);
  const lines = [facts.what, ...(facts.fix === undefined ? [] : [`  ${facts.fix}`]), `  ${trail.join(' · ')}`];
  return redactTokens(lines.join('\n'));
}

/** An error's safe form for logs and JSON. */
export interface ErrorJson {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly call?: string;
  readonly requestId?: string;
  readonly created?: readonly CreatedResource[];
}

/**
 * The class of every error that this package throws, but for an abort, which rejects with the signal's reason.
 *
 * `instanceof` works across copies of the package. The message, `toJSON()` and what `console.log` prints say the same:
 * what happened, what to do, and the code with the call and the request id. They never hold a token, secret, cookie or body.
 *
 * @example
 * try {
 *   await user.mlops.projects.get('unknown');
 * } catch (error) {
 *   if (error instanceof H2OCloudError && error.retryable) console.log(error.code);
 * }
 */
export class H2OCloudError extends Error {
  /** Names the class across copies of the package; a class without one of its own is matched by prototype. */
  static readonly kind: string = 'H2OCloudError';
  override readonly name: string = 'H2OCloudError';
  /** A stable name of what went wrong; the docs have the table. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without anything being changed. */
  readonly retryable: boolean;
  /** The operation that failed, as the service names it. */
  readonly call: string | undefined;
  /** The id that the request carried, for the service's administrator. */
  readonly requestId: string | undefined;
  /** What the failed call has made and could not remove. */
  readonly created: readonly CreatedResource[] = [];

  static {
    printAs(H2OCloudError.prototype, (error) => `${error.name}: ${error.message}`);
  }

  constructor(facts: ErrorFacts) {
    super(messageOf(facts));
    this.code = facts.code;
    this.retryable = facts.retryable ?? false;
    this.call = facts.call;
    this.requestId = facts.requestId;
    Object.defineProperty(this, brand, { value: kindsOf(new.target) });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!Object.hasOwn(this, 'kind')) return Function.prototype[Symbol.hasInstance].call(this, value);
    const kinds: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, brand) : undefined;
    return Array.isArray(kinds) && kinds.includes(this.kind);
  }

  /** The error as plain data, without a stack. */
  toJSON(): ErrorJson {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.call === undefined ? {} : { call: this.call }),
      ...(this.requestId === undefined ? {} : { requestId: this.requestId }),
      ...(this.created.length === 0 ? {} : { created: this.created }),
    };
  }
}

/** What was left behind by a call that ended with something else than an error of ours, such as the reason of an inner deadline. */
const leftBehind = new WeakMap<object, readonly CreatedResource[]>();

/** What the call that ended with this has left behind. */
export function createdBy(error: unknown): readonly CreatedResource[] {
  if (error instanceof H2OCloudError) return error.created;
  return (typeof error === 'object' && error !== null ? leftBehind.get(error) : undefined) ?? [];
}

/** Names in an error what the failed call has left behind. What is not an error of ours, such as an abort's reason, stays as it is. */
export function addCreated(error: unknown, created: readonly CreatedResource[]): void {
  if (created.length === 0) return;
  if (!(error instanceof H2OCloudError)) {
    if (typeof error === 'object' && error !== null) leftBehind.set(error, [...createdBy(error), ...created]);
    return;
  }
  const names = created.map(({ kind, id }) => `${kind} ${id}`).join(', ');
  Object.assign(error, { created: [...error.created, ...created], message: `${error.message}\n  left behind: ${names}` });
}

/** Adds to an error what its place of origin could not know. What is not an error of ours stays as it is. */
export function addAdvice(error: unknown, advice: string): void {
  if (error instanceof H2OCloudError) Object.assign(error, { message: redactTokens(`${error.message}\n  ${advice}`) });
}

function kindsOf(constructor: unknown): readonly string[] {
  const kinds: string[] = [];
  for (let step: unknown = constructor; typeof step === 'function' && 'kind' in step; step = Object.getPrototypeOf(step)) {
    if (Object.hasOwn(step, 'kind') && typeof step.kind === 'string') kinds.push(step.kind);
  }
  return kinds;
}

/**
 * Errors that a service answered: one class per kind of status, made from the status and the service's own message.
 */
import { H2OCloudError, type ErrorFacts } from './base.js';
import type { ErrorCode } from './codes.js';

/** What an API error knows beside the common facts. */
export interface ApiErrorFacts extends ErrorFacts {
  readonly status: number;
  /** The service's own message, redacted. */
  readonly serviceMessage?: string | undefined;
  /** The service's own code, for instance `FAILED_PRECONDITION`. */
  readonly serviceCode?: string | undefined;
  /** How long the service asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** A service answered with an error status. */
export class ApiError extends H2OCloudError {
  static override readonly kind: string = 'ApiError';
  override readonly name: string = 'ApiError';
  /** The HTTP status. */
  readonly status: number;
  /** The service's own message, redacted. */
  readonly serviceMessage: string | undefined;
  /** The service's own code, for instance `FAILED_PRECONDITION`. */
  readonly serviceCode: string | undefined;

  constructor(facts: ApiErrorFacts) {
    super(facts);
    this.status = facts.status;
    this.serviceMessage = facts.serviceMessage;
    this.serviceCode = facts.serviceCode;
  }
}

/** 404: what was asked for does not exist, or this user may not see it. */
export class NotFoundError extends ApiError {
  static override readonly kind: string = 'NotFoundError';
  override readonly name: string = 'NotFoundError';
}

/** 403: the user is known and may not do this. */
export class PermissionDeniedError extends ApiError {
  static override readonly kind: string = 'PermissionDeniedError';
  override readonly name: string = 'PermissionDeniedError';
}

/** 409, or 400 and 412 that mean the same: it exists already, or somebody else has changed it. */
export class ConflictError extends ApiError {
  static override readonly kind: string = 'ConflictError';
  override readonly name: string = 'ConflictError';
}

/** 429: too many requests. */
export class RateLimitError extends ApiError {
  static override readonly kind: string = 'RateLimitError';
  override readonly name: string = 'RateLimitError';
  /** How long the service asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(facts: ApiErrorFacts) {
    super(facts);
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** 5xx: the service failed. */
export class ServerError extends ApiError {
  static override readonly kind: string = 'ServerError';
  override readonly name: string = 'ServerError';
}

const conflicts = new Set(['ABORTED', 'FAILED_PRECONDITION', 'ALREADY_EXISTS']);

/** The error class for a status and the service's own code. */
export function apiError(facts: Omit<ApiErrorFacts, 'code'>): ApiError {
  const [ErrorClass, code]: [typeof ApiError, ErrorCode] = classOf(facts.status, facts.serviceCode);
  return new ErrorClass({ ...facts, code });
}

function classOf(status: number, serviceCode: string | undefined): [typeof ApiError, ErrorCode] {
  if (status === 404) return [NotFoundError, 'NOT_FOUND'];
  if (status === 403) return [PermissionDeniedError, 'PERMISSION_DENIED'];
  if (status === 409) return [ConflictError, 'CONFLICT'];
  if ((status === 400 || status === 412) && serviceCode !== undefined && conflicts.has(serviceCode)) return [ConflictError, 'CONFLICT'];
  if (status === 429) return [RateLimitError, 'RATE_LIMITED'];
  if (status >= 500) return [ServerError, 'SERVER_ERROR'];
  return [ApiError, status === 400 || status === 422 ? 'BAD_REQUEST' : 'API_ERROR'];
}

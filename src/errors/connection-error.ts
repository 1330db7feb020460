/**
 * Errors on the way to a service and back: nobody answered, too late, or not what the contract says.
 */
import { H2OCloudError } from './base.js';

/** The service could not be reached, or the connection broke. */
export class ConnectionError extends H2OCloudError {
  static override readonly kind: string = 'ConnectionError';
  override readonly name: string = 'ConnectionError';
}

/** No complete answer within the deadline. */
export class TimeoutError extends ConnectionError {
  static override readonly kind: string = 'TimeoutError';
  override readonly name: string = 'TimeoutError';
}

/** An answer came, but not one that the contract allows: HTML, truncated JSON, a missing field. */
export class ResponseValidationError extends H2OCloudError {
  static override readonly kind: string = 'ResponseValidationError';
  override readonly name: string = 'ResponseValidationError';
}

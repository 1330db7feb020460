/**
 * Failures of a token store, as errors of ours. Nothing of a file system's or a client's own error gets in but its code.
 */
import { AuthenticationError } from '../../errors/authentication-error.js';
import { fileErrorCode } from '../../environment/secret-files.js';

/** The store works, but others do not let go of a key: whoever goes on without it may spend what they are spending. */
export class StoreBusyError extends AuthenticationError {}

/** A store, in words for its errors. */
export interface StoreWords {
  /** As the subject of a sentence: `The token store in /var/tokens`. */
  readonly name: string;
  readonly fix: string;
}

export function storeUnavailable({ name, fix }: StoreWords, because: string): AuthenticationError {
  return new AuthenticationError({ code: 'STORE_UNAVAILABLE', what: `${name} cannot be used (${because}).`, fix, retryable: true });
}

export function storeBusy({ name }: StoreWords): StoreBusyError {
  return new StoreBusyError({
    code: 'STORE_UNAVAILABLE',
    what: `${name} is there, but other processes do not let go of a refresh token.`,
    fix: 'Try again later; if it goes on, look for a process that renews this token and hangs.',
    retryable: true,
  });
}

export async function orUnavailable<Value>(store: StoreWords, action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof AuthenticationError) throw error;
    throw storeUnavailable(store, fileErrorCode(error));
  }
}

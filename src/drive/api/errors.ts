/**
 * Error answers of storage and of its token service: XML with a code and a message, or no body at all.
 */
import { apiError, ConflictError } from '../../errors/api-error.js';
import { AuthenticationError } from '../../errors/authentication-error.js';
import type { H2OCloudError } from '../../errors/base.js';
import type { ErrorAnswer } from '../../http/operation.js';
import { redact } from '../../internal/redact.js';
import { textOf } from './xml.js';

/** Keys that are not, or no longer, good: new ones may be. */
const endedCodes = new Set(['ExpiredToken', 'InvalidAccessKeyId', 'InvalidTokenId', 'InvalidToken', 'InvalidSecurity']);
/** Failures that pass, although their status says otherwise. */
const passingCodes = new Set(['RequestTimeout', 'SlowDown', 'SlowDownRead', 'SlowDownWrite', 'InternalError', 'OperationAborted']);

const fixes: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Check the id of the workspace, and that the user belongs to it.',
  NoSuchKey: 'Check the key, which is case-sensitive, and through which folder it was asked for.',
  NoSuchUpload: 'The upload was ended meanwhile, or expired: upload again.',
  SignatureDoesNotMatch:
    'Something between this program and the service changes requests, their `host` or their path: reach the service without it, or let it pass them on unchanged.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong: set it.',
  EntityTooLarge: 'The service takes no object of this size: store it as several.',
  AccessDenied: 'The user may not do this: ask the owner of the workspace or an administrator for access. A new token does not help.',
};

/** The code of an error answer, bounded to what codes look like. Answers to HEAD have no body; MinIO says the code in a header then. */
export function codeOf({ body, headers }: Pick<ErrorAnswer, 'body' | 'headers'>): string | undefined {
  const code = (textOf(body, 'Code') ?? headers.get('x-minio-error-code'))?.trim();
  return code !== undefined && /^\w{1,60}$/.test(code) ? code : undefined;
}

/** Whether new keys may make the same request acceptable. */
export function wantsNewKeys(answer: ErrorAnswer): boolean {
  return answer.status === 401 || (answer.status < 500 && endedCodes.has(codeOf(answer) ?? ''));
}

/** @param mayQuote whether the message may be shown: one about a request with content might quote that, which no error holds */
export function readStorageError(answer: ErrorAnswer, service: string, mayQuote = true): H2OCloudError {
  const { status, call, requestId, body, secrets } = answer;
  const code = codeOf(answer);
  const message = mayQuote ? textOf(body, 'Message')?.trim() : undefined;
  const serviceMessage = message === undefined || message === '' ? undefined : redact(message, secrets);
  const said = code === undefined ? '' : ` (${redact(code, secrets)}${serviceMessage === undefined ? '' : `: ${serviceMessage}`})`;
  const what = `${service} answered ${status} to ${call}${said}.`;
  if (wantsNewKeys(answer) || code === 'SignatureDoesNotMatch') {
    const fix = fixes[code ?? ''] ?? 'The keys of the session were refused, and new ones too: look whether the user is still signed in.';
    return new AuthenticationError({ code: 'AUTH_REJECTED', what, fix, call, requestId });
  }
  if (status === 412) {
    const fix = 'Another object took its place meanwhile: look what is there now, and repeat the call.';
    return new ConflictError({ code: 'CONFLICT', status, what, fix, call, requestId, serviceMessage });
  }
  return apiError({
    status,
    what,
    fix: fixes[code ?? ''] ?? fixFor(status),
    call,
    requestId,
    serviceMessage,
    ...(code === undefined ? {} : { serviceCode: redact(code, secrets) }),
    retryable: status === 408 || status === 429 || passingCodes.has(code ?? '') || (status >= 500 && status !== 501),
  });
}

function fixFor(status: number): string {
  if (status === 403) return fixes['AccessDenied'] ?? '';
  if (status === 404) return 'Check the key and the workspace, and that the signed-in user may see them.';
  if (status === 409) return 'Somebody else has changed it meanwhile: read it again.';
  if (status === 429 || status === 503) return 'Too many requests: wait, and send fewer at a time.';
  if (status >= 500) return 'The service failed: repeat the call later; if it stays, give the request id to an administrator.';
  return "Correct the request as the service's message says.";
}

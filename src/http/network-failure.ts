/**
 * Names what went wrong on the way to a service, from the errors that fetch, undici and ky wrap into each other.
 * None of those errors leaves the package: they hold requests, and requests hold tokens.
 */
import { ConnectionError } from '../errors/connection-error.js';

export interface NetworkFailure {
  readonly kind: 'tls' | 'redirect' | 'network';
  /** The system's or undici's code, for instance `ECONNRESET`. */
  readonly code: string | undefined;
}

const tlsCode = /CERT|SSL|TLS|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|HOSTNAME_MISMATCH|EPROTO/;
/** Errors nest: ky's around fetch's around undici's around the system's. */
const deepest = 6;

export function readNetworkFailure(error: unknown): NetworkFailure {
  let code: string | undefined;
  let isRedirect = false;
  let step = error;
  for (let depth = 0; depth < deepest && typeof step === 'object' && step !== null; depth++) {
    const found: unknown = Reflect.get(step, 'code');
    if (typeof found === 'string' && /^[A-Z][A-Z0-9_]+$/.test(found)) code = found;
    if (step instanceof Error && step.message === 'unexpected redirect') isRedirect = true;
    step = Reflect.get(step, 'cause');
  }
  if (isRedirect) return { kind: 'redirect', code };
  return { kind: code !== undefined && tlsCode.test(code) ? 'tls' : 'network', code };
}

interface Where {
  readonly service: string;
  /** The service's origin; a path or query may say more than a log should hold. */
  readonly origin: string;
  readonly call: string;
  readonly requestId: string;
}

export function connectionError(failure: NetworkFailure, where: Where): ConnectionError {
  const { call, requestId } = where;
  const because = failure.code === undefined ? '' : ` (${failure.code})`;
  if (failure.kind === 'redirect') {
    return new ConnectionError({
      code: 'UNEXPECTED_REDIRECT',
      what: `${where.service} at ${where.origin} answered with a redirect, which is not followed with a token.`,
      fix: 'A sign-in page or a proxy probably answers there: check the URL of the service (`await cloud.describe()` tells where it comes from).',
      call,
      requestId,
    });
  }
  if (failure.kind === 'tls') {
    return new ConnectionError({
      code: 'TLS_FAILED',
      what: `The TLS certificate of ${where.service} at ${where.origin} was refused${because}.`,
      fix: 'For a private certificate authority start Node with NODE_EXTRA_CA_CERTS=/path/ca.pem, or pass the option `fetch` with an agent that knows it.',
      call,
      requestId,
    });
  }
  return new ConnectionError({
    code: 'CONNECTION_FAILED',
    what: `No complete answer from ${where.service} at ${where.origin}${because}.`,
    fix: 'Check that the URL is right and reachable from here (`await cloud.describe()` tells where it comes from); behind a proxy pass the option `fetch`.',
    call,
    requestId,
    retryable: true,
  });
}

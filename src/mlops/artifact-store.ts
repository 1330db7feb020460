/**
 * Which signed addresses bytes may go to, and how what answers there refuses. They carry no token, but what is uploaded may be confidential.
 */
import { ApiError, apiError } from '../errors/api-error.js';
import type { H2OCloudError } from '../errors/base.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import { checkNamedAddress, isLinkLocal, parseAddress } from '../environment/url-rules.js';
import type { ErrorAnswer } from '../http/operation.js';

/** The gateway that signed an address. */
interface SigningGateway {
  readonly url: string;
  /** Whether plain http to another machine was allowed for it. */
  readonly allowInsecure: boolean;
}

/**
 * @throws {ConfigurationError} code `ORIGIN_NOT_TRUSTED`: the address is plain http, link-local, or on this machine though the gateway is
 * not; nothing was sent there
 */
export function checkSignedAddress(url: string, gateway: SigningGateway): void {
  const { url: signed, problem } = parseAddress(url);
  const isAllowed = signed !== undefined && gateway.allowInsecure && !isLinkLocal(signed);
  const found = isAllowed ? undefined : (problem ?? checkNamedAddress(url, new URL(gateway.url)).problem);
  if (found === undefined) return;
  throw new ConfigurationError({
    code: 'ORIGIN_NOT_TRUSTED',
    what: `MLOps signed an address for a transfer that ${found}${signed === undefined ? '' : ` (${signed.origin})`}. Nothing was sent there.`,
    fix: 'An administrator sets the public address of the artifact store; inside of a cluster, allow it with `services: { mlops: { url, allowInsecure: true } }`.',
  });
}

/** Stores answer XML; of it only the code is told, since messages quote the signed address. */
export function artifactStoreError({ status, body, call, requestId }: ErrorAnswer): H2OCloudError {
  const code = /<Code>(\w{1,60})<\/Code>/.exec(body)?.[1];
  if (status === 507 || code === 'EntityTooLarge') return storageFull({ status, call, requestId, serviceCode: code });
  return apiError({
    status,
    what: `The artifact store answered ${status} to ${call}${code === undefined ? '' : ` (${code})`}.`,
    fix: 'The signed address may have expired: repeat the call. If it stays, give the request id to the administrator of the store.',
    call,
    requestId,
    serviceCode: code,
    retryable: status === 403 || status === 408 || status === 429 || (status >= 500 && status !== 501),
  });
}

/** The error of an upload that the store has no room for, in whatever words it says so. */
export function storageFull({
  status,
  call,
  requestId,
  serviceCode,
  serviceMessage,
}: Pick<ApiError, 'status' | 'call' | 'requestId' | 'serviceCode'> & { readonly serviceMessage?: string | undefined }): ApiError {
  return new ApiError({
    code: 'STORAGE_FULL',
    status,
    what: `The store of artifacts is full, or takes no artifact of this size${serviceMessage === undefined ? '' : `: ${serviceMessage}`}.`,
    fix: 'Ask the administrator of the platform, or delete experiments that are not needed any more.',
    call,
    requestId,
    serviceCode,
    serviceMessage,
  });
}

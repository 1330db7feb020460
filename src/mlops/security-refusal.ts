/**
 * Why a platform refused a deployment's security: mostly because its administrator has not activated that kind.
 */
import { apiError, type ApiError } from '../errors/api-error.js';
import type { SecurityKind, SecurityOption } from './security-options.js';

const settings =
  'An administrator of the platform activates kinds with the setting `securityOptions.activated`, and makes OIDC work with `deployer.config.securityProxy.oidcIssuers`';

/** The same error with the administrator's settings named, when the kind is not activated or the message speaks of security. */
export async function explainRefusal(
  error: ApiError,
  security: readonly SecurityOption[],
  readKinds: () => Promise<readonly SecurityKind[]>,
): Promise<ApiError> {
  if (error.status !== 400 && error.status !== 412 && error.status !== 403) return error;
  // Only an explanation: when it cannot be had, the refusal itself is what counts.
  const activated = await readKinds().catch(() => undefined);
  const refused = activated === undefined ? [] : security.filter((option) => !activated.some((kind) => isOfKind(option, kind)));
  const speaksOfSecurity = /secur|oidc|passphrase|authenti|api.?key/i.test(error.serviceMessage ?? '');
  if (refused.length === 0 && !speaksOfSecurity) return error;
  const kinds = activated?.map(nameOf).join(', ');
  return apiError({
    status: error.status,
    what:
      refused.length === 0
        ? `The platform refused the deployment's security${said(error)}.`
        : `The platform has not activated security of kind ${refused.map(nameOf).join(', ')}${said(error)}.`,
    fix: `${settings}.${kinds === undefined ? '' : ` Activated here: ${kinds === '' ? 'none' : kinds} (mlops.securityOptions.list() tells).`}`,
    call: error.call,
    requestId: error.requestId,
    serviceMessage: error.serviceMessage,
    serviceCode: error.serviceCode,
  });
}

function isOfKind(option: SecurityOption, kind: SecurityKind): boolean {
  return option.type === kind.type && (option.type !== 'passphrase' || kind.atRest === undefined || option.atRest === kind.atRest);
}

function nameOf(kind: { readonly type: string; readonly atRest?: string }): string {
  return kind.type === 'passphrase' ? `passphrase (${kind.atRest ?? 'any'})` : kind.type;
}

function said(error: ApiError): string {
  return error.serviceMessage === undefined ? '' : `: ${error.serviceMessage}`;
}

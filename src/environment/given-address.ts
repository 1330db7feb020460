/**
 * Addresses that were found somewhere, checked: the error says where the bad one stands, never what it is.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import type { FoundValue } from './places.js';
import { checkGivenAddress, type GivenAddressRule } from './url-rules.js';

/**
 * The URL in a value that was found.
 *
 * @param fix what to do where the address is refused
 * @throws {ConfigurationError} it is no URL, or plain http to another machine
 */
export function givenAddress(found: FoundValue, rule: GivenAddressRule, fix: string): URL {
  const checked = checkGivenAddress(found.value, rule);
  if (checked.url !== undefined) return checked.url;
  throw new ConfigurationError({ code: 'CONFIGURATION_INVALID', what: `The address from ${found.origin} ${checked.problem}.`, fix });
}

/** The error for an address that a discovery service names and that must not be used. */
export function refusedAddress(named: string, problem: string, discoveryUrl: string, fix: string): ConfigurationError {
  return new ConfigurationError({
    code: 'ORIGIN_NOT_TRUSTED',
    what: `The ${named}, as discovery at ${discoveryUrl} names it, ${problem}.`,
    fix: `${fix} A remote discovery service may name https addresses of other machines only.`,
  });
}

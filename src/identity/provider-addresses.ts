/**
 * Which addresses of an identity provider may be trusted with a refresh token and a client secret. Pure: no name is resolved.
 */
import { BlockList, isIP } from 'node:net';
import { checkGivenAddress, isLinkLocal, isLoopback, parseAddress } from '../environment/url-rules.js';
import { ConfigurationError } from '../errors/configuration-error.js';

const wellKnownPath = '/.well-known/';

const privateRanges = new BlockList();
privateRanges.addSubnet('0.0.0.0', 8, 'ipv4');
privateRanges.addSubnet('10.0.0.0', 8, 'ipv4');
privateRanges.addSubnet('100.64.0.0', 10, 'ipv4');
privateRanges.addSubnet('172.16.0.0', 12, 'ipv4');
privateRanges.addSubnet('192.168.0.0', 16, 'ipv4');
privateRanges.addAddress('::', 'ipv6');
privateRanges.addSubnet('fc00::', 7, 'ipv6');

/**
 * An issuer as it is compared: a URL without a slash at its end.
 *
 * @throws {ConfigurationError} it is no URL, or tokens must not go there
 */
export function checkedIssuer(text: string, allowInsecure: boolean): string {
  const checked = checkGivenAddress(text, { allowInsecure });
  if (checked.url === undefined)
    throw refused('CONFIGURATION_INVALID', `The issuer ${checked.problem}.`, 'Set `oidc.issuer` to an https URL.');
  const { url } = checked;
  if (url.pathname.includes(wellKnownPath)) {
    const fix =
      'Give the issuer itself, without `/.well-known/openid-configuration`: otherwise nobody could check that the answer is the issuer’s.';
    throw refused('CONFIGURATION_INVALID', 'The issuer is the address of its metadata.', fix);
  }
  if (url.search !== '' || url.hash !== '') {
    throw refused('CONFIGURATION_INVALID', 'The issuer has a query or a fragment.', 'Set `oidc.issuer` to the URL without them.');
  }
  if (isLinkLocal(url))
    throw refused('ORIGIN_NOT_TRUSTED', 'The issuer is link-local.', 'Set `oidc.issuer` to the address of the identity provider.');
  return withoutSlash(url);
}

/**
 * A token endpoint that an option or a variable gives.
 *
 * @throws {ConfigurationError} it is no URL, or tokens must not go there
 */
export function checkedTokenEndpoint(text: string, allowInsecure: boolean): string {
  const checked = checkGivenAddress(text, { allowInsecure });
  const problem = checked.url === undefined ? checked.problem : isLinkLocal(checked.url) ? 'is link-local' : undefined;
  if (checked.url === undefined || problem !== undefined) {
    throw refused(
      'CONFIGURATION_INVALID',
      `The token endpoint ${problem ?? 'is not usable'}.`,
      'Set `oidc.tokenEndpoint` to an https URL.',
    );
  }
  return checked.url.href;
}

/** Whether metadata speaks for the issuer that was asked: equal but for one slash at the end. */
export function isSameIssuer(named: unknown, issuer: string): boolean {
  return typeof named === 'string' && URL.canParse(named) && withoutSlash(new URL(named)) === issuer;
}

/**
 * The token endpoint that an issuer's metadata names. On the issuer's own origin it is as good as the issuer; elsewhere only
 * https metadata can be believed, and never about an address inside somebody's network.
 *
 * @throws {ConfigurationError} tokens must not go there
 */
export function checkedNamedEndpoint(named: unknown, issuer: string, allowInsecure: boolean): string {
  const checked = typeof named === 'string' ? parseAddress(named) : { problem: 'is missing from its metadata' };
  const problem = checked.url === undefined ? checked.problem : problemOfNamed(checked.url, new URL(issuer), allowInsecure);
  if (checked.url === undefined || problem !== undefined) {
    const what = `The token endpoint that the identity provider at ${new URL(issuer).origin} names ${problem ?? 'is not usable'}.`;
    throw refused(
      'ORIGIN_NOT_TRUSTED',
      what,
      'If it is right, set `oidc.tokenEndpoint` instead of `oidc.issuer`; plain http needs `oidc.allowInsecure`.',
    );
  }
  return checked.url.href;
}

function problemOfNamed(endpoint: URL, issuer: URL, allowInsecure: boolean): string | undefined {
  if (endpoint.origin === issuer.origin) return undefined;
  if (isLoopback(issuer) && isLoopback(endpoint)) return undefined;
  if (isLoopback(endpoint)) return 'is on this machine, though the issuer is not';
  if (isLinkLocal(endpoint) || isPrivate(endpoint)) return 'is a private or link-local address';
  if (endpoint.protocol !== 'https:' && !(allowInsecure && endpoint.hostname === issuer.hostname)) return 'is plain http';
  return issuer.protocol === 'https:' || endpoint.hostname === issuer.hostname
    ? undefined
    : 'is on another host, which only an https issuer may name';
}

function isPrivate(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const version = isIP(host);
  return version !== 0 && privateRanges.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

function withoutSlash(url: URL): string {
  return url.href.replace(/\/$/, '');
}

function refused(code: 'CONFIGURATION_INVALID' | 'ORIGIN_NOT_TRUSTED', what: string, fix: string): ConfigurationError {
  return new ConfigurationError({ code, what, fix });
}

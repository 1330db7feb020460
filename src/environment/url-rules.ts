/**
 * Which addresses may receive tokens: https, and plain http only where it cannot leave the machine or somebody has allowed it.
 * Pure: it looks at the text of an address and resolves no names. What it says about a refused address never quotes it.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** An address that has been looked at: a URL, or what is wrong with it as the rest of a sentence ("is not …"). */
export type AddressCheck = { readonly url: URL; readonly problem?: never } | { readonly url?: never; readonly problem: string };

const loopbackRanges = new BlockList();
loopbackRanges.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackRanges.addAddress('::1', 'ipv6');

const linkLocalRanges = new BlockList();
linkLocalRanges.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocalRanges.addSubnet('fe80::', 10, 'ipv6');

const unspecifiedRanges = new BlockList();
unspecifiedRanges.addSubnet('0.0.0.0', 8, 'ipv4');
unspecifiedRanges.addAddress('::', 'ipv6');

/** Whether the host of a URL is this machine: `localhost` and names below it, 127.0.0.0/8, ::1, also as IPv4 inside IPv6. */
export function isLoopback(url: URL): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host.endsWith('.localhost') || isIn(loopbackRanges, host);
}

/** Whether the host of a URL is link-local (169.254.0.0/16, fe80::/10): where clouds serve the credentials of a machine. */
export function isLinkLocal(url: URL): boolean {
  return isIn(linkLocalRanges, hostOf(url));
}

/**
 * Reads an absolute http or https address as written by hand. Stricter than `new URL()`, which repairs `https:host`, drops
 * line breaks and takes a backslash for a slash.
 */
export function parseAddress(text: string): AddressCheck {
  const address = text.trim();
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  const authority = /^https?:\/\/([^/?#]+)/i.exec(address)?.[1];
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https' && address.includes('://'))
    return { problem: 'is neither https nor http' };
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (authority === undefined || /[\s\\\u0000-\u001f\u007f]/.test(address) || !URL.canParse(address)) {
    return { problem: 'is not an absolute URL such as https://host' };
  }
  if (authority.includes('@')) return { problem: 'has a user name or password in it' };
  return { url: new URL(address) };
}

/** What an address has to satisfy that the program or its surroundings were given. */
export interface GivenAddressRule {
  /** Plain http to another machine was explicitly allowed for this service. */
  readonly allowInsecure: boolean;
}

/** Checks an address that an option, a variable or a file gives: https, http on this machine, or http where it is allowed. */
export function checkGivenAddress(text: string, rule: GivenAddressRule): AddressCheck {
  const checked = parseAddress(text);
  if (checked.url?.protocol === 'http:' && !rule.allowInsecure && !isLoopback(checked.url)) {
    return { problem: 'is plain http to another machine, where tokens would travel unencrypted' };
  }
  return checked;
}

/**
 * Checks an address that a discovery service names. A remote one must not send tokens to this machine or to link-local
 * addresses, nor anywhere over http; one on this machine may name http on this machine.
 *
 * @param namedBy the address of the discovery service, itself checked as a given address
 */
export function checkNamedAddress(text: string, namedBy: URL): AddressCheck {
  const checked = parseAddress(text);
  if (checked.url === undefined) return checked;
  const { url } = checked;
  if (isLinkLocal(url)) return { problem: 'is link-local' };
  if (isLoopback(namedBy)) {
    return url.protocol === 'https:' || isLoopback(url) ? checked : { problem: 'is plain http to another machine' };
  }
  if (isLoopback(url) || isIn(unspecifiedRanges, hostOf(url)))
    return { problem: 'is on this machine, though the discovery service is not' };
  return url.protocol === 'https:' ? checked : { problem: 'is plain http' };
}

/** An address to append paths to: without query, fragment and trailing slashes. */
export function baseOf(url: URL): string {
  return exactBaseOf(url).replace(/\/+$/, '');
}

/** An address without query and fragment, its path as it was given. */
export function exactBaseOf(url: URL): string {
  return url.origin + url.pathname;
}

/** Whether two addresses are the same but for trailing slashes, the case of the host and a default port. */
export function isSameAddress(one: string, other: string): boolean {
  return comparable(one) === comparable(other);
}

function comparable(text: string): string {
  const { url } = parseAddress(text);
  return url === undefined ? text.trim().replace(/\/+$/, '') : baseOf(url);
}

/** The host as it is looked up: no brackets around IPv6, no dot at the end. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isIn(ranges: BlockList, host: string): boolean {
  if (isIPv4(host)) return ranges.check(host, 'ipv4');
  return isIPv6(host) && ranges.check(host, 'ipv6');
}

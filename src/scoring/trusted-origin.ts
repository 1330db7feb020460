/**
 * Where a user's token may go to score. A deployment's address comes from a service's answer, so it is checked before a token is sent there.
 * Pure.
 */
import { isLoopback } from '../environment/url-rules.js';
import { ConfigurationError } from '../errors/configuration-error.js';

/** What the configuration says about where scorers are. */
export interface ScorerTrust {
  /** URLs of the configured cloud and its MLOps gateway, as far as known. */
  readonly cloudUrl?: string | undefined;
  readonly gatewayUrl?: string | undefined;
  /** The option `trustedScorerOrigins`. */
  readonly trustedOrigins: readonly string[];
  /** Whether plain http was allowed for the service. */
  readonly allowInsecure: boolean;
}

/** Domains under which strangers register names of their own. */
const sharedSuffix = /^(?:co|com|org|net|gov|edu|ac)\.[a-z]{2}$/;

/** @throws {ConfigurationError} code `ORIGIN_NOT_TRUSTED` */
export function checkScorerOrigin(scorerUrl: string, trust: ScorerTrust): void {
  const url = parse(scorerUrl);
  if (url !== undefined && isTrusted(url, trust)) return;
  const origin = url === undefined ? 'that address' : url.origin;
  throw new ConfigurationError({
    code: 'ORIGIN_NOT_TRUSTED',
    what: `No token was sent to ${origin}: it is not under the configured cloud, not beside its MLOps gateway, or not https.`,
    fix: `If the scorer really is there, name it: new H2OCloud({ trustedScorerOrigins: ['${origin}'] }).`,
  });
}

export function isTrusted(url: URL, trust: ScorerTrust): boolean {
  if (url.username !== '' || url.password !== '') return false;
  if (trust.trustedOrigins.some((origin) => parse(origin)?.origin === url.origin)) return true;
  const known = [trust.cloudUrl, trust.gatewayUrl].flatMap((address) => parse(address) ?? []);
  if (url.protocol === 'http:' && isLoopback(url)) return known.some((address) => address.origin === url.origin);
  const cloud = hostOf(trust.cloudUrl);
  const gateway = hostOf(trust.gatewayUrl);
  const host = withoutDot(url.hostname);
  const isNextToGateway = gateway !== undefined && isBeside(host, gateway);
  // Plain http was allowed for the gateway's own network, not for the way to the cloud.
  if (url.protocol === 'http:') return trust.allowInsecure && isNextToGateway;
  return url.protocol === 'https:' && (isNextToGateway || (cloud !== undefined && isUnder(host, cloud)));
}

function hostOf(address: string | undefined): string | undefined {
  const host = parse(address)?.hostname;
  return host === undefined ? undefined : withoutDot(host);
}

/** A name that ends in a dot is the same name. */
function withoutDot(host: string): string {
  return host.replace(/\.$/, '');
}

function isUnder(host: string, cloud: string): boolean {
  return host === cloud || (!isAddress(cloud) && cloud.includes('.') && host.endsWith(`.${cloud}`));
}

function isBeside(host: string, gateway: string): boolean {
  if (host === gateway) return true;
  if (isAddress(gateway)) return false;
  const parent = gateway.slice(gateway.indexOf('.') + 1);
  return parent.includes('.') && !sharedSuffix.test(parent) && (host === parent || host.endsWith(`.${parent}`));
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.startsWith('[');
}

function parse(url: string | undefined): URL | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
}

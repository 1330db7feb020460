/**
 * What of an identity provider's metadata is used, and whether it may be: endpoints get tokens and secrets. Pure.
 */
import type { JsonObject } from './guarded-fetch.js';
import { ownMember } from './jwt-claims.js';
import { checkedNamedEndpoint } from './provider-addresses.js';

export interface ProviderMetadata {
  readonly issuer: string;
  readonly token_endpoint: string;
  /** Absent where the provider cannot revoke tokens. */
  readonly revocation_endpoint?: string;
}

interface MetadataRules {
  readonly issuer: string;
  readonly allowInsecure: boolean;
  /** The client shows a certificate, for which a provider may have endpoints of their own. */
  readonly usesCertificate: boolean;
}

/** @throws {ConfigurationError} an endpoint that is needed is missing, or tokens must not go there */
export function readMetadata(json: JsonObject, { issuer, allowInsecure, usesCertificate }: MetadataRules): ProviderMetadata {
  const aliases = usesCertificate ? ownMember(json, 'mtls_endpoint_aliases') : undefined;
  const aliasOf = (name: string): unknown =>
    typeof aliases === 'object' && aliases !== null ? ownMember({ ...aliases }, name) : undefined;
  const named = (name: string): unknown => aliasOf(name) ?? ownMember(json, name);
  const revocation = named('revocation_endpoint');
  return {
    issuer,
    token_endpoint: checkedNamedEndpoint(named('token_endpoint'), issuer, allowInsecure),
    ...(revocation === undefined ? {} : { revocation_endpoint: checkedNamedEndpoint(revocation, issuer, allowInsecure) }),
  };
}

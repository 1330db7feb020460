/**
 * Which identity provider issues the tokens: one order for tokens of the platform's client, another for those of the app's own client.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import type { CheckedOptions } from './check-options.js';
import type { CloudLocation } from './cloud-location.js';
import type { WaitOptions } from './discovery.js';
import { givenAddress, refusedAddress } from './given-address.js';
import { cloudPlaces } from './cloud-variables.js';
import { firstOf, type FoundValue, type PlacePorts, type Search } from './places.js';

/** An identity provider: its issuer, or its token endpoint alone. */
export interface IdentityProvider {
  readonly issuer?: string;
  readonly tokenEndpoint?: string;
  /** Whether plain http to another machine was explicitly allowed. */
  readonly allowInsecure: boolean;
  /** Where the address comes from, in words. */
  readonly origin: string;
}

/** Whose tokens: those of the client that all programs of the platform share, or those of the app's own client. */
export type ProviderPurpose = 'platform' | 'app';

/** What finding the identity provider needs. */
export interface ProviderPorts extends PlacePorts {
  readonly options: CheckedOptions;
  readonly location: CloudLocation;
}

type Source = { readonly issuer: string } | { readonly tokenEndpoint: string } | 'discovery';

const tokenEndpoint: Source = { tokenEndpoint: 'H2O_CLOUD_TOKEN_ENDPOINT_URL' };
const platformEndpoint: Source = { tokenEndpoint: 'PLATFORM_TOKEN_ENDPOINT' };
const waveProvider: Source = { issuer: 'H2O_WAVE_OIDC_PROVIDER_URL' };
/** A setting of the App Store's server; promised to nobody, so it comes last. */
const serverProvider: Source = { issuer: 'H2O_CLOUD_OIDC_PROVIDER_URL' };

const orders: Readonly<Record<ProviderPurpose, readonly Source[]>> = {
  platform: [tokenEndpoint, platformEndpoint, 'discovery', waveProvider, serverProvider],
  // The app's client is registered where Wave signs users in, whatever the platform's client uses.
  app: [waveProvider, tokenEndpoint, platformEndpoint, 'discovery', serverProvider],
};

/**
 * Looks for the identity provider: the options first, then the order of the purpose.
 *
 * @throws {ConfigurationError} the address that counts is malformed or must not receive tokens
 * @throws {ConnectionError} discovery would have to say it and cannot be reached
 */
export async function findIdentityProvider(
  ports: ProviderPorts,
  purpose: ProviderPurpose,
  options: WaitOptions,
): Promise<Search<IdentityProvider>> {
  const { issuer, tokenEndpoint: endpoint, allowInsecure } = ports.options.oidc;
  if (issuer !== undefined) return { found: { issuer, allowInsecure, origin: 'option oidc.issuer' } };
  if (endpoint !== undefined) return { found: { tokenEndpoint: endpoint, allowInsecure, origin: 'option oidc.tokenEndpoint' } };
  const lookedAt = ['option oidc.issuer', 'option oidc.tokenEndpoint'];
  for (const source of orders[purpose]) {
    const search = source === 'discovery' ? await discovered(ports, options) : await fromVariable(ports, source);
    if (search.found !== undefined) return search;
    lookedAt.push(...search.lookedAt);
  }
  return { lookedAt };
}

async function fromVariable(ports: ProviderPorts, source: Exclude<Source, 'discovery'>): Promise<Search<IdentityProvider>> {
  const { allowInsecure } = ports.options.oidc;
  const isIssuer = 'issuer' in source;
  const search = await firstOf(cloudPlaces(ports, isIssuer ? source.issuer : source.tokenEndpoint));
  if (search.found === undefined) return search;
  const { value, origin } = checkedProvider(search.found, allowInsecure);
  return { found: isIssuer ? { issuer: value, allowInsecure, origin } : { tokenEndpoint: value, allowInsecure, origin } };
}

function checkedProvider(found: FoundValue, allowInsecure: boolean): FoundValue {
  givenAddress(
    found,
    { allowInsecure },
    'Give the https URL of the identity provider; where plain http is meant, set the option oidc.allowInsecure.',
  );
  return found;
}

async function discovered({ location }: ProviderPorts, { signal }: WaitOptions): Promise<Search<IdentityProvider>> {
  const answer = await location.ask((discovery) => discovery.environment({ signal }));
  if (answer.unusable !== undefined) return { lookedAt: [`issuer from discovery (${answer.unusable})`] };
  const { value, discovery } = answer;
  if (value.issuer.url === undefined) {
    throw refusedAddress('issuer', value.issuer.refused, discovery.url, 'Set the option oidc.issuer to the issuer to use.');
  }
  return { found: { issuer: value.issuer.url, allowInsecure: false, origin: `discovery at ${discovery.url}` } };
}

/** The error for an identity provider that is nowhere. */
export function missingProvider(lookedAt: readonly string[]): ConfigurationError {
  return new ConfigurationError({
    code: 'CONFIGURATION_MISSING',
    what: `The identity provider is not known. Looked at: ${lookedAt.join('; ')}.`,
    fix: "Set the option oidc.issuer, or the option environment (variable H2O_CLOUD_ENVIRONMENT) to the cloud's URL, whose discovery service then names the issuer.",
  });
}

/**
 * What is configured, what is not, and where everything was looked for: plain JSON for people, without a secret in it.
 * A thing that is missing, broken or out of reach is reported, never thrown.
 */
import { H2OCloudError } from '../errors/base.js';
import type { ErrorCode } from '../errors/codes.js';
import type { MlopsPlatformName } from './options.js';
import type { CurrentUser } from './current-user.js';
import type { EndpointSearch } from './endpoints.js';
import type { IdentityProvider } from './identity-provider.js';
import { foundOr, type FoundValue, type Search } from './places.js';
import type { ServiceName } from './services.js';
import { waveAddress, type FoundAppClient, type InstanceFacts, type InstanceSearch, type RoleSearch, type WaveSearch } from './settings.js';
import { exactBaseOf, parseAddress } from './url-rules.js';

/** One thing that was looked for. */
export type Finding =
  | {
      readonly status: 'found';
      /** The value; of a secret only that and where it is set. */
      readonly value: string;
      /** Where the value comes from, in words. */
      readonly origin: string;
      /** Scopes that a token for it needs; services only. */
      readonly scopes?: readonly string[];
    }
  | { readonly status: 'missing'; readonly lookedAt: readonly string[] }
  | { readonly status: 'failed'; readonly problem: string; readonly code?: ErrorCode };

/** The configuration of a cloud, as plain data. */
export interface CloudDescription {
  /** URL of the cloud. */
  readonly cloud: Finding;
  /** The discovery service: found only when it answers. */
  readonly discovery: Finding;
  readonly services: Readonly<Record<ServiceName, Finding>>;
  readonly identity: {
    /** Where tokens of the current user are redeemed. */
    readonly provider: Finding;
    /** Where the app's own client is registered. */
    readonly appProvider: Finding;
    readonly appClientId: Finding;
    readonly appClientSecret: Finding;
    readonly currentUser: Finding;
  };
  readonly wave: { readonly address: Finding; readonly appAddress: Finding; readonly accessKey: Finding; readonly appKey: Finding };
  readonly roles: { readonly claim: Finding; readonly admin: Finding; readonly fullAccess: Finding };
  readonly mlopsPlatform: Finding;
  readonly trustedScorerOrigins: readonly string[];
  readonly trustedOrigins: readonly string[];
  readonly instance: Readonly<Record<keyof InstanceFacts, Finding>>;
}

/** The searches that a description reports on. */
export interface DescribedSearches {
  readonly cloud: () => Promise<Search<FoundValue>>;
  readonly discovery: () => Promise<Search<FoundValue>>;
  readonly service: (name: ServiceName) => Promise<EndpointSearch>;
  readonly provider: () => Promise<Search<IdentityProvider>>;
  readonly appProvider: () => Promise<Search<IdentityProvider>>;
  readonly currentUser: () => Promise<Search<CurrentUser>>;
  readonly appClient: Search<FoundAppClient>;
  readonly wave: WaveSearch;
  readonly roles: RoleSearch;
  readonly mlopsPlatform: MlopsPlatformName | undefined;
  readonly trustedScorerOrigins: readonly string[];
  readonly trustedOrigins: readonly string[];
  readonly instance: InstanceSearch;
}

/** Runs all searches at once and reports what came of each. Never rejects; the caller's wait ends with the caller's signal. */
export async function describeCloud(searches: DescribedSearches): Promise<CloudDescription> {
  const report = (search: () => Promise<Finding>): Promise<Finding> => search().catch(failed);
  const [services, cloud, discovery, provider, appProvider, currentUser] = await Promise.all([
    describeServices((name) => report(async () => ofService(await searches.service(name)))),
    report(async () => plain(await searches.cloud())),
    report(async () => plain(await searches.discovery())),
    report(async () => ofProvider(await searches.provider())),
    report(async () => ofProvider(await searches.appProvider())),
    report(async () => ofSecret(await searches.currentUser())),
  ]);
  const { wave, roles, instance } = searches;
  return {
    cloud,
    discovery,
    services,
    identity: { provider, appProvider, ...ofAppClient(searches.appClient), currentUser },
    wave: {
      address: ofWaveAddress(wave.address),
      appAddress: ofWaveAddress(wave.appAddress),
      accessKey: ofSecret(wave.accessKey),
      appKey: ofSecret(wave.appKey),
    },
    roles: { claim: plain({ found: roles.claim }), admin: plain({ found: roles.admin }), fullAccess: plain(roles.fullAccess) },
    mlopsPlatform: plain(foundOr(searches.mlopsPlatform, 'option mlopsPlatform')),
    trustedScorerOrigins: searches.trustedScorerOrigins,
    trustedOrigins: searches.trustedOrigins,
    instance: {
      id: plain(instance.id),
      appName: plain(instance.appName),
      appVersion: plain(instance.appVersion),
      appId: plain(instance.appId),
      owner: plain(instance.owner),
    },
  };
}

async function describeServices(find: (name: ServiceName) => Promise<Finding>): Promise<CloudDescription['services']> {
  const [mlops, mlopsAuthz, mlopsSecureStore, steam, driveSts, driveUser, driveWorkspace, engines, hopsworks] = await Promise.all([
    find('mlops'),
    find('mlopsAuthz'),
    find('mlopsSecureStore'),
    find('steam'),
    find('driveSts'),
    find('driveUser'),
    find('driveWorkspace'),
    find('engines'),
    find('hopsworks'),
  ]);
  return { mlops, mlopsAuthz, mlopsSecureStore, steam, driveSts, driveUser, driveWorkspace, engines, hopsworks };
}

function plain({ found, lookedAt }: Search<FoundValue>): Finding {
  return found === undefined ? { status: 'missing', lookedAt } : { status: 'found', value: found.value, origin: found.origin };
}

/** A secret is reported by where it is set, and nothing else of it. */
function ofSecret({ found, lookedAt }: Search<{ readonly origin: string }>): Finding {
  return found === undefined ? { status: 'missing', lookedAt } : setAt(found.origin);
}

function setAt(origin: string): Finding {
  return { status: 'found', value: `set (${origin})`, origin };
}

function ofService(search: EndpointSearch): Finding {
  if (search.found === undefined) return { status: 'missing', lookedAt: search.lookedAt };
  const { url, origin, scopes } = search.found;
  return { status: 'found', value: url, origin, scopes };
}

function ofProvider({ found, lookedAt }: Search<IdentityProvider>): Finding {
  if (found === undefined) return { status: 'missing', lookedAt };
  const { url } = parseAddress(found.issuer ?? found.tokenEndpoint ?? '');
  return { status: 'found', value: url === undefined ? '' : exactBaseOf(url), origin: found.origin };
}

function ofAppClient({ found, lookedAt }: Search<FoundAppClient>): { readonly appClientId: Finding; readonly appClientSecret: Finding } {
  if (found === undefined) return { appClientId: { status: 'missing', lookedAt }, appClientSecret: { status: 'missing', lookedAt } };
  return {
    appClientId: { status: 'found', value: found.clientId, origin: found.origin },
    appClientSecret:
      found.proofOrigin === undefined ? { status: 'missing', lookedAt: [`the secret beside ${found.origin}`] } : setAt(found.proofOrigin),
  };
}

function ofWaveAddress({ found, lookedAt }: Search<FoundValue>): Finding {
  if (found === undefined) return { status: 'missing', lookedAt };
  try {
    return { status: 'found', value: waveAddress(found), origin: found.origin };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Finding {
  // What others throw may quote anything.
  if (!(error instanceof H2OCloudError)) return { status: 'failed', problem: 'an unexpected error' };
  return { status: 'failed', problem: error.message, code: error.code };
}

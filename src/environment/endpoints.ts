/**
 * Where each service is: option, variables and files, discovery, in this order; and what to say when it is nowhere.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import type { CheckedOptions, GivenSource } from './check-options.js';
import type { CloudLocation } from './cloud-location.js';
import type { Discovery, WaitOptions } from './discovery.js';
import { scopesOf, type DiscoveredService } from './discovery-wire.js';
import { givenAddress, refusedAddress } from './given-address.js';
import { cloudPlaces } from './cloud-variables.js';
import { filePlace, firstOf, variablePlaces, type FoundValue, type Place, type PlacePorts } from './places.js';
import { serviceTable, type ServiceFacts, type ServiceName } from './services.js';
import { baseOf, exactBaseOf } from './url-rules.js';

/** Where a service is, and what a token for it needs. */
export interface ServiceEndpoint {
  readonly name: ServiceName;
  /** Without query, fragment and trailing slash; only `driveSts` keeps its path exactly as registered, a trailing slash included. */
  readonly url: string;
  /** Where the address comes from, in words. */
  readonly origin: string;
  /** Whether plain http to another machine was explicitly allowed for this service. */
  readonly allowInsecure: boolean;
  /** Scopes that a token for the service needs. */
  readonly scopes: readonly string[];
}

/** What the search for a service came to. */
export type EndpointSearch =
  | { readonly found: ServiceEndpoint }
  | {
      readonly found?: never;
      readonly lookedAt: readonly string[];
      /** Why discovery, though configured, could not say whether it knows the service. */
      readonly unusable: ConfigurationError | undefined;
    };

/** What finding services needs. */
export interface EndpointPorts extends PlacePorts {
  readonly options: CheckedOptions;
  readonly location: CloudLocation;
}

/** The places of one source, and how its address becomes that of the service. */
interface Candidate {
  readonly places: readonly Place[];
  readonly allowInsecure?: boolean;
  readonly append?: string | undefined;
}

/** The services of this cloud. What an option, a variable or a file says is read once and kept. */
export class Endpoints {
  readonly #ports: EndpointPorts;
  readonly #settled = new Map<ServiceName, ServiceEndpoint>();

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
  }

  /**
   * Looks for a service.
   *
   * @throws {ConfigurationError} the address that counts is malformed or must not receive tokens
   * @throws {ConnectionError} discovery would have to say it and cannot be reached
   */
  async search(name: ServiceName, options: WaitOptions): Promise<EndpointSearch> {
    const settled = this.#settled.get(name);
    if (settled !== undefined) return { found: settled };
    const facts = serviceTable[name];
    const given = this.#ports.options.services.get(name);
    const lookedAt: string[] = given === undefined ? [`option ${facts.option}`] : [];
    for (const candidate of this.#candidates(facts, given)) {
      const search = await firstOf(candidate.places);
      if (search.found !== undefined) {
        const endpoint = givenEndpoint(name, search.found, candidate);
        this.#settled.set(name, endpoint);
        return { found: endpoint };
      }
      lookedAt.push(...search.lookedAt);
    }
    return this.#discovered(name, lookedAt, options);
  }

  #candidates(facts: ServiceFacts, given: GivenSource | undefined): readonly Candidate[] {
    const candidates: Candidate[] = given === undefined ? [] : [this.#optionCandidate(given)];
    for (const variable of facts.variables) candidates.push({ places: cloudPlaces(this.#ports, variable) });
    if (facts.derived !== undefined) {
      candidates.push({ places: cloudPlaces(this.#ports, facts.derived.variable), append: facts.derived.path });
    }
    return candidates;
  }

  #optionCandidate({ option, from, append }: GivenSource): Candidate {
    if ('variable' in from) return { places: variablePlaces(this.#ports, from.variable), append };
    if ('file' in from) return { places: [filePlace(this.#ports, from.file, option)], append };
    const found = { value: from.url, origin: `option ${option}` };
    return { places: [() => Promise.resolve({ found })], allowInsecure: from.allowInsecure, append };
  }

  async #discovered(name: ServiceName, lookedAt: readonly string[], { signal }: WaitOptions): Promise<EndpointSearch> {
    const facts = serviceTable[name];
    const { discoveryKey } = facts;
    if (discoveryKey === undefined) return { lookedAt, unusable: undefined };
    const answer = await this.#ports.location.ask((discovery) => discovery.services({ signal }));
    if (answer.unusable !== undefined) {
      return { lookedAt: [...lookedAt, `discovery service ${discoveryKey} (${answer.unusable})`], unusable: answer.error };
    }
    const { value: services, discovery } = answer;
    const origin = `discovery service ${discoveryKey} at ${discovery.url}`;
    const service = services.get(discoveryKey);
    if (service === undefined) return { lookedAt: [...lookedAt, `${origin} (not listed)`], unusable: undefined };
    const address = facts.keepsTrailingSlash === true ? service.exactAddress : service.address;
    if (address.url === undefined) {
      throw refusedAddress(
        `address of ${facts.title}`,
        address.refused,
        discovery.url,
        `Set the option ${facts.option} to the address to use.`,
      );
    }
    const scopes = await neededScopes(facts, service, discovery, { signal });
    return { found: { name, url: address.url, origin, allowInsecure: false, scopes } };
  }
}

function givenEndpoint(name: ServiceName, found: FoundValue, { allowInsecure = false, append }: Candidate): ServiceEndpoint {
  const { option, scopes, keepsTrailingSlash } = serviceTable[name];
  const fix = `Give the https URL of the service; where plain http is meant, set the option ${option} to { url, allowInsecure: true }.`;
  const address = givenAddress(found, { allowInsecure }, fix);
  const base = keepsTrailingSlash === true ? exactBaseOf(address) : baseOf(address);
  return { name, url: append === undefined ? base : baseOf(address) + append, origin: found.origin, allowInsecure, scopes };
}

/** Scopes that the service names itself come first; without any, ours or those of the platform as a whole. */
async function neededScopes(
  facts: ServiceFacts,
  service: DiscoveredService,
  discovery: Discovery,
  options: WaitOptions,
): Promise<readonly string[]> {
  if (facts.addsScopes === true) return [...new Set([...facts.scopes, ...service.scopes])];
  if (service.scopes.length > 0) return service.scopes;
  if (facts.scopes.length > 0 || facts.asksNoScope === true) return facts.scopes;
  return scopesOf((await discovery.environment(options)).platformScope);
}

/** The error for a service that is nowhere: where it was looked for, and how to set it. */
export function missingEndpoint(name: ServiceName, lookedAt: readonly string[]): ConfigurationError {
  const { title, option, variables, discoveryKey, secret } = serviceTable[name];
  const [variable] = variables;
  const ways = [
    `Set the option ${option}`,
    ...(variable === undefined ? [] : [`set the variable ${variable}`]),
    ...(discoveryKey === undefined ? [] : [`let discovery list ${discoveryKey}`]),
  ];
  return new ConfigurationError({
    code: 'CONFIGURATION_MISSING',
    what: `The address of ${title} is not known. Looked at: ${lookedAt.join('; ')}.`,
    fix:
      `${ways.join(', or ')}. In the App Store an administrator first makes a shared (ALL_USERS) secret with the URL` +
      `${secret === undefined ? '' : ` (by convention ${secret})`}, which the app.toml of the app then names; ` +
      'instances that visitors start do not receive such secrets.',
  });
}

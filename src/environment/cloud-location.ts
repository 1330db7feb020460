/**
 * Which cloud this is: where its discovery service is looked for, and whether the environment variables speak of the same cloud.
 */
import { ConfigurationError } from '../errors/configuration-error.js';
import type { Clock } from '../internal/clock.js';
import type { CheckedOptions } from './check-options.js';
import type { CliConfig } from './cli-config.js';
import { Discovery, type GetJson, type WaitOptions } from './discovery.js';
import type { EnvSnapshot } from './env-snapshot.js';
import { givenAddress, refusedAddress } from './given-address.js';
import type { FoundValue, Search } from './places.js';
import { baseOf, isSameAddress } from './url-rules.js';

/** A cloud that has been located. */
export interface LocatedCloud {
  readonly discovery: Discovery;
  /** The cloud's URL as it was configured; `undefined` when only its discovery service was. */
  readonly url: FoundValue | undefined;
}

/** What a question to the discovery service came to: an answer, or in words why the service could not be asked. */
export type DiscoveryAnswer<Value> =
  | { readonly value: Value; readonly discovery: Discovery; readonly unusable?: never }
  | { readonly value?: never; readonly unusable: string; readonly error: ConfigurationError | undefined };

/** What locating a cloud needs. */
export interface CloudLocationPorts {
  readonly options: CheckedOptions;
  readonly variables: EnvSnapshot;
  readonly readCli: () => Promise<CliConfig>;
  readonly getJson: GetJson;
  readonly clock: Clock;
}

/** Where the cloud is. What it has found once it keeps. */
export class CloudLocation {
  readonly #ports: CloudLocationPorts;
  #located: LocatedCloud | undefined;

  constructor(ports: CloudLocationPorts) {
    this.#ports = ports;
  }

  /**
   * Finds the discovery service, and asks it nothing.
   *
   * @throws {ConfigurationError} the address that counts is malformed or insecure, or the CLI file is broken
   */
  async locate(): Promise<Search<LocatedCloud>> {
    if (this.#located !== undefined) return { found: this.#located };
    const search = await this.#findAddress();
    if (search.found === undefined) return search;
    // A second caller may have been faster; all must share one client and its cache.
    this.#located ??= this.#cloudAt(search.found);
    return { found: this.#located };
  }

  /**
   * Asks the discovery service. That none is configured, or that something else answers there, is an answer too;
   * that it cannot be reached is an error.
   */
  async ask<Value>(question: (discovery: Discovery) => Promise<Value>): Promise<DiscoveryAnswer<Value>> {
    try {
      const { found, lookedAt } = await this.locate();
      if (found === undefined) return { unusable: `no address of it in ${lookedAt.join(', ')}`, error: undefined };
      return { value: await question(found.discovery), discovery: found.discovery };
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return { unusable: `not usable: ${error.message.split('\n')[0] ?? ''}`, error };
    }
  }

  /** The cloud's URL: as configured, else as its discovery service says. */
  async url({ signal }: WaitOptions): Promise<Search<FoundValue>> {
    const { found, lookedAt } = await this.locate();
    if (found === undefined) return { lookedAt };
    if (found.url !== undefined) return { found: found.url };
    const { cloud } = await found.discovery.environment({ signal });
    if (cloud.url === undefined)
      throw refusedAddress('URL of the cloud', cloud.refused, found.discovery.url, 'Set the option environment.');
    return { found: { value: cloud.url, origin: `discovery at ${found.discovery.url}` } };
  }

  async #findAddress(): Promise<Search<AddressOfCloud>> {
    const { options, variables } = this.#ports;
    const explicit = firstAddress([...optionAddresses(options), ...variableAddresses(variables)]);
    if (explicit.found !== undefined) return explicit;
    const cli = await this.#ports.readCli();
    const endpoint = firstAddress([
      { kind: 'cloud', value: cli.endpoint, origin: `Endpoint of the ${cli.file}${cli.exists ? '' : ' (does not exist)'}` },
    ]);
    return endpoint.found === undefined ? { lookedAt: [...explicit.lookedAt, ...endpoint.lookedAt] } : endpoint;
  }

  #cloudAt({ kind, ...found }: AddressOfCloud): LocatedCloud {
    const { getJson, clock } = this.#ports;
    const { origin } = found;
    const url = baseOf(givenAddress(found, { allowInsecure: false }, 'Give the https URL; http is only for a cloud on this machine.'));
    return kind === 'discovery'
      ? { discovery: new Discovery({ url, origin }, { getJson, clock }), url: undefined }
      : { discovery: new Discovery({ url: discoveryOf(url), origin }, { getJson, clock }), url: { value: url, origin } };
  }
}

/**
 * Why the environment variables do not speak of the cloud that the options name; `undefined` when they do, or when one side names none.
 * Tokens, clients and token endpoints of one cloud must not be used for another.
 */
export function otherCloudReason(options: CheckedOptions, variables: EnvSnapshot): string | undefined {
  const chosen = firstAddress(optionAddresses(options)).found;
  const named = variableAddresses(variables).flatMap((address) => firstAddress([address]).found ?? []);
  if (chosen === undefined || named[0] === undefined) return undefined;
  if (named.some((address) => isSameAddress(discoveryUrlOf(address), discoveryUrlOf(chosen)))) return undefined;
  return `${named[0].origin} names another cloud than ${chosen.origin}`;
}

/** An address by which a cloud is named: its own, or that of its discovery service. */
interface AddressOfCloud extends FoundValue {
  readonly kind: 'cloud' | 'discovery';
}

interface PossibleAddress {
  readonly kind: 'cloud' | 'discovery';
  readonly value: string | undefined;
  readonly origin: string;
}

function optionAddresses(options: CheckedOptions): readonly PossibleAddress[] {
  return [
    { kind: 'discovery', value: options.discovery, origin: 'option discovery' },
    { kind: 'cloud', value: options.environment, origin: 'option environment' },
  ];
}

function variableAddresses(variables: EnvSnapshot): readonly PossibleAddress[] {
  return [
    { kind: 'discovery', value: variables.get('H2O_CLOUD_DISCOVERY'), origin: 'variable H2O_CLOUD_DISCOVERY' },
    { kind: 'cloud', value: variables.get('H2O_CLOUD_ENVIRONMENT'), origin: 'variable H2O_CLOUD_ENVIRONMENT' },
  ];
}

function firstAddress(possible: readonly PossibleAddress[]): Search<AddressOfCloud> {
  for (const { kind, value, origin } of possible) {
    if (value !== undefined) return { found: { kind, value, origin } };
  }
  return { lookedAt: possible.map(({ origin }) => origin) };
}

function discoveryUrlOf({ kind, value }: AddressOfCloud): string {
  return kind === 'discovery' ? value : discoveryOf(value);
}

function discoveryOf(cloudUrl: string): string {
  return `${cloudUrl.replace(/\/+$/, '')}/.ai.h2o.cloud.discovery`;
}

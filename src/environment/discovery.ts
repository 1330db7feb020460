/**
 * The client of the discovery service: which services, clients, links and components a cloud has. It asks without a token, reads each part
 * only when it is wanted, and keeps an answer for ten minutes. HTTP comes in through the port {@link GetJson}.
 */
import { NotFoundError } from '../errors/api-error.js';
import { ConfigurationError } from '../errors/configuration-error.js';
import { ConnectionError, ResponseValidationError, TimeoutError } from '../errors/connection-error.js';
import type { Clock } from '../internal/clock.js';
import {
  clientsCollection,
  componentsCollection,
  linksCollection,
  servicesCollection,
  toEnvironment,
  type Collection,
  type DiscoveredClient,
  type DiscoveredComponent,
  type DiscoveredEnvironment,
  type DiscoveredLink,
  type DiscoveredService,
} from './discovery-wire.js';
import { sharedRead, type SharedRead } from './shared-read.js';

/**
 * Reads JSON from an address, without a token. It has a deadline of its own, follows redirects within the origin only, and rejects with
 * the errors of this package: `NotFoundError` for 404, `ResponseValidationError` for HTML or broken JSON, `ConnectionError`, `TimeoutError`.
 */
export type GetJson = (url: string, options: { readonly signal?: AbortSignal }) => Promise<unknown>;

/** Options of a read that may wait. */
export interface WaitOptions {
  /** Ends the wait; it then rejects with the signal's reason. A request under way goes on for others. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a discovery service is. */
export interface DiscoveryAddress {
  /** Without a slash at its end. */
  readonly url: string;
  /** Where the address comes from, in words. */
  readonly origin: string;
}

const maxAgeMs = 10 * 60_000;
const mostPages = 100;

/** The discovery service of one cloud. */
export class Discovery {
  /** The address of the service, without a slash at its end. */
  readonly url: string;
  /** Where the address comes from, in words. */
  readonly origin: string;
  readonly #getJson: GetJson;
  readonly #environment: SharedRead<DiscoveredEnvironment>;
  readonly #services: SharedRead<ReadonlyMap<string, DiscoveredService>>;
  readonly #clients: SharedRead<ReadonlyMap<string, DiscoveredClient>>;
  readonly #links: SharedRead<ReadonlyMap<string, DiscoveredLink>>;
  readonly #components: SharedRead<ReadonlyMap<string, DiscoveredComponent>>;

  constructor(address: DiscoveryAddress, ports: { readonly getJson: GetJson; readonly clock: Clock }) {
    this.url = address.url;
    this.origin = address.origin;
    this.#getJson = ports.getJson;
    const shared = <Value>(read: () => Promise<Value>): SharedRead<Value> => sharedRead(read, ports.clock, maxAgeMs);
    this.#environment = shared(async () => toEnvironment(await this.#get('environment'), new URL(this.url)));
    this.#services = shared(() => this.#readAll(servicesCollection));
    this.#clients = shared(() => this.#readAll(clientsCollection));
    // Older servers have neither links nor components.
    this.#links = shared(() => this.#readAll(linksCollection, { optional: true }));
    this.#components = shared(() => this.#readAll(componentsCollection, { optional: true }));
  }

  /**
   * The cloud itself: its URL, issuer and scope.
   *
   * @throws {ConfigurationError} DISCOVERY_FAILED: what answers at the address is not a discovery service
   * @throws {ConnectionError} nobody answers
   * @throws {ResponseValidationError} the answer is not what the contract says
   */
  environment({ signal }: WaitOptions = {}): Promise<DiscoveredEnvironment> {
    return this.#environment(signal);
  }

  /** The services by key, for instance `mlops-api`. Rejects as {@link environment} does. */
  services({ signal }: WaitOptions = {}): Promise<ReadonlyMap<string, DiscoveredService>> {
    return this.#services(signal);
  }

  /** The OAuth clients by key, for instance `platform`. Rejects as {@link environment} does. */
  clients({ signal }: WaitOptions = {}): Promise<ReadonlyMap<string, DiscoveredClient>> {
    return this.#clients(signal);
  }

  /** The links by key; none on a server that does not have them. Rejects as {@link environment} does. */
  links({ signal }: WaitOptions = {}): Promise<ReadonlyMap<string, DiscoveredLink>> {
    return this.#links(signal);
  }

  /** The components by key; none on a server that does not have them. Rejects as {@link environment} does. */
  components({ signal }: WaitOptions = {}): Promise<ReadonlyMap<string, DiscoveredComponent>> {
    return this.#components(signal);
  }

  async #readAll<Entry extends { readonly key: string }>(
    collection: Collection<Entry>,
    { optional = false }: { readonly optional?: boolean } = {},
  ): Promise<ReadonlyMap<string, Entry>> {
    const entries = new Map<string, Entry>();
    const pageTokens = new Set<string>();
    let query = '';
    for (;;) {
      const page = collection.page(await this.#get(`${collection.name}${query}`, { optional }), new URL(this.url));
      for (const entry of page.entries) entries.set(entry.key, entry);
      if (page.nextPageToken === undefined) return entries;
      if (pageTokens.has(page.nextPageToken) || pageTokens.size >= mostPages) throw this.#endless(collection.name);
      pageTokens.add(page.nextPageToken);
      query = `?pageToken=${encodeURIComponent(page.nextPageToken)}`;
    }
  }

  async #get(part: string, { optional = false }: { readonly optional?: boolean } = {}): Promise<unknown> {
    try {
      // Joined as text: the address may have a path of its own, which URL resolution would drop.
      return await this.#getJson(`${this.url}/v1/${part}`, {});
    } catch (error) {
      if (error instanceof NotFoundError) {
        if (optional) return {};
        throw this.#notDiscovery('it answers 404');
      }
      if (error instanceof ResponseValidationError) throw this.#notDiscovery('it answers something that is not JSON');
      if (error instanceof ConnectionError) throw this.#unreachable(error);
      throw error;
    }
  }

  #notDiscovery(problem: string): ConfigurationError {
    return new ConfigurationError({
      code: 'DISCOVERY_FAILED',
      what: `No discovery service is at ${this.url} (from ${this.origin}): ${problem}.`,
      fix:
        "Discovery may not be enabled on this cloud, or the URL is not the cloud's. Set the option environment (variable H2O_CLOUD_ENVIRONMENT) to the cloud's URL, " +
        'or the option discovery (variable H2O_CLOUD_DISCOVERY) to the address of its discovery service; ' +
        'without discovery, set the options services.* and oidc.issuer.',
    });
  }

  #unreachable(error: ConnectionError): ConnectionError {
    const lines = error.message.split('\n').map((line) => line.trim());
    const ErrorClass = error instanceof TimeoutError ? TimeoutError : ConnectionError;
    return new ErrorClass({
      code: error.code,
      what: `The discovery service at ${this.url} (from ${this.origin}) could not be read: ${lines[0] ?? ''}`,
      fix: [...lines.slice(1, -1), 'Without discovery, set the options services.* and oidc.issuer.'].join(' '),
      call: error.call,
      requestId: error.requestId,
      retryable: error.retryable,
    });
  }

  #endless(part: string): ResponseValidationError {
    return new ResponseValidationError({
      code: 'PAGE_TOKEN_REPEATED',
      what: `The discovery service at ${this.url} lists v1/${part} without an end: it repeats a page token, or has over ${mostPages} pages.`,
      fix: "Report this to the cloud's administrator.",
    });
  }
}

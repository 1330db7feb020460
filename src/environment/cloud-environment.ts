/**
 * What the program was given to find its cloud: options, environment variables, files, the CLI's file and the discovery service, each
 * value with its origin. A table of contents: every method is one search, and the searches stand in the files beside this one.
 */
import { homedir } from 'node:os';
import { ConfigurationError } from '../errors/configuration-error.js';
import { waitUnlessAborted, type Clock } from '../internal/clock.js';
import { fencedLogger, type Logger } from '../internal/logger.js';
import { checkedOptions, type CheckedOptions } from './check-options.js';
import { readCliConfig, type CliConfig } from './cli-config.js';
import { CloudLocation } from './cloud-location.js';
import { findCurrentUser, missingUser, type CurrentUser } from './current-user.js';
import { describeCloud, type CloudDescription } from './describe.js';
import type { Discovery, GetJson, WaitOptions } from './discovery.js';
import { Endpoints, missingEndpoint, type ServiceEndpoint } from './endpoints.js';
import { EnvSnapshot } from './env-snapshot.js';
import { findIdentityProvider, missingProvider, type IdentityProvider, type ProviderPurpose } from './identity-provider.js';
import type { EnvironmentOptions, MlopsPlatformName } from './options.js';
import type { FoundValue, PlacePorts, Search } from './places.js';
import { readTextFileFromDisk, type ReadTextFile } from './secret-files.js';
import type { ServiceName } from './services.js';
import {
  findAppClient,
  findInstance,
  findRoles,
  findWave,
  optionOf,
  waveSettings,
  type AppClient,
  type InstanceFacts,
  type RoleSettings,
  type WaveSettings,
} from './settings.js';
import { isLoopback, parseAddress } from './url-rules.js';

/** What a cloud environment reaches the world with. */
export interface CloudEnvironmentPorts {
  readonly getJson: GetJson;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads a text file; from the disk when absent. */
  readonly readTextFile?: ReadTextFile | undefined;
  /** The user's home directory; that of the operating system when absent. */
  readonly homeDirectory?: string | undefined;
  /** Names of options that the caller handles itself: passed over here, and named in errors as allowed. */
  readonly otherOptions?: readonly string[] | undefined;
}

/** The sources that the searches read from. */
interface Sources extends PlacePorts {
  readonly options: CheckedOptions;
  readonly location: CloudLocation;
  readonly readCli: () => Promise<CliConfig>;
}

/**
 * The configuration of one cloud. Constructing it checks the options and copies the environment variables; everything else is looked up
 * when it is asked for.
 *
 * @example
 * const environment = new CloudEnvironment({ environment: 'https://cloud.example.com' }, { getJson, clock: systemClock, logger: silentLogger });
 * const { url, origin } = await environment.service('mlops', {});
 */
export class CloudEnvironment {
  /** The platform that the options name. */
  readonly mlopsPlatform: MlopsPlatformName | undefined;
  /** Origins beside the cloud's own where a scorer may receive the user's token. */
  readonly trustedScorerOrigins: readonly string[];
  /** Origins of other services where the user's token may go. */
  readonly trustedOrigins: readonly string[];
  readonly #sources: Sources;
  readonly #endpoints: Endpoints;

  /** @throws {ConfigurationError} an option is unknown, of the wrong type, malformed, or contradicts another */
  constructor(options: EnvironmentOptions, ports: CloudEnvironmentPorts) {
    const checked = checkedOptions(options, ports.otherOptions);
    const variables = new EnvSnapshot(checked.env);
    const logger = fencedLogger(ports.logger);
    const readTextFile = ports.readTextFile ?? readTextFileFromDisk;
    const homeDirectory = ports.homeDirectory ?? systemHome();
    const readCli = (): Promise<CliConfig> => readCliConfig({ variables, readTextFile, homeDirectory });
    const location = new CloudLocation({ options: checked, variables, readCli, getJson: ports.getJson, clock: ports.clock });
    this.#sources = { options: checked, variables, logger, readTextFile, readCli, location };
    this.#endpoints = new Endpoints(this.#sources);
    this.mlopsPlatform = checked.mlopsPlatform;
    this.trustedScorerOrigins = checked.trustedScorerOrigins;
    this.trustedOrigins = checked.trustedOrigins;
    refuseSecretWithoutClient(this.#sources);
    warnOfInsecureWave(this.#sources);
  }

  /**
   * Where a service is.
   *
   * @throws {ConfigurationError} CONFIGURATION_MISSING: it is nowhere, with all places that were looked at; or its address must not be used
   * @throws {ConnectionError} the discovery service would have to say it and cannot be reached
   */
  service(name: ServiceName, options: WaitOptions = {}): Promise<ServiceEndpoint> {
    return abortable(options, async () => {
      const search = await this.#endpoints.search(name, options);
      if (search.found === undefined) throw missingEndpoint(name, search.lookedAt);
      return search.found;
    });
  }

  /**
   * Where a service is; `undefined` when it is nowhere. A discovery service that is configured and not usable is an error here too: it
   * might know the service.
   *
   * @throws {ConfigurationError} its address must not be used, or DISCOVERY_FAILED
   * @throws {ConnectionError} the discovery service would have to say it and cannot be reached
   */
  findService(name: ServiceName, options: WaitOptions = {}): Promise<ServiceEndpoint | undefined> {
    return abortable(options, async () => {
      const search = await this.#endpoints.search(name, options);
      if (search.found === undefined && search.unusable !== undefined) throw search.unusable;
      return search.found;
    });
  }

  /** The discovery service of this cloud; `undefined` when no address of it is configured. Asks it nothing yet. */
  discovery(options: WaitOptions = {}): Promise<Discovery | undefined> {
    return abortable(options, async () => (await this.#sources.location.locate()).found?.discovery);
  }

  /** The cloud's public URL, without a slash at its end: as configured, else as discovery says; `undefined` when neither is there. */
  cloudUrl(options: WaitOptions = {}): Promise<string | undefined> {
    return abortable(options, async () => (await this.#sources.location.url(options)).found?.value);
  }

  /**
   * The identity provider for tokens of the platform's client, such as the current user's.
   *
   * @throws {ConfigurationError} it is nowhere, or its address must not receive tokens
   */
  identityProvider(options: WaitOptions = {}): Promise<IdentityProvider> {
    return this.#provider('platform', options);
  }

  /** The identity provider where the app's own client is registered. Rejects as {@link identityProvider} does. */
  appIdentityProvider(options: WaitOptions = {}): Promise<IdentityProvider> {
    return this.#provider('app', options);
  }

  /**
   * The refresh token of the user who runs this program, for scripts.
   *
   * @throws {ConfigurationError} CONFIGURATION_MISSING: there is none for this cloud, with all places that were looked at
   */
  currentUser(options: WaitOptions = {}): Promise<CurrentUser> {
    return abortable(options, async () => {
      const search = await findCurrentUser(this.#sources, options);
      if (search.found !== undefined) return search.found;
      const { location } = this.#sources;
      const cloud = await location.ask(() => location.url(options));
      throw missingUser(search.lookedAt, cloud.value?.found?.value);
    });
  }

  /** The app's own client; `undefined` when it has none. */
  appClient(): AppClient | undefined {
    const { found } = findAppClient(this.#sources);
    if (found === undefined) return undefined;
    const { clientId, proof, origin } = found;
    return { clientId, origin, ...(proof === undefined ? {} : { proof }) };
  }

  /** @throws {ConfigurationError} an address is malformed */
  wave(): WaveSettings {
    return waveSettings(findWave(this.#sources));
  }

  roles(): RoleSettings {
    const { claim, admin, fullAccess } = findRoles(this.#sources);
    return { claim: claim.value, admin: admin.value, fullAccess: fullAccess.found?.value };
  }

  /** Which instance of which app this is; all absent outside the App Store. */
  instance(): InstanceFacts {
    const { id, appName, appVersion, appId, owner } = findInstance(this.#sources);
    return {
      id: id.found?.value,
      appName: appName.found?.value,
      appVersion: appVersion.found?.value,
      appId: appId.found?.value,
      owner: owner.found?.value,
    };
  }

  /**
   * Everything that is configured, and where it was looked for, as plain JSON without secrets. What is missing or out of reach is reported;
   * only an abort rejects.
   */
  describe(options: WaitOptions = {}): Promise<CloudDescription> {
    const sources = this.#sources;
    return abortable(options, () =>
      describeCloud({
        cloud: () => sources.location.url(options),
        discovery: () => this.#answeringDiscovery(options),
        service: (name) => this.#endpoints.search(name, options),
        provider: () => findIdentityProvider(sources, 'platform', options),
        appProvider: () => findIdentityProvider(sources, 'app', options),
        currentUser: () => findCurrentUser(sources, options),
        appClient: findAppClient(sources),
        wave: findWave(sources),
        roles: findRoles(sources),
        mlopsPlatform: this.mlopsPlatform,
        trustedScorerOrigins: this.trustedScorerOrigins,
        trustedOrigins: this.trustedOrigins,
        instance: findInstance(sources),
      }),
    );
  }

  #provider(purpose: ProviderPurpose, options: WaitOptions): Promise<IdentityProvider> {
    return abortable(options, async () => {
      const search = await findIdentityProvider(this.#sources, purpose, options);
      if (search.found === undefined) throw missingProvider(search.lookedAt);
      return search.found;
    });
  }

  async #answeringDiscovery(options: WaitOptions): Promise<Search<FoundValue>> {
    const { found, lookedAt } = await this.#sources.location.locate();
    if (found === undefined) return { lookedAt };
    await found.discovery.environment(options);
    return { found: { value: found.discovery.url, origin: found.discovery.origin } };
  }
}

/** Files may hang too, so a wait ends with its signal whatever it waits for. */
async function abortable<Value>({ signal }: WaitOptions, work: () => Promise<Value>): Promise<Value> {
  signal?.throwIfAborted();
  return waitUnlessAborted(work(), signal);
}

function refuseSecretWithoutClient(sources: Sources): void {
  const { proof } = sources.options.oidc;
  if (proof === undefined || findAppClient(sources).found !== undefined) return;
  throw new ConfigurationError({
    code: 'CONFIGURATION_INVALID',
    what: `The ${optionOf(proof)} is given, but no client that it belongs to.`,
    fix: 'Give the option oidc.clientId with it (or set the variable H2O_WAVE_OIDC_CLIENT_ID).',
  });
}

function warnOfInsecureWave(sources: Sources): void {
  const { found } = findWave(sources).address;
  const { url } = parseAddress(found?.value ?? '');
  if (url?.protocol === 'http:' && !isLoopback(url)) {
    sources.logger.warn('The Wave server is reached over plain http on another machine: the tokens of its sessions travel unencrypted.', {
      from: found?.origin,
    });
  }
}

function systemHome(): string | undefined {
  try {
    return homedir();
  } catch {
    // A container may run as a user that the system does not know.
    return undefined;
  }
}

/**
 * Driverless AI engines of AI Engine Manager.
 */
import { checkMembers, text, textByName, wholeNumber, type Kind } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import { Secret } from '../internal/secret.js';
import type { EngineFields } from './api/engines.js';
import type { DriverlessAiEngine } from './engine.js';
import {
  EngineCollection,
  placeKinds,
  valueKinds,
  type EnginePlace,
  type EngineResourcePorts,
  type EngineValues,
} from './engine-collection.js';
import { commonFields, nullable } from './fields.js';
import { globalName, type EngineRef } from './names.js';

/** Settings of Driverless AI by name. */
export type DriverlessAiConfig = Readonly<Record<string, string | Secret>>;

export interface DriverlessAiCreateParams extends EngineValues, EnginePlace {
  readonly storageBytes?: number | undefined;
  readonly config?: DriverlessAiConfig | undefined;
}

/** What is unset stays as it is; `null` means as the profile says. Memory, CPU and GPU count from the next start. */
export interface DriverlessAiUpdateParams {
  readonly name?: string | undefined;
  readonly profile?: string | undefined;
  readonly cpuCount?: number | null | undefined;
  readonly gpuCount?: number | null | undefined;
  readonly memoryBytes?: number | null | undefined;
  readonly maxIdleMs?: number | null | undefined;
  readonly maxRunningMs?: number | null | undefined;
  /** Replaces all of them. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Replaces all of them. */
  readonly config?: DriverlessAiConfig | undefined;
}

const config: Kind = {
  name: 'an object with texts or Secrets',
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((member) => typeof member === 'string' || member instanceof Secret),
};

export class DriverlessAiEngines extends EngineCollection<DriverlessAiEngine> {
  /** @internal */
  constructor(ports: EngineResourcePorts) {
    super(
      ports,
      { kind: 'driverlessai', collection: 'daiEngines', member: 'daiEngine', fallbackId: 'driverless-ai' },
      (api) => api.driverlessai,
    );
  }

  /**
   * Creates an engine, which starts at once, and returns when the service has accepted it; {@link waitUntil} waits for the rest.
   *
   * @throws {ConfigurationError} a parameter makes no sense, or there is no profile or version; nothing was created
   * @throws {ConflictError} `id` was given and is taken
   * @throws {ApiError} the service refused
   * @example
   * const engine = await user.engines.driverlessai.create({ name: 'Credit', maxIdleMs: 3_600_000 });
   * await user.engines.driverlessai.waitUntil(engine, 'RUNNING');
   */
  async create(params: DriverlessAiCreateParams = {}, options: RequestOptions = {}): Promise<DriverlessAiEngine> {
    checkMembers(params, 'A new Driverless AI engine', { ...valueKinds, ...placeKinds, storageBytes: wholeNumber, config });
    this.checkPlace(params);
    return withTotalDeadline(this.ports.clock, { name: 'driverlessai.create', safe: false }, options, async (within) => {
      const { profile, version } = await this.choices(params, within);
      const settings = revealed(params.config);
      const fields = {
        profile,
        daiEngineVersion: version,
        ...commonFields(params).fields,
        ...(params.storageBytes === undefined ? {} : { storageBytes: String(params.storageBytes) }),
        config: settings,
      };
      return this.createAs(params, { fields, secrets: Object.values(settings) }, within);
    });
  }

  /**
   * Changes an engine; what is not named stays as it is.
   *
   * @throws {NotFoundError} there is none
   * @example
   * await user.engines.driverlessai.update(engine, { name: 'Credit 2', memoryBytes: 34_359_738_368 });
   */
  async update(engine: EngineRef, params: DriverlessAiUpdateParams, options: RequestOptions = {}): Promise<DriverlessAiEngine> {
    const name = this.nameOf(engine);
    checkMembers(params, 'Changes of a Driverless AI engine', { ...nullable(valueKinds), profile: text, annotations: textByName, config });
    const { fields, mask, secrets } = changes(params);
    const api = await this.api();
    return mask === '' ? api.get(name, options) : api.update(name, mask, { fields, secrets }, options);
  }

  /**
   * Asks the service to pause an engine; it keeps its data.
   *
   * @example
   * await user.engines.driverlessai.pause(engine);
   * await user.engines.driverlessai.waitUntil(engine, 'PAUSED');
   */
  async pause(engine: EngineRef, options: RequestOptions = {}): Promise<void> {
    const name = this.nameOf(engine);
    await (await this.api()).act(name, 'pause', options);
  }

  /**
   * Asks the service to start a paused engine, or a failed one.
   *
   * @example
   * await user.engines.driverlessai.resume(engine);
   * await user.engines.driverlessai.waitUntil(engine, 'RUNNING');
   */
  async resume(engine: EngineRef, options: RequestOptions = {}): Promise<void> {
    const name = this.nameOf(engine);
    await (await this.api()).act(name, 'resume', options);
  }

  /**
   * Asks the service for more storage. It can take hours: `storageResizing` of the engine tells.
   *
   * @param storageBytes the new size; storage does not shrink
   * @example
   * await user.engines.driverlessai.resize(engine, 137_438_953_472);
   */
  async resize(engine: EngineRef, storageBytes: number, options: RequestOptions = {}): Promise<void> {
    const name = this.nameOf(engine);
    checkMembers({ storageBytes }, 'resize()', { storageBytes: wholeNumber });
    await (await this.api()).resizeStorage(name, storageBytes, options);
  }
}

function revealed(settings: DriverlessAiConfig = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]));
}

function changes({ profile, config: settings, ...values }: DriverlessAiUpdateParams): EngineFields & { readonly mask: string } {
  const { fields, paths } = commonFields(values);
  const secrets: readonly string[] = settings === undefined ? [] : Object.values(revealed(settings));
  const all = {
    ...fields,
    ...(profile === undefined ? {} : { profile: globalName(profile, 'daiEngineProfiles') }),
    ...(settings === undefined ? {} : { config: revealed(settings) }),
  };
  const mask = [...paths, ...(profile === undefined ? [] : ['profile']), ...(settings === undefined ? [] : ['config'])];
  return { fields: all, mask: mask.join(','), secrets };
}

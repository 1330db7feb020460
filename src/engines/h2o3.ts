/**
 * H2O-3 engines of AI Engine Manager.
 */
import { checkMembers, objectWith, text, wholeNumber } from '../http/given.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import type { H2o3Engine } from './engine.js';
import {
  EngineCollection,
  placeKinds,
  valueKinds,
  type EnginePlace,
  type EngineResourcePorts,
  type EngineValues,
} from './engine-collection.js';
import { commonFields } from './fields.js';
import type { EngineRef } from './names.js';

/** CPU, GPU and memory are of each node. */
export interface H2o3CreateParams extends EngineValues, EnginePlace {
  readonly nodeCount?: number | undefined;
}

/** A data set: by its size uncompressed, or by its measure where it is compressed. */
export type H2oSizeParams = ({ readonly datasetBytes: number } | { readonly rows: number; readonly columns: number }) & {
  /** Within which limits; those that are unset are the profile's. */
  readonly limits?: Partial<SizeLimits> | undefined;
  /** Id or resource name. Default: the first that the user may use. */
  readonly profile?: string | undefined;
};

export interface SizeLimits {
  readonly minNodeCount: number;
  readonly maxNodeCount: number;
  /** Of each node. */
  readonly minMemoryBytes: number;
  /** Of each node. */
  readonly maxMemoryBytes: number;
}

export interface H2oEngineSize {
  readonly nodeCount: number;
  /** Of each node. */
  readonly memoryBytes: number;
}

const limitKinds = { minNodeCount: wholeNumber, maxNodeCount: wholeNumber, minMemoryBytes: wholeNumber, maxMemoryBytes: wholeNumber };

export class H2o3Engines extends EngineCollection<H2o3Engine> {
  /** @internal */
  constructor(ports: EngineResourcePorts) {
    super(ports, { kind: 'h2o3', collection: 'h2oEngines', member: 'h2oEngine', fallbackId: 'h2o-3' }, (api) => api.h2o3);
  }

  /**
   * Creates an engine, which starts at once, and returns when the service has accepted it; {@link waitUntil} waits for the rest.
   *
   * @throws {ConfigurationError} a parameter makes no sense, or there is no profile or version; nothing was created
   * @throws {ConflictError} `id` was given and is taken
   * @throws {ApiError} the service refused
   * @example
   * const size = await user.engines.h2o3.size({ datasetBytes: 2_000_000_000 });
   * const engine = await user.engines.h2o3.create({ name: 'Credit', ...size });
   */
  async create(params: H2o3CreateParams = {}, options: RequestOptions = {}): Promise<H2o3Engine> {
    checkMembers(params, 'A new H2O-3 engine', { ...valueKinds, ...placeKinds, nodeCount: wholeNumber });
    this.checkPlace(params);
    return withTotalDeadline(this.ports.clock, { name: 'h2o3.create', safe: false }, options, async (within) => {
      const { profile, version } = await this.choices(params, within);
      const fields = { profile, h2oEngineVersion: version, ...commonFields(params).fields };
      return this.createAs(params, { fields, secrets: [] }, within);
    });
  }

  /**
   * Asks the service to end an engine; what it holds in memory is lost, and it does not start again.
   *
   * @example
   * await user.engines.h2o3.terminate(engine);
   * await user.engines.h2o3.waitUntil(engine, 'TERMINATED');
   */
  async terminate(engine: EngineRef, options: RequestOptions = {}): Promise<void> {
    const name = this.nameOf(engine);
    await (await this.api()).act(name, 'terminate', options);
  }

  /**
   * How large an engine must be for a data set.
   *
   * @throws {ConfigurationError} there is no profile that the user may use, and not all limits were given
   * @example
   * const { nodeCount, memoryBytes } = await user.engines.h2o3.size({ rows: 1_000_000, columns: 40 });
   */
  async size(params: H2oSizeParams, options: RequestOptions = {}): Promise<H2oEngineSize> {
    checkMembers(params, 'What an engine must hold', {
      datasetBytes: wholeNumber,
      rows: wholeNumber,
      columns: wholeNumber,
      limits: objectWith(limitKinds),
      profile: text,
    });
    const api = await this.ports.api();
    return withTotalDeadline(this.ports.clock, { name: 'h2o3.size', safe: true }, options, async (within) =>
      api.h2oSize(params, await this.#limits(params, within), within),
    );
  }

  async #limits({ limits = {}, profile: wanted }: H2oSizeParams, options: RequestOptions): Promise<SizeLimits> {
    const { minNodeCount, maxNodeCount, minMemoryBytes, maxMemoryBytes } = limits;
    if (minNodeCount !== undefined && maxNodeCount !== undefined && minMemoryBytes !== undefined && maxMemoryBytes !== undefined) {
      return { minNodeCount, maxNodeCount, minMemoryBytes, maxMemoryBytes };
    }
    const { nodeCount, memoryBytes } = await this.profileOf(wanted, options);
    return {
      minNodeCount: minNodeCount ?? nodeCount.min ?? 1,
      maxNodeCount: maxNodeCount ?? nodeCount.max ?? mostNodes,
      minMemoryBytes: minMemoryBytes ?? memoryBytes.min ?? 1,
      maxMemoryBytes: maxMemoryBytes ?? memoryBytes.max ?? Number.MAX_SAFE_INTEGER,
    };
  }
}

/** Where a profile sets no limit, a number that the service still takes. */
const mostNodes = 1000;

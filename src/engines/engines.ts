/**
 * AI Engine Manager as one user sees it.
 */
import { checkMembers, text } from '../http/given.js';
import { lazyList } from '../http/lazy-list.js';
import type { Send } from '../http/operation.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { printAs } from '../internal/print-as.js';
import type { EngineManagerApi } from './api/engine-manager.js';
import { DriverlessAiEngines } from './driverlessai.js';
import type { AnyEngine } from './engine.js';
import { listKinds, type EngineListParams, type EngineResourcePorts } from './engine-collection.js';
import { filterText, fitsFilter } from './filter.js';
import { H2o3Engines } from './h2o3.js';
import { engineName, workspaceName, type EngineRef } from './names.js';

export interface EnginesPorts extends Omit<EngineResourcePorts, 'api'> {
  readonly send: Send;
}

/** Notebook engines, to be read. */
export class NotebookEngines {
  readonly #api: () => Promise<EngineManagerApi>;

  /** @internal */
  constructor(api: () => Promise<EngineManagerApi>) {
    this.#api = api;
  }

  /**
   * Notebooks of a workspace.
   *
   * @example
   * const notebooks = await user.engines.notebooks.list().toArray();
   */
  list(params: { readonly workspace?: string | undefined } = {}, options: RequestOptions = {}): List<AnyEngine> {
    checkMembers(params, 'What a list of notebooks looks for', { workspace: text });
    const parent = workspaceName(params.workspace);
    return lazyList(async () => (await this.#api()).notebooks.list(parent, {}, options));
  }

  /**
   * Reads a notebook.
   *
   * @throws {NotFoundError} there is none, or this user may not see it
   * @example
   * const { state } = await user.engines.notebooks.get('exploration');
   */
  async get(engine: EngineRef, options: RequestOptions = {}): Promise<AnyEngine> {
    const name = engineName(engine, 'notebookEngines');
    return (await this.#api()).notebooks.get(name, options);
  }
}

/**
 * AI Engine Manager, the successor of Steam, on behalf of one user.
 *
 * @example
 * const engine = await user.engines.driverlessai.create({ name: 'Credit' });
 * await user.engines.driverlessai.waitUntil(engine, 'RUNNING');
 */
export class Engines {
  readonly driverlessai: DriverlessAiEngines;
  readonly h2o3: H2o3Engines;
  readonly notebooks: NotebookEngines;
  readonly #api: () => Promise<EngineManagerApi>;

  static {
    printAs(Engines.prototype, () => 'Engines {}');
  }

  /** @internal */
  constructor({ send, ...ports }: EnginesPorts) {
    let loading: Promise<EngineManagerApi> | undefined;
    const api = (): Promise<EngineManagerApi> =>
      (loading ??= import('./api/engine-manager.js').then(({ engineManagerApi }) => engineManagerApi(send)));
    this.#api = api;
    this.driverlessai = new DriverlessAiEngines({ ...ports, api });
    this.h2o3 = new H2o3Engines({ ...ports, api });
    this.notebooks = new NotebookEngines(api);
  }

  /**
   * Engines of all kinds in a workspace.
   *
   * @example
   * for await (const { kind, name, state } of user.engines.list({ state: 'RUNNING' })) console.log(kind, name, state);
   */
  list(params: EngineListParams = {}, options: RequestOptions = {}): List<AnyEngine> {
    checkMembers(params, 'What a list of engines looks for', listKinds);
    const { workspace, orderBy, ...filter } = params;
    const parent = workspaceName(workspace);
    const written = filterText(filter);
    const query = { filter: written === '' ? undefined : written, orderBy, keeps: (engine: AnyEngine) => fitsFilter(engine, filter) };
    return lazyList(async () => (await this.#api()).all(parent, query, options));
  }

  toJSON(): Record<string, never> {
    return {};
  }
}

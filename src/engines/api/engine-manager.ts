/**
 * AI Engine Manager as one user calls it. Loaded with the first call, so that a program that never calls it does not pay for it.
 */
import * as z from 'zod/mini';
import { operation, type Send } from '../../http/operation.js';
import { createList, type List } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { AnyEngine, DriverlessAiEngine, H2o3Engine } from '../engine.js';
import type { H2oEngineSize, H2oSizeParams, SizeLimits } from '../h2o3.js';
import { kindApi, type KindApi, type ListQuery } from './engines.js';
import { toAnyEngine, toDriverlessAiEngine, toH2o3Engine } from './mapping.js';
import { EngineSchema, memberIn, number, pageIn, toNumber } from './wire.js';

export interface EngineManagerApi {
  readonly driverlessai: KindApi<DriverlessAiEngine>;
  readonly h2o3: KindApi<H2o3Engine>;
  readonly notebooks: KindApi<AnyEngine>;
  /** Engines of all kinds. */
  all(workspace: string, query: ListQuery & { readonly keeps?: (engine: AnyEngine) => boolean }, options: RequestOptions): List<AnyEngine>;
  /** How large an H2O-3 engine must be for a data set. */
  h2oSize(params: H2oSizeParams, limits: SizeLimits, options: RequestOptions): Promise<H2oEngineSize>;
}

const listEngines = operation({
  name: 'ListEngines',
  method: 'GET',
  path: '/v1/{+parent}/engines',
  safe: true,
  answer: pageIn('engines', EngineSchema),
});
const size = {
  method: 'POST',
  safe: true,
  answer: memberIn('h2oEngineSize', z.looseObject({ nodeCount: number, memoryBytes: number })),
} as const;
const rawSize = operation({ ...size, name: 'CalculateH2OEngineSizeRawDataset', path: '/v1/h2oEngines:calculateH2OEngineSizeRawDataset' });
const compressedSize = operation({
  ...size,
  name: 'CalculateH2OEngineSizeCompressedDataset',
  path: '/v1/h2oEngines:calculateH2OEngineSizeCompressedDataset',
});

export const engineManagerApi = (send: Send): EngineManagerApi => ({
  driverlessai: kindApi(send, { collection: 'daiEngines', member: 'daiEngine' }, toDriverlessAiEngine),
  h2o3: kindApi(send, { collection: 'h2oEngines', member: 'h2oEngine' }, toH2o3Engine),
  notebooks: kindApi(send, { collection: 'notebookEngines', member: 'notebookEngine' }, (wire) => toAnyEngine(wire, 'notebook')),
  all: (parent, { keeps, ...query }, options) =>
    createList({
      call: listEngines.name,
      fetchPage: async (pageToken) => {
        const page = await send({ operation: listEngines, parameters: { parent }, query: { ...query, pageToken } }, options);
        return { items: page.items.map((wire) => toAnyEngine(wire)), nextPageToken: page.nextPageToken };
      },
      key: ({ id }) => id,
      ...(keeps === undefined ? {} : { keeps }),
      removals: () => 0,
    }),
  h2oSize: async (params, limits, options) => {
    const body = {
      ...('datasetBytes' in params
        ? { datasetSizeBytes: String(params.datasetBytes) }
        : { rowsCount: String(params.rows), columnsCount: String(params.columns) }),
      limits: {
        memoryBytesPerNodeMin: String(limits.minMemoryBytes),
        memoryBytesPerNodeMax: String(limits.maxMemoryBytes),
        nodeCountMin: String(limits.minNodeCount),
        nodeCountMax: String(limits.maxNodeCount),
      },
    };
    const answer = await send({ operation: 'datasetBytes' in params ? rawSize : compressedSize, body }, options);
    return { nodeCount: toNumber(answer.nodeCount) ?? 0, memoryBytes: toNumber(answer.memoryBytes) ?? 0 };
  },
});

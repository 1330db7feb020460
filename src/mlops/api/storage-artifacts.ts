/**
 * Artifacts in the storage RPC of all platforms: their records, not their bytes. Platform 1.x wants to be told what kind of thing an
 * artifact belongs to.
 */
import * as z from 'zod/mini';
import type { Operation } from '../../http/operation.js';
import { createList, type Page } from '../../http/pagination.js';
import type { RequestOptions } from '../../http/request-options.js';
import type { Artifact } from '../artifacts.js';
import { count } from './rest.js';
import {
  compact,
  known,
  listOf,
  NothingSchema,
  pageRequest,
  PagingSchema,
  rpc,
  text,
  toPage,
  withoutNulls,
  type WirePaging,
} from './rpc.js';
import type { Wires } from './wires.js';

export interface WireArtifact {
  readonly id: string;
  readonly type?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly size?: string | number | null | undefined;
  readonly md5Digest?: string | null | undefined;
  readonly mimeType?: string | null | undefined;
  readonly createdTime?: string | null | undefined;
  readonly modelIngestionState?:
    { readonly status?: string | null | undefined; readonly errorMessage?: string | null | undefined } | null | undefined;
}

const ArtifactSchema: z.ZodMiniType<WireArtifact> = z.looseObject({
  id: z.string().check(z.minLength(1)),
  type: text,
  state: text,
  size: count,
  md5Digest: text,
  mimeType: text,
  createdTime: text,
  modelIngestionState: z.nullish(z.looseObject({ status: text, errorMessage: text })),
});

export function toArtifact(wire: WireArtifact): Artifact {
  return {
    id: wire.id,
    type: wire.type ?? '',
    state: known(wire.state) ?? 'UNKNOWN',
    sizeBytes: Number(wire.size ?? 0),
    ...compact({ md5: known(wire.md5Digest) }),
  };
}

const artifacts = { service: 'ai.h2o.storage.ArtifactService', mount: '/storage' } as const;
const OneArtifactSchema: z.ZodMiniType<{ readonly artifact: WireArtifact }> = z.looseObject({ artifact: ArtifactSchema });

const createArtifact = rpc({ ...artifacts, method: 'CreateArtifact', safe: false, answer: OneArtifactSchema });
export const getArtifact: Operation<{ readonly artifact: WireArtifact }> = rpc({
  ...artifacts,
  method: 'GetArtifact',
  safe: true,
  answer: OneArtifactSchema,
});
export const updateArtifact: Operation<{ readonly artifact: WireArtifact }> = rpc({
  ...artifacts,
  method: 'UpdateArtifact',
  safe: true,
  answer: OneArtifactSchema,
});
const deleteArtifact = rpc({ ...artifacts, method: 'DeleteArtifact', safe: true, answer: NothingSchema });
interface WireArtifacts {
  readonly artifact?: readonly WireArtifact[] | null | undefined;
  readonly paging?: WirePaging | null | undefined;
}

export const listEntityArtifacts: Operation<WireArtifacts> = rpc({
  ...artifacts,
  method: 'ListEntityArtifacts',
  safe: true,
  answer: z.looseObject({ artifact: listOf(ArtifactSchema), paging: PagingSchema }),
});

export interface StorageArtifacts {
  /** A record without bytes, in a project until an experiment takes it. */
  create(projectId: string, fileName: string, options: RequestOptions): Promise<WireArtifact>;
  /** A record without bytes that stays in its project, under a name. */
  createNamed(
    projectId: string,
    file: { readonly name: string; readonly mimeType: string },
    options: RequestOptions,
  ): Promise<WireArtifact>;
  get(id: string, options: RequestOptions): Promise<WireArtifact>;
  /** Gives an artifact to an experiment. */
  attach(artifact: WireArtifact, experimentId: string, type: string, options: RequestOptions): Promise<WireArtifact>;
  delete(id: string, options: RequestOptions): Promise<void>;
  ofExperiment(experimentId: string, options: RequestOptions): Promise<readonly WireArtifact[]>;
  pageOfProject(projectId: string, pageToken: string | undefined, options: RequestOptions): Promise<Page<WireArtifact>>;
  /** Those of a project that nothing was ever put into, under a file name where the platform keeps it. */
  emptyInProject(projectId: string, fileName: string, options: RequestOptions): Promise<readonly WireArtifact[]>;
}

/** Artifacts of platform 0.69. */
export function storageArtifacts(wires: Wires): StorageArtifacts {
  return artifactsApi(wires, {
    creation: () => ({}),
    // The whole record goes back, as the official client sends it.
    attachment: (artifact) => ({ ...artifact }),
    ofExperiment: {},
    ofProject: {},
  });
}

/** Artifacts of platform 1.x. */
export function workspaceArtifacts(wires: Wires): StorageArtifacts {
  return artifactsApi(wires, {
    creation: (fileName) => ({ entityType: 'PROJECT', type: fileName }),
    attachment: ({ id }) => ({ id, entityType: 'EXPERIMENT' }),
    ofExperiment: { entityType: 'EXPERIMENT' },
    ofProject: { entityType: 'PROJECT' },
  });
}

/** In what the platforms differ. */
interface ArtifactsDialect {
  readonly creation: (fileName: string) => Readonly<Record<string, unknown>>;
  readonly attachment: (artifact: WireArtifact) => Readonly<Record<string, unknown>>;
  readonly ofExperiment: Readonly<Record<string, unknown>>;
  readonly ofProject: Readonly<Record<string, unknown>>;
}

function artifactsApi({ gateway: send }: Wires, dialect: ArtifactsDialect): StorageArtifacts {
  type Entity = Readonly<Record<string, unknown>>;
  const pageOf = async (entity: Entity, pageToken: string | undefined, options: RequestOptions): Promise<Page<WireArtifact>> => {
    const answer = await send({ operation: listEntityArtifacts, body: { ...entity, ...pageRequest(pageToken) } }, options);
    return toPage(answer.artifact, answer.paging, (artifact) => artifact);
  };
  const ofEntity = (entity: Entity, options: RequestOptions): Promise<readonly WireArtifact[]> =>
    createList({
      call: listEntityArtifacts.name,
      fetchPage: (pageToken) => pageOf(entity, pageToken, options),
      key: (artifact) => artifact.id,
      removals: () => 0,
    }).toArray();
  return {
    create: async (projectId, fileName, options) => {
      const artifact = { entityId: projectId, mimeType: 'application/zip', ...dialect.creation(fileName) };
      return (await send({ operation: createArtifact, body: { artifact } }, options)).artifact;
    },
    createNamed: async (projectId, { name, mimeType }, options) => {
      const artifact = { entityId: projectId, ...dialect.ofProject, mimeType, type: name };
      return (await send({ operation: createArtifact, body: { artifact } }, options)).artifact;
    },
    get: async (id, options) => (await send({ operation: getArtifact, body: { id } }, options)).artifact,
    attach: async (artifact, experimentId, type, options) => {
      const attached = withoutNulls({ ...dialect.attachment(artifact), entityId: experimentId, type });
      const body = { artifact: attached, updateMask: 'type,entityId' };
      return (await send({ operation: updateArtifact, body }, options)).artifact;
    },
    delete: async (id, options) => {
      await send({ operation: deleteArtifact, body: { id } }, options);
    },
    ofExperiment: (experimentId, options) => ofEntity({ entityId: experimentId, ...dialect.ofExperiment }, options),
    pageOfProject: (projectId, pageToken, options) => pageOf({ entityId: projectId, ...dialect.ofProject }, pageToken, options),
    emptyInProject: async (projectId, fileName, options) => {
      const { type } = dialect.creation(fileName);
      const found = await ofEntity({ entityId: projectId, ...dialect.ofProject }, options);
      return found.filter((artifact) => artifact.state === 'EMPTY' && (type === undefined || artifact.type === type));
    },
  };
}

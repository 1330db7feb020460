/**
 * Files of projects in the storage RPC of all platforms: a record, and its bytes by whichever way the platform takes them.
 */
import { ApiError } from '../../errors/api-error.js';
import { createList } from '../../http/pagination.js';
import type { TransferApi } from '../artifacts.js';
import { matches, sorted } from '../list-filter.js';
import type { ProjectArtifact, ProjectArtifactsApi } from '../project-artifacts.js';
import { cleanUp, isUnknown, nameLeft } from './left-behind.js';
import { compact, known, theOne } from './rpc.js';
import { getArtifact, listEntityArtifacts, toArtifact, type StorageArtifacts, type WireArtifact } from './storage-artifacts.js';
import { checkStored } from './upload-incomplete.js';
import type { Wires } from './wires.js';

/** How the files of a project are kept on one platform. */
export interface ProjectFiles {
  readonly artifacts: StorageArtifacts;
  readonly transfer: TransferApi;
}

function toProjectArtifact(wire: WireArtifact, projectId: string): ProjectArtifact {
  return {
    ...toArtifact(wire),
    project: { id: projectId },
    name: wire.type ?? '',
    ...compact({ contentType: known(wire.mimeType), createdAt: known(wire.createdTime) }),
  };
}

export function projectArtifacts({ logger }: Wires, { artifacts, transfer }: ProjectFiles): ProjectArtifactsApi {
  let removals = 0;
  const remove: ProjectArtifactsApi['delete'] = async (id, options) => {
    await artifacts.delete(id, options);
    removals += 1;
  };
  /** One of the records without bytes may be that of a creation without an answer, so they are named, not removed. */
  const nameLost = async (projectId: string, name: string, error: unknown): Promise<void> => {
    if (!isUnknown(error)) return;
    const lost = await artifacts.emptyInProject(projectId, name, cleanUp).catch(() => []);
    const left = lost.flatMap(({ id, type }) => (type === name ? [{ kind: 'artifact', id } as const] : []));
    nameLeft(logger, left, error);
  };
  const removeMade = async (id: string, error: unknown): Promise<void> => {
    await remove(id, cleanUp).catch((failure: unknown) => {
      if (!(failure instanceof ApiError && failure.status === 404)) nameLeft(logger, [{ kind: 'artifact', id }], error);
    });
  };
  return {
    upload: async ({ projectId, name, contentType, file }, { onProgress, ...options }) => {
      const record = await artifacts.createNamed(projectId, { name, mimeType: contentType }, options).catch(async (error: unknown) => {
        await nameLost(projectId, name, error);
        throw error;
      });
      try {
        const uploaded = await transfer.upload(record.id, file, { ...options, onProgress });
        const stored = await artifacts.get(record.id, options);
        checkStored(stored, uploaded, getArtifact.name);
        return toProjectArtifact(stored, projectId);
      } catch (error) {
        await removeMade(record.id, error);
        throw error;
      }
    },
    get: async (id, projectId, options) => toProjectArtifact(theOne(await artifacts.get(id, options), id, getArtifact.name), projectId),
    list: (projectId, filter, options) =>
      sorted(
        createList({
          call: listEntityArtifacts.name,
          fetchPage: async (pageToken) => {
            const { items, nextPageToken } = await artifacts.pageOfProject(projectId, pageToken, options);
            return { items: items.map((wire) => toProjectArtifact(wire, projectId)), nextPageToken };
          },
          key: (artifact) => artifact.id,
          keeps: (artifact) => matches(artifact, filter),
          removals: () => removals,
        }),
        filter.order,
      ),
    delete: remove,
    download: transfer.download,
  };
}

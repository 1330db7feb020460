/**
 * Datasets: records of data that experiments have to do with. Their bytes are artifacts.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.js';
import type { Dataset } from '../../state.js';
import { service, timestamp } from '../context.js';
import type { GatewayContext, Methods } from '../context.js';
import { messages, nested, text } from '../message.js';
import { Visible } from '../visible.js';
import type { Actor } from '../visible.js';
import { attempt } from './batch.js';
import { countAnswer, listAnswer } from './lists.js';
import { selectedMetadata } from './metadata.js';
import { changedTexts } from './projects.js';
import { wireTag } from './tags.js';

export function datasetMethods({ state, clock, pageSize }: GatewayContext): Methods {
  const wire = (dataset: Dataset, message: JsonObject): JsonObject => ({
    id: dataset.id,
    displayName: dataset.name,
    ownerId: dataset.ownerId,
    createdTime: timestamp(dataset.createdAt),
    lastModifiedTime: timestamp(dataset.modifiedAt),
    metadata: selectedMetadata(dataset.metadata, message),
    rowCount: '0',
    colCount: '0',
    size: '0',
    statistics: { column: [] },
    tag: dataset.tagIds.flatMap((id) => state.tags.get(id) ?? []).map(wireTag),
  });
  const listed = (message: JsonObject, user: Actor): readonly JsonObject[] =>
    new Visible(state, user).datasets(text(message, 'projectId')).map((dataset) => wire(dataset, message));
  const change = (dataset: Dataset, changes: Partial<Dataset>): Dataset => {
    const changed = { ...dataset, ...changes };
    state.datasets.set(dataset.id, changed);
    return changed;
  };
  const remove = (message: JsonObject, user: Actor): JsonObject => {
    const { id, projectId } = new Visible(state, user).dataset(text(message, 'id'));
    state.datasets.delete(id);
    return { id, status: true, message: '', projectId };
  };
  return service('storage/ai.h2o.storage.DatasetService', {
    CreateDataset(message, user) {
      const { id: projectId } = new Visible(state, user).project(text(message, 'projectId'));
      const sent = nested(message, 'dataset');
      const [id, now] = [randomUUID(), clock.now()];
      const metadata = nested(nested(sent, 'metadata'), 'values');
      const name = text(sent, 'displayName');
      const dataset: Dataset = {
        id,
        projectId,
        linkedProjectIds: [],
        ownerId: user.id,
        name,
        metadata,
        tagIds: [],
        createdAt: now,
        modifiedAt: now,
      };
      state.datasets.set(id, dataset);
      return { dataset: wire(dataset, message) };
    },
    GetDataset: (message, user) => ({ dataset: wire(new Visible(state, user).dataset(text(message, 'id')), message) }),
    ListDatasets: (message, user) => listAnswer('dataset', listed(message, user), { message, pageSize }),
    CountDatasets: (message, user) => countAnswer(listed(message, user), message),
    UpdateDataset(message, user) {
      const sent = nested(message, 'dataset');
      const dataset = new Visible(state, user).dataset(text(sent, 'id'));
      const { name } = changedTexts(message, sent, { name: dataset.name, description: '' });
      return { dataset: wire(change(dataset, { name, modifiedAt: clock.now() }), message) };
    },
    TagDataset(message, user) {
      const visible = new Visible(state, user);
      const dataset = visible.dataset(text(message, 'datasetId'));
      change(dataset, { tagIds: [...new Set([...dataset.tagIds, visible.tag(text(message, 'tagId')).id])] });
      return {};
    },
    UntagDataset(message, user) {
      const dataset = new Visible(state, user).dataset(text(message, 'datasetId'));
      const tagId = text(message, 'tagId');
      change(dataset, { tagIds: dataset.tagIds.filter((id) => id !== tagId) });
      return {};
    },
    LinkDatasetIntoProject(message, user) {
      const visible = new Visible(state, user);
      const dataset = visible.dataset(text(message, 'datasetId'));
      const project = visible.project(text(message, 'projectId'));
      change(dataset, { linkedProjectIds: [...new Set([...dataset.linkedProjectIds, project.id])] });
      return {};
    },
    UnlinkDatasetFromProject(message, user) {
      const dataset = new Visible(state, user).dataset(text(message, 'datasetId'));
      const projectId = text(message, 'projectId');
      change(dataset, { linkedProjectIds: dataset.linkedProjectIds.filter((id) => id !== projectId) });
      return {};
    },
    DeleteDataset: remove,
    BatchDeleteDataset: (message, user) => ({
      datasetDeleteResponse: messages(message, 'datasetRequest').map((request) => attempt(request, () => remove(request, user))),
    }),
  });
}

/**
 * Monitoring options between the deployer's words on 0.69 and those that are kept, which are the words of 1.x.
 */
import { isObject } from '../../json.js';
import type { JsonObject } from '../../json.js';
import { messages } from '../message.js';

const renamed = (entry: JsonObject, from: string, to: string): JsonObject => {
  const { [from]: value, ...rest } = entry;
  return value === undefined ? rest : { ...rest, [to]: value };
};

const listOf = (options: JsonObject, field: string): readonly JsonObject[] => {
  const value = options[field];
  return Array.isArray(value) ? value.filter(isObject) : [];
};

/** As they are kept. */
export const monitoringFields = (options: JsonObject): JsonObject => ({
  ...options,
  columns: messages(options, 'columns').map((column) => renamed(column, 'name', 'column')),
  baselineAggregations: messages(options, 'baselineAggregations').map((entry) => renamed(entry, 'columnName', 'column')),
});

/** As clients of 0.69 read them. */
export const wireMonitoringOptions = (options: JsonObject): JsonObject => ({
  name: '',
  displayName: '',
  description: '',
  baselineSource: null,
  timestampColumn: '',
  createTime: null,
  updateTime: null,
  creator: '',
  creatorDisplayName: '',
  ...options,
  columns: listOf(options, 'columns').map((column) => renamed(column, 'column', 'name')),
  baselineAggregations: listOf(options, 'baselineAggregations').map((entry) => renamed(entry, 'column', 'columnName')),
});

/**
 * From the values of an engine to the fields that AI Engine Manager takes, with their paths in an update mask. Pure.
 */
import { orNull, type Kind } from '../http/given.js';

/** The values that engines of both kinds have; `null` means as the profile says. */
interface Values {
  readonly name?: string | null | undefined;
  readonly cpuCount?: number | null | undefined;
  readonly gpuCount?: number | null | undefined;
  readonly memoryBytes?: number | null | undefined;
  readonly nodeCount?: number | null | undefined;
  readonly maxIdleMs?: number | null | undefined;
  readonly maxRunningMs?: number | null | undefined;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
}

type Write = (value: unknown) => unknown;

const asIs: Write = (value) => value;
/** 64 bits are written as text. */
const asText: Write = (value) => String(value);
/** Whole seconds, rounded up: what was asked for is not cut short. */
const asDuration: Write = (value) => `${Math.ceil(Number(value) / 1000)}s`;

const fieldsByName: Readonly<Record<keyof Values, readonly [field: string, path: string, write: Write]>> = {
  name: ['displayName', 'display_name', asIs],
  cpuCount: ['cpu', 'cpu', asIs],
  gpuCount: ['gpu', 'gpu', asIs],
  memoryBytes: ['memoryBytes', 'memory_bytes', asText],
  nodeCount: ['nodeCount', 'node_count', asIs],
  maxIdleMs: ['maxIdleDuration', 'max_idle_duration', asDuration],
  maxRunningMs: ['maxRunningDuration', 'max_running_duration', asDuration],
  annotations: ['annotations', 'annotations', asIs],
};

export function commonFields(values: Values): { readonly fields: Readonly<Record<string, unknown>>; readonly paths: readonly string[] } {
  const fields: Record<string, unknown> = {};
  const paths: string[] = [];
  for (const [name, [field, path, write]] of Object.entries(fieldsByName)) {
    const value: unknown = Reflect.get(values, name);
    if (value === undefined) continue;
    fields[field] = value === null ? null : write(value);
    paths.push(path);
  }
  return { fields, paths };
}

/** The same kinds, where `null` is a value too. */
export function nullable(kinds: Readonly<Record<string, Kind>>): Readonly<Record<string, Kind>> {
  return Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, orNull(kind)]));
}

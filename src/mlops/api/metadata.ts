/**
 * Metadata as storage keeps it, each value in a member named by its type, and as plain JSON.
 */
import * as z from 'zod/mini';
import type { Experiment, MetadataValue, SchemaColumn } from '../experiments.js';
import { compact } from './rpc.js';

interface WireValue {
  readonly stringValue?: string | null | undefined;
  readonly idValue?: string | null | undefined;
  readonly doubleValue?: number | string | null | undefined;
  readonly int64Value?: number | string | null | undefined;
  readonly boolValue?: boolean | null | undefined;
  readonly jsonValue?: string | null | undefined;
  readonly timestampValue?: string | null | undefined;
  readonly durationValue?: string | null | undefined;
}

const ValueSchema: z.ZodMiniType<WireValue> = z.looseObject({
  stringValue: z.nullish(z.string()),
  idValue: z.nullish(z.string()),
  doubleValue: z.nullish(z.union([z.number(), z.string()])),
  int64Value: z.nullish(z.union([z.number(), z.string()])),
  boolValue: z.nullish(z.boolean()),
  jsonValue: z.nullish(z.string()),
  timestampValue: z.nullish(z.string()),
  durationValue: z.nullish(z.string()),
});

export interface WireMetadata {
  readonly values?: Readonly<Record<string, WireValue>> | null | undefined;
}

export const MetadataSchema: z.ZodMiniType<WireMetadata | null | undefined> = z.nullish(
  z.looseObject({ values: z.nullish(z.record(z.string(), ValueSchema)) }),
);

function fromMetadata(wire: WireMetadata | null | undefined): Readonly<Record<string, MetadataValue>> {
  return Object.fromEntries(Object.entries(wire?.values ?? {}).map(([key, value]) => [key, fromValue(value)]));
}

function fromValue(value: WireValue): MetadataValue {
  if (typeof value.jsonValue === 'string') return parsed(value.jsonValue);
  if (value.int64Value !== null && value.int64Value !== undefined) return integer(value.int64Value);
  if (value.doubleValue !== null && value.doubleValue !== undefined) return Number(value.doubleValue);
  return value.boolValue ?? value.stringValue ?? value.idValue ?? value.timestampValue ?? value.durationValue ?? null;
}

/** An integer that a number cannot hold stays text, so that no digit is lost. */
function integer(value: number | string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const JsonSchema = z.json();

function parsed(json: string): MetadataValue {
  try {
    return JsonSchema.parse(JSON.parse(json));
  } catch {
    return json;
  }
}

/** What is known about an experiment from its artifact. */
export function describedBy(wire: WireMetadata | null | undefined): Pick<Experiment, 'metadata' | 'inputSchema' | 'outputSchema'> {
  const metadata = fromMetadata(wire);
  const [inputSchema, outputSchema] = ['input_schema', 'output_schema'].map((key) => schemaIn(metadata[key]));
  return { metadata, ...compact({ inputSchema, outputSchema }) };
}

/** The columns that a value of the metadata names; `undefined` where it is no list of columns. */
function schemaIn(value: MetadataValue | undefined): readonly SchemaColumn[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const columns = value.flatMap((entry: unknown) => {
    const parsedEntry = ColumnSchema.safeParse(entry);
    return parsedEntry.success ? [{ name: parsedEntry.data.name, type: parsedEntry.data.type ?? '' }] : [];
  });
  return columns.length === value.length ? columns : undefined;
}

const ColumnSchema = z.looseObject({ name: z.string(), type: z.nullish(z.string()) });

/**
 * Metadata as storage keeps it, each value in a member named by its type, and as plain JSON.
 */
import * as z from 'zod';
import type { MetadataValue } from '../experiments.js';

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

const ValueSchema: z.ZodType<WireValue> = z.looseObject({
  stringValue: z.string().nullish(),
  idValue: z.string().nullish(),
  doubleValue: z.union([z.number(), z.string()]).nullish(),
  int64Value: z.union([z.number(), z.string()]).nullish(),
  boolValue: z.boolean().nullish(),
  jsonValue: z.string().nullish(),
  timestampValue: z.string().nullish(),
  durationValue: z.string().nullish(),
});

export interface WireMetadata {
  readonly values?: Readonly<Record<string, WireValue>> | null | undefined;
}

export const MetadataSchema: z.ZodType<WireMetadata | null | undefined> = z
  .looseObject({ values: z.record(z.string(), ValueSchema).nullish() })
  .nullish();

export function fromMetadata(wire: WireMetadata | null | undefined): Readonly<Record<string, MetadataValue>> {
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

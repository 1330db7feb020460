/**
 * What the resources of AI Engine Manager have in common on the wire: numbers of 64 bits as text, durations as `900s`, unset as null.
 * Wire format: h2o-engine-manager 1.10, `/v1`.
 */
import * as z from 'zod/mini';
import { memberOf } from '../../http/given.js';
import type { Page } from '../../http/pagination.js';
import { Secret } from '../../internal/secret.js';

export const text: z.ZodMiniType<string | null | undefined> = z.nullish(z.string());
const flag: z.ZodMiniType<boolean | null | undefined> = z.nullish(z.boolean());
/** 32 bits come as numbers, 64 as text. */
export const number: z.ZodMiniType<number | string | null | undefined> = z.nullish(z.union([z.number(), z.string()]));
const textByName = z.nullish(z.record(z.string(), z.string()));

/** What a call answers whose answer is of no use. */
export const anyAnswer: z.ZodMiniType = z.nullish(z.looseObject({}));

type Unset = null | undefined;
type WireNumber = number | string | Unset;

/** An engine of any kind; which members are there depends on it. */
export interface WireEngine {
  readonly name: string;
  readonly creator?: string | Unset;
  readonly creatorDisplayName?: string | Unset;
  readonly profile?: string | Unset;
  readonly state?: string | Unset;
  readonly reconciling?: boolean | Unset;
  readonly createTime?: string | Unset;
  readonly updateTime?: string | Unset;
  readonly apiUrl?: string | Unset;
  readonly loginUrl?: string | Unset;
  readonly annotations?: Readonly<Record<string, string>> | Unset;
  readonly displayName?: string | Unset;
  readonly cpu?: WireNumber;
  readonly gpu?: WireNumber;
  readonly memoryBytes?: WireNumber;
  readonly storageBytes?: WireNumber;
  readonly nodeCount?: WireNumber;
  readonly maxIdleDuration?: string | Unset;
  readonly maxRunningDuration?: string | Unset;
  readonly currentIdleDuration?: string | Unset;
  readonly currentRunningDuration?: string | Unset;
  readonly storageResizing?: boolean | Unset;
  readonly upgradeAvailable?: boolean | Unset;
  readonly config?: Readonly<Record<string, unknown>> | Unset;
  readonly daiEngineVersion?: string | Unset;
  readonly h2oEngineVersion?: string | Unset;
  readonly version?: string | Unset;
  readonly type?: string | Unset;
}

export const EngineSchema: z.ZodMiniType<WireEngine> = z.looseObject({
  name: z.string(),
  creator: text,
  creatorDisplayName: text,
  profile: text,
  state: text,
  reconciling: flag,
  createTime: text,
  updateTime: text,
  apiUrl: text,
  loginUrl: text,
  annotations: textByName,
  displayName: text,
  cpu: number,
  gpu: number,
  memoryBytes: number,
  storageBytes: number,
  nodeCount: number,
  maxIdleDuration: text,
  maxRunningDuration: text,
  currentIdleDuration: text,
  currentRunningDuration: text,
  storageResizing: flag,
  upgradeAvailable: flag,
  config: z.nullish(z.record(z.string(), z.unknown())),
  daiEngineVersion: text,
  h2oEngineVersion: text,
  version: text,
  type: text,
});

interface WireConstraint {
  readonly min?: WireNumber;
  readonly max?: WireNumber;
  readonly default?: WireNumber;
}

export interface WireProfile {
  readonly name: string;
  readonly displayName?: string | Unset;
  readonly cpuConstraint?: WireConstraint | Unset;
  readonly gpuConstraint?: WireConstraint | Unset;
  readonly memoryBytesConstraint?: WireConstraint | Unset;
  readonly storageBytesConstraint?: WireConstraint | Unset;
  readonly nodeCountConstraint?: WireConstraint | Unset;
}

const ConstraintSchema = z.nullish(z.looseObject({ min: number, max: number, default: number }));

export const ProfileSchema: z.ZodMiniType<WireProfile> = z.looseObject({
  name: z.string(),
  displayName: text,
  cpuConstraint: ConstraintSchema,
  gpuConstraint: ConstraintSchema,
  memoryBytesConstraint: ConstraintSchema,
  storageBytesConstraint: ConstraintSchema,
  nodeCountConstraint: ConstraintSchema,
});

export interface WireVersion {
  readonly name: string;
  readonly deprecated?: boolean | Unset;
  readonly aliases?: readonly string[] | Unset;
}

export const VersionSchema: z.ZodMiniType<WireVersion> = z.looseObject({
  name: z.string(),
  deprecated: flag,
  aliases: z.nullish(z.array(z.string())),
});

/** A number that may come as text; `undefined` where it is unset or none. */
export function toNumber(value: number | string | null | undefined): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Milliseconds of `900s` or `1.5s`. */
export function toMilliseconds(duration: string | null | undefined): number | undefined {
  const [, seconds] = /^(-?\d+(?:\.\d+)?)s$/.exec(duration ?? '') ?? [];
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000);
}

/** A configuration may hold passwords. */
export function toSecrets(config: Readonly<Record<string, unknown>> | null | undefined): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    Object.entries(config ?? {}).map(([name, value]) => [name, new Secret(typeof value === 'string' ? value : JSON.stringify(value))]),
  );
}

type Present<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined | null> };

/** The members that are set. */
export function present<Members extends object>(members: Members): Present<Members> {
  const kept: Present<Members> = {};
  for (const name of Object.keys(members)) {
    const value: unknown = Reflect.get(members, name);
    if (value !== undefined && value !== null && value !== '') Object.assign(kept, { [name]: value });
  }
  return kept;
}

/** One member of an answer, in place of the answer. */
export function memberIn<Value>(name: string, member: z.ZodMiniType<Value>): z.ZodMiniType<Value> {
  return z.pipe(
    z.transform((answer: unknown) => memberOf(answer, name)),
    member,
  );
}

/** A page of a list that stands in one member; what is no object is no empty page. */
export function pageIn<Item>(name: string, item: z.ZodMiniType<Item>): z.ZodMiniType<Page<Item>> {
  return z.pipe(
    z.transform((answer: unknown) =>
      typeof answer === 'object' && answer !== null
        ? { items: memberOf(answer, name) ?? [], nextPageToken: memberOf(answer, 'nextPageToken') }
        : answer,
    ),
    z.object({ items: z.array(item), nextPageToken: text }),
  );
}

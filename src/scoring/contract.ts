/**
 * The scoring contract on the wire: paths, bodies and answers of H2O's Java and Python scorers, in both of their spellings.
 */
import * as z from 'zod/mini';
import { operation, type Operation, type WholeAnswer } from '../http/operation.js';
import type { Column, Schema } from './schema.js';

/** Which explanation is asked for: by the columns of the input, or by the features that the model makes of them. */
export type ShapleyValueType = 'ORIGINAL' | 'TRANSFORMED';

/** Rows as a scorer takes them: cells as text, in the order of `fields`; a missing value is an empty text. */
export interface CellTable {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A request to score. */
export interface ScoreRequest extends CellTable {
  /** Input columns to repeat in the output, where they come first, in the order of the input. */
  readonly includeFieldsInOutput?: readonly string[] | undefined;
  readonly noFieldNamesInOutput?: boolean | undefined;
  /** A column with an id for each row. One that is not in `fields` but in `includeFieldsInOutput` gets ids of the scorer's making. */
  readonly idField?: string | undefined;
  readonly requestShapleyValueType?: 'NONE' | ShapleyValueType | undefined;
  readonly requestPredictionIntervals?: boolean | undefined;
}

/** A request to explain rows. */
export interface ContributionRequest extends CellTable {
  readonly requestShapleyValueType: ShapleyValueType;
}

/** A request to score files. */
export interface ScoreMediaRequest extends ScoreRequest {
  /** The columns whose cells are names of files. */
  readonly mediaFields?: readonly string[] | undefined;
}

/** Cells as a scorer gives them. The contract says text; other values pass. */
export type AnsweredRows = readonly (readonly (string | number | boolean | null)[])[];

/** Shapley values of one output of the model, for each row, in the order of `features`. */
export interface ContributionGroup {
  /** Which output; absent where the model has one. */
  readonly outputGroup?: string | undefined;
  readonly contributions: AnsweredRows;
}

/** Shapley values. */
export interface Contributions {
  readonly features: readonly string[];
  readonly contributionGroups: readonly ContributionGroup[];
}

/** The bounds of each prediction, in the order of `fields`. */
export interface PredictionIntervals {
  readonly fields: readonly string[];
  readonly rows: AnsweredRows;
}

/** What a scorer answers: cells as text, in the order of `fields`. */
export interface ScoreResponse {
  readonly id?: string | null | undefined;
  /** Absent when the request asked for no field names. */
  readonly fields?: readonly string[] | null | undefined;
  readonly score: AnsweredRows;
  readonly featureShapleyContributions?: Contributions | undefined;
  readonly predictionIntervals?: PredictionIntervals | undefined;
  readonly [other: string]: unknown;
}

/** A wide table has millions of cells: a plain loop checks them in a fraction of the time that a schema for each would take. */
function isCellRows(value: unknown): value is AnsweredRows {
  if (!Array.isArray(value)) return false;
  for (const row of value as readonly unknown[]) {
    if (!Array.isArray(row)) return false;
    for (const cell of row as readonly unknown[]) if (typeof cell === 'object' && cell !== null) return false;
  }
  return true;
}
const CellRowsSchema: z.ZodMiniType<AnsweredRows> = z.custom<AnsweredRows>(isCellRows);

interface WireColumn {
  readonly name: string;
  readonly dataType?: string | null | undefined;
  readonly example?: string | null | undefined;
}
const ColumnSchema: z.ZodMiniType<WireColumn> = z.looseObject({
  name: z.string(),
  dataType: z.nullish(z.string()),
  example: z.nullish(z.string()),
});

interface WireModel {
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly properties?: WireProperties | null | undefined;
  readonly schema: {
    readonly inputFields: readonly WireColumn[];
    readonly outputFields: readonly WireColumn[];
    readonly targetFields?: readonly WireColumn[] | null | undefined;
  };
}
interface WireProperties {
  readonly scoringType?: string | null | undefined;
  /** The Java contract is published with this spelling. */
  readonly scoringResponLabels?: readonly string[] | null | undefined;
  readonly scoringResponseLabels?: readonly string[] | null | undefined;
}
const labels = z.nullish(z.array(z.string()));

interface WireContributions {
  readonly features: readonly string[];
  readonly contributionGroups: readonly WireGroup[];
}
interface WireGroup {
  readonly outputGroup?: string | null | undefined;
  readonly output_group?: string | null | undefined;
  readonly contributions: AnsweredRows;
}
const ContributionsSchema: z.ZodMiniType<WireContributions> = z.looseObject({
  features: z.array(z.string()),
  contributionGroups: z.array(
    z.looseObject({ outputGroup: z.nullish(z.string()), output_group: z.nullish(z.string()), contributions: CellRowsSchema }),
  ),
});

export interface WireScore {
  readonly id?: string | null | undefined;
  readonly fields?: readonly string[] | null | undefined;
  readonly score: AnsweredRows;
  readonly featureShapleyContributions?: WireContributions | null | undefined;
  readonly predictionIntervals?: PredictionIntervals | null | undefined;
}
const ScoreSchema: z.ZodMiniType<WireScore> = z.looseObject({
  id: z.nullish(z.string()),
  fields: z.nullish(z.array(z.string())),
  score: CellRowsSchema,
  featureShapleyContributions: z.nullish(ContributionsSchema),
  predictionIntervals: z.nullish(z.looseObject({ fields: z.array(z.string()), rows: CellRowsSchema })),
});

// A scorer answers text on some paths and JSON on others, whatever it is asked for; this is what all of them accept.
export const scorerHeaders: Readonly<Record<string, string>> = { accept: 'application/json, text/plain, */*' };

// Scoring changes nothing, so that every call may be repeated.
const read = { method: 'GET', safe: true } as const;
const compute = { method: 'POST', safe: true } as const;

export const schema: Operation<WireModel> = operation({
  ...read,
  name: 'schema',
  path: '/schema',
  answer: z.looseObject({
    id: z.nullish(z.string()),
    name: z.nullish(z.string()),
    description: z.nullish(z.string()),
    properties: z.nullish(
      z.looseObject({ scoringType: z.nullish(z.string()), scoringResponLabels: labels, scoringResponseLabels: labels }),
    ),
    schema: z.looseObject({
      inputFields: z.array(ColumnSchema),
      outputFields: z.array(ColumnSchema),
      targetFields: z.nullish(z.array(ColumnSchema)),
    }),
  }),
});

interface SampleAnswer {
  readonly fields: readonly string[];
  readonly rows: AnsweredRows;
  readonly includeFieldsInOutput?: readonly string[] | null | undefined;
  readonly noFieldNamesInOutput?: boolean | null | undefined;
  readonly idField?: string | null | undefined;
  readonly requestShapleyValueType?: 'NONE' | ShapleyValueType | null | undefined;
  readonly requestPredictionIntervals?: boolean | null | undefined;
}

export const sampleRequest: Operation<SampleAnswer> = operation({
  ...read,
  name: 'sample_request',
  path: '/sample_request',
  answer: z.looseObject({
    fields: z.array(z.string()),
    rows: CellRowsSchema,
    includeFieldsInOutput: z.nullish(z.array(z.string())),
    noFieldNamesInOutput: z.nullish(z.boolean()),
    idField: z.nullish(z.string()),
    requestShapleyValueType: z.nullish(z.enum(['NONE', 'ORIGINAL', 'TRANSFORMED'])),
    requestPredictionIntervals: z.nullish(z.boolean()),
  }),
});

export const capabilities: Operation<readonly string[]> = operation({
  ...read,
  name: 'capabilities',
  path: '/capabilities',
  answer: z.array(z.string()),
});

const isGoodText = (answer: unknown): boolean => typeof answer === 'object' && Reflect.get(answer ?? {}, 'status') === 200;
const plainText = { ...read, readsWhole: true, answer: z.custom<WholeAnswer>(isGoodText) } as const;

export const modelId: Operation<WholeAnswer> = operation({ ...plainText, name: 'id', path: '/id' });

/** Stands beside the model's paths, not below them. The answer is text that calls itself JSON. */
export const readyz: Operation<WholeAnswer> = operation({ ...plainText, name: 'readyz', path: '/readyz' });

export const score: Operation<WireScore> = operation({ ...compute, name: 'score', path: '/score', answer: ScoreSchema });

/** A batch that makes the scorer fail is scored in parts, which tells more than repeating it. */
export const scoreBatch: Operation<WireScore> = { ...score, finalStatuses: [500] };

export const contribution: Operation<WireContributions> = operation({
  ...compute,
  name: 'contribution',
  path: '/contribution',
  answer: ContributionsSchema,
});

export const mediaScore: Operation<WireScore> = operation({ ...compute, name: 'media-score', path: '/media-score', answer: ScoreSchema });

export function toSchema({ id, name, description, properties, schema: columns }: WireModel): Schema {
  const target = columns.targetFields;
  const scoringLabels = properties?.scoringResponseLabels ?? properties?.scoringResponLabels;
  return {
    input: columns.inputFields.map(toColumn),
    output: columns.outputFields.map(toColumn),
    ...(target === undefined || target === null ? {} : { target: target.map(toColumn) }),
    ...withoutNull({ id, name, description, scoringType: properties?.scoringType, labels: scoringLabels }),
  };
}

function toColumn({ name, dataType, example }: WireColumn): Column {
  return { name, type: dataType ?? 'Str', ...withoutNull({ example }) };
}

export function toSampleRequest({ fields, rows, ...others }: SampleAnswer): ScoreRequest {
  const { includeFieldsInOutput, noFieldNamesInOutput, idField, requestShapleyValueType, requestPredictionIntervals } = others;
  return {
    fields,
    rows: rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell)))),
    ...withoutNull({ includeFieldsInOutput, noFieldNamesInOutput, idField, requestShapleyValueType, requestPredictionIntervals }),
  };
}

export function toScoreResponse({ featureShapleyContributions, predictionIntervals, ...others }: WireScore): ScoreResponse {
  return {
    ...others,
    ...(isAbsent(featureShapleyContributions) ? {} : { featureShapleyContributions: toContributions(featureShapleyContributions) }),
    ...(isAbsent(predictionIntervals) ? {} : { predictionIntervals }),
  };
}

export function toContributions({ contributionGroups, ...others }: WireContributions): Contributions {
  return {
    ...others,
    contributionGroups: contributionGroups.map(({ output_group: underscored, outputGroup, ...group }) => ({
      ...group,
      ...withoutNull({ outputGroup: outputGroup ?? underscored }),
    })),
  };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

type WithoutNull<Members> = { readonly [Name in keyof Members]?: Exclude<Members[Name], null | undefined> };

/** Scorers write `null` for what they do not say, and our own types leave it out. */
function withoutNull<Members extends object>(members: Members): WithoutNull<Members> {
  const present: WithoutNull<Members> = {};
  return Object.assign(present, Object.fromEntries(Object.entries(members).filter(([, value]) => !isAbsent(value))));
}

/** The base of a scorer's paths: its score address without the last part, or the address itself when it ends in `model`. */
export function baseOf(scoreUrl: string): string {
  const url = new URL(scoreUrl);
  const path = url.pathname.replace(/\/+$/, '');
  return url.origin + (path.endsWith('/model') ? path : path.replace(/\/[^/]*$/, ''));
}

/** What stands above the model's paths: `/readyz`, and the API of language models. */
export function rootOf(scoreUrl: string): string {
  return baseOf(scoreUrl).replace(/\/model$/, '');
}

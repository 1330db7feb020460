/**
 * Scores and explains the rows of a request: which cell belongs to which column of the model, what comes back, and what is refused in which
 * words. No HTTP.
 */
import { printJavaDouble, printJavaFloat } from '../mojo/java-number.js';
import { RowError } from '../mojo/mojo-error.js';
import { labelOf, shapleyTypesOf } from './contract.js';
import type { ScorerModel } from './contract.js';
import type { ScoreRequest, ShapleyType } from './score-request.js';

export interface ScoreResponse {
  readonly id?: string | undefined;
  readonly fields?: readonly string[];
  readonly score: readonly (readonly string[])[];
  readonly featureShapleyContributions?: Contributions;
}

/** Shapley values: `features` names the columns of each row of `contributions`. */
export interface Contributions {
  readonly features: readonly string[];
  readonly contributionGroups: readonly ContributionGroup[];
}

interface ContributionGroup {
  readonly outputGroup?: string;
  readonly output_group?: string;
  readonly contributions: readonly (readonly string[])[];
}

/** The scorer's own refusal (400) or breakdown (500). The words are those of the Java server: clients show them. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  readonly status: 400 | 500;

  constructor(status: 400 | 500, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Scores all rows, or none.
 *
 * @throws {Refusal} 400 for what the request asks or holds, 500 for what makes the Java server stumble
 */
export function scoreRows(model: ScorerModel, request: ScoreRequest): ScoreResponse {
  const { mojo, modelId: id } = model;
  if (request.predictionIntervals) throw new Refusal(400, 'requestPredictionIntervals set to true, but model does not support it');
  const table = checkedTable(model, request);
  const output = outputColumns(table.fields, request);
  const score = table.rows.map((row) => [
    ...output.copied.map((index) => cellAt(row, index)),
    ...output.generated.map(() => crypto.randomUUID()),
    ...rowResult(() => mojo.score(table.cells(row))).map(printJavaDouble),
  ]);
  const names = [...output.copied.map((index) => table.fields[index] ?? ''), ...output.generated, ...mojo.outputs];
  const response = { id, ...(request.noFieldNamesInOutput ? {} : { fields: names }), score };
  if (request.shapley === null || request.shapley === 'NONE') return response;
  return { ...response, featureShapleyContributions: explainRows(model, request) };
}

/**
 * The Shapley values of all rows.
 *
 * @throws {Refusal} as {@link scoreRows}, and 400 where this scorer does not offer the values that are asked for
 */
export function explainRows(model: ScorerModel, request: ScoreRequest): Contributions {
  const contributions = contributionsFor(model, request.shapley ?? 'NONE');
  const table = checkedTable(model, request);
  return {
    features: [...model.mojo.columns.map(({ name }) => `contrib_${name}`), 'contrib_bias'],
    contributionGroups: [
      {
        ...groupLabel(model),
        contributions: table.rows.map((row) => rowResult(() => contributions(table.cells(row))).map(printJavaFloat)),
      },
    ],
  };
}

/** Real scorers label groups only where there are several, and H2O-3 explains no model of several. */
function groupLabel({ mojo, spelling }: ScorerModel): Omit<ContributionGroup, 'contributions'> {
  if (spelling === undefined) return {};
  const label = labelOf(mojo.outputs.at(-1) ?? '');
  return spelling === 'java' ? { outputGroup: label } : { output_group: label };
}

/** H2O-3 has one kind of Shapley value; it is given under either name. */
function contributionsFor(model: ScorerModel, asked: ShapleyType): NonNullable<ScorerModel['mojo']['contributions']> {
  const { contributions } = model.mojo;
  const offered = shapleyTypesOf(model);
  if (contributions === undefined || offered === 'NONE') throw new Refusal(400, shapleyIsOff);
  if (offered === 'ALL') {
    if (asked === 'NONE') throw new Refusal(400, 'Only ORIGINAL or TRANSFORMED are accepted enums values of Shapley values');
  } else if (asked !== offered) {
    throw new Refusal(400, `Requested Shapley type ${asked} not enabled for this scorer. Expected: ${offered}`);
  }
  return contributions;
}

const shapleyIsOff =
  'shapley.types.enabled property has to be set to one of [TRANSFORMED, ORIGINAL, ALL] or shapley.enable property has to be set to true in the runtime configuration to obtain Shapley contribution';

function rowResult<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof RowError) throw new Refusal(400, error.message);
    throw error;
  }
}

interface Table {
  readonly fields: readonly (string | null)[];
  readonly rows: readonly (readonly string[])[];
  /** The cells of a row in the model's order; columns that it does not know are left out. */
  cells(row: readonly string[]): readonly (string | undefined)[];
}

/** Short rows and unknown fields pass, as they do in Java; nulls and long rows do not. */
function checkedTable({ mojo }: ScorerModel, { fields, rows }: ScoreRequest): Table {
  if (rows === null) throw new Refusal(500, nullPointer('java.util.List.stream()', 'rows'));
  if (fields === null && rows.length > 0) throw new Refusal(500, nullPointer('java.util.List.get(int)', 'fields'));
  const names = fields ?? [];
  const columnOf = new Map(mojo.columns.map(({ name }, index) => [name, index]));
  const columns = names.map((field) => (field === null ? undefined : columnOf.get(field)));
  return {
    fields: names,
    rows: rows.map((row) => checkedRow(row, names.length)),
    cells(row) {
      const cells: string[] = [];
      row.forEach((cell, index) => {
        const column = columns[index];
        if (column !== undefined) cells[column] = cell;
      });
      return cells;
    },
  };
}

function checkedRow(row: readonly (string | null)[] | null, length: number): readonly string[] {
  if (row === null) throw new Refusal(500, nullPointer('ai.h2o.mojos.deploy.common.rest.model.Row.size()', 'row'));
  return row.map((cell, index) => {
    if (index >= length) throw new Refusal(500, outOfBounds(index, length));
    if (cell === null) throw new Refusal(500, nullPointer('String.equals(Object)', 'sanitizeValue'));
    return cell;
  });
}

interface OutputColumns {
  /** Where the input fields that come back stand in a row, in input order whatever the order they were asked in. */
  readonly copied: readonly number[];
  /** The id column that the scorer fills, or none. */
  readonly generated: readonly string[];
}

/** Ids are generated only for an `idField` that is asked back and was not sent. */
function outputColumns(fields: readonly (string | null)[], { includeFieldsInOutput, idField }: ScoreRequest): OutputColumns {
  const wanted = new Set(includeFieldsInOutput);
  const copied = fields.flatMap((field, index) => (wanted.has(field) ? [index] : []));
  const generates = idField !== null && idField !== '' && wanted.has(idField) && !fields.includes(idField);
  return { copied, generated: generates ? [idField] : [] };
}

function cellAt(row: readonly string[], index: number): string {
  const cell = row[index];
  if (cell === undefined) throw new Refusal(500, outOfBounds(index, row.length));
  return cell;
}

function nullPointer(call: string, name: string): string {
  return `Cannot invoke "${call}" because "${name}" is null`;
}

function outOfBounds(index: number, length: number): string {
  return `Index ${index} out of bounds for length ${length}`;
}

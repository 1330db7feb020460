/**
 * Scores a request: which cell belongs to which column of the model, what comes back, and what is refused in which words. No HTTP.
 */
import { printJavaDouble } from './mojo/java-double.js';
import type { Mojo } from './mojo/mojo.js';
import { RowError } from './mojo/mojo-error.js';
import type { ScoreRequest } from './scorer-request.js';

export interface ScoreResponse {
  readonly fields?: readonly string[];
  readonly score: readonly (readonly string[])[];
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

export const shapleyIsOff: string =
  'shapley.types.enabled property has to be set to one of [TRANSFORMED, ORIGINAL, ALL] or shapley.enable property has to be set to true in the runtime configuration to obtain Shapley contribution';

/**
 * Scores all rows, or none.
 *
 * @throws {Refusal} 400 for what the request asks or holds, 500 for what makes the Java server stumble
 */
export function scoreRows(mojo: Mojo, request: ScoreRequest): ScoreResponse {
  if (request.predictionIntervals) throw new Refusal(400, 'requestPredictionIntervals set to true, but model does not support it');
  if (request.shapley !== null && request.shapley !== 'NONE') throw new Refusal(400, shapleyIsOff);
  const { fields, rows } = checkedCells(request);
  const columnOf = new Map(mojo.columns.map(({ name }, index) => [name, index]));
  const columns = fields.map((field) => (field === null ? undefined : columnOf.get(field)));
  const output = outputColumns(fields, request);
  const score = rows.map((row) => {
    const cells: string[] = [];
    row.forEach((cell, index) => {
      const column = columns[index];
      if (column !== undefined) cells[column] = cell;
    });
    return [
      ...output.copied.map((index) => cellAt(row, index)),
      ...output.generated.map(() => crypto.randomUUID()),
      ...scoreRow(mojo, cells),
    ];
  });
  if (request.noFieldNamesInOutput) return { score };
  return { fields: [...output.copied.map((index) => fields[index] ?? ''), ...output.generated, ...mojo.outputs], score };
}

function scoreRow(mojo: Mojo, cells: readonly string[]): readonly string[] {
  try {
    return mojo.score(cells).map(printJavaDouble);
  } catch (error) {
    if (error instanceof RowError) throw new Refusal(400, error.message);
    throw error;
  }
}

interface Cells {
  readonly fields: readonly (string | null)[];
  readonly rows: readonly (readonly string[])[];
}

/** Short rows and unknown fields pass, as they do in Java; nulls and long rows do not. */
function checkedCells({ fields, rows }: ScoreRequest): Cells {
  if (rows === null) throw new Refusal(500, nullPointer('java.util.List.stream()', 'rows'));
  if (fields === null && rows.length > 0) throw new Refusal(500, nullPointer('java.util.List.get(int)', 'fields'));
  const names = fields ?? [];
  return { fields: names, rows: rows.map((row) => checkedRow(row, names.length)) };
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

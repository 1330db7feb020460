/**
 * Rows as objects against rows as a scorer takes and gives them. Checks before anything is sent, because real scorers answer
 * 200 with a score for missing, unknown and misspelt columns. Pure.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { ScoringError, type RowProblem } from '../errors/scoring-error.js';
import { kindOf, type Column, type Schema } from './schema.js';

/** A value of a row. `null` and `undefined` mean that it is missing. */
export type Cell = string | number | bigint | boolean | Date | null | undefined;

/** A row to score: a value for each input column of the model. */
export type Row = Readonly<Record<string, Cell>>;

/** A scored value: a number, text, or null where the scorer gave none. Integers that a number cannot hold stay text. */
export type ScoredCell = number | string | boolean | null;

/** A scored row, by output column. */
export type ScoredRow = Readonly<Record<string, ScoredCell>>;

/** Cells in the order of the schema's input columns. */
export type CellRows = readonly (readonly string[])[];

const mostProblems = 100;

/**
 * The rows as text cells in the schema's order.
 *
 * @throws {ScoringError} code `SCORING_ROWS_INVALID`: columns are missing, unknown or wrongly typed; nothing was sent
 */
export function toCells(rows: readonly Row[], schema: Schema): CellRows {
  const problems: RowProblem[] = [];
  const names = new Set(schema.input.map((column) => column.name));
  if (names.size < schema.input.length) throw ambiguousSchema();
  // Not by map(), which leaves out holes.
  const cells = Array.from(rows, (row, index) => {
    checkNames(row, index, names, problems);
    return schema.input.map((column) => toCell(row, column, index, problems));
  });
  if (problems.length > 0) throw invalidRows(problems, schema);
  return cells;
}

function checkNames(row: Row, index: number, names: ReadonlySet<string>, problems: RowProblem[]): void {
  const given: unknown = row;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.push({ row: index, problem: 'is not an object with a value for each column' });
    return;
  }
  for (const name of Object.keys(row)) {
    if (!names.has(name)) problems.push({ row: index, column: name, problem: unknownColumn(name, names) });
  }
}

function unknownColumn(name: string, names: ReadonlySet<string>): string {
  const alike = [...names].find((known) => known.toLowerCase() === name.trim().toLowerCase());
  return alike === undefined ? 'is not a column of the model' : `is not a column of the model: it is spelt ${alike}`;
}

function toCell(row: Row, column: Column, index: number, problems: RowProblem[]): string {
  const given: unknown = row;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return '';
  if (!Object.hasOwn(row, column.name)) {
    problems.push({ row: index, column: column.name, problem: 'is missing (pass null for a value that is not known)' });
    return '';
  }
  const text = textOf(row[column.name], column);
  if (typeof text === 'string') return text;
  problems.push({ row: index, column: column.name, problem: text.problem });
  return '';
}

function textOf(value: unknown, column: Column): string | { readonly problem: string } {
  if (value === null || value === undefined) return '';
  const kind = kindOf(column.type);
  const wrong = { problem: `is ${value instanceof Date ? 'a date' : `of type ${typeof value}`}, and the model wants ${column.type}` };
  const isNumeric = kind === 'integer' || kind === 'number';
  switch (typeof value) {
    case 'number':
      if (Number.isNaN(value)) return '';
      if (!Number.isFinite(value)) return { problem: 'is infinite' };
      return kind === 'integer' && !Number.isInteger(value)
        ? { problem: `is not a whole number, and the model wants ${column.type}` }
        : String(value);
    case 'bigint':
      return String(value);
    case 'boolean':
      return isNumeric ? String(Number(value)) : String(value);
    case 'string':
      if (isNumeric && value.trim() !== '' && !Number.isFinite(Number(value)))
        return { problem: `is text that is no number, and the model wants ${column.type}` };
      return isNumeric ? value.trim() : value;
    case 'object':
      if (!(value instanceof Date) || isNumeric) return wrong;
      return Number.isNaN(value.getTime()) ? { problem: 'is an invalid date' } : value.toISOString();
    default:
      return wrong;
  }
}

function invalidRows(problems: readonly RowProblem[], schema: Schema): ScoringError {
  const shown = problems
    .slice(0, 5)
    .map(({ row, column, problem }) => `row ${row}${column === undefined ? '' : `, column "${column}"`} ${problem}`);
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : '';
  return new ScoringError({
    code: 'SCORING_ROWS_INVALID',
    what: `The rows do not fit the model: ${shown.join('; ')}${more}.`,
    fix: `Nothing was sent. The model wants: ${schema.input.map((column) => `${column.name} (${column.type})`).join(', ')}. All problems are in \`error.problems\`.`,
    problems: problems.slice(0, mostProblems),
  });
}

/** What a scorer answered. */
export interface ScoredTable {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * The scored cells as objects, each value by the type that the schema declares for its column.
 *
 * @throws {ResponseValidationError} another number of rows or cells came back than belongs there, or a column is missing or there twice
 */
export function fromCells(table: ScoredTable, expectedRows: number, schema: Schema): ScoredRow[] {
  if (table.rows.length !== expectedRows) throw unequal(`${table.rows.length} scored rows for ${expectedRows} rows`);
  const fields = new Set(table.fields);
  const missing = schema.output.find((column) => !fields.has(column.name));
  if (missing !== undefined) throw unequal('scores that lack an output column of its schema');
  if (fields.size < table.fields.length) throw unequal('two columns of one name, so that one would hide the other');
  const types = new Map(schema.output.map((column) => [column.name, column.type]));
  const columns = table.fields.map((name) => ({ name, type: types.get(name) ?? inputType(schema, name) }));
  return table.rows.map((row) => {
    if (row.length !== columns.length) throw unequal(`${row.length} cells for ${columns.length} columns`);
    // Object.fromEntries defines properties, so that a column named __proto__ is only a column.
    return Object.fromEntries(columns.map(({ name, type }, index) => [name, fromCell(row[index], type)]));
  });
}

function inputType(schema: Schema, name: string): string {
  return schema.input.find((column) => column.name === name)?.type ?? 'Str';
}

function fromCell(cell: unknown, type: string): ScoredCell {
  if (cell === null || cell === undefined || cell === '') return null;
  if (typeof cell === 'number' || typeof cell === 'boolean') return cell;
  if (typeof cell !== 'string') return null;
  switch (kindOf(type)) {
    case 'integer':
      return Number.isSafeInteger(numberOf(cell)) ? numberOf(cell) : cell;
    case 'number':
      return cell === 'NaN' || !Number.isNaN(numberOf(cell)) ? numberOf(cell) : cell;
    case 'boolean':
      return /^(?:true|1)$/i.test(cell) ? true : /^(?:false|0)$/i.test(cell) ? false : cell;
    case 'text':
      return cell;
  }
}

function ambiguousSchema(): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: 'The schema of the model has two input columns of one name, so that a row as an object cannot fill both.',
    fix: 'Score with scorer.score(), which takes the columns by position.',
    call: 'schema',
  });
}

/** Blank text is no number, though `Number` takes it for 0. */
function numberOf(cell: string): number {
  return cell.trim() === '' ? NaN : Number(cell);
}

function unequal(what: string): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `The scorer answered with ${what}.`,
    fix: 'This is a fault of the scorer: tell the administrator of the platform.',
    call: 'score',
  });
}

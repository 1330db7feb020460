/**
 * Rows as a scorer takes them, from objects or from lists of cells. Checks before anything is sent, because real scorers answer
 * 200 with a score for missing, unknown and misspelt columns. Pure.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { ResponseValidationError } from '../errors/connection-error.js';
import { ScoringError, type RowProblem } from '../errors/scoring-error.js';
import { redact } from '../internal/redact.js';
import { cellWriter, type Cell, type CellWriter } from './cells.js';
import type { Schema } from './schema.js';

/** A row to score: a value for each input column of the model. */
export type Row = Readonly<Record<string, Cell>>;

/** How rows are sent and what comes back with them. */
export interface RowOptions {
  /** A column with an id for each row. It comes back beside the scores, and where the scorer repeats it, it proves that no row has moved. */
  readonly idColumn?: string | undefined;
  /** Input columns to repeat in the output, where they come first, in the order of the model's input. */
  readonly includeColumns?: readonly string[] | undefined;
  /** What to do with columns that the model does not have. Default `refuse`. */
  readonly unknownColumns?: 'refuse' | 'ignore' | undefined;
}

/** A row as it goes out. */
export interface WrittenRow {
  /** In what was passed, from 0. */
  readonly index: number;
  /** The cells as JSON, without what stands before the first and after the last: see {@link requestBody}. */
  readonly json: string;
  /** The value of the id column as it was passed. */
  readonly id: Cell;
  /** The id as the scorer sees it. */
  readonly idText: string;
}

/** The text that stands around the rows of a request: everything but the rows is the same for all batches. */
export interface RequestFrame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** Writes rows of one schema. */
export interface RowWriter {
  /** Names in the order in which cells are sent. */
  readonly fields: readonly string[];
  /** Columns that the output repeats. */
  readonly included: readonly string[];
  /** Adds to `problems` what is wrong with the row, or returns it written. */
  fromObject(row: unknown, index: number, problems: RowProblem[]): WrittenRow | undefined;
  /** @param header the names of the cells, checked by {@link checkHeader} */
  fromCells(header: Header): (cells: readonly unknown[], index: number, problems: RowProblem[]) => WrittenRow | undefined;
  /** @throws {ScoringError} code `SCORING_ROWS_INVALID`: columns are missing, unknown, or there twice */
  checkHeader(names: readonly string[]): Header;
}

/** Where each column of the model stands in lists of cells. */
interface Header {
  readonly length: number;
  readonly positions: readonly number[];
}

const mostProblems = 100;

/**
 * @throws {ResponseValidationError} two input columns of the model have one name
 * @throws {ConfigurationError} an included column is not one of the model's input
 */
export function rowWriter(schema: Schema, options: RowOptions): RowWriter {
  const { idColumn, includeColumns = [], unknownColumns = 'refuse' } = options;
  const inputs = new Set(schema.input.map((column) => column.name));
  if (inputs.size < schema.input.length) throw ambiguousSchema();
  checkIncluded(includeColumns, inputs, idColumn);
  const hasOwnId = idColumn !== undefined && !inputs.has(idColumn);
  const columns: readonly SentColumn[] = [
    ...(hasOwnId ? [{ name: idColumn, write: cellWriter('Str'), isId: true }] : []),
    ...schema.input.map(({ name, type }) => ({ name, write: cellWriter(type), isId: name === idColumn })),
  ];
  const names = new Set(columns.map((column) => column.name));
  const asked = new Set(idColumn === undefined ? includeColumns : [idColumn, ...includeColumns]);
  const refusesUnknown = unknownColumns === 'refuse';
  return {
    fields: [...names],
    included: [...names].filter((name) => asked.has(name)),
    fromObject: (row, index, problems) => {
      if (!isRecord(row)) {
        problems.push({ row: index, problem: 'is not an object with a value for each column' });
        return undefined;
      }
      const written = writeRow(columns, (column) => valueOf(row, column.name), index, problems);
      // As many keys as columns are the right ones, if none was missing.
      const mayHaveOthers = written === undefined || Object.keys(row).length !== columns.length;
      return refusesUnknown && mayHaveOthers && nameUnknown(row, index, names, problems) ? undefined : written;
    },
    fromCells:
      ({ length, positions }) =>
      (cells, index, problems) => {
        if (cells.length === length) return writeRow(columns, (_, position) => cells[positions[position] ?? -1], index, problems);
        problems.push({ row: index, problem: `has ${cells.length} cells for ${length} columns` });
        return undefined;
      },
    checkHeader: (header) => {
      const problems = headerProblems(header, names, refusesUnknown);
      if (problems.length > 0) throw invalidRows(problems, problems.length, schema);
      return { length: header.length, positions: columns.map(({ name }) => header.indexOf(name)) };
    },
  };
}

/** Everything of a request but its rows, written once. */
export function requestFrame(fields: readonly string[], others: Readonly<Record<string, unknown>>): RequestFrame {
  const rest = JSON.stringify(others).slice(1);
  const quote = fields.length === 0 ? '' : '"';
  return {
    before: `{"fields":${JSON.stringify(fields)},"rows":[[${quote}`,
    between: `${quote}],[${quote}`,
    after: `${quote}]]${rest === '}' ? '}' : `,${rest}`}`,
  };
}

/** @param rows one at least */
export function requestBody({ before, between, after }: RequestFrame, rows: readonly WrittenRow[]): string {
  return before + rows.map((row) => row.json).join(between) + after;
}

interface SentColumn {
  readonly name: string;
  readonly write: CellWriter;
  readonly isId: boolean;
}

const missing = Symbol('missing');

function valueOf(row: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : missing;
}

function writeRow(
  columns: readonly SentColumn[],
  value: (column: SentColumn, position: number) => unknown,
  index: number,
  problems: RowProblem[],
): WrittenRow | undefined {
  const before = problems.length;
  const texts: string[] = [];
  let id: Cell;
  let idText = '';
  for (let position = 0; position < columns.length; position++) {
    const column = columns[position];
    if (column === undefined) break;
    const given = value(column, position);
    const text = given === missing ? missingCell : column.write(given);
    if (typeof text !== 'string') {
      problems.push({ row: index, column: column.name, problem: text.problem });
      continue;
    }
    if (column.isId) {
      if (text === '') problems.push({ row: index, column: column.name, problem: 'is empty, and it is the id of the row' });
      id = isCell(given) ? given : text;
      idText = text;
    }
    // Only text can hold what JSON escapes; `JSON.stringify` of each number would cost more than writing the number.
    texts.push(typeof given === 'string' ? JSON.stringify(text).slice(1, -1) : text);
  }
  // Joined at once: a text that is added to piece by piece keeps all of the pieces, ten times the memory of a row.
  return problems.length === before ? { index, json: texts.join('","'), id, idText } : undefined;
}

const missingCell = { problem: 'is missing (pass null for a value that is not known)' };

function isCell(value: unknown): value is Cell {
  return typeof value !== 'object' || value instanceof Date;
}

function nameUnknown(row: object, index: number, names: ReadonlySet<string>, problems: RowProblem[]): boolean {
  const unknown = Object.keys(row).filter((name) => !names.has(name));
  for (const column of unknown) problems.push({ row: index, column, problem: unknownColumn(column, names) });
  return unknown.length > 0;
}

function headerProblems(header: readonly string[], names: ReadonlySet<string>, refusesUnknown: boolean): readonly RowProblem[] {
  const seen = new Set<string>();
  const problems: RowProblem[] = [];
  for (const column of header) {
    if (seen.has(column)) problems.push({ row: 0, column, problem: 'is there twice' });
    else if (refusesUnknown && !names.has(column)) problems.push({ row: 0, column, problem: unknownColumn(column, names) });
    seen.add(column);
  }
  for (const column of names) if (!seen.has(column)) problems.push({ row: 0, column, problem: 'is missing' });
  return problems;
}

function unknownColumn(name: string, names: ReadonlySet<string>): string {
  const alike = [...names].find((known) => known.toLowerCase() === name.trim().toLowerCase());
  return alike === undefined ? 'is not a column of the model' : `is not a column of the model: it is spelt ${alike}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param count how many problems there are in all */
export function invalidRows(problems: readonly RowProblem[], count: number, schema: Schema): ScoringError {
  const shown = problems.slice(0, 5).map(inWords);
  const more = count > shown.length ? `; and ${count - shown.length} more` : '';
  return new ScoringError({
    code: 'SCORING_ROWS_INVALID',
    what: `The rows do not fit the model: ${shown.join('; ')}${more}.`,
    fix: `The model wants: ${schema.input.map((column) => `${column.name} (${column.type})`).join(', ')}. What is wrong is in \`error.problems\`; nothing of it was sent.`,
    problems: problems.slice(0, mostProblems),
  });
}

/** A problem as part of a sentence. Names of columns may come from a file that is no table at all. */
export function inWords({ row, column, problem }: RowProblem): string {
  return `row ${row}${column === undefined ? '' : `, column "${redact(column)}"`} ${problem}`;
}

function checkIncluded(included: readonly string[], inputs: ReadonlySet<string>, idColumn: string | undefined): void {
  const unknown = included.filter((name) => !inputs.has(name) && name !== idColumn);
  if (unknown.length === 0) return;
  throw invalidParameter(
    `\`includeColumns\` names what is not an input column of the model: ${unknown
      .slice(0, 5)
      .map((name) => redact(name))
      .join(', ')}.`,
    `The model has: ${[...inputs].join(', ')}.`,
  );
}

function ambiguousSchema(): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: 'The schema of the model has two input columns of one name, so that a row as an object cannot fill both.',
    fix: 'Score with scorer.score(), which takes the columns by position.',
    call: 'schema',
  });
}

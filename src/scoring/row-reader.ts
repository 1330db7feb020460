/**
 * A scorer's answer as objects, one for each row that was sent, in the same order. An answer with other rows than were sent is an
 * error, never a shift. Pure.
 */
import { ResponseValidationError } from '../errors/connection-error.js';
import { cellReader, type CellReader, type ScoredCell } from './cells.js';
import type { AnsweredRows, Contributions, PredictionIntervals, ScoreResponse, ShapleyValueType } from './contract.js';
import type { RowOptions, WrittenRow } from './row-writer.js';
import type { Column, Schema } from './schema.js';

/** A scored row, by output column. */
export type ScoredRow = Readonly<Record<string, ScoredCell>>;

/** A scored row, and what was asked for beside it. */
export interface ExplainedRow<Prediction = ScoredRow> {
  readonly row: Prediction;
  /** Shapley values by feature; `<output>.<feature>` for a model with several outputs. There if `contributions` was asked for. */
  readonly contributions?: Readonly<Record<string, ScoredCell>>;
  /** Bounds by name. There if `predictionIntervals` was asked for. */
  readonly predictionIntervals?: Readonly<Record<string, ScoredCell>>;
}

/** What to ask for beside the scores. */
export interface ExplainOptions {
  /** Shapley values of each row: by the input's columns, or by the features that the model makes of them. */
  readonly contributions?: ShapleyValueType | undefined;
  /** Bounds of each prediction. */
  readonly predictionIntervals?: boolean | undefined;
}

/** Reads the answers to batches of rows. */
export type AnswerReader = (answer: ScoreResponse, sent: readonly WrittenRow[]) => (ScoredRow | ExplainedRow)[];

/**
 * @throws {ResponseValidationError} (the reader) another number of rows or cells came back than belongs there, a column is missing or
 * there twice, rows were moved, or what was asked for beside the scores is not there
 */
export function answerReader(schema: Schema, included: readonly string[], options: RowOptions & ExplainOptions): AnswerReader {
  const read = rowsReader(schema, included, options.idColumn);
  const wantsContributions = options.contributions !== undefined;
  const wantsIntervals = options.predictionIntervals === true;
  return (answer, sent) => {
    const rows = read(answer, sent);
    if (!wantsContributions && !wantsIntervals) return rows;
    const contributions = wantsContributions ? readContributions(answer.featureShapleyContributions, sent.length) : undefined;
    const intervals = wantsIntervals ? readIntervals(answer.predictionIntervals, sent.length) : undefined;
    return rows.map((row, index) => ({
      row,
      ...(contributions?.[index] === undefined ? {} : { contributions: contributions[index] }),
      ...(intervals?.[index] === undefined ? {} : { predictionIntervals: intervals[index] }),
    }));
  };
}

interface ReadColumn {
  readonly name: string;
  readonly read: CellReader;
}

function rowsReader(
  schema: Schema,
  included: readonly string[],
  idColumn: string | undefined,
): (answer: ScoreResponse, sent: readonly WrittenRow[]) => ScoredRow[] {
  const required = [...schema.output.map((column) => column.name), ...included.filter((name) => name !== idColumn)];
  let known: { readonly fields: readonly string[]; readonly columns: readonly ReadColumn[] } | undefined;
  return ({ fields, score }, sent) => {
    if (score.length !== sent.length) throw unlike(`${score.length} scored rows for ${sent.length} rows`);
    // All answers of one scorer have the same fields, and finding out what they mean costs as much as a row.
    if (known === undefined || !isSame(known.fields, fields ?? [])) {
      known = { fields: fields ?? [], columns: columnsOf(fields ?? [], required, schema) };
    }
    const { columns } = known;
    const idAt = idColumn === undefined ? -1 : known.fields.indexOf(idColumn);
    return score.map((cells, index) => {
      if (cells.length !== columns.length) throw unlike(`${cells.length} cells for ${columns.length} columns`);
      const scored: Record<string, ScoredCell> = {};
      const row = sent[index];
      if (idColumn !== undefined && row !== undefined) {
        // Where the scorer repeats the ids, they prove that no row has moved.
        if (idAt >= 0 && !isSameId(cells[idAt], row.idText)) throw unlike('rows in another order than they were sent in');
        setOwn(scored, idColumn, idOf(row));
      }
      return fill(scored, columns, cells, idAt);
    });
  };
}

function columnsOf(fields: readonly string[], required: readonly string[], schema: Schema): readonly ReadColumn[] {
  const names = new Set(fields);
  if (names.size < fields.length) throw unlike('two columns of one name, so that one would hide the other');
  const missing = required.find((name) => !names.has(name));
  if (missing !== undefined)
    throw unlike(
      schema.output.some(({ name }) => name === missing)
        ? 'scores that lack an output column of its schema'
        : 'scores that lack an input column which was asked for',
    );
  const types = new Map([...schema.input, ...schema.output].map(({ name, type }: Column) => [name, type]));
  return fields.map((name) => ({ name, read: cellReader(types.get(name) ?? 'Str') }));
}

/** @param without the position of a cell to leave out */
function fill(row: Record<string, ScoredCell>, columns: readonly ReadColumn[], cells: AnsweredRows[number], without = -1): ScoredRow {
  for (let position = 0; position < columns.length; position++) {
    const column = columns[position];
    if (column !== undefined && position !== without) setOwn(row, column.name, column.read(cells[position]));
  }
  return row;
}

function setOwn(row: Record<string, ScoredCell>, name: string, value: ScoredCell): void {
  // As a key it would set the prototype, and it is only a column.
  if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  else row[name] = value;
}

/** A scorer that reads ids as numbers writes them its own way. */
function isSameId(answered: unknown, sent: string): boolean {
  return answered === sent || (sent.trim() !== '' && Number(answered) === Number(sent));
}

function idOf({ id, idText }: WrittenRow): ScoredCell {
  return typeof id === 'string' || typeof id === 'number' || typeof id === 'boolean' ? id : idText;
}

function readContributions(answer: Contributions | undefined, expectedRows: number): readonly ScoredRow[] {
  if (answer === undefined) throw unlike('no contributions, though they were asked for');
  const { features, contributionGroups: groups } = answer;
  if (groups.length === 0) throw unlike('no contributions, though they were asked for');
  const readers = groups.map(({ outputGroup, contributions }, index) => {
    const prefix = groups.length === 1 ? '' : `${outputGroup ?? index}.`;
    return flatTable(
      features.map((feature) => prefix + feature),
      contributions,
      expectedRows,
    );
  });
  return Array.from({ length: expectedRows }, (_, row) => Object.fromEntries(readers.flatMap((rows) => Object.entries(rows[row] ?? {}))));
}

function readIntervals(answer: PredictionIntervals | undefined, expectedRows: number): readonly ScoredRow[] {
  if (answer === undefined) throw unlike('no prediction intervals, though they were asked for');
  return flatTable(answer.fields, answer.rows, expectedRows);
}

const readFigure = cellReader('Float64');

function flatTable(names: readonly string[], rows: AnsweredRows, expectedRows: number): readonly ScoredRow[] {
  if (new Set(names).size < names.length) throw unlike('two columns of one name, so that one would hide the other');
  if (rows.length !== expectedRows) throw unlike(`explanations of ${rows.length} rows for ${expectedRows} rows`);
  const columns = names.map((name) => ({ name, read: readFigure }));
  return rows.map((cells) => {
    if (cells.length !== columns.length) throw unlike(`${cells.length} cells for ${columns.length} columns`);
    return fill({}, columns, cells);
  });
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function unlike(what: string): ResponseValidationError {
  return new ResponseValidationError({
    code: 'RESPONSE_INVALID',
    what: `The scorer answered with ${what}.`,
    fix: 'This is a fault of the scorer: tell the administrator of the platform.',
    call: 'score',
  });
}

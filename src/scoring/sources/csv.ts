/**
 * Rows from a file of comma-separated values, as RFC 4180 has them: a header, then a record for each row. The only file that imports
 * csv-parse. Cells are text; an empty one is missing.
 */
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ScoringError } from '../../errors/scoring-error.js';
import type { RowWriter } from '../row-writer.js';
import { closer, type OpenedRows, type OpenedText } from './row-source.js';

/** @throws {ScoringError} code `SCORING_ROWS_INVALID`: there is no header, or it does not fit the model */
export async function openCsv({ chunks, fraction }: OpenedText, delimiter: string, writer: RowWriter): Promise<OpenedRows> {
  const records = recordsOf(chunks, delimiter);
  try {
    const first = await records.next();
    if (first.done === true) throw malformed('is empty', 'Pass a file whose first line names the columns.');
    const write = writer.fromCells(writer.checkHeader(first.value));
    return {
      next: () => records.next(),
      write: (cells, index, problems) => write(Array.isArray(cells) ? cells : [], index, problems),
      close: closer(records),
      ...(fraction === undefined ? {} : { fraction }),
    };
  } catch (error) {
    closer(records)();
    throw error;
  }
}

async function* recordsOf(chunks: AsyncIterable<Uint8Array | string>, delimiter: string): AsyncGenerator<string[], void, undefined> {
  const bytes = Readable.from(chunks, { objectMode: false });
  // Records of another length are told by row, so the parser lets them pass.
  const parser = parse({ delimiter, bom: true, relax_column_count: true, skip_empty_lines: true });
  // Its callback is asked for so that an error of the source ends the parser and is not thrown.
  pipeline(bytes, parser, () => undefined);
  try {
    for await (const record of parser) yield isRecord(record) ? record : [];
  } catch (error) {
    // Its message quotes the record.
    if (error instanceof CsvError)
      throw malformed(
        `cannot be read (${error.code}${lineOf(error)})`,
        'Correct it: cells with a quote, a delimiter or a line break stand in quotes, and a quote within is doubled.',
      );
    throw error;
  } finally {
    bytes.destroy();
  }
}

function isRecord(value: unknown): value is string[] {
  return Array.isArray(value);
}

function lineOf(error: CsvError): string {
  const line: unknown = error['lines'];
  return typeof line === 'number' ? `, line ${line}` : '';
}

function malformed(what: string, fix: string): ScoringError {
  return new ScoringError({ code: 'SCORING_ROWS_INVALID', what: `The CSV file ${what}.`, fix });
}

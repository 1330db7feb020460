/**
 * The report as people read it.
 */
import type { Row } from './row.js';

const heading = ['', 'unit', 'ours', 'baseline', 'ratio', 'target', 'met', ''];

export function toTable(rows: readonly Row[]): string {
  const lines = [heading, ...rows.map(cellsOf)];
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const isNumber = (column: number): boolean => column >= 2 && column <= 4;
  const padded = (text: string, column: number): string =>
    isNumber(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return lines.map((line) => line.map(padded).join('  ').trimEnd()).join('\n');
}

function cellsOf(row: Row): string[] {
  const met = row.met === null ? '' : row.met ? 'yes' : 'NO';
  return [row.name, row.unit, figure(row.ours), figure(row.baseline), figure(row.ratio), row.target ?? '', met, row.note ?? ''];
}

function figure(value: number | null): string {
  if (value === null) return '-';
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/**
 * The model that the official clients deploy: its file, rows to score, and what H2O-3 itself says of them.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url));

/** The cells of a simple CSV file, its header apart. */
function table(name: string): { header: readonly string[]; rows: readonly (readonly string[])[] } {
  const [header = [], ...rows] = readFileSync(fixture(name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(','));
  return { header, rows };
}

const predictions = table('credit-glm-predictions.csv');
const credit = table('credit.csv');

export const target = 'default payment next month';
export const inputs = credit.header.filter((name) => name !== target);
export const scoredRows = credit.rows.slice(0, predictions.rows.length).map((row) => row.slice(0, inputs.length));
/** The probabilities of both classes, row by row. */
export const expectedScores = predictions.rows.map((row) => row.slice(1).map(Number));

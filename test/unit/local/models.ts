/**
 * Models for tests: those that H2O-3 exported, with its own predictions, and small ones built on the spot.
 */
import { readFileSync } from 'node:fs';
import { strToU8, zipSync } from 'fflate';

const folder = new URL('../../fixtures/models/', import.meta.url);

export function exportedModel(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

/** The rows of a CSV file without quotes, each a map from column to cell. */
export function rowsOf(name: string): readonly ReadonlyMap<string, string>[] {
  const [head = '', ...lines] = readFileSync(new URL(name, folder), 'utf8').trimEnd().split('\n');
  const columns = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return new Map(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}

/** Lines for `[info]`; `undefined` leaves a line out. */
export type Info = Readonly<Record<string, string | undefined>>;

interface GlmParts {
  readonly info?: Info;
  /** Inputs in the model's order, then the target; a list of levels makes a column categorical. */
  readonly columns?: readonly (readonly [name: string, levels?: readonly string[]])[];
  readonly files?: Readonly<Record<string, string>>;
}

/** A GLM of two numeric columns `a` and `b` for the number `y` (`y = 2a + 3b + 1`), but for what `parts` says. */
export function glmMojo({ info = {}, columns = [['a'], ['b'], ['y']], files = {} }: GlmParts = {}): Uint8Array {
  const categorical = columns.flatMap(([, levels], index) => (levels === undefined ? [] : [{ index, levels }]));
  const lines: Info = {
    h2o_version: '3.46.0.6',
    mojo_version: '1.00',
    algo: 'glm',
    algorithm: 'Generalized Linear Modeling',
    category: 'Regression',
    uuid: '1',
    supervised: 'true',
    n_features: String(columns.length - 1),
    n_columns: String(columns.length),
    escape_domain_values: 'true',
    use_all_factor_levels: 'true',
    cats: '0',
    cat_offsets: '[0]',
    nums: '2',
    mean_imputation: 'true',
    num_means: '[10.0, 20.0]',
    cat_modes: '[]',
    beta: '[2.0, 3.0, 1.0]',
    family: 'gaussian',
    link: 'identity',
    ...info,
  };
  const ini = [
    '[info]',
    ...Object.entries(lines).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`])),
    '',
    '[columns]',
    ...columns.map(([name]) => name),
    '',
    '[domains]',
    ...categorical.map(({ index, levels }, domain) => `${index}: ${levels.length} d00${domain}.txt`),
    '',
  ].join('\n');
  const domains = Object.fromEntries(
    categorical.map(({ levels }, domain) => [`domains/d00${domain}.txt`, levels.map((level) => `${level}\n`).join('')]),
  );
  return zipOf({ 'model.ini': ini, ...domains, ...files });
}

export function zipOf(files: Readonly<Record<string, string>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])));
}

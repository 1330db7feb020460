/**
 * What every MOJO of H2O-3 says of itself, whatever its algorithm: `model.ini` and the domains beside it. Reads text; evaluates nothing.
 */
import type { Archive } from './archive.js';
import { parseJavaDouble } from './java-number.js';
import { MojoError } from './mojo-error.js';

/** An input column as the model sees it. */
export type MojoColumn =
  | { readonly name: string; readonly type: 'numeric' }
  | { readonly name: string; readonly type: 'categorical'; readonly levels: readonly string[] };

/** The parsed `model.ini`. */
export interface ModelFile {
  readonly info: ModelInfo;
  /** The input columns, in the order in which the coefficients or trees number them. */
  readonly columns: readonly MojoColumn[];
  /** The response column; absent for an unsupervised model. */
  readonly target: MojoColumn | undefined;
}

/** The `[info]` section: text by key, read as what the caller expects. */
export class ModelInfo {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Java writes a missing value as `null`. */
  text(key: string): string | undefined {
    const value = this.#values.get(key);
    return value === 'null' ? undefined : value;
  }

  required(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw new MojoError(`model.ini lacks "${key}"`);
    return value;
  }

  flag(key: string): boolean {
    return this.text(key) === 'true';
  }

  /** A number; a missing one is `fallback`, where there is one. */
  number(key: string, fallback?: number): number {
    const text = fallback === undefined ? this.required(key) : this.text(key);
    return text === undefined ? (fallback ?? NaN) : parseNumber(key, text);
  }

  count(key: string): number {
    const value = this.number(key);
    if (!Number.isSafeInteger(value) || value < 0) throw new MojoError(`"${key}" in model.ini is not a count: ${value}`);
    return value;
  }

  /** A list such as `[0, 4, 7]`; a missing one is empty. */
  numbers(key: string): readonly number[] {
    const text = this.text(key) ?? '[]';
    const inner = /^\[(.*)\]$/.exec(text)?.[1]?.trim();
    if (inner === undefined) throw new MojoError(`"${key}" in model.ini is not a list`);
    return inner === '' ? [] : inner.split(',').map((item) => parseNumber(key, item));
  }
}

function parseNumber(key: string, text: string): number {
  const value = parseJavaDouble(text);
  if (value === undefined) throw new MojoError(`"${key}" in model.ini is not a number`);
  return value;
}

/**
 * Reads `model.ini` and the domains it names.
 *
 * @throws {MojoError} there is no model.ini, or it contradicts itself or its domains
 */
export function readModelFile(archive: Archive): ModelFile {
  const bytes = archive.get('model.ini');
  if (bytes === undefined) throw new MojoError('the zip holds no model.ini, so it is not an H2O-3 MOJO');
  const sections = parseSections(decodeUtf8(bytes));
  const info = new ModelInfo(new Map(sections.info.map((line) => keyAndValue(line))));
  const names = sections.columns;
  if (names.length !== info.count('n_columns')) {
    throw new MojoError(`model.ini names ${names.length} columns where n_columns says ${info.count('n_columns')}`);
  }
  const domains = readDomains(archive, sections.domains, info.flag('escape_domain_values'));
  const columns = names.map((name, index): MojoColumn => {
    const levels = domains.get(index);
    return levels === undefined ? { name, type: 'numeric' } : { name, type: 'categorical', levels };
  });
  const features = info.count('n_features');
  if (features > columns.length) throw new MojoError(`n_features says ${features} of ${columns.length} columns`);
  return { info, columns: columns.slice(0, features), target: info.flag('supervised') ? columns.at(-1) : undefined };
}

interface Sections {
  readonly info: string[];
  readonly columns: string[];
  readonly domains: string[];
}

function parseSections(text: string): Sections {
  const sections: Sections = { info: [], columns: [], domains: [] };
  let current: string[] = [];
  for (const line of text.split(/\r\n|\r|\n/).map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line === '[info]') current = sections.info;
    else if (line === '[columns]') current = sections.columns;
    else if (line === '[domains]') current = sections.domains;
    else current.push(line);
  }
  return sections;
}

/** Lines such as `8: 2 d003.txt`: column 8 has the two levels that stand in domains/d003.txt. */
function readDomains(archive: Archive, lines: readonly string[], escaped: boolean): ReadonlyMap<number, readonly string[]> {
  return new Map(
    lines.map((line) => {
      const [, column, count, file = ''] = /^(\d+):\s*(\d+) (.+)$/.exec(line) ?? [];
      const bytes = archive.get(`domains/${file}`);
      if (bytes === undefined) throw new MojoError(`the domain "${line}" of model.ini is not in the zip`);
      const levels = linesOf(decodeUtf8(bytes)).map((level) => (escaped ? unescapeLevel(level) : level));
      if (levels.length !== Number(count))
        throw new MojoError(`domains/${file} holds ${levels.length} levels where model.ini says ${String(count)}`);
      return [Number(column), levels];
    }),
  );
}

/** A line break ends a line, so the last one starts none. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** H2O writes a line break inside a level as `\n` or `\r`, and a backslash twice. */
function unescapeLevel(level: string): string {
  return level.replace(/\\([\s\S])/g, (_, character: string) => (character === 'n' ? '\n' : character === 'r' ? '\r' : character));
}

function keyAndValue(line: string): readonly [string, string] {
  const separator = line.indexOf('=');
  return separator < 0 ? [line, ''] : [line.slice(0, separator).trim(), line.slice(separator + 1).trim()];
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

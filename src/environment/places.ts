/**
 * Looking for a value in one place after another, and remembering where nothing was, so that errors can say it.
 */
import type { Logger } from '../internal/logger.js';
import type { EnvSnapshot } from './env-snapshot.js';
import { readFileValue, shownPath, type ReadTextFile } from './secret-files.js';

/** A value and where it comes from, in words: `variable MLOPS_URL`. */
export interface FoundValue<Value = string> {
  readonly value: Value;
  readonly origin: string;
}

/** What a search came to: the thing itself, or all places where it was looked for. */
export type Search<Thing> =
  { readonly found: Thing; readonly lookedAt?: never } | { readonly found?: never; readonly lookedAt: readonly string[] };

/** One place where a value may be. */
export type Place = () => Promise<Search<FoundValue>>;

/** What places read from. */
export interface PlacePorts {
  readonly variables: EnvSnapshot;
  readonly readTextFile: ReadTextFile;
  readonly logger: Logger;
}

/** A variable, then the file that the variable `<NAME>_FILE` names. */
export function variablePlaces({ variables, readTextFile, logger }: PlacePorts, name: string): readonly Place[] {
  const fileVariable = `${name}_FILE`;
  return [
    () => Promise.resolve(foundOr(variables.get(name), `variable ${name}`)),
    async () => {
      const origin = `variable ${fileVariable}`;
      const path = variables.get(fileVariable);
      if (path === undefined) return { lookedAt: [origin] };
      const read = await readFileValue(readTextFile, path, origin);
      if (read.value !== undefined) return { found: { value: read.value, origin } };
      logger.warn('A file that a variable names holds nothing; looking further.', { variable: fileVariable, reason: read.missing });
      return { lookedAt: [`${origin} (its file ${shownPath(path)} ${read.missing})`] };
    },
  ];
}

/** A file that an option names. */
export function filePlace({ readTextFile, logger }: PlacePorts, path: string, option: string): Place {
  return async () => {
    const origin = `file ${shownPath(path)} named by ${option}.file`;
    const read = await readFileValue(readTextFile, path, `option ${option}.file`);
    if (read.value !== undefined) return { found: { value: read.value, origin } };
    logger.warn('A file that an option names holds nothing; looking further.', { option: `${option}.file`, reason: read.missing });
    return { lookedAt: [`${origin} (it ${read.missing})`] };
  };
}

/** The first place that has a value; the later ones are not looked at. */
export async function firstOf(places: readonly Place[]): Promise<Search<FoundValue>> {
  const lookedAt: string[] = [];
  for (const place of places) {
    const search = await place();
    if (search.found !== undefined) return search;
    lookedAt.push(...search.lookedAt);
  }
  return { lookedAt };
}

/** A value that is either there or not, as a search of its one place. */
export function foundOr<Value>(value: Value | undefined, origin: string): Search<FoundValue<Value>> {
  return value === undefined ? { lookedAt: [origin] } : { found: { value, origin } };
}

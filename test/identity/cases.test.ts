import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const tests = fileURLToPath(new URL('..', import.meta.url));
const plan = readFileSync(new URL('cases.md', import.meta.url), 'utf8');
const [list = '', exceptions = ''] = plan.split('## What no test shows');

const numbersIn = (table: string): number[] => [...table.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));

/** Numbers in the names of tests: `case 22: …` or `cases 22, 23: …` at the beginning of a text, never in a comment. */
function numbersNamed(source: string): number[] {
  return [...source.matchAll(/['"`]cases? (\d+(?:, \d+)*):? /g)].flatMap(([, numbers]) => numbers!.split(', ').map(Number));
}

const sources = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.test\.(ts|mjs)$/.test(file))
  .map((file) => ({ file, source: readFileSync(join(tests, file), 'utf8') }));
const named = new Set(sources.flatMap(({ source }) => numbersNamed(source)));

describe('the cases of the identity layer', () => {
  it('are numbered without a gap, each once', () => {
    expect(numbersIn(list).sort((left, right) => left - right)).toEqual(Array.from({ length: 117 }, (_, index) => index + 1));
  });

  it('are each the name of a test, or have a reason why not', () => {
    const excused = new Set(numbersIn(exceptions));
    expect(numbersIn(list).filter((number) => !named.has(number) && !excused.has(number))).toEqual([]);
    expect([...excused].filter((number) => named.has(number))).toEqual([]);
    expect(excused.size).toBeLessThanOrEqual(6);
  });

  it('have no number that the list does not know', () => {
    expect([...named].filter((number) => !numbersIn(list).includes(number))).toEqual([]);
  });

  it('are not skipped', () => {
    expect(
      sources.filter(({ source }) => /\b(?:it|test|describe)\.(?:skip|todo|only|fails)\b/.test(source)).map(({ file }) => file),
    ).toEqual([]);
  });
});

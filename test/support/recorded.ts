/**
 * Recorded requests of official clients, and how requests of ours differ from them.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { fixture } from './csv.js';

const RecordedSchema = z.looseObject({
  method: z.string(),
  path: z.string(),
  query: z.string().default(''),
  headers: z.record(z.string(), z.string()),
  request: z.unknown(),
  status: z.number().default(200),
  response: z.unknown(),
});

export type Recorded = z.infer<typeof RecordedSchema>;

/** The requests of a file in `test/fixtures/traces`, in the order in which they were sent. */
export function recorded(name: string): readonly Recorded[] {
  return readFileSync(fixture(`traces/${name}`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => RecordedSchema.parse(JSON.parse(line)));
}

/** Where two values differ, as `path: how`. */
export function differences(ours: unknown, theirs: unknown, at = ''): string[] {
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return [];
  if (!isObject(ours) || !isObject(theirs)) return [`${at} differs`];
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) => {
    const path = at === '' ? key : `${at}.${key}`;
    if (!(key in theirs)) return [`${path} is ours only`];
    if (!(key in ours)) return [`${path} is theirs only`];
    return differences(ours[key], theirs[key], path);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Gives each request the recorded answers to the same one in turn, the last one again when it is asked more often. */
export function inTurn(same: (entry: Recorded) => string): (key: string, entries: readonly Recorded[]) => Recorded | undefined {
  const asked = new Map<string, number>();
  return (key, entries) => {
    const answers = entries.filter((entry) => same(entry) === key);
    const count = asked.get(key) ?? 0;
    asked.set(key, count + 1);
    return answers[Math.min(count, answers.length - 1)];
  };
}

/**
 * The table of what each MLOps platform has, made from the platforms' own tables. As a program it writes it into docs/mlops.md;
 * a test compares the two.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { platformFeatures } from '../src/mlops/platform-resolver.js';
import { platform as platform069 } from '../src/mlops/platforms/0.69.js';
import { platform as platform10 } from '../src/mlops/platforms/1.0.js';
import { platform as platform12 } from '../src/mlops/platforms/1.2.js';

const page = new URL('../docs/mlops.md', import.meta.url);
const marks = ['<!-- support: npm run docs:support -->', '<!-- /support -->'] as const;

export function supportTable(): string {
  const platforms = [platform069, platform10, platform12];
  const rows = Object.entries(platformFeatures).map(([feature, title]) => [
    `\`${feature}\``,
    title,
    ...platforms.map(({ features }) => (features.some((one) => one === feature) ? 'yes' : 'no')),
  ]);
  const head = ['Feature', 'What it is', ...platforms.map(({ name }) => name)];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page with the table as it should be. */
export function withSupportTable(text: string): string {
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start)
    throw new Error('docs/mlops.md has lost the marks of its support table.');
  return `${text.slice(0, start + marks[0].length)}\n\n${supportTable()}\n\n${text.slice(end)}`;
}

export async function readPage(): Promise<string> {
  return readFile(page, 'utf8');
}

if (argv[1] === fileURLToPath(import.meta.url)) await writeFile(page, withSupportTable(await readPage()));

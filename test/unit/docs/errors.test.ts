import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../../src/errors/codes.js';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

/** The rows of the table of codes, as cells. */
const rows = page
  .split('\n')
  .filter((line) => /^\| `[A-Z_]+` \|/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('docs/errors.md', () => {
  it('has every code with its class, in the order of the source', () => {
    const documented = rows.map(([code, className]) => [code?.replaceAll('`', ''), className?.replaceAll('`', '')]);
    expect(documented).toEqual(Object.entries(errorCodes));
  });

  it('says for each code when it happens and what to do', () => {
    for (const [code, , when, action, ...more] of rows) {
      expect(when, code).toMatch(/\.$/);
      expect(action, code).toMatch(/\.$/);
      expect(more, code).toEqual([]);
    }
  });

  it('shows every class in its tree', () => {
    for (const className of new Set(Object.values(errorCodes))) expect(page).toMatch(new RegExp(`─ ${className}\\b`));
  });
});

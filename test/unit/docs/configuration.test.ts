import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/configuration.md', root), 'utf8');
const readers = ['src/environment/', 'src/identity/wave/'].map((folder) => new URL(folder, root));

describe('docs/configuration.md', () => {
  it('names every variable that the SDK reads', () => {
    const source = readers.flatMap((folder) => readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'))).join('\n');
    const variables = new Set([...source.matchAll(/'((?:H2O|MLOPS|STEAM|PLATFORM)_?[A-Z0-9_]{4,})'/g)].map(([, name]) => name!));
    expect(variables.size).toBeGreaterThan(25);
    for (const name of variables) expect(page, name).toContain(`\`${name}`);
  });

  it('names every option of H2OCloud', () => {
    const options = ['src/environment/options.ts', 'src/cloud.ts'].flatMap((file) => {
      const source = readFileSync(new URL(file, root), 'utf8');
      const [, body = ''] = /export interface (?:EnvironmentOptions|H2OCloudOptions)[^{]*\{([\s\S]*?)\n\}/.exec(source) ?? [];
      return [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name!);
    });
    expect(options.length).toBeGreaterThan(12);
    for (const name of options) expect(page, name).toContain(`| \`${name}\` |`);
  });
});

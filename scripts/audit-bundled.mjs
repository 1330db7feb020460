/**
 * Audits the packages that are bundled into dist: the audit of those who install this package cannot see them.
 * Ends with an error on an advisory that is high or critical. When the registry cannot be asked it says so and passes.
 */
import { spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundledPackages } from './bundled-packages.mjs';

const grave = new Set(['high', 'critical']);

/**
 * @param {{ nodes: readonly string[], via: readonly unknown[] }[]} vulnerabilities of the report that `npm audit --json` prints
 * @param {readonly string[]} places the bundled packages as npm names them, for instance `node_modules/ky`
 * @returns {{ name: string, severity: string, title: string, url: string }[]} the advisories of the bundled packages themselves
 */
export function advisoriesOf(vulnerabilities, places) {
  return vulnerabilities
    .filter(({ nodes }) => nodes.some((node) => places.includes(node)))
    .flatMap(({ via }) => via.filter((cause) => typeof cause === 'object' && cause !== null));
}

function audit() {
  const places = bundledPackages(process.cwd()).map(({ directory }) => relative(process.cwd(), directory));
  const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 120_000 });
  const report = parsed(stdout);
  if (report?.vulnerabilities === undefined) {
    console.warn(
      `The registry could not be asked for advisories${report?.message === undefined ? '' : ` (${report.message})`}; nothing was audited.`,
    );
    return;
  }
  const found = advisoriesOf(Object.values(report.vulnerabilities), places);
  for (const { severity, name, title, url } of found) console.log(`${severity}: ${name}: ${title} ${url}`);
  console.log(`${places.length} bundled packages audited, ${found.length} advisories.`);
  if (found.some(({ severity }) => grave.has(severity))) process.exitCode = 1;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) audit();

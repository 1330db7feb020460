/**
 * Writes THIRD_PARTY_NOTICES: name, version, licence and licence text of every package that is bundled into dist.
 * Ends with an error when one of them has a licence that was not agreed to, or does not bring its text.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundledPackages } from './bundled-packages.mjs';

const accepted = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']);
const line = '='.repeat(80);

/** @param {string} root the project's directory, built */
export function thirdPartyNotices(root) {
  const notices = bundledPackages(root).map(noticeOf);
  return `The files in dist contain code of these packages, under their own licences.\n\n${notices.join('\n')}`;
}

function noticeOf({ name, version, license, directory }) {
  if (!accepted.has(license)) {
    throw new Error(
      `${name}@${version} is bundled and its licence is ${JSON.stringify(license)}; accepted are ${[...accepted].join(', ')}.`,
    );
  }
  const files = readdirSync(directory).sort();
  const texts = files.filter((file) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(file));
  if (texts.length === 0) throw new Error(`${name}@${version} is bundled and has no licence file.`);
  // Apache-2.0 wants the NOTICE of a work carried along.
  const carried = [...texts, ...files.filter((file) => /^notice(\.\w+)?$/i.test(file))];
  return [
    line,
    `${name} ${version} (${license})`,
    line,
    '',
    ...carried.map((file) => `${readFileSync(join(directory, file), 'utf8').trim()}\n`),
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync('THIRD_PARTY_NOTICES', thirdPartyNotices(process.cwd()));
}

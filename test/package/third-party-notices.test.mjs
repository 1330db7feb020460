/**
 * The notices of bundled packages, and the audit of them: nothing of others is shipped without its licence.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { advisoriesOf } from '../../scripts/audit-bundled.mjs';
import { bundledPackages } from '../../scripts/bundled-packages.mjs';
import { thirdPartyNotices } from '../../scripts/third-party-notices.mjs';
import { projectRoot, temporaryDirectory, writeFiles } from './consumer.mjs';

/** A built project with one bundled package. */
function projectThatBundles(t, manifest, files) {
  const root = temporaryDirectory(t);
  const place = join(root, 'node_modules', 'other');
  mkdirSync(join(place, 'dist'), { recursive: true });
  mkdirSync(join(root, 'dist'));
  const inputs = { 'src/index.ts': {}, 'node_modules/other/dist/index.js': {} };
  writeFiles(join(root, 'dist'), { 'metafile-esm.json': JSON.stringify({ outputs: { 'dist/index.js': { inputs } } }) });
  // Packages tell the kind of their modules like this, in directories of their own.
  writeFiles(join(place, 'dist'), { 'package.json': '{ "type": "module" }' });
  writeFiles(place, { 'package.json': JSON.stringify({ name: 'other', version: '1.2.3', ...manifest }), ...files });
  return root;
}

test('every bundled package is in THIRD_PARTY_NOTICES', () => {
  const notices = readFileSync(join(projectRoot, 'THIRD_PARTY_NOTICES'), 'utf8');
  const packages = bundledPackages(projectRoot);
  assert.deepEqual(
    packages.map(({ name }) => name),
    ['bcryptjs', 'csv-parse', 'fflate', 'hono', 'jose', 'ky', 'smol-toml', 'zod'],
  );
  for (const { name, version, license } of packages) assert.ok(notices.includes(`${name} ${version} (${license})`), name);
  assert.equal(notices, thirdPartyNotices(projectRoot), 'it is of this build');
});

describe('the notices', () => {
  it('have the name, the version, the licence and its text', (t) => {
    const root = projectThatBundles(t, { license: 'Apache-2.0' }, { LICENSE: 'You may use it.', NOTICE: 'Made by others.' });
    assert.match(thirdPartyNotices(root), /other 1\.2\.3 \(Apache-2\.0\)\n=+\n\nYou may use it\.\n\nMade by others\.\n/);
  });

  it('refuse a package without the text of its licence', (t) => {
    assert.throws(
      () => thirdPartyNotices(projectThatBundles(t, { license: 'MIT' }, {})),
      /other@1\.2\.3 is bundled and has no licence file/,
    );
  });

  it('refuse a licence that was not agreed to, and none at all', (t) => {
    assert.throws(() => thirdPartyNotices(projectThatBundles(t, { license: 'GPL-3.0' }, { LICENSE: '' })), /its licence is "GPL-3\.0"/);
    assert.throws(() => thirdPartyNotices(projectThatBundles(t, {}, { LICENSE: '' })), /its licence is undefined/);
  });
});

test('the audit counts advisories of bundled packages only', () => {
  const advisory = { name: 'hono', severity: 'high', title: 'title', url: 'url' };
  const vulnerabilities = [
    { nodes: ['node_modules/hono'], via: [advisory] },
    { nodes: ['node_modules/vitest'], via: [{ ...advisory, name: 'vitest' }] },
    { nodes: ['node_modules/ky'], via: ['something that it depends on and that is not bundled'] },
  ];
  assert.deepEqual(advisoriesOf(vulnerabilities, ['node_modules/hono', 'node_modules/ky']), [advisory]);
});

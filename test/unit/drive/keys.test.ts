import { expect, it, test } from 'vitest';
import { ConfigurationError } from '../../../src/errors/configuration-error.js';
import { checkedFolder, checkedKey, checkedPrefix, checkedWorkspace, folderOf, type Space } from '../../../src/drive/keys.js';

test.each(['a', 'a b/ü+%?#&.csv', 'a//b', '/a', 'a/', '...', '.hidden', 'a..b', '\'"()!*', 'x'.repeat(1024)])(
  'a key %j is kept as it is',
  (key) => {
    expect(checkedKey(key, '')).toBe(key);
  },
);

test.each<[string, string]>([
  ['', 'empty'],
  ['..', 'segment'],
  ['a/../b', 'segment'],
  ['./a', 'segment'],
  ['a/.', 'segment'],
  ['a\ud800b', 'surrogate'],
  ['a\0b', 'NUL'],
  ['x'.repeat(1025), '1024'],
  ['ü'.repeat(513), '1026'],
])('a key %j is refused, with the reason', (key, reason) => {
  expect(() => checkedKey(key, '')).toThrow(ConfigurationError);
  expect(() => checkedKey(key, '')).toThrow(reason);
});

it('a folder counts into the length of a key', () => {
  expect(() => checkedKey('x'.repeat(1020), 'home/')).toThrow('1025');
});

it('a folder ends with a slash, whether it was given or not', () => {
  expect(checkedFolder('reports', 'home/')).toBe('home/reports/');
  expect(checkedFolder('reports/2026/', '')).toBe('reports/2026/');
  for (const name of ['', '/', '..', 'a/../b']) expect(() => checkedFolder(name, '')).toThrow(ConfigurationError);
});

it('a prefix may be empty, and end anywhere', () => {
  expect(checkedPrefix('', 'home/')).toBe('home/');
  expect(checkedPrefix('rep', 'home/')).toBe('home/rep');
});

it('a workspace is an id or a resource name', () => {
  expect(checkedWorkspace('workspaces/a1')).toBe('a1');
  expect(checkedWorkspace('default')).toBe('default');
  for (const id of ['', 'workspaces/', 'a/b', '..', 'a b']) expect(() => checkedWorkspace(id)).toThrow(ConfigurationError);
});

const facts = { id: 'i-1', appName: 'app', appVersion: '1.2', appId: 'a-1', owner: undefined };

test.each<[Space, string]>([
  ['home', 'home/'],
  ['app', 'app/workspace/'],
  ['appVersion', 'app/a-1-1.2/workspace/'],
  ['appInstance', 'app/a-1-1.2/i-1/workspace/'],
])('the folder %s is where the official client has it', (space, folder) => {
  expect(folderOf(space, facts)).toBe(folder);
});

it('outside of the App Store the error names the variable that is missing', () => {
  expect(() => folderOf('app', { ...facts, appName: undefined })).toThrow('H2O_CLOUD_APP_NAME');
  expect(() => folderOf('appInstance', { ...facts, id: undefined })).toThrow('H2O_CLOUD_INSTANCE_ID');
});

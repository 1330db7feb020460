/**
 * Keys and folders: what a key may be, and which folders an app has by convention. Pure.
 */
import { ConfigurationError, invalidParameter } from '../errors/configuration-error.js';
import type { InstanceFacts } from '../environment/settings.js';

const longestKeyBytes = 1024;

/**
 * @throws {ConfigurationError} storage could not keep the key as it is
 */
export function checkedKey(key: string, prefix: string): string {
  const given: unknown = key;
  if (typeof given !== 'string' || given === '') {
    throw invalidParameter('The key of the object is empty.', 'Pass its name, for instance `reports/2026.csv`.');
  }
  return checkedPath(prefix + given);
}

/** A folder below another one; its slash at the end may be left out. */
export function checkedFolder(name: string, prefix: string): string {
  const given: unknown = name;
  if (typeof given !== 'string' || given.replaceAll('/', '') === '') {
    throw invalidParameter('The name of the folder is empty.', 'Pass a name such as `reports/`.');
  }
  return checkedPath(`${prefix}${given}${given.endsWith('/') ? '' : '/'}`);
}

/** The beginning of keys; empty for all. */
export function checkedPrefix(text: string, prefix: string): string {
  return text === '' ? prefix : checkedPath(prefix + text);
}

function checkedPath(path: string): string {
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw invalidParameter(
      'A key may not have a segment `.` or `..`: URLs resolve such segments, so that another object would be meant than the one named.',
      'Give the object another name.',
    );
  }
  if (/\p{Surrogate}/u.test(path)) {
    throw invalidParameter(
      'The key has half of a surrogate pair in it, which cannot be written as UTF-8.',
      'Give the object another name.',
    );
  }
  if (path.includes('\0')) throw invalidParameter('The key has a NUL character in it.', 'Give the object another name.');
  if (Buffer.byteLength(path) > longestKeyBytes) {
    throw invalidParameter(
      `The key has ${Buffer.byteLength(path)} bytes of UTF-8 with its folders; ${longestKeyBytes} are possible.`,
      'Give the object a shorter name.',
    );
  }
  return path;
}

/** A bucket by the id of its workspace, or by its resource name. */
export function checkedWorkspace(workspace: string): string {
  const given: unknown = workspace;
  const id = typeof given === 'string' ? given.replace(/^workspaces\//, '') : '';
  if (id === '' || id === '.' || id === '..' || /[/\s]/.test(id)) {
    throw invalidParameter('The workspace is not an id.', 'Pass the id, `workspaces/<id>`, or `default` for the personal workspace.');
  }
  return id;
}

/** The folders that apps keep their data in, by convention. */
export type Space = 'home' | 'app' | 'appVersion' | 'appInstance';

/**
 * @throws {ConfigurationError} code `CONFIGURATION_MISSING`: the program runs outside the App Store, which would say which app this is
 */
export function folderOf(space: Space, facts: InstanceFacts): string {
  if (space === 'home') return 'home/';
  const app = fact(facts.appName, 'H2O_CLOUD_APP_NAME');
  if (space === 'app') return `${app}/workspace/`;
  const version = `${app}/${fact(facts.appId, 'H2O_CLOUD_APP_ID')}-${fact(facts.appVersion, 'H2O_CLOUD_APP_VERSION')}`;
  return space === 'appVersion' ? `${version}/workspace/` : `${version}/${fact(facts.id, 'H2O_CLOUD_INSTANCE_ID')}/workspace/`;
}

function fact(value: string | undefined, variable: string): string {
  if (value !== undefined) return value;
  throw new ConfigurationError({
    code: 'CONFIGURATION_MISSING',
    what: `Which app this is, is not known: the variable ${variable} is not set.`,
    fix: 'The App Store sets it for the apps it runs; elsewhere set it, or use `drive.folder(name)`.',
  });
}

/**
 * Resource names of AI Engine Manager, `workspaces/<workspace>/<collection>/<id>`, and ids that it takes. Pure.
 */
import { invalidParameter } from '../errors/configuration-error.js';
import { memberOf } from '../http/given.js';

/** An engine by its id, or any object that has one. A bare name without slashes is an engine of the workspace `default`. */
export type EngineRef = string | { readonly id: string };

/** The kinds of resources that names are made of. */
export type Collection = 'daiEngines' | 'h2oEngines' | 'notebookEngines';

const defaultWorkspace = 'default';
const ownId = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const segment = /^[\w.~-]+$/;
/** Room for a suffix within the 63 characters of an id. */
const longestStem = 58;

/** @throws {ConfigurationError} it names no engine of this collection */
export function engineName(reference: unknown, collection: Collection): string {
  const id: unknown = typeof reference === 'string' ? reference : memberOf(reference, 'id');
  if (typeof id === 'string') {
    const parts = id.split('/');
    if (parts.length === 1 && isSegment(id)) return `workspaces/${defaultWorkspace}/${collection}/${id}`;
    if (parts.length === 4 && parts[0] === 'workspaces' && parts[2] === collection && parts.every(isSegment)) return id;
  }
  throw invalidParameter(
    `No engine of ${collection} was given: its id is missing, or is that of something else.`,
    `Pass the engine as the SDK returned it, or its id, for instance workspaces/${defaultWorkspace}/${collection}/credit.`,
  );
}

/** @throws {ConfigurationError} it is no name of a workspace */
export function workspaceName(workspace: string = defaultWorkspace): string {
  const short = workspace.replace(/^workspaces\//, '');
  if (isSegment(short)) return `workspaces/${short}`;
  throw invalidParameter('The workspace is not a name.', 'Pass its id, for instance `default` for the own one.');
}

/** The name of something that administrators provide for all, from its id or its whole name. */
export function globalName(idOrName: string, collection: string): string {
  if (idOrName.startsWith('workspaces/')) return idOrName;
  if (isSegment(idOrName)) return `workspaces/global/${collection}/${idOrName}`;
  throw invalidParameter(`That is no name of ${collection}.`, `Pass its id, or its whole name workspaces/global/${collection}/<id>.`);
}

/** What stands after the last slash. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** @throws {ConfigurationError} AI Engine Manager does not take it */
export function checkedEngineId(id: string): string {
  if (ownId.test(id)) return id;
  throw invalidParameter(
    'The id of the engine has characters that ids may not have.',
    'Use lower-case letters, digits and dashes, at most 63, a letter first and no dash last; or leave it out.',
  );
}

/** An id that AI Engine Manager takes, as near to a name as that allows. */
export function idFromName(name: string, fallback: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[\s_]+/g, '-')
    .replace(/[^a-z0-9-]/g, '')
    .replace(/^[^a-z]+/, '')
    .slice(0, longestStem)
    .replace(/-+$/, '');
  return plain === '' ? fallback : plain;
}

/** @param random in [0, 1) */
export function withSuffix(id: string, random: number): string {
  return `${id}-${String(Math.floor(random * 10_000)).padStart(4, '0')}`;
}

function isSegment(part: string): boolean {
  return segment.test(part) && !/^\.+$/.test(part);
}
